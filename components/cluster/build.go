package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/iam"
)

// policyARN is what stands before an access policy's name.
const policyARN = "arn:aws:eks::aws:cluster-access-policy/"

// logs are all that a control plane has.
var logs = []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}

// NewCluster registers a cluster, its role, its log group and everybody's access.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate cluster %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args.withDefaults()}
	cluster := &Cluster{}
	if err := ctx.RegisterComponentResource(ClusterType, name, cluster, opts...); err != nil {
		return nil, fmt.Errorf("register cluster %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(cluster)}
	made, err := b.cluster()
	if err != nil {
		return nil, err
	}
	access, err := b.access(made)
	if err != nil {
		return nil, err
	}
	cluster.Name, cluster.ARN, cluster.Version = made.Name, made.Arn, made.Version
	cluster.SecurityGroup = made.VpcConfig.ClusterSecurityGroupId().Elem()
	cluster.CertificateAuthority = made.CertificateAuthority.Data().Elem()
	// Only the order, not the value, follows from the access: in a preview that gives somebody more, it stays known.
	cluster.Endpoint = pulumi.OutputWithDependencies(ctx.Context(), made.Endpoint, access...).(pulumi.StringOutput) // the type is kept
	if err := ctx.RegisterResourceOutputs(cluster, pulumi.Map{
		"name": cluster.Name, "arn": cluster.ARN, "version": cluster.Version, "endpoint": cluster.Endpoint,
		"certificateAuthority": cluster.CertificateAuthority, "securityGroup": cluster.SecurityGroup,
	}); err != nil {
		return nil, fmt.Errorf("register outputs of cluster %s: %w", name, err)
	}
	return cluster, nil
}

type builder struct {
	ctx       *pulumi.Context
	name      string
	args      ClusterArgs
	childOpts []pulumi.ResourceOption
}

// role is what the control plane is allowed in AWS: what EKS says, and the use of the key, which EKS's policy doesn't have.
func (b *builder) role() (*iam.Role, error) {
	role, err := iam.NewRole(b.ctx, b.name+"-role", &iam.RoleArgs{
		Description:     "The control plane of " + b.args.Name + ".",
		Service:         "eks.amazonaws.com",
		ManagedPolicies: []string{"AmazonEKSClusterPolicy"},
		Policy: iam.Document{{
			Sid:       "Secrets",
			Actions:   []string{"kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"},
			Resources: []pulumi.StringInput{b.args.SecretsKey},
		}},
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("make role of %s: %w", b.name, err)
	}
	return role, nil
}

// logGroup has the name that EKS writes to. Were it not there, EKS would make one that keeps everything forever.
func (b *builder) logGroup() (*cloudwatch.LogGroup, error) {
	group, err := cloudwatch.NewLogGroup(b.ctx, b.name+"-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String("/aws/eks/" + b.args.Name + "/cluster"),
		KmsKeyId:        b.args.LogKey.ToStringOutput(),
		RetentionInDays: pulumi.Int(b.args.LogDays),
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register log group of %s: %w", b.name, err)
	}
	return group, nil
}

func (b *builder) cluster() (*eks.Cluster, error) {
	role, err := b.role()
	if err != nil {
		return nil, err
	}
	group, err := b.logGroup()
	if err != nil {
		return nil, err
	}
	network := &eks.ClusterVpcConfigArgs{
		SubnetIds:             pulumi.StringArray(b.args.Subnets),
		EndpointPrivateAccess: pulumi.Bool(true),
		EndpointPublicAccess:  pulumi.Bool(len(b.args.PublicCIDRs) != 0),
	}
	if len(b.args.PublicCIDRs) != 0 {
		network.PublicAccessCidrs = pulumi.ToStringArray(b.args.PublicCIDRs)
	}
	cluster, err := eks.NewCluster(b.ctx, b.name+"-cluster", &eks.ClusterArgs{
		Name:    pulumi.String(b.args.Name),
		Version: pulumi.String(b.args.Version),
		RoleArn: role.ARN,
		AccessConfig: &eks.ClusterAccessConfigArgs{
			AuthenticationMode:                      pulumi.String("API"),
			BootstrapClusterCreatorAdminPermissions: pulumi.Bool(false),
		},
		BootstrapSelfManagedAddons: pulumi.Bool(false),
		EnabledClusterLogTypes:     pulumi.ToStringArray(logs),
		EncryptionConfig: &eks.ClusterEncryptionConfigArgs{
			Provider:  &eks.ClusterEncryptionConfigProviderArgs{KeyArn: b.args.SecretsKey},
			Resources: pulumi.ToStringArray([]string{"secrets"}),
		},
		KubernetesNetworkConfig: &eks.ClusterKubernetesNetworkConfigArgs{
			IpFamily: pulumi.String("ipv4"), ServiceIpv4Cidr: pulumi.String(b.args.ServiceCIDR),
		},
		UpgradePolicy: &eks.ClusterUpgradePolicyArgs{SupportType: pulumi.String("STANDARD")},
		VpcConfig:     network,
	}, append(b.childOpts,
		pulumi.Protect(b.args.Protect),
		// Deleting the cluster takes the role's policies, and its last words go to the log group. The role says the former itself.
		pulumi.DependsOn([]pulumi.Resource{group}),
		// EKS takes these when it makes a cluster and reports neither: a difference in them would be another cluster.
		pulumi.IgnoreChanges([]string{"accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"}),
	)...)
	if err != nil {
		return nil, fmt.Errorf("register cluster of %s: %w", b.name, err)
	}
	return cluster, nil
}

// access registers everybody's entry and policy, and answers with the policies.
func (b *builder) access(cluster *eks.Cluster) ([]pulumi.Resource, error) {
	var given []pulumi.Resource
	for _, access := range b.args.Access {
		entry, err := eks.NewAccessEntry(b.ctx, b.name+"-entry-"+access.Name, &eks.AccessEntryArgs{
			ClusterName: cluster.Name, PrincipalArn: access.Principal, Type: pulumi.String("STANDARD"),
		}, b.childOpts...)
		if err != nil {
			return nil, fmt.Errorf("register access of %s to %s: %w", access.Name, b.name, err)
		}
		scope := &eks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")}
		if len(access.Namespaces) != 0 {
			scope.Type, scope.Namespaces = pulumi.String("namespace"), pulumi.ToStringArray(access.Namespaces)
		}
		policy, err := eks.NewAccessPolicyAssociation(b.ctx, b.name+"-policy-"+access.Name, &eks.AccessPolicyAssociationArgs{
			ClusterName: cluster.Name, PrincipalArn: entry.PrincipalArn, PolicyArn: pulumi.String(policyARN + access.Policy), AccessScope: scope,
		}, b.childOpts...)
		if err != nil {
			return nil, fmt.Errorf("register policy of %s for %s: %w", access.Name, b.name, err)
		}
		given = append(given, policy)
	}
	return given, nil
}
