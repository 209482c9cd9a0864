package nodes

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/iam"
)

const (
	nameTag = "Name"
	// What the autoscaler reads of a group that is empty. Every pod of ours asks for scratch space, and without this it would take
	// the nodes to have none.
	scratchTag = "k8s.io/cluster-autoscaler/node-template/resources/ephemeral-storage"
)

// NewNodes registers the node groups, their launch templates and their role.
func NewNodes(ctx *pulumi.Context, name string, args *NodesArgs, opts ...pulumi.ResourceOption) (*Nodes, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate nodes %s: %w", name, err)
	}
	nodes := &Nodes{}
	b := &builder{ctx: ctx, name: name, args: args.withDefaults(), nodes: nodes}
	if err := ctx.RegisterComponentResource(NodesType, name, nodes, opts...); err != nil {
		return nil, fmt.Errorf("register nodes %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(nodes)}
	general, err := b.tiers()
	if err != nil {
		return nil, err
	}
	// A managed node group has exactly one autoscaling group.
	nodes.GeneralGroups = []pulumi.StringOutput{
		general.Resources.Index(pulumi.Int(0)).AutoscalingGroups().Index(pulumi.Int(0)).Name().Elem(),
	}
	if err := ctx.RegisterResourceOutputs(nodes, pulumi.Map{"generalGroups": pulumi.StringArray{nodes.GeneralGroups[0]}}); err != nil {
		return nil, fmt.Errorf("register outputs of nodes %s: %w", name, err)
	}
	return nodes, nil
}

type builder struct {
	ctx       *pulumi.Context
	name      string
	args      NodesArgs
	childOpts []pulumi.ResourceOption

	nodes *Nodes
	role  *iam.Role
}

// tiers registers the groups of both tiers, and answers with that of the general one.
func (b *builder) tiers() (*eks.NodeGroup, error) {
	var err error
	if b.role, err = b.nodeRole(); err != nil {
		return nil, err
	}
	template, err := b.template(GeneralTier)
	if err != nil {
		return nil, err
	}
	general, err := b.group(GeneralTier, GeneralTier, b.args.General, template, b.args.Subnets, nil, b.args.After)
	if err != nil {
		return nil, err
	}
	if template, err = b.template(DataTier); err != nil {
		return nil, err
	}
	taints := eks.NodeGroupTaintArray{&eks.NodeGroupTaintArgs{
		Key: pulumi.String(TierLabel), Value: pulumi.String(DataTier), Effect: pulumi.String("NO_SCHEDULE"),
	}}
	// One zone after the other, in an update too: what is in all three never loses two members at a time.
	after := b.args.After
	for i, zone := range b.args.Zones {
		suffix := DataTier + "-" + zone[len(zone)-1:]
		group, err := b.group(suffix, DataTier, b.args.Data, template, b.args.Subnets[i:i+1], taints, after)
		if err != nil {
			return nil, err
		}
		after = append(slices.Clone(after), group)
	}
	return general, nil
}

// nodeRole is what a node is allowed: to join, to have addresses for its pods, to pull images, and to be reached by Session Manager.
func (b *builder) nodeRole() (*iam.Role, error) {
	role, err := iam.NewRole(b.ctx, b.name+"-role", &iam.RoleArgs{
		Description: "The nodes " + b.name + ".",
		Service:     "ec2.amazonaws.com",
		ManagedPolicies: []string{
			"AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore",
		},
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("make role of %s: %w", b.name, err)
	}
	return role, nil
}

// template is how an instance of a tier is launched. It has no security group, so that EKS gives the cluster's own.
func (b *builder) template(tier string) (*ec2.LaunchTemplate, error) {
	tags := pulumi.ToStringMap(b.args.Tags)
	tags[nameTag] = pulumi.String(b.name + "-" + tier)
	var tagged ec2.LaunchTemplateTagSpecificationArray
	for _, kind := range []string{"instance", "volume", "network-interface"} {
		tagged = append(tagged, &ec2.LaunchTemplateTagSpecificationArgs{ResourceType: pulumi.String(kind), Tags: tags})
	}
	template, err := ec2.NewLaunchTemplate(b.ctx, b.name+"-"+tier+"-template", &ec2.LaunchTemplateArgs{
		Description:          pulumi.String("The nodes " + b.name + " of the tier " + tier),
		UpdateDefaultVersion: pulumi.Bool(true),
		MetadataOptions: &ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint: pulumi.String("enabled"),
			HttpTokens:   pulumi.String("required"),
			// A pod is a hop further away than the node, whose role is not the pod's.
			HttpPutResponseHopLimit: pulumi.Int(1),
			InstanceMetadataTags:    pulumi.String("disabled"),
		},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{&ec2.LaunchTemplateBlockDeviceMappingArgs{
			DeviceName: pulumi.String("/dev/xvda"),
			// By the account's own key for disks: another one would want a grant for the service that launches instances.
			Ebs: &ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
				VolumeType: pulumi.String("gp3"), VolumeSize: pulumi.Int(b.args.DiskGB),
				Encrypted: pulumi.String("true"), DeleteOnTermination: pulumi.String("true"),
			},
		}},
		// Metrics by the minute cost extra, and the cluster has its own.
		Monitoring:        &ec2.LaunchTemplateMonitoringArgs{Enabled: pulumi.Bool(false)},
		TagSpecifications: tagged,
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register launch template of tier %s of %s: %w", tier, b.name, err)
	}
	return template, nil
}

// group registers a node group. Its name is Pulumi's to choose, so that one that has to be replaced gets its successor first.
func (b *builder) group(
	suffix, tier string, group Group, template *ec2.LaunchTemplate, subnets []pulumi.StringInput, taints eks.NodeGroupTaintArray,
	after []pulumi.Resource,
) (*eks.NodeGroup, error) {
	args := &eks.NodeGroupArgs{
		ClusterName:   b.args.Cluster,
		NodeRoleArn:   b.role.ARN,
		SubnetIds:     pulumi.StringArray(subnets),
		Version:       b.args.Version.ToStringOutput(),
		AmiType:       pulumi.String(images[b.args.Arch]),
		CapacityType:  pulumi.String("ON_DEMAND"),
		InstanceTypes: pulumi.ToStringArray(group.InstanceTypes),
		LaunchTemplate: &eks.NodeGroupLaunchTemplateArgs{
			Id: template.ID(), Version: template.LatestVersion.ApplyT(strconv.Itoa).(pulumi.StringOutput), // what Itoa answers with
		},
		ScalingConfig: &eks.NodeGroupScalingConfigArgs{
			MinSize: pulumi.Int(group.Min), MaxSize: pulumi.Int(group.Max), DesiredSize: pulumi.Int(group.Min),
		},
		UpdateConfig:     &eks.NodeGroupUpdateConfigArgs{MaxUnavailablePercentage: pulumi.Int(33)},
		NodeRepairConfig: &eks.NodeGroupNodeRepairConfigArgs{Enabled: pulumi.Bool(true)},
		Labels:           pulumi.StringMap{TierLabel: pulumi.String(tier)},
		Tags:             pulumi.StringMap{scratchTag: pulumi.String(b.args.scratch())},
	}
	if len(taints) != 0 {
		args.Taints = taints
	}
	registered, err := eks.NewNodeGroup(b.ctx, b.name+"-"+suffix, args, append(b.childOpts,
		pulumi.DependsOn(after),
		pulumi.IgnoreChanges([]string{"scalingConfig.desiredSize"}), // the autoscaler's
	)...)
	if err != nil {
		return nil, fmt.Errorf("register node group %s of %s: %w", suffix, b.name, err)
	}
	b.nodes.Groups = append(b.nodes.Groups, registered)
	return registered, nil
}

// scratch is what of a node's disk pods have at least: the kubelet keeps a tenth free, and the system takes a part.
func (a NodesArgs) scratch() string { return strconv.Itoa(a.DiskGB*4/5) + "Gi" }
