package ci

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/iam"
)

// DeployerArgs are a deployer's.
type DeployerArgs struct {
	account.Place

	// Bucket is the name of the bucket that holds the stacks' state. Required.
	Bucket string
	// KeyAlias is the alias, without the word, of the key that encrypts the state and its secrets. Required.
	KeyAlias string
	// Repositories is what the names of the images' repositories begin with, such as fleetman/. Required.
	Repositories string
	// Cluster is the cluster's name. Required.
	Cluster string
	// Namespace and ServiceAccount are those of the pipeline's pods. Required.
	Namespace, ServiceAccount string
	// Principals are the ARNs of others that may assume the role. Default: none.
	Principals []string
}

// Validate reports every problem of the arguments.
func (a *DeployerArgs) Validate() error {
	errs := []error{account.CheckAccount(a.Account), account.CheckRegion(a.Region)}
	for _, field := range []struct{ name, value string }{
		{"Bucket", a.Bucket},
		{"KeyAlias", a.KeyAlias},
		{"Repositories", a.Repositories},
		{"Cluster", a.Cluster},
		{"Namespace", a.Namespace},
		{"ServiceAccount", a.ServiceAccount},
	} {
		if field.value == "" {
			errs = append(errs, fmt.Errorf("the %s is missing", field.name))
		}
	}
	return errors.Join(errs...)
}

// NewDeployer registers the role of a pipeline.
func NewDeployer(ctx *pulumi.Context, name string, args *DeployerArgs, opts ...pulumi.ResourceOption) (*iam.Role, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate deployer %s: %w", name, err)
	}
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Description: "Releases the fleet on " + args.Cluster + ": state, images, and what a preview reads.",
		Service:     iam.PodIdentity,
		// The tags that EKS Pod Identity gives to the session of a pod.
		Conditions: []iam.Condition{
			{Test: "StringEquals", Key: "aws:RequestTag/eks-cluster-name", Values: []string{args.Cluster}},
			{Test: "StringEquals", Key: "aws:RequestTag/kubernetes-namespace", Values: []string{args.Namespace}},
			{Test: "StringEquals", Key: "aws:RequestTag/kubernetes-service-account", Values: []string{args.ServiceAccount}},
		},
		Principals: args.Principals,
		Policy:     args.policy(),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("make deployer %s: %w", name, err)
	}
	return role, nil
}

// policy is what the role may do. Its ARNs follow from names, since the cluster in its turn has to know the role.
func (a *DeployerArgs) policy() iam.Document {
	anything := pulumi.String("*")
	bucket := pulumi.String("arn:aws:s3:::" + a.Bucket)
	return iam.Document{
		{Sid: "State", Actions: []string{"s3:ListBucket", "s3:GetBucketLocation"}, Resources: []pulumi.StringInput{bucket}},
		{
			Sid: "StateObjects", Actions: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
			Resources: []pulumi.StringInput{pulumi.String("arn:aws:s3:::" + a.Bucket + "/*")},
		},
		{
			Sid: "Secrets", Actions: []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"},
			Resources:  []pulumi.StringInput{a.ARN("kms", "key/*")},
			Conditions: []iam.Condition{{Test: "ForAnyValue:StringEquals", Key: "kms:ResourceAliases", Values: []string{"alias/" + a.KeyAlias}}},
		},
		{
			Sid: "Images",
			Actions: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
				"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
			},
			Resources: []pulumi.StringInput{a.ARN("ecr", "repository/"+a.Repositories+"*")},
		},
		{Sid: "Login", Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []pulumi.StringInput{anything}},
		{
			Sid: "Preview", Resources: []pulumi.StringInput{anything},
			Actions: []string{
				"acm:Describe*", "acm:List*", "autoscaling:Describe*", "dlm:Get*", "dlm:List*", "ec2:Describe*", "ecr:Describe*",
				"ecr:GetLifecyclePolicy", "ecr:List*", "eks:Describe*", "eks:List*", "elasticloadbalancing:Describe*", "iam:GetRole",
				"iam:GetRolePolicy", "iam:List*", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:List*",
				"logs:Describe*", "logs:List*", "route53:Get*", "route53:List*",
			},
		},
	}
}
