package policy

import (
	"fmt"
	"net/netip"
)

func networkRules() []Rule {
	groups := []string{groupType, defaultGroupType, groupRuleType, ingressRuleType}
	return []Rule{
		{
			Name:  "world-ports",
			Why:   "whatever listens on any other port is attacked within minutes",
			Check: of(worldPorts, groups...),
		},
		{
			Name:  "world-groups",
			Why:   "the world's way in is a load balancer and never a node",
			Check: of(worldGroups, groups...),
		},
		{
			Name:  "default-group-empty",
			Why:   "whatever is made without a security group is in the default one, which lets everything in it talk",
			Check: of(defaultGroupEmpty, vpcType, defaultGroupType, groupRuleType, ingressRuleType, egressRuleType),
		},
		{
			Name:  "no-public-addresses",
			Why:   "a machine with a public address is one security group's mistake away from the world",
			Check: of(noPublicAddresses, subnetType, templateType),
		},
	}
}

// opening is an inbound rule of a security group.
type opening struct {
	cidrs    []string
	protocol any
	from, to any
}

// world are the opening's ranges that nobody could name as theirs. One that doesn't parse may be anything.
func (o opening) world() []string {
	var found []string
	for _, cidr := range o.cidrs {
		if wide(cidr) {
			found = append(found, cidr)
		}
	}
	return found
}

// wide says whether a range is the world's or a great part of it: two halves are as open as the whole.
func wide(cidr string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	switch {
	case err != nil:
		return true
	case prefix.Addr().Is4In6():
		return prefix.Bits() < 96+8
	case prefix.Addr().Is4():
		return prefix.Bits() < 8
	}
	return prefix.Bits() < 16
}

// openings are the inbound rules that the resource declares, whichever of the three ways it has.
func (r Resource) openings() []opening {
	var found []opening
	switch r.Type {
	case ingressRuleType:
		return []opening{{
			cidrs:    append(texts(r.Inputs, "cidrIpv4"), texts(r.Inputs, "cidrIpv6")...),
			protocol: r.Inputs["ipProtocol"], from: r.Inputs["fromPort"], to: r.Inputs["toPort"],
		}}
	case groupRuleType:
		if r.Inputs["type"] != "egress" {
			found = append(found, inline(r.Inputs))
		}
	default:
		for _, rule := range objects(r.Inputs, "ingress.*") {
			found = append(found, inline(rule))
		}
	}
	return found
}

func inline(rule map[string]any) opening {
	return opening{
		cidrs:    append(texts(rule, "cidrBlocks.*"), texts(rule, "ipv6CidrBlocks.*")...),
		protocol: rule["protocol"], from: rule["fromPort"], to: rule["toPort"],
	}
}

func worldPorts(_ []Resource, r Resource, f *findings) {
	for _, opening := range r.openings() {
		web := opening.from == 80.0 && opening.to == 80.0 || opening.from == 443.0 && opening.to == 443.0
		tcp := opening.protocol == "tcp" || opening.protocol == "6"
		for _, cidr := range opening.world() {
			f.refuse(!web || !tcp, "it lets %s in on ports %s to %s of protocol %s, want 80 or 443 of tcp",
				cidr, port(opening.from), port(opening.to), port(opening.protocol))
		}
	}
}

func port(value any) string {
	if value == nil {
		return "unknown"
	}
	return fmt.Sprint(value)
}

func worldGroups(all []Resource, r Resource, f *findings) {
	for _, opening := range r.openings() {
		for _, cidr := range opening.world() {
			groups := []Resource{r}
			if r.Type == ingressRuleType || r.Type == groupRuleType {
				groups = r.from(all, "securityGroupId", groupType, defaultGroupType)
			}
			f.refuse(len(groups) == 0, "it lets %s into a security group that isn't the stack's", cidr)
			for _, group := range groups {
				f.refuse(!group.balances(all), "it lets %s into %s, which no load balancer uses", cidr, group.Name)
			}
		}
	}
}

// balances says whether the security group is a load balancer's.
func (r Resource) balances(all []Resource) bool {
	for _, balancer := range all {
		if balancer.Type != balancerType {
			continue
		}
		for _, used := range balancer.from(all, "securityGroups", groupType) {
			if used.URN == r.URN {
				return true
			}
		}
	}
	return false
}

func defaultGroupEmpty(all []Resource, r Resource, f *findings) {
	switch r.Type {
	case vpcType:
		f.refuse(len(r.partners(all, defaultGroupType, "vpcId", "")) == 0, "its default security group isn't declared, so it keeps AWS's rules")
	case defaultGroupType:
		for _, direction := range []string{"ingress", "egress"} {
			f.refuse(len(at(r.Inputs, direction+".*")) != 0, "it has %s rules", direction)
		}
	default:
		f.refuse(len(r.from(all, "securityGroupId", defaultGroupType)) != 0, "it is a rule of the default security group")
	}
}

func noPublicAddresses(_ []Resource, r Resource, f *findings) {
	f.refuse(on(r.Inputs, "mapPublicIpOnLaunch"), "its machines get public addresses")
	for _, card := range objects(r.Inputs, "networkInterfaces.*") {
		f.refuse(on(card, "associatePublicIpAddress"), "its machines get public addresses")
	}
}
