package autoscaler

import (
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/iam"
	"fleetman/components/kube"
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

// only narrows a rule to one name.
func only(name string, rule *rbacv1.PolicyRuleArgs) *rbacv1.PolicyRuleArgs {
	rule.ResourceNames = pulumi.ToStringArray([]string{name})
	return rule
}

// everywhere is what it may do in the whole cluster: watch what the scheduler goes by, whose decisions it foresees; evict pods and
// taint nodes; and say so in events. Of what its own manifests for 1.36 grant, the endpoints, the group extensions, the pods' status
// and the changing of jobs are left out: it locks by a lease, the group is gone, and it changes neither.
func everywhere() rbacv1.PolicyRuleArray {
	const watch = "get list watch"
	return rbacv1.PolicyRuleArray{
		kube.Rule("", watch, "namespaces", "persistentvolumeclaims", "persistentvolumes", "pods", "replicationcontrollers", "services"),
		kube.Rule("apps", watch, "daemonsets", "replicasets", "statefulsets"),
		kube.Rule("batch", watch, "jobs"),
		kube.Rule("policy", watch, "poddisruptionbudgets"),
		kube.Rule("storage.k8s.io", watch, "csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"),
		kube.Rule("resource.k8s.io", watch, "deviceclasses", "resourceclaims", "resourceslices"),
		kube.Rule("", "update "+watch, "nodes"),
		kube.Rule("", "create", "pods/eviction"),
		kube.Rule("", "create patch", "events"),
	}
}

// inside is what it may do in its own namespace: hold its lease, and write its status down. What is to be created has no name yet
// by which it could be narrowed.
func inside() rbacv1.PolicyRuleArray {
	return rbacv1.PolicyRuleArray{
		kube.Rule("coordination.k8s.io", "create", "leases"),
		only(Name, kube.Rule("coordination.k8s.io", "get update", "leases")),
		kube.Rule("", "create", "configmaps"),
		only(Name+"-status", kube.Rule("", "delete get update", "configmaps")),
	}
}
