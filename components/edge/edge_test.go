package edge_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/edge"
	"fleetman/components/recorder"
)

// The types of what the tests look at.
const (
	attachmentType  = "aws:autoscaling/attachment:Attachment"
	balancerType    = "aws:lb/loadBalancer:LoadBalancer"
	certificateType = "aws:acm/certificate:Certificate"
	inType          = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	issuedType      = "aws:acm/certificateValidation:CertificateValidation"
	listenerType    = "aws:lb/listener:Listener"
	outType         = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	recordType      = "aws:route53/record:Record"
	targetType      = "aws:lb/targetGroup:TargetGroup"
)

func good() edge.EdgeArgs {
	return edge.EdgeArgs{
		VPC:               pulumi.String("vpc-1"),
		Subnets:           []pulumi.StringInput{pulumi.String("subnet-a"), pulumi.String("subnet-b"), pulumi.String("subnet-c")},
		NodeSecurityGroup: pulumi.String("sg-nodes"),
		AutoscalingGroups: []pulumi.StringInput{pulumi.String("group-x"), pulumi.String("group-y")},
		NodePort:          30443, ZoneID: "Z0123456789ABCDEFGHIJ", Domain: "example.com",
		Hosts: []string{"fleet.example.com", "example.com"},
	}
}

func record(t *testing.T, preview bool, change func(*edge.EdgeArgs)) (*recorder.Run, error) {
	t.Helper()
	args := good()
	change(&args)
	return recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		made, err := edge.NewEdge(ctx, "edge", &args)
		if err == nil {
			ctx.Export("dnsName", made.DNSName)
		}
		return err
	})
}

func must(t *testing.T, change func(*edge.EdgeArgs)) *recorder.Run {
	t.Helper()
	run, err := record(t, true, change)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func asIs(*edge.EdgeArgs) {}

// is checks the inputs by path of a resource that must be there; a want of nil is for none.
func is(t *testing.T, run *recorder.Run, typ, name string, want map[string]any) {
	t.Helper()
	resource, ok := run.Find(typ, name)
	if !ok {
		t.Fatalf("no %s %s", typ, name)
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		var got any
		if values := resource.At(path); len(values) == 1 {
			got = values[0]
		}
		if !reflect.DeepEqual(got, want[path]) {
			t.Errorf("%s: %s is %v, want %v", name, path, got, want[path])
		}
	}
}

func TestAnEdgeIsTheseResources(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*edge.EdgeArgs)
		want   []string
	}{
		"of two hosts and two groups": {asIs, []string{
			"aws:acm/certificate:Certificate edge-certificate",
			"aws:acm/certificateValidation:CertificateValidation edge-issued",
			"aws:autoscaling/attachment:Attachment edge-http-0",
			"aws:autoscaling/attachment:Attachment edge-http-1",
			"aws:autoscaling/attachment:Attachment edge-https-0",
			"aws:autoscaling/attachment:Attachment edge-https-1",
			"aws:ec2/securityGroup:SecurityGroup edge-nlb",
			"aws:lb/listener:Listener edge-http",
			"aws:lb/listener:Listener edge-https",
			"aws:lb/loadBalancer:LoadBalancer edge-nlb",
			"aws:lb/targetGroup:TargetGroup edge-http",
			"aws:lb/targetGroup:TargetGroup edge-https",
			"aws:route53/record:Record edge-alias-example.com",
			"aws:route53/record:Record edge-alias-fleet.example.com",
			"aws:route53/record:Record edge-proof-example.com",
			"aws:route53/record:Record edge-proof-fleet.example.com",
			"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule edge-nodes",
			"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule edge-http",
			"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule edge-https",
			"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule edge-nodes",
			"fleetman:components:Edge edge",
		}},
		"of one host and one group": {
			func(a *edge.EdgeArgs) { a.Hosts, a.AutoscalingGroups = a.Hosts[:1], a.AutoscalingGroups[:1] },
			[]string{
				"aws:acm/certificate:Certificate edge-certificate",
				"aws:acm/certificateValidation:CertificateValidation edge-issued",
				"aws:autoscaling/attachment:Attachment edge-http-0",
				"aws:autoscaling/attachment:Attachment edge-https-0",
				"aws:ec2/securityGroup:SecurityGroup edge-nlb",
				"aws:lb/listener:Listener edge-http",
				"aws:lb/listener:Listener edge-https",
				"aws:lb/loadBalancer:LoadBalancer edge-nlb",
				"aws:lb/targetGroup:TargetGroup edge-http",
				"aws:lb/targetGroup:TargetGroup edge-https",
				"aws:route53/record:Record edge-alias-fleet.example.com",
				"aws:route53/record:Record edge-proof-fleet.example.com",
				"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule edge-nodes",
				"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule edge-http",
				"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule edge-https",
				"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule edge-nodes",
				"fleetman:components:Edge edge",
			},
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
				if got := run.Outputs["dnsName"]; got != "edge-nlb.elb.us-east-1.amazonaws.com" {
					t.Errorf("DNS name %v", got)
				}
				if run.Registered != 2 { // the stack's and the component's
					t.Errorf("%d outputs registered, want 2", run.Registered)
				}
				for _, resource := range run.Resources {
					if resource.Custom && !strings.HasSuffix(resource.Parent, "::fleetman:components:Edge::edge") {
						t.Errorf("%s is under %s", resource.Name, resource.Parent)
					}
				}
			})
		}
	}
}

func TestTheLoadBalancerIsOfTheWorldAndOfAllZones(t *testing.T) {
	is(t, must(t, asIs), balancerType, "edge-nlb", map[string]any{
		"loadBalancerType": "network", "internal": false, "enableCrossZoneLoadBalancing": true, "ipAddressType": "ipv4",
		"subnets": []any{"subnet-a", "subnet-b", "subnet-c"}, "securityGroups": []any{"edge-nlb-id"}, "name": nil,
	})
}

func TestOnlyTheLoadBalancerIsProtectedAndOnlyIfAskedFor(t *testing.T) {
	for _, protect := range []bool{true, false} {
		run := must(t, func(a *edge.EdgeArgs) { a.Protect = protect })
		is(t, run, balancerType, "edge-nlb", map[string]any{"enableDeletionProtection": protect})
		for _, resource := range run.Resources {
			if want := protect && resource.Type == balancerType; resource.Protect != want {
				t.Errorf("Protect %t: protect of %s %s is %t", protect, resource.Type, resource.Name, resource.Protect)
			}
		}
	}
}

func TestTheWorldReachesTheLoadBalancerAndOnlyThatTheNodes(t *testing.T) {
	run := must(t, asIs)
	is(t, run, "aws:ec2/securityGroup:SecurityGroup", "edge-nlb", map[string]any{"vpcId": "vpc-1", "ingress": nil, "egress": nil})
	for name, port := range map[string]float64{"edge-http": 80, "edge-https": 443} {
		is(t, run, inType, name, map[string]any{
			"securityGroupId": "edge-nlb-id", "cidrIpv4": "0.0.0.0/0", "referencedSecurityGroupId": nil,
			"ipProtocol": "tcp", "fromPort": port, "toPort": port,
		})
	}
	is(t, run, inType, "edge-nodes", map[string]any{
		"securityGroupId": "sg-nodes", "cidrIpv4": nil, "referencedSecurityGroupId": "edge-nlb-id",
		"ipProtocol": "tcp", "fromPort": 30443.0, "toPort": 30443.0,
	})
	is(t, run, outType, "edge-nodes", map[string]any{
		"securityGroupId": "edge-nlb-id", "cidrIpv4": nil, "referencedSecurityGroupId": "sg-nodes",
		"ipProtocol": "tcp", "fromPort": 30443.0, "toPort": 30443.0,
	})
}

func TestTheListenersLeadToTheNodesOnThePortByProxyProtocol(t *testing.T) {
	run := must(t, asIs)
	arn := func(kind, name string) string {
		return "arn:aws:lb:us-east-1:123456789012:" + kind + "/" + name // the recorder's
	}
	for _, name := range []string{"edge-http", "edge-https"} {
		is(t, run, listenerType, name, map[string]any{
			"loadBalancerArn": arn("loadbalancer", "edge-nlb"),
			"defaultActions":  []any{map[string]any{"type": "forward", "targetGroupArn": arn("targetgroup", name)}},
		})
		is(t, run, targetType, name, map[string]any{
			"vpcId": "vpc-1", "targetType": "instance", "protocol": "TCP", "port": 30443.0, "proxyProtocolV2": true, "preserveClientIp": "false",
			"healthCheck.protocol": "TCP", "healthCheck.port": "traffic-port", "healthCheck.path": nil, "name": nil,
		})
		for i, group := range []string{"group-x", "group-y"} {
			is(t, run, attachmentType, fmt.Sprintf("%s-%d", name, i), map[string]any{
				"autoscalingGroupName": group, "lbTargetGroupArn": arn("targetgroup", name),
			})
		}
	}
	is(t, run, listenerType, "edge-http", map[string]any{"port": 80.0, "protocol": "TCP", "certificateArn": nil, "sslPolicy": nil})
	is(t, run, listenerType, "edge-https", map[string]any{
		"port": 443.0, "protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
		"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/edge-certificate",
	})
}

func TestTheCertificateIsForAllHostsAndUsedOnceItIsIssued(t *testing.T) {
	run := must(t, asIs)
	is(t, run, certificateType, "edge-certificate", map[string]any{
		"domainName": "fleet.example.com", "subjectAlternativeNames": []any{"example.com"}, "validationMethod": "DNS",
	})
	for _, host := range []string{"fleet.example.com", "example.com"} {
		is(t, run, recordType, "edge-proof-"+host, map[string]any{ // the recorder's
			"zoneId": "Z0123456789ABCDEFGHIJ", "name": "_validate." + host + ".", "type": "CNAME", "records": []any{"_" + host + ".acm-validations.aws."},
		})
	}
	is(t, run, issuedType, "edge-issued", map[string]any{"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/edge-certificate"})
	waits := func(typ, name string, others ...string) {
		t.Helper()
		resource, _ := run.Find(typ, name)
		for _, other := range others {
			if !slices.ContainsFunc(resource.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+other) }) {
				t.Errorf("%s doesn't wait for %s: %v", name, other, resource.DependsOn)
			}
		}
	}
	waits(issuedType, "edge-issued", "edge-proof-fleet.example.com", "edge-proof-example.com")
	waits(listenerType, "edge-https", "edge-issued")
}

func TestEveryHostLeadsToTheLoadBalancer(t *testing.T) {
	run := must(t, asIs)
	for _, host := range []string{"fleet.example.com", "example.com"} {
		is(t, run, recordType, "edge-alias-"+host, map[string]any{
			"zoneId": "Z0123456789ABCDEFGHIJ", "name": host, "type": "A", "ttl": nil,
			"aliases": []any{map[string]any{"name": "edge-nlb.elb.us-east-1.amazonaws.com", "zoneId": "ZELB", "evaluateTargetHealth": true}},
		})
	}
}

func TestAnotherOrderOfTheHostsIsTheSameRecords(t *testing.T) {
	records := func(run *recorder.Run) map[string]map[string]any {
		found := map[string]map[string]any{}
		for _, resource := range run.Resources {
			if resource.Type == recordType {
				found[resource.Name] = resource.Inputs
			}
		}
		return found
	}
	one, other := records(must(t, asIs)), records(must(t, func(a *edge.EdgeArgs) { slices.Reverse(a.Hosts) }))
	if len(one) != 4 || !reflect.DeepEqual(one, other) {
		t.Errorf("records %v, then %v", one, other)
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	const long = "a234567890123456789012345678901234567890123456789012345.example.com" // 67 characters
	host := func(host string) func(*edge.EdgeArgs) {
		return func(a *edge.EdgeArgs) { a.Hosts = []string{"example.com", host} }
	}
	for name, test := range map[string]struct {
		spoil func(*edge.EdgeArgs)
		want  []string
	}{
		"all missing": {
			func(a *edge.EdgeArgs) { *a = edge.EdgeArgs{} },
			[]string{
				"the VPC is missing", "the NodeSecurityGroup is missing", "the Subnets are missing", "the AutoscalingGroups are missing",
				"the NodePort 0", `the ZoneID ""`, `the Domain ""`, "the Hosts are missing",
			},
		},
		"all wrong": {
			func(a *edge.EdgeArgs) {
				a.Subnets[1], a.AutoscalingGroups[0], a.NodePort, a.ZoneID, a.Domain = nil, nil, 443, "/hostedzone/Z1", "Example.com."
				a.Hosts = []string{"*.example.com", "x", "x"}
			},
			[]string{
				"the Subnets' number 1 is missing", "the AutoscalingGroups' number 0 is missing", "the NodePort 443", `the ZoneID "/hostedzone/Z1"`,
				`the Domain "Example.com."`, `the Hosts' "*.example.com" is none`, `the Hosts' "x" is none`, `the Hosts' "x" is none`, `the Hosts' "x" is there before`,
			},
		},
		"node port above":         {func(a *edge.EdgeArgs) { a.NodePort = 32768 }, []string{"the NodePort 32768"}},
		"node port below":         {func(a *edge.EdgeArgs) { a.NodePort = 29999 }, []string{"the NodePort 29999"}},
		"zone in small letters":   {func(a *edge.EdgeArgs) { a.ZoneID = "z1" }, []string{`the ZoneID "z1"`}},
		"host of elsewhere":       {host("fleet.example.org"), []string{`"fleet.example.org" is not of the Domain "example.com"`}},
		"host that only ends so":  {host("anexample.com"), []string{`"anexample.com" is not of the Domain`}},
		"host twice":              {host("example.com"), []string{`"example.com" is there before`}},
		"host in capital letters": {host("Fleet.example.com"), []string{`"Fleet.example.com" is none`}},
		"host with a hyphen last": {host("fleet-.example.com"), []string{`"fleet-.example.com" is none`}},
		"host with two dots":      {host("fleet..example.com"), []string{`"fleet..example.com" is none`}},
		"host with an underscore": {host("fleet_1.example.com"), []string{`"fleet_1.example.com" is none`}},
		"label of 64 characters":  {host(strings.Repeat("a", 64) + ".example.com"), []string{"is none"}},
		"host of 255 characters":  {host(strings.Repeat("a.", 122) + "example.com"), []string{"is none"}},
		"first host too long":     {func(a *edge.EdgeArgs) { a.Hosts = []string{long} }, []string{"the Hosts' first has 67 characters"}},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := record(t, true, test.spoil)
			run.Refused(t, err, "validate edge edge", test.want...) //nolint:dupword // the name is edge
		})
	}
	t.Run("a long host that is not the first", func(t *testing.T) {
		args := good()
		args.Hosts = []string{"example.com", long}
		if err := args.Validate(); err != nil {
			t.Errorf("refused: %v", err)
		}
	})
}

func TestANameThatLeavesAWSNoRoomIsRefusedWithTheRest(t *testing.T) {
	for name, refused := range map[string]bool{"fleetman-prod-edge": false, "fleetman-prod-edges": true} {
		run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
			args := good()
			if refused {
				args.VPC = nil
			}
			_, err := edge.NewEdge(ctx, name, &args)
			return err
		})
		if (err != nil) != refused {
			t.Errorf("%s: error %v", name, err)
		}
		if refused && (!strings.Contains(err.Error(), "the name has 19 characters") || !strings.Contains(err.Error(), "the VPC is missing") || len(run.Names()) != 0) {
			t.Errorf("%s: error %v, registered %v", name, err, run.Names())
		}
		// What AWS names have 32 characters of, Pulumi's eight among them.
		for _, resource := range run.Resources {
			if (resource.Type == balancerType || resource.Type == targetType) && len(resource.Name)+8 > 32 {
				t.Errorf("%s leaves no room for Pulumi's eight characters", resource.Name)
			}
		}
	}
}
