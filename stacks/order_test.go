package stacks

import (
	"slices"
	"strings"
	"testing"

	"fleetman/components/recorder"
)

// order is what comes before what: a resource's dependencies, its provider and its parent, as in the engine.
type order struct {
	resources map[string]recorder.Resource
	before    map[string]map[string]bool // all, at any distance
}

func orderOf(run *recorder.Run) *order {
	o := &order{resources: map[string]recorder.Resource{}, before: map[string]map[string]bool{}}
	for _, resource := range run.Resources {
		o.resources[resource.URN] = resource
	}
	return o
}

// all are the URNs of what comes before the resource, at any distance. A resource before itself would be in its own.
func (o *order) all(urn string) map[string]bool {
	if known, ok := o.before[urn]; ok {
		return known
	}
	before := map[string]bool{}
	o.before[urn] = before
	resource := o.resources[urn]
	for _, next := range append(slices.Clone(resource.DependsOn), resource.Provider, resource.Parent) {
		if next == "" {
			continue
		}
		before[next] = true
		for far := range o.all(next) {
			before[far] = true
		}
	}
	return before
}

// pick are the resources of a type whose name contains the text.
func pick(run *recorder.Run, typ, name string) []recorder.Resource {
	return slices.DeleteFunc(slices.Clone(run.Resources), func(r recorder.Resource) bool {
		return !strings.HasPrefix(r.Type, typ) || !strings.Contains(r.Name, name)
	})
}

// TestProdIsMadeFromTheGroundUpAndDestroyedFromTheTop holds the order of creation, which reversed is that of destruction: what
// runs goes before the nodes that it runs on, what has a volume before the driver that lets go of it, a node before the network.
func TestProdIsMadeFromTheGroundUpAndDestroyedFromTheTop(t *testing.T) {
	const (
		addons     = "aws:eks/addon:Addon"
		nodeGroups = "aws:eks/nodeGroup:NodeGroup"
	)
	for _, preview := range []bool{true, false} {
		run := mustRecord(t, prod, preview)
		o := orderOf(run)
		for name, test := range map[string]struct{ typ, name, afterType, afterName string }{
			"all in the cluster after every node":              {"kubernetes:", "", nodeGroups, ""},
			"all in the cluster after every add-on":            {"kubernetes:", "", addons, ""},
			"volumes after their class":                        {claim, "", "kubernetes:storage.k8s.io/v1:StorageClass", ""},
			"the fleet after its images' repositories":         {"kubernetes:apps/v1:Deployment", "fleetman-api-gateway", "aws:ecr/repository:Repository", "api-gateway"},
			"nodes after the network of their pods":            {nodeGroups, "", addons, "vpc-cni"},
			"nodes after the proxy":                            {nodeGroups, "", addons, "kube-proxy"},
			"nodes after the agent of their pods' roles":       {nodeGroups, "", addons, "pod-identity"},
			"nodes after their way out":                        {nodeGroups, "", "aws:ec2/route", "private"},
			"nodes after every NAT gateway":                    {nodeGroups, "", "aws:ec2/natGateway:NatGateway", ""},
			"nodes after their policies":                       {nodeGroups, "", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "fleetman-nodes"},
			"name resolution after the nodes":                  {addons, "coredns", nodeGroups, ""},
			"the volumes' driver after the nodes":              {addons, "ebs-csi", nodeGroups, ""},
			"the volumes' driver after the snapshots' kinds":   {addons, "ebs-csi", addons, "snapshot-controller"},
			"metrics after the nodes":                          {addons, "metrics-server", nodeGroups, ""},
			"add-ons after the cluster":                        {addons, "", "aws:eks/cluster:Cluster", ""},
			"who has access after the cluster":                 {"aws:eks/accessEntry:AccessEntry", "", "aws:eks/cluster:Cluster", ""},
			"the cluster after its subnets":                    {"aws:eks/cluster:Cluster", "", "aws:ec2/subnet:Subnet", "intra"},
			"the cluster after its log group":                  {"aws:eks/cluster:Cluster", "", "aws:cloudwatch/logGroup:LogGroup", "cluster"},
			"the cluster after its policies":                   {"aws:eks/cluster:Cluster", "", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "fleetman-cluster"},
			"the load balancer after the way to the world":     {"aws:lb/loadBalancer:LoadBalancer", "", "aws:ec2/internetGateway:InternetGateway", ""},
			"what takes the traffic after the nodes":           {"aws:autoscaling/attachment:Attachment", "", nodeGroups, "general"},
			"TLS after the proof of the names":                 {"aws:lb/listener:Listener", "https", "aws:acm/certificateValidation:CertificateValidation", ""},
			"NAT gateways after the way to the world":          {"aws:ec2/natGateway:NatGateway", "", "aws:ec2/internetGateway:InternetGateway", ""},
			"subnets after the network":                        {"aws:ec2/subnet:Subnet", "", "aws:ec2/vpc:Vpc", ""},
			"everything in AWS after the provider":             {"aws:", "", "pulumi:providers:aws", ""},
			"the cluster's provider after the cluster is well": {"pulumi:providers:kubernetes", "", addons, "coredns"},
		} {
			t.Run(name, func(t *testing.T) {
				later, earlier := pick(run, test.typ, test.name), pick(run, test.afterType, test.afterName)
				if len(later) == 0 || len(earlier) == 0 {
					t.Fatalf("%d after %d: nothing to compare", len(later), len(earlier))
				}
				for _, later := range later {
					for _, earlier := range earlier {
						if !o.all(later.URN)[earlier.URN] {
							t.Errorf("%s doesn't come after %s", later.Name, earlier.Name)
						}
					}
				}
			})
		}
		for urn := range o.resources {
			if o.all(urn)[urn] {
				t.Errorf("%s comes before itself", urn)
			}
		}
	}
}
