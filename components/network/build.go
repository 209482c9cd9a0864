package network

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/iam"
)

// everywhere is the range of all of IPv4.
const everywhere = "0.0.0.0/0"

// endpoints are the services of AWS that nodes and what runs on them from the start speak to, S3 aside.
var endpoints = []string{
	"autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "kms", "logs", "sts",
}

// NewNetwork registers a network.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate network %s: %w", name, err)
	}
	network := &Network{CIDR: args.CIDR}
	if err := ctx.RegisterComponentResource(NetworkType, name, network, opts...); err != nil {
		return nil, fmt.Errorf("register network %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(), network: network,
		childOpts: []pulumi.ResourceOption{pulumi.Parent(network)},
	}
	for _, step := range []func() error{b.vpc, b.defaults, b.subnets, b.gateways, b.routes, b.s3, b.interfaces, b.flowLog} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(network, pulumi.Map{
		"vpc": network.VPC, "cidr": pulumi.String(network.CIDR),
		"public": array(network.Public), "private": array(network.Private), "intra": array(network.Intra),
	}); err != nil {
		return nil, fmt.Errorf("register outputs of network %s: %w", name, err)
	}
	return network, nil
}

func array(values []pulumi.StringOutput) pulumi.StringArray {
	var array pulumi.StringArray
	for _, value := range values {
		array = append(array, value)
	}
	return array
}

// builder registers a network's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      NetworkArgs
	network   *Network
	childOpts []pulumi.ResourceOption

	defaultTable pulumi.StringOutput
	gateway      *ec2.InternetGateway
	nats         []pulumi.StringOutput // in the order of the zones: the one that a zone's private subnet uses
	closed       pulumi.StringArray    // the route tables of the private and the intra subnets
}

// lead adds to what leads out.
func (b *builder) lead(way pulumi.Resource) { b.network.Ways = append(b.network.Ways, way) }

// tags name what has no name of its own, as its logical name does.
func (b *builder) tags(suffix string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(b.name + suffix)}
}

// inZone is the suffix of what a zone has of its own.
func (b *builder) inZone(kind string, zone int) string {
	return "-" + kind + "-" + b.args.letter(b.args.Zones[zone])
}

func (b *builder) vpc() error {
	made, err := ec2.NewVpc(b.ctx, b.name+"-vpc", &ec2.VpcArgs{
		CidrBlock: pulumi.String(b.args.CIDR),
		// Nodes are known by their host names, and the endpoints by names that only the VPC's DNS answers.
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               b.tags(""),
	}, append(b.childOpts, pulumi.Protect(b.args.Protect))...)
	if err != nil {
		return fmt.Errorf("register VPC of %s: %w", b.name, err)
	}
	b.network.VPC, b.defaultTable = made.ID().ToStringOutput(), made.DefaultRouteTableId
	return nil
}

// defaults takes over what AWS makes with every VPC, and empties it: what is put nowhere else lands there.
func (b *builder) defaults() error {
	if _, err := ec2.NewDefaultSecurityGroup(b.ctx, b.name+"-default-security-group", &ec2.DefaultSecurityGroupArgs{
		VpcId: b.network.VPC, Tags: b.tags("-default"), // without rules, those that it has are revoked
	}, b.childOpts...); err != nil {
		return fmt.Errorf("register default security group of %s: %w", b.name, err)
	}
	if _, err := ec2.NewDefaultRouteTable(b.ctx, b.name+"-default-route-table", &ec2.DefaultRouteTableArgs{
		DefaultRouteTableId: b.defaultTable, Routes: ec2.DefaultRouteTableRouteArray{}, Tags: b.tags("-default"),
	}, b.childOpts...); err != nil {
		return fmt.Errorf("register default route table of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) subnets() error {
	layout := Layout(netip.MustParsePrefix(b.args.CIDR)) // validated
	for _, tier := range []struct {
		kind  string
		role  string // by which controllers of load balancers in the cluster find the subnets
		cidrs [zones]netip.Prefix
		ids   *[]pulumi.StringOutput
	}{
		{"public", "kubernetes.io/role/elb", layout.Public, &b.network.Public},
		{"private", "kubernetes.io/role/internal-elb", layout.Private, &b.network.Private},
		{"intra", "", layout.Intra, &b.network.Intra},
	} {
		for i, zone := range b.args.Zones {
			suffix := b.inZone(tier.kind, i)
			tags := b.tags(suffix)
			if tier.role != "" {
				tags[tier.role] = pulumi.String("1")
			}
			subnet, err := ec2.NewSubnet(b.ctx, b.name+suffix, &ec2.SubnetArgs{
				VpcId:               b.network.VPC,
				AvailabilityZone:    pulumi.String(zone),
				CidrBlock:           pulumi.String(tier.cidrs[i].String()),
				MapPublicIpOnLaunch: pulumi.Bool(false),
				Tags:                tags,
			}, b.childOpts...)
			if err != nil {
				return fmt.Errorf("register subnet %s%s: %w", b.name, suffix, err)
			}
			*tier.ids = append(*tier.ids, subnet.ID().ToStringOutput())
		}
	}
	return nil
}

// gateways registers the ways out: the VPC's own, and those of the private subnets.
func (b *builder) gateways() error {
	gateway, err := ec2.NewInternetGateway(b.ctx, b.name+"-gateway", &ec2.InternetGatewayArgs{
		VpcId: b.network.VPC, Tags: b.tags("-gateway"),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register internet gateway of %s: %w", b.name, err)
	}
	b.gateway = gateway
	b.lead(gateway)
	for zone := range zones {
		if zone > 0 && b.args.NAT == NATSingle {
			b.nats = append(b.nats, b.nats[0])
			continue
		}
		nat, err := b.nat(zone)
		if err != nil {
			return err
		}
		b.nats = append(b.nats, nat)
	}
	return nil
}

// nat registers the NAT gateway of a zone. Neither it nor its address works without the internet gateway, or lets go of it.
func (b *builder) nat(zone int) (pulumi.StringOutput, error) {
	suffix := b.inZone("nat", zone)
	opts := append(b.childOpts, pulumi.DependsOn([]pulumi.Resource{b.gateway}))
	address, err := ec2.NewEip(b.ctx, b.name+suffix+"-address", &ec2.EipArgs{
		Domain: pulumi.String("vpc"), Tags: b.tags(suffix),
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("register address of %s%s: %w", b.name, suffix, err)
	}
	nat, err := ec2.NewNatGateway(b.ctx, b.name+suffix, &ec2.NatGatewayArgs{
		AllocationId: address.ID(), SubnetId: b.network.Public[zone], Tags: b.tags(suffix),
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("register NAT gateway %s%s: %w", b.name, suffix, err)
	}
	return nat.ID().ToStringOutput(), nil
}

// routes registers a table for the public subnets, one for each private one, and one for the intra ones, which leads nowhere.
func (b *builder) routes() error {
	public, err := b.table("-public-routes")
	if err != nil {
		return err
	}
	intra, err := b.table("-intra-routes")
	if err != nil {
		return err
	}
	b.closed = append(b.closed, intra)
	if err := b.route("-public-out", &ec2.RouteArgs{RouteTableId: public, GatewayId: b.gateway.ID()}); err != nil {
		return err
	}
	for zone := range zones {
		private, err := b.table(b.inZone("private-routes", zone))
		if err != nil {
			return err
		}
		b.closed = append(b.closed, private)
		if err := b.route(b.inZone("private-out", zone), &ec2.RouteArgs{RouteTableId: private, NatGatewayId: b.nats[zone]}); err != nil {
			return err
		}
		for _, pair := range []struct {
			kind          string
			subnet, table pulumi.StringOutput
		}{
			{"public", b.network.Public[zone], public},
			{"private", b.network.Private[zone], private},
			{"intra", b.network.Intra[zone], intra},
		} {
			if err := b.associate(b.inZone(pair.kind, zone), pair.subnet, pair.table); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) table(suffix string) (pulumi.StringOutput, error) {
	table, err := ec2.NewRouteTable(b.ctx, b.name+suffix, &ec2.RouteTableArgs{VpcId: b.network.VPC, Tags: b.tags(suffix)}, b.childOpts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("register route table %s%s: %w", b.name, suffix, err)
	}
	return table.ID().ToStringOutput(), nil
}

// route registers a default route.
func (b *builder) route(suffix string, args *ec2.RouteArgs) error {
	args.DestinationCidrBlock = pulumi.String(everywhere)
	route, err := ec2.NewRoute(b.ctx, b.name+suffix, args, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register route %s%s: %w", b.name, suffix, err)
	}
	b.lead(route)
	return nil
}

func (b *builder) associate(suffix string, subnet, table pulumi.StringOutput) error {
	association, err := ec2.NewRouteTableAssociation(b.ctx, b.name+suffix+"-association", &ec2.RouteTableAssociationArgs{
		SubnetId: subnet, RouteTableId: table,
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("associate route table with %s%s: %w", b.name, suffix, err)
	}
	b.lead(association)
	return nil
}

// service is the name by which a service of AWS in the region has an endpoint.
func (b *builder) service(name string) pulumi.String {
	return pulumi.String("com.amazonaws." + b.args.Region + "." + name)
}

func (b *builder) s3() error {
	endpoint, err := ec2.NewVpcEndpoint(b.ctx, b.name+"-s3", &ec2.VpcEndpointArgs{
		VpcId: b.network.VPC, ServiceName: b.service("s3"), VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds: b.closed, Tags: b.tags("-s3"),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register S3 endpoint of %s: %w", b.name, err)
	}
	b.lead(endpoint)
	return nil
}

// interfaces registers the endpoints of the other services, if there are to be any.
func (b *builder) interfaces() error {
	if !b.args.InterfaceEndpoints {
		return nil
	}
	group, err := ec2.NewSecurityGroup(b.ctx, b.name+"-endpoints", &ec2.SecurityGroupArgs{
		VpcId: b.network.VPC, Description: pulumi.String("Endpoints of AWS services in " + b.name), Tags: b.tags("-endpoints"),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register endpoints' security group of %s: %w", b.name, err)
	}
	rule, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.name+"-endpoints-https", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(), Description: pulumi.String("HTTPS from the VPC"),
		CidrIpv4: pulumi.String(b.args.CIDR), IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443),
		Tags: b.tags("-endpoints-https"),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register endpoints' rule of %s: %w", b.name, err)
	}
	b.lead(rule)
	for _, service := range endpoints {
		suffix := "-" + strings.ReplaceAll(service, ".", "-")
		endpoint, err := ec2.NewVpcEndpoint(b.ctx, b.name+suffix, &ec2.VpcEndpointArgs{
			VpcId: b.network.VPC, ServiceName: b.service(service), VpcEndpointType: pulumi.String("Interface"),
			SubnetIds: array(b.network.Private), SecurityGroupIds: pulumi.StringArray{group.ID()},
			PrivateDnsEnabled: pulumi.Bool(true), // under the service's usual name, so that nobody has to be told
			Tags:              b.tags(suffix),
		}, b.childOpts...)
		if err != nil {
			return fmt.Errorf("register endpoint %s%s: %w", b.name, suffix, err)
		}
		b.lead(endpoint)
	}
	return nil
}

func (b *builder) flowLog() error {
	group, err := cloudwatch.NewLogGroup(b.ctx, b.name+"-flow-logs", &cloudwatch.LogGroupArgs{
		KmsKeyId: b.args.LogKey.ToStringOutput(), RetentionInDays: pulumi.Int(b.args.FlowLogDays),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register log group of %s: %w", b.name, err)
	}
	role, err := iam.NewRole(b.ctx, b.name+"-flow-logs", &iam.RoleArgs{
		Description: "Writes the flow logs of " + b.name,
		Service:     "vpc-flow-logs.amazonaws.com",
		// The service works for everybody: only on behalf of this account may it be this role.
		Conditions: []iam.Condition{{Test: "StringEquals", Key: "aws:SourceAccount", Values: []string{b.args.Account}}},
		// Not logs:CreateLogGroup, by which a group that was deleted would come back, unencrypted and kept for ever.
		Policy: iam.Document{{
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: []pulumi.StringInput{group.Arn, pulumi.Sprintf("%s:*", group.Arn)}, // the group and its streams
		}},
	}, b.childOpts...)
	if err != nil {
		return err
	}
	if _, err := ec2.NewFlowLog(b.ctx, b.name+"-flow-log", &ec2.FlowLogArgs{
		VpcId: b.network.VPC, TrafficType: pulumi.String("ALL"),
		LogDestinationType: pulumi.String("cloud-watch-logs"), LogDestination: group.Arn, IamRoleArn: role.ARN,
		Tags: b.tags("-flow-log"),
	}, b.childOpts...); err != nil {
		return fmt.Errorf("register flow log of %s: %w", b.name, err)
	}
	return nil
}
