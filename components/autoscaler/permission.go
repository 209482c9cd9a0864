package autoscaler

import (
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/iam"
)

// policy is what it may do in AWS: see everything of autoscaling, for which AWS knows no resources, and change the groups that are
// the cluster's. The actions are those of https://github.com/kubernetes/autoscaler/tree/master/cluster-autoscaler/cloudprovider/aws.
func (a AutoscalerArgs) policy() iam.Document {
	place := a.place()
	return iam.Document{
		{
			Sid: "See",
			Actions: []string{
				"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeLaunchConfigurations",
				"autoscaling:DescribeScalingActivities", "autoscaling:DescribeTags", "ec2:DescribeImages", "ec2:DescribeInstanceTypes",
				"ec2:DescribeLaunchTemplateVersions", "ec2:GetInstanceTypesFromInstanceRequirements",
			},
			Resources: []pulumi.StringInput{pulumi.String("*")},
		},
		{
			Sid: "SeeNodeGroups", Actions: []string{"eks:DescribeNodegroup"},
			Resources: []pulumi.StringInput{place.ARN("eks", "nodegroup/"+a.Cluster+"/*")},
		},
		{
			Sid:       "Scale",
			Actions:   []string{"autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"},
			Resources: []pulumi.StringInput{place.ARN("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")},
			Conditions: []iam.Condition{
				{Test: "StringEquals", Key: "aws:ResourceTag/" + a.tag(), Values: []string{"owned"}},
			},
		},
	}
}

// rule is what may be done with resources of a group.
func rule(group string, resources, verbs []string) *rbacv1.PolicyRuleArgs {
	return &rbacv1.PolicyRuleArgs{
		ApiGroups: pulumi.ToStringArray([]string{group}), Resources: pulumi.ToStringArray(resources), Verbs: pulumi.ToStringArray(verbs),
	}
}

// only narrows a rule to one name.
func only(name string, rule *rbacv1.PolicyRuleArgs) *rbacv1.PolicyRuleArgs {
	rule.ResourceNames = pulumi.ToStringArray([]string{name})
	return rule
}

// everywhere is what it may do in the whole cluster: watch what the scheduler goes by, whose decisions it foresees; evict pods and
// taint nodes; and say so in events. Of what its own manifests for 1.36 grant, the endpoints, the group extensions, the pods' status
// and the changing of jobs are left out: it locks by a lease, the group is gone, and it changes neither.
func everywhere() rbacv1.PolicyRuleArray {
	watch := []string{"get", "list", "watch"}
	return rbacv1.PolicyRuleArray{
		rule("", []string{"namespaces", "persistentvolumeclaims", "persistentvolumes", "pods", "replicationcontrollers", "services"}, watch),
		rule("apps", []string{"daemonsets", "replicasets", "statefulsets"}, watch),
		rule("batch", []string{"jobs"}, watch),
		rule("policy", []string{"poddisruptionbudgets"}, watch),
		rule("storage.k8s.io", []string{"csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"}, watch),
		rule("resource.k8s.io", []string{"deviceclasses", "resourceclaims", "resourceslices"}, watch),
		rule("", []string{"nodes"}, append([]string{"update"}, watch...)),
		rule("", []string{"pods/eviction"}, []string{"create"}),
		rule("", []string{"events"}, []string{"create", "patch"}),
	}
}

// inside is what it may do in its own namespace: hold its lease, and write its status down. What is to be created has no name yet
// by which it could be narrowed.
func inside() rbacv1.PolicyRuleArray {
	return rbacv1.PolicyRuleArray{
		rule("coordination.k8s.io", []string{"leases"}, []string{"create"}),
		only(Name, rule("coordination.k8s.io", []string{"leases"}, []string{"get", "update"})),
		rule("", []string{"configmaps"}, []string{"create"}),
		only(Name+"-status", rule("", []string{"configmaps"}, []string{"delete", "get", "update"})),
	}
}
