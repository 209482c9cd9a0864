package autoscaler

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/iam"
)

// NewIdentity registers the role in AWS of the autoscaler's pod, and what gives it to the pod. It takes the cluster's name as an
// output of the cluster, and nothing that is in it: EKS tells a pod of its role when the pod is made and never again, and doesn't
// know of a new identity for some seconds. Made with the cluster, it is known long before there is a node for the pod.
func NewIdentity(
	ctx *pulumi.Context, name string, args *AutoscalerArgs, cluster pulumi.StringInput, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	if err := errors.Join(args.validateIdentity()...); err != nil {
		return nil, fmt.Errorf("validate identity %s: %w", name, err)
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Description: "Says how many nodes " + args.Cluster + " has.",
		Service:     iam.PodIdentity,
		// The tags that EKS Pod Identity gives to the session of a pod.
		Conditions: []iam.Condition{
			{Test: "StringEquals", Key: "aws:RequestTag/eks-cluster-name", Values: []string{args.Cluster}},
			{Test: "StringEquals", Key: "aws:RequestTag/kubernetes-namespace", Values: []string{Name}},
			{Test: "StringEquals", Key: "aws:RequestTag/kubernetes-service-account", Values: []string{Name}},
		},
		Policy: args.policy(),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("make role of %s: %w", name, err)
	}
	identity, err := eks.NewPodIdentityAssociation(ctx, name+"-identity", &eks.PodIdentityAssociationArgs{
		ClusterName: cluster, Namespace: pulumi.String(Name), ServiceAccount: pulumi.String(Name), RoleArn: role.ARN,
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("register pod identity of %s: %w", name, err)
	}
	return identity, nil
}
