package network_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/network"
	"fleetman/components/recorder"
)

// The types of what the tests look at.
const (
	associationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	endpointType    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	groupType       = "aws:ec2/securityGroup:SecurityGroup"
	natType         = "aws:ec2/natGateway:NatGateway"
	routeType       = "aws:ec2/route:Route"
	ruleType        = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	subnetType      = "aws:ec2/subnet:Subnet"
	vpcType         = "aws:ec2/vpc:Vpc"
)

// Everything that a network is by default.
var resources = []string{
	"aws:cloudwatch/logGroup:LogGroup net-flow-logs",
	"aws:ec2/defaultRouteTable:DefaultRouteTable net-default-route-table",
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup net-default-security-group",
	"aws:ec2/eip:Eip net-nat-a-address",
	"aws:ec2/eip:Eip net-nat-b-address",
	"aws:ec2/eip:Eip net-nat-c-address",
	"aws:ec2/flowLog:FlowLog net-flow-log",
	"aws:ec2/internetGateway:InternetGateway net-gateway",
	"aws:ec2/natGateway:NatGateway net-nat-a",
	"aws:ec2/natGateway:NatGateway net-nat-b",
	"aws:ec2/natGateway:NatGateway net-nat-c",
	"aws:ec2/route:Route net-private-out-a",
	"aws:ec2/route:Route net-private-out-b",
	"aws:ec2/route:Route net-private-out-c",
	"aws:ec2/route:Route net-public-out",
	"aws:ec2/routeTable:RouteTable net-intra-routes",
	"aws:ec2/routeTable:RouteTable net-private-routes-a",
	"aws:ec2/routeTable:RouteTable net-private-routes-b",
	"aws:ec2/routeTable:RouteTable net-private-routes-c",
	"aws:ec2/routeTable:RouteTable net-public-routes",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-intra-a-association",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-intra-b-association",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-intra-c-association",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-private-a-association",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-private-b-association",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-private-c-association",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-public-a-association",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-public-b-association",
	"aws:ec2/routeTableAssociation:RouteTableAssociation net-public-c-association",
	"aws:ec2/subnet:Subnet net-intra-a",
	"aws:ec2/subnet:Subnet net-intra-b",
	"aws:ec2/subnet:Subnet net-intra-c",
	"aws:ec2/subnet:Subnet net-private-a",
	"aws:ec2/subnet:Subnet net-private-b",
	"aws:ec2/subnet:Subnet net-private-c",
	"aws:ec2/subnet:Subnet net-public-a",
	"aws:ec2/subnet:Subnet net-public-b",
	"aws:ec2/subnet:Subnet net-public-c",
	"aws:ec2/vpc:Vpc net-vpc",
	"aws:ec2/vpcEndpoint:VpcEndpoint net-s3",
	"aws:iam/role:Role net-flow-logs-role",
	"aws:iam/rolePolicy:RolePolicy net-flow-logs-policy",
	"fleetman:components:Network net",
	"fleetman:components:Role net-flow-logs",
}

func good() network.NetworkArgs {
	return network.NetworkArgs{
		Account: "123456789012", Region: "eu-central-1", CIDR: "10.20.0.0/16", ServiceCIDR: "172.20.0.0/16",
		Zones:  []string{"eu-central-1a", "eu-central-1b", "eu-central-1c"},
		LogKey: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"),
	}
}

func record(t *testing.T, preview bool, change func(*network.NetworkArgs)) (*recorder.Run, error) {
	t.Helper()
	args := good()
	change(&args)
	return recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		made, err := network.NewNetwork(ctx, "net", &args)
		if err != nil {
			return err
		}
		ctx.Export("vpc", made.VPC)
		ctx.Export("cidr", pulumi.String(made.CIDR))
		for name, ids := range map[string][]pulumi.StringOutput{"public": made.Public, "private": made.Private, "intra": made.Intra} {
			ctx.Export(name, pulumi.ToStringArrayOutput(ids))
		}
		return nil
	})
}

func must(t *testing.T, change func(*network.NetworkArgs)) *recorder.Run {
	t.Helper()
	run, err := record(t, true, change)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func asIs(*network.NetworkArgs) {}

// is checks inputs by path; a want of nil is for none.
func is(t *testing.T, resource recorder.Resource, want map[string]any) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(want)) {
		var got any
		if values := resource.At(path); len(values) == 1 {
			got = values[0]
		}
		if !reflect.DeepEqual(got, want[path]) {
			t.Errorf("%s: %s is %v, want %v", resource.Name, path, got, want[path])
		}
	}
}

func TestANetworkIsTheseResources(t *testing.T) {
	without := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(resources), func(resource string) bool {
			_, name, _ := strings.Cut(resource, " ")
			return slices.Contains(names, name)
		})
	}
	with := func(more ...string) []string {
		return slices.Sorted(slices.Values(append(slices.Clone(resources), more...)))
	}
	for name, test := range map[string]struct {
		change func(*network.NetworkArgs)
		want   []string
	}{
		"as it is": {asIs, resources},
		"with one NAT gateway": {
			func(a *network.NetworkArgs) { a.NAT = network.NATSingle },
			without("net-nat-b", "net-nat-b-address", "net-nat-c", "net-nat-c-address"),
		},
		"with endpoints": {
			func(a *network.NetworkArgs) { a.InterfaceEndpoints = true },
			with(
				groupType+" net-endpoints", ruleType+" net-endpoints-https",
				endpointType+" net-autoscaling", endpointType+" net-ec2", endpointType+" net-ecr-api", endpointType+" net-ecr-dkr",
				endpointType+" net-eks", endpointType+" net-eks-auth", endpointType+" net-elasticloadbalancing", endpointType+" net-kms",
				endpointType+" net-logs", endpointType+" net-sts",
			),
		},
	} {
		for _, preview := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, preview %t", name, preview), func(t *testing.T) {
				run, err := record(t, preview, test.change)
				if err != nil {
					t.Fatal(err)
				}
				if got := run.Names(); !slices.Equal(got, test.want) {
					t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				}
				if run.Registered != 3 { // the stack's, the network's and the role's
					t.Errorf("%d outputs registered, want 3", run.Registered)
				}
			})
		}
	}
}

func TestEveryChildIsUnderTheComponentAndNamedInAWS(t *testing.T) {
	run := must(t, func(a *network.NetworkArgs) { a.InterfaceEndpoints = true })
	// What has no tags, or a name besides.
	nameless := []string{routeType, associationType, "aws:cloudwatch/logGroup:LogGroup"}
	for _, resource := range run.Resources {
		if !resource.Custom || strings.HasPrefix(resource.Type, "aws:iam/") {
			continue
		}
		if !strings.HasSuffix(resource.Parent, "::fleetman:components:Network::net") {
			t.Errorf("%s is under %s", resource.Name, resource.Parent)
		}
		if tags := resource.At("tags.Name"); !slices.Contains(nameless, resource.Type) && (len(tags) != 1 || tags[0] == "") {
			t.Errorf("%s %s has no name", resource.Type, resource.Name)
		}
	}
}

func TestTheOutputsAreTheIDsInTheOrderOfTheZones(t *testing.T) {
	run := must(t, func(a *network.NetworkArgs) { slices.Reverse(a.Zones) })
	want := map[string]any{
		"vpc": "net-vpc-id", "cidr": "10.20.0.0/16",
		"public":  []string{"net-public-c-id", "net-public-b-id", "net-public-a-id"},
		"private": []string{"net-private-c-id", "net-private-b-id", "net-private-a-id"},
		"intra":   []string{"net-intra-c-id", "net-intra-b-id", "net-intra-a-id"},
	}
	if !reflect.DeepEqual(run.Outputs, want) {
		t.Errorf("outputs %v, want %v", run.Outputs, want)
	}
}

func TestTheVPCHasItsRangeAndDNS(t *testing.T) {
	is(t, must(t, asIs).MustFind(t, vpcType, "net-vpc"), map[string]any{
		"cidrBlock": "10.20.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true, "tags": map[string]any{"Name": "net"},
	})
}

func TestOnlyTheVPCIsProtectedAndOnlyIfAskedFor(t *testing.T) {
	for _, protect := range []bool{true, false} {
		for _, resource := range must(t, func(a *network.NetworkArgs) { a.Protect = protect }).Resources {
			if want := protect && resource.Type == vpcType; resource.Protect != want {
				t.Errorf("Protect %t: protect of %s is %t", protect, resource.Name, resource.Protect)
			}
		}
	}
}

func TestASubnetIsInItsZoneWithoutPublicAddressesAndTaggedForLoadBalancers(t *testing.T) {
	run := must(t, asIs)
	tags := func(name, role string) map[string]any {
		tags := map[string]any{"Name": name}
		if role != "" {
			tags[role] = "1"
		}
		return tags
	}
	const public, private = "kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"
	for _, want := range []struct{ name, zone, cidr, role string }{
		{"net-public-a", "eu-central-1a", "10.20.48.0/24", public},
		{"net-public-b", "eu-central-1b", "10.20.49.0/24", public},
		{"net-public-c", "eu-central-1c", "10.20.50.0/24", public},
		{"net-private-a", "eu-central-1a", "10.20.0.0/20", private},
		{"net-private-b", "eu-central-1b", "10.20.16.0/20", private},
		{"net-private-c", "eu-central-1c", "10.20.32.0/20", private},
		{"net-intra-a", "eu-central-1a", "10.20.52.0/24", ""},
		{"net-intra-b", "eu-central-1b", "10.20.53.0/24", ""},
		{"net-intra-c", "eu-central-1c", "10.20.54.0/24", ""},
	} {
		is(t, run.MustFind(t, subnetType, want.name), map[string]any{
			"vpcId": "net-vpc-id", "availabilityZone": want.zone, "cidrBlock": want.cidr,
			"mapPublicIpOnLaunch": false, "tags": tags(want.name, want.role),
		})
	}
}

func TestTheTablesLeadOutAsTheySay(t *testing.T) {
	for name, test := range map[string]struct {
		nat  network.NAT
		nats [3]string
	}{
		"of its own in each zone": {network.NATPerZone, [3]string{"net-nat-a-id", "net-nat-b-id", "net-nat-c-id"}},
		"of the first zone":       {network.NATSingle, [3]string{"net-nat-a-id", "net-nat-a-id", "net-nat-a-id"}},
	} {
		t.Run(name, func(t *testing.T) {
			run := must(t, func(a *network.NetworkArgs) { a.NAT = test.nat })
			// Where each subnet's table leads to, by the default route of the table: nowhere without one.
			leads := map[any]any{}
			for _, resource := range run.Resources {
				if resource.Type == routeType {
					is(t, resource, map[string]any{"destinationCidrBlock": "0.0.0.0/0"})
					leads[resource.Inputs["routeTableId"]] = append(resource.At("gatewayId"), resource.At("natGatewayId")...)
				}
			}
			got := map[string]any{}
			for _, resource := range run.Resources {
				if resource.Type == associationType {
					got[fmt.Sprint(resource.Inputs["subnetId"])] = leads[resource.Inputs["routeTableId"]]
				}
			}
			out := func(id string) any { return []any{id} }
			want := map[string]any{
				"net-public-a-id": out("net-gateway-id"), "net-private-a-id": out(test.nats[0]), "net-intra-a-id": nil,
				"net-public-b-id": out("net-gateway-id"), "net-private-b-id": out(test.nats[1]), "net-intra-b-id": nil,
				"net-public-c-id": out("net-gateway-id"), "net-private-c-id": out(test.nats[2]), "net-intra-c-id": nil,
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("lead to %v, want %v", got, want)
			}
		})
	}
}

func TestANATGatewayIsInItsPublicSubnetAndWaitsForTheWayOut(t *testing.T) {
	run := must(t, asIs)
	for _, zone := range []string{"a", "b", "c"} {
		nat, address := run.MustFind(t, natType, "net-nat-"+zone), run.MustFind(t, "aws:ec2/eip:Eip", "net-nat-"+zone+"-address")
		is(t, nat, map[string]any{"subnetId": "net-public-" + zone + "-id", "allocationId": "net-nat-" + zone + "-address-id"})
		is(t, address, map[string]any{"domain": "vpc"})
		for _, resource := range []recorder.Resource{nat, address} {
			if !slices.ContainsFunc(resource.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::net-gateway") }) {
				t.Errorf("%s doesn't wait for the internet gateway: %v", resource.Name, resource.DependsOn)
			}
		}
	}
}

func TestTheDefaultsAreEmpty(t *testing.T) {
	run := must(t, asIs)
	is(t, run.MustFind(t, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "net-default-security-group"), map[string]any{
		"vpcId": "net-vpc-id", "ingress": nil, "egress": nil,
	})
	is(t, run.MustFind(t, "aws:ec2/defaultRouteTable:DefaultRouteTable", "net-default-route-table"), map[string]any{
		"defaultRouteTableId": "net-vpc-default-route-table-id", "routes": []any{},
	})
}

func TestS3IsReachedWithoutNATFromEverySubnetThatIsNotPublic(t *testing.T) {
	is(t, must(t, asIs).MustFind(t, endpointType, "net-s3"), map[string]any{
		"vpcId": "net-vpc-id", "serviceName": "com.amazonaws.eu-central-1.s3", "vpcEndpointType": "Gateway",
		"routeTableIds": []any{"net-intra-routes-id", "net-private-routes-a-id", "net-private-routes-b-id", "net-private-routes-c-id"},
	})
}

func TestTheEndpointsAreForTheVPCAloneAndUnderTheUsualNames(t *testing.T) {
	run := must(t, func(a *network.NetworkArgs) { a.InterfaceEndpoints = true })
	is(t, run.MustFind(t, groupType, "net-endpoints"), map[string]any{"vpcId": "net-vpc-id", "ingress": nil, "egress": nil})
	is(t, run.MustFind(t, ruleType, "net-endpoints-https"), map[string]any{
		"securityGroupId": "net-endpoints-id", "cidrIpv4": "10.20.0.0/16", "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0,
	})
	var services []string
	for _, resource := range run.Resources {
		if resource.Type != endpointType || resource.Name == "net-s3" {
			continue
		}
		services = append(services, fmt.Sprint(resource.Inputs["serviceName"]))
		is(t, resource, map[string]any{
			"vpcId": "net-vpc-id", "vpcEndpointType": "Interface", "privateDnsEnabled": true,
			"subnetIds":        []any{"net-private-a-id", "net-private-b-id", "net-private-c-id"},
			"securityGroupIds": []any{"net-endpoints-id"},
		})
	}
	slices.Sort(services)
	var want []string
	for service := range strings.FieldsSeq("autoscaling ec2 ecr.api ecr.dkr eks eks-auth elasticloadbalancing kms logs sts") {
		want = append(want, "com.amazonaws.eu-central-1."+service)
	}
	if !slices.Equal(services, want) {
		t.Errorf("endpoints of %v, want %v", services, want)
	}
}

func TestTheFlowLogsAreOfAllTrafficEncryptedAndKeptForAWhile(t *testing.T) {
	for days, want := range map[int]float64{0: 90, 365: 365} {
		run := must(t, func(a *network.NetworkArgs) { a.FlowLogDays = days })
		group := run.MustFind(t, "aws:cloudwatch/logGroup:LogGroup", "net-flow-logs")
		is(t, group, map[string]any{"kmsKeyId": "arn:aws:kms:eu-central-1:123456789012:key/1", "retentionInDays": want})
	}
	flowLog := must(t, asIs).MustFind(t, "aws:ec2/flowLog:FlowLog", "net-flow-log")
	is(t, flowLog, map[string]any{
		"vpcId": "net-vpc-id", "trafficType": "ALL", "logDestinationType": "cloud-watch-logs",
		"logDestination": "arn:aws:cloudwatch:us-east-1:123456789012:loggroup/net-flow-logs", // the recorder's
		"iamRoleArn":     "arn:aws:iam::123456789012:role/net-flow-logs-role",
	})
	if !slices.ContainsFunc(flowLog.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::net-flow-logs-policy") }) {
		t.Errorf("doesn't wait for what its role may do: %v", flowLog.DependsOn)
	}
}

func TestTheFlowLogsRoleIsForTheAccountAndMayWriteThemAlone(t *testing.T) {
	run := must(t, asIs)
	const (
		group = "arn:aws:cloudwatch:us-east-1:123456789012:loggroup/net-flow-logs" // the recorder's
		trust = `[{"Action":["sts:AssumeRole"],"Condition":{"StringEquals":{"aws:SourceAccount":["123456789012"]}},` +
			`"Effect":"Allow","Principal":{"Service":["vpc-flow-logs.amazonaws.com"]}}]`
		policy = `[{"Action":["logs:CreateLogStream","logs:DescribeLogGroups","logs:DescribeLogStreams","logs:PutLogEvents"],` +
			`"Effect":"Allow","Resource":["` + group + `","` + group + `:*"]}]`
	)
	for name, test := range map[string]struct{ got, want any }{
		"trust":  {run.MustFind(t, "aws:iam/role:Role", "net-flow-logs-role").Inputs["assumeRolePolicy"], trust},
		"policy": {run.MustFind(t, "aws:iam/rolePolicy:RolePolicy", "net-flow-logs-policy").Inputs["policy"], policy},
	} {
		var document struct{ Statement any }
		if err := json.Unmarshal(fmt.Append(nil, test.got), &document); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := json.Marshal(document.Statement); err != nil || string(got) != test.want {
			t.Errorf("%s is\n%s (%v), want\n%s", name, got, err, test.want)
		}
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*network.NetworkArgs)
		want  []string
	}{
		"all missing": {
			func(a *network.NetworkArgs) { *a = network.NetworkArgs{} },
			[]string{
				`the Account ""`, `the Region ""`, `the CIDR "" is none`, `the ServiceCIDR "" is none`, "the Zones are 0", "the LogKey is missing",
			},
		},
		"all wrong": {
			func(a *network.NetworkArgs) {
				a.Account, a.Region, a.CIDR, a.ServiceCIDR, a.NAT, a.FlowLogDays = "12345678901", "Frankfurt", "11.0.0.1/15", "11.1.0.0/16", "none", 91
				a.Zones = []string{"eu-central-1a", "eu-central-1a"}
			},
			[]string{
				`the Account "12345678901"`, `the Region "Frankfurt"`, "not written with its first address: want 11.0.0.0/15", "11.0.0.1/15 is not private",
				"11.0.0.1/15 has the wrong size", "overlaps the ServiceCIDR 11.1.0.0/16", `the NAT "none"`, "the FlowLogDays 91", "the Zones are 2",
				`"eu-central-1a" is there before`,
			},
		},
		"account of letters":   {func(a *network.NetworkArgs) { a.Account = "12345678901x" }, []string{"the Account"}},
		"account too long":     {func(a *network.NetworkArgs) { a.Account = "1234567890123" }, []string{"the Account"}},
		"zone for a region":    {inRegion("eu-central-1a"), []string{"the Region"}},
		"China":                {inRegion("cn-north-1"), []string{"the Region"}},
		"the US government's":  {inRegion("us-gov-west-1"), []string{"the Region"}},
		"range too small":      {func(a *network.NetworkArgs) { a.CIDR = "10.0.0.0/19" }, []string{"wrong size"}},
		"range too large":      {func(a *network.NetworkArgs) { a.CIDR = "10.0.0.0/15" }, []string{"wrong size"}},
		"range not at a start": {func(a *network.NetworkArgs) { a.CIDR = "10.0.1.0/16" }, []string{"want 10.0.0.0/16"}},
		"range public":         {func(a *network.NetworkArgs) { a.CIDR = "172.32.0.0/16" }, []string{"is not private"}},
		"range of IPv6":        {func(a *network.NetworkArgs) { a.CIDR = "fd00::/16" }, []string{"is not of IPv4"}},
		"an address":           {func(a *network.NetworkArgs) { a.CIDR = "10.0.0.0" }, []string{`the CIDR "10.0.0.0" is none`}},
		"Services inside":      {func(a *network.NetworkArgs) { a.ServiceCIDR = "10.20.240.0/20" }, []string{"overlaps"}},
		"Services around":      {func(a *network.NetworkArgs) { a.ServiceCIDR = "10.16.0.0/12" }, []string{"overlaps"}},
		"a zone of elsewhere":  {zoneC("eu-central-2a"), []string{`"eu-central-2a" is none of the Region "eu-central-1"`}},
		"a local zone":         {zoneC("eu-central-1-ham-1a"), []string{`"eu-central-1-ham-1a" is none`}},
		"the region as a zone": {zoneC("eu-central-1"), []string{`"eu-central-1" is none`}},
		"a zone by number":     {zoneC("eu-central-12"), []string{`"eu-central-12" is none`}},
		"a zone by no letter":  {zoneC("eu-central-1~"), []string{`"eu-central-1~" is none`}},
		"a zone twice":         {zoneC("eu-central-1b"), []string{`"eu-central-1b" is there before`}},
		"four zones":           {func(a *network.NetworkArgs) { a.Zones = append(a.Zones, "eu-central-1d") }, []string{"the Zones are 4"}},
		"retention below none": {func(a *network.NetworkArgs) { a.FlowLogDays = -1 }, []string{"the FlowLogDays -1"}},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := record(t, true, test.spoil)
			run.Refused(t, err, "validate network net", test.want...)
		})
	}
}

// inRegion moves a network and its zones.
func inRegion(region string) func(*network.NetworkArgs) {
	return func(a *network.NetworkArgs) {
		a.Region, a.Zones = region, []string{region + "a", region + "b", region + "c"}
	}
}

// zoneC replaces the third zone.
func zoneC(zone string) func(*network.NetworkArgs) {
	return func(a *network.NetworkArgs) { a.Zones[2] = zone }
}
