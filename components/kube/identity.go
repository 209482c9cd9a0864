package kube

import (
	"fmt"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Rule allows verbs, in one string, on resources of one API group.
func Rule(group, verbs string, resources ...string) *rbacv1.PolicyRuleArgs {
	return &rbacv1.PolicyRuleArgs{
		ApiGroups: pulumi.ToStringArray([]string{group}),
		Resources: pulumi.ToStringArray(resources),
		Verbs:     pulumi.ToStringArray(strings.Fields(verbs)),
	}
}

// Subjects is one service account, as a binding names it.
func Subjects(account, namespace pulumi.StringInput) rbacv1.SubjectArray {
	return rbacv1.SubjectArray{&rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: account, Namespace: namespace.ToStringOutput().ToStringPtrOutput(),
	}}
}

// RoleRef is a Role or a ClusterRole, as a binding names it.
func RoleRef(kind string, name pulumi.StringPtrOutput) *rbacv1.RoleRefArgs {
	return &rbacv1.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String(kind), Name: name.Elem()}
}

// Reader is a service account that may do something in the whole cluster.
type Reader struct {
	// Account is its name.
	Account pulumi.StringOutput
	// Bound is what allows it. A pod that is there before it finds everything forbidden, so its workload depends on it.
	Bound pulumi.Resource
}

// NewReader registers a service account, a ClusterRole of the rules and the binding of both, all called as the workload's instance is.
func NewReader(ctx *pulumi.Context, labels Labels, namespace pulumi.StringInput, rules []*rbacv1.PolicyRuleArgs, childOpts ...pulumi.ResourceOption) (*Reader, error) {
	name := labels.Instance
	account, err := corev1.NewServiceAccount(ctx, name+"-account", &corev1.ServiceAccountArgs{
		Metadata:                     &metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: namespace, Labels: labels.All()},
		AutomountServiceAccountToken: pulumi.Bool(false), // its pods ask for it
	}, childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register service account of %s: %w", name, err)
	}
	var all rbacv1.PolicyRuleArray
	for _, rule := range rules {
		all = append(all, rule)
	}
	meta := &metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: labels.All()}
	role, err := rbacv1.NewClusterRole(ctx, name+"-role", &rbacv1.ClusterRoleArgs{Metadata: meta, Rules: all}, childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register ClusterRole of %s: %w", name, err)
	}
	binding, err := rbacv1.NewClusterRoleBinding(ctx, name+"-role-binding", &rbacv1.ClusterRoleBindingArgs{
		Metadata: meta, Subjects: Subjects(account.Metadata.Name().Elem(), namespace), RoleRef: RoleRef("ClusterRole", role.Metadata.Name()),
	}, childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register ClusterRoleBinding of %s: %w", name, err)
	}
	return &Reader{Account: account.Metadata.Name().Elem(), Bound: binding}, nil
}
