package kube

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// JobMeta is the metadata of a Job that Pulumi names. One that failed is replaced by the next update, which would otherwise wait
// for it in vain (pulumi.com/registry/packages/kubernetes/api-docs/batch/v1/job).
func JobMeta(labels Labels, namespace pulumi.StringInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{
		Namespace: namespace, Labels: labels.All(), Annotations: pulumi.StringMap{"pulumi.com/replaceUnready": pulumi.String("true")},
	}
}
