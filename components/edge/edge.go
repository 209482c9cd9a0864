package edge

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EdgeType is the type of an edge among Pulumi's resources.
const EdgeType = "fleetman:components:Edge"

// EdgeArgs are an edge's.
type EdgeArgs struct {
	// VPC is the ID of the VPC. Required.
	VPC pulumi.StringInput
	// Subnets are the IDs of the public subnets, one in each zone. At least one.
	Subnets []pulumi.StringInput
	// NodeSecurityGroup is the ID of the nodes' security group, which is given a rule for the load balancer. Required.
	NodeSecurityGroup pulumi.StringInput
	// AutoscalingGroups are the names of the groups whose nodes take the traffic. At least one.
	AutoscalingGroups []pulumi.StringInput
	// NodePort is where the ingress controller listens on every node, for PROXY protocol v2: 30000-32767. Required.
	NodePort int
	// ZoneID is the ID of the domain's hosted zone in Route53. Required.
	ZoneID string
	// Domain is the hosted zone's name. Required.
	Domain string
	// Hosts are the names that lead here: the domain itself, or beneath it. The certificate is issued to the first. At least one.
	Hosts []string
	// Protect keeps Pulumi, and everybody else, from deleting the load balancer. Default: false.
	Protect bool
}

// Edge is where the world reaches a cluster.
type Edge struct {
	pulumi.ResourceState

	// DNSName is the load balancer's own name, to which the hosts' records lead.
	DNSName pulumi.StringOutput
}

var (
	zoneID = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	// At least two labels, of letters, digits and, not at their ends, hyphens.
	hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

const (
	longestHost  = 253
	longestFirst = 64 // a certificate's common name
	// A load balancer's name and a target group's have 32 characters. Pulumi adds eight, and this package no more than six.
	longestName = 32 - 8 - 6
)

// Validate reports every problem of the arguments.
func (a *EdgeArgs) Validate() error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(a.VPC == nil, "the VPC is missing")
	refuse(a.NodeSecurityGroup == nil, "the NodeSecurityGroup is missing")
	for _, list := range []struct {
		name, what string
		values     []pulumi.StringInput
	}{{"Subnets", "the public subnets", a.Subnets}, {"AutoscalingGroups", "whose nodes take the traffic", a.AutoscalingGroups}} {
		refuse(len(list.values) == 0, "the %s are missing: %s", list.name, list.what)
		for i, value := range list.values {
			refuse(value == nil, "the %s' number %d is missing", list.name, i)
		}
	}
	refuse(a.NodePort < 30000 || a.NodePort > 32767, "the NodePort %d is none: want 30000-32767", a.NodePort)
	refuse(!zoneID.MatchString(a.ZoneID), "the ZoneID %q is none: want Z and the rest of the hosted zone's ID", a.ZoneID)
	refuse(!isHost(a.Domain), "the Domain %q is none: want the hosted zone's name, in small letters and without a dot at the end", a.Domain)
	refuse(len(a.Hosts) == 0, "the Hosts are missing: the names that lead here")
	for i, host := range a.Hosts {
		refuse(!isHost(host), "the Hosts' %q is none: want a full name in small letters, without a wildcard or a dot at the end", host)
		refuse(isHost(a.Domain) && host != a.Domain && !strings.HasSuffix(host, "."+a.Domain), "the Hosts' %q is not of the Domain %q", host, a.Domain)
		refuse(slices.Contains(a.Hosts[:i], host), "the Hosts' %q is there before", host)
		refuse(i == 0 && len(host) > longestFirst, "the Hosts' first has %d characters: a certificate is issued to %d or fewer", len(host), longestFirst)
	}
	return errors.Join(errs...)
}

func isHost(name string) bool {
	return len(name) <= longestHost && hostName.MatchString(name)
}

// validateName reports a name that others are made of and that leaves too little room for them.
func validateName(name string) error {
	if len(name) > longestName {
		return fmt.Errorf("the name has %d characters: AWS has room for %d", len(name), longestName)
	}
	return nil
}
