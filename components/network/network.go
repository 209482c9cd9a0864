package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
)

// NetworkType is the type of a network among Pulumi's resources.
const NetworkType = "fleetman:components:Network"

// NAT is how the private subnets reach out.
type NAT string

const (
	// NATPerZone is a NAT gateway in each zone: none depends on another's.
	NATPerZone NAT = "zone"
	// NATSingle is one NAT gateway for all: a third of the price, and no way out of any zone when its own is down.
	NATSingle NAT = "single"
)

// NetworkArgs are a network's.
type NetworkArgs struct {
	// Account is the number of the account. Required.
	Account string
	// Region is the region, such as eu-central-1. Required.
	Region string
	// CIDR is the VPC's range: private, IPv4, from /16 to /18. Required.
	CIDR string
	// ServiceCIDR is the range of the cluster's Services, which the VPC's must not overlap. Required.
	ServiceCIDR string
	// Zones are three availability zones of the region. Required.
	Zones []string
	// NAT is how the private subnets reach out. Default: [NATPerZone].
	NAT NAT
	// InterfaceEndpoints lets the private subnets reach the services of AWS that nodes use without NAT. Default: false.
	InterfaceEndpoints bool
	// LogKey is the ARN of the key that encrypts the flow logs; it must let CloudWatch Logs use it. Required.
	LogKey pulumi.StringInput
	// FlowLogDays is for how many days flow logs are kept: one of the numbers that CloudWatch offers. Default: 90.
	FlowLogDays int
	// Protect keeps Pulumi from deleting the VPC. Default: false.
	Protect bool
}

// Network is a VPC.
type Network struct {
	pulumi.ResourceState

	// VPC is its ID.
	VPC pulumi.StringOutput
	// Public are the IDs of the subnets for load balancers, in the order of the zones.
	Public []pulumi.StringOutput
	// Private are the IDs of the subnets for nodes, in the order of the zones.
	Private []pulumi.StringOutput
	// Intra are the IDs of the subnets for the control plane, in the order of the zones.
	Intra []pulumi.StringOutput
	// CIDR is its range.
	CIDR string
	// Ways are what leads out of the subnets, to the world and to AWS's services: who needs them comes after each.
	Ways []pulumi.Resource
}

func (a NetworkArgs) withDefaults() NetworkArgs {
	if a.NAT == "" {
		a.NAT = NATPerZone
	}
	if a.FlowLogDays == 0 {
		a.FlowLogDays = 90
	}
	return a
}

// retentions are the days for which CloudWatch keeps logs. Source: PutRetentionPolicy of the CloudWatch Logs API.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// The largest and the smallest VPC. AWS has none above a /16; below a /18 a zone has fewer than a thousand addresses for pods.
const (
	largest  = 16
	smallest = 18
)

// Validate reports every problem of the arguments.
func (a *NetworkArgs) Validate() error {
	args := a.withDefaults()
	errs := []error{account.CheckAccount(args.Account), account.CheckRegion(args.Region), args.validateRanges(), args.validateZones()}
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(args.NAT != NATPerZone && args.NAT != NATSingle, "the NAT %q is none: want %q or %q", args.NAT, NATPerZone, NATSingle)
	refuse(!slices.Contains(retentions, args.FlowLogDays), "the FlowLogDays %d are not offered: want one of %v", args.FlowLogDays, retentions)
	refuse(args.LogKey == nil, "the LogKey is missing: the ARN of the key that encrypts the flow logs")
	return errors.Join(errs...)
}

func (a NetworkArgs) validateRanges() error {
	var errs []error
	cidr, err := netip.ParsePrefix(a.CIDR)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("the CIDR %q is none: want one such as 10.0.0.0/16", a.CIDR))
	case !cidr.Addr().Is4():
		errs = append(errs, fmt.Errorf("the CIDR %s is not of IPv4", cidr))
	default:
		if cidr != cidr.Masked() {
			errs = append(errs, fmt.Errorf("the CIDR %s is not written with its first address: want %s", cidr, cidr.Masked()))
		}
		if !cidr.Addr().IsPrivate() {
			errs = append(errs, fmt.Errorf("the CIDR %s is not private: want it in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", cidr))
		}
		if cidr.Bits() < largest || cidr.Bits() > smallest {
			errs = append(errs, fmt.Errorf("the CIDR %s has the wrong size: want /%d to /%d", cidr, largest, smallest))
		}
	}
	services, serviceErr := netip.ParsePrefix(a.ServiceCIDR)
	switch {
	case serviceErr != nil:
		errs = append(errs, fmt.Errorf("the ServiceCIDR %q is none: want one such as 172.20.0.0/16", a.ServiceCIDR))
	case err == nil && cidr.Overlaps(services):
		errs = append(errs, fmt.Errorf("the CIDR %s overlaps the ServiceCIDR %s", cidr, services))
	}
	return errors.Join(errs...)
}

func (a NetworkArgs) validateZones() error {
	var errs []error
	if len(a.Zones) != zones {
		errs = append(errs, fmt.Errorf("the Zones are %d: want %d", len(a.Zones), zones))
	}
	for i, zone := range a.Zones {
		if slices.Contains(a.Zones[:i], zone) {
			errs = append(errs, fmt.Errorf("the Zones' %q is there before", zone))
		}
		if letter := a.letter(zone); account.CheckRegion(a.Region) == nil && (len(letter) != 1 || letter < "a" || letter > "z") {
			errs = append(errs, fmt.Errorf("the Zones' %q is none of the Region %q: want one such as %sa", zone, a.Region, a.Region))
		}
	}
	return errors.Join(errs...)
}

// letter is what a zone is called in its region, and empty for one of elsewhere.
func (a NetworkArgs) letter(zone string) string {
	letter, found := strings.CutPrefix(zone, a.Region)
	if !found {
		return ""
	}
	return letter
}
