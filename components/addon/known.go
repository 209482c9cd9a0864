package addon

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/iam"
)

// The namespace and the service account of the part of the volumes' driver that speaks to AWS.
const (
	ebsNamespace      = "kube-system"
	ebsServiceAccount = "ebs-csi-controller-sa"
)

// BeforeNodes are the add-ons without which no node becomes ready, in the versions, if there are, by name.
func BeforeNodes(versions map[string]string) []Addon {
	return versioned(versions, []Addon{
		{
			// Without the first nothing enforces a network policy; with the second a pod gets its address at once, and a node has
			// addresses for more pods than EKS lets it take by itself.
			Name: "vpc-cni",
			Configuration: map[string]any{
				"enableNetworkPolicy": "true",
				"env":                 map[string]string{"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
			},
		},
		{Name: "kube-proxy"},
		{Name: "eks-pod-identity-agent"},
	})
}

// AfterNodes are the add-ons that run on nodes, in the versions, if there are, by name. The role is that of the volumes' driver,
// as [NewEBSRole] makes it.
func AfterNodes(versions map[string]string, ebsRole pulumi.StringInput) []Addon {
	return versioned(versions, []Addon{
		{Name: "coredns"},
		{Name: "snapshot-controller"},
		// The driver takes snapshots only if it finds their kinds when it starts.
		{Name: "aws-ebs-csi-driver", ServiceAccount: ebsServiceAccount, Role: ebsRole, After: []string{"snapshot-controller"}},
		{Name: "metrics-server"},
	})
}

func versioned(versions map[string]string, addons []Addon) []Addon {
	for i := range addons {
		addons[i].Version = versions[addons[i].Name]
	}
	return addons
}

// NewEBSRole registers the role of the volumes' driver: it manages the volumes and snapshots that it has made, and lets EC2 use the
// key that encrypts them.
func NewEBSRole(ctx *pulumi.Context, name string, key pulumi.StringInput, opts ...pulumi.ResourceOption) (*iam.Role, error) {
	if key == nil {
		return nil, fmt.Errorf("validate role %s: the key is missing: the ARN of that of the volumes", name)
	}
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Description: "The driver of the volumes of a cluster.",
		Service:     iam.PodIdentity,
		// The tags that EKS Pod Identity gives to the session of a pod.
		Conditions: []iam.Condition{
			{Test: "StringEquals", Key: "aws:RequestTag/kubernetes-namespace", Values: []string{ebsNamespace}},
			{Test: "StringEquals", Key: "aws:RequestTag/kubernetes-service-account", Values: []string{ebsServiceAccount}},
		},
		// Not under service-role, where only its predecessor is.
		ManagedPolicies: []string{"AmazonEBSCSIDriverPolicyV2"},
		Policy: iam.Document{
			{
				Sid: "Volumes", Resources: []pulumi.StringInput{key},
				// An empty volume takes the first two, one of a snapshot all:
				// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html.
				Actions: []string{"kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"},
			},
			{
				Sid: "Attachments", Actions: []string{"kms:CreateGrant"}, Resources: []pulumi.StringInput{key},
				Conditions: []iam.Condition{{Test: "Bool", Key: "kms:GrantIsForAWSResource", Values: []string{"true"}}},
			},
		},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("make role %s: %w", name, err)
	}
	return role, nil
}
