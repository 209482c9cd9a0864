package nodes

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NodesType is the type of nodes among Pulumi's resources.
const NodesType = "fleetman:components:Nodes"

// The label of every node that says which tier it is of, and its values. Nodes of the data tier have a taint of the same name and
// value besides, NoSchedule.
const (
	TierLabel   = "fleetman.io/tier"
	GeneralTier = "general"
	DataTier    = "data"
)

// images are EKS's own by architecture, as Go names it.
var images = map[string]string{"amd64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}

// Group is what the groups of a tier are made of.
type Group struct {
	// InstanceTypes are what a node may be, of about the same size, in the order of preference. Required.
	InstanceTypes []string
	// Min is how many nodes a group starts with and keeps. Raising it takes a group that has as many already: EKS refuses less.
	Min int
	// Max is how many a group may have. Required.
	Max int
}

// NodesArgs are nodes'.
type NodesArgs struct {
	// Cluster is the cluster's name. Required.
	Cluster pulumi.StringInput
	// Version is the version of Kubernetes, of the control plane's outputs, so that nodes follow it in an update. Required.
	Version pulumi.StringInput
	// Arch is the architecture, amd64 or arm64. Required.
	Arch string
	// Zones are the zones, of one region. Required.
	Zones []string
	// Subnets are the IDs of the private subnets, in the order of the zones. Required.
	Subnets []pulumi.StringInput
	// General is the group for everything without a volume, over all zones. Its Min is at least 1. Required.
	General Group
	// Data are the groups for what has volumes, one in each zone. Required.
	Data Group
	// DiskGB is the size of a node's disk, at least 20. Default: 50.
	DiskGB int
	// Tags are those of instances, their disks and network interfaces, which don't get the provider's. Default: none but a name.
	Tags map[string]string
	// After is what has to be there before the first node, such as the add-ons of its network. Default: nothing. A component
	// in it is not enough: Pulumi registers a component's children in the background, and may not know them all yet.
	After []pulumi.Resource
}

// Nodes are the nodes of a cluster.
type Nodes struct {
	pulumi.ResourceState

	// GeneralGroups are the names of the autoscaling groups of the general tier.
	GeneralGroups []pulumi.StringOutput
	// Groups are the node groups: what runs on nodes comes after each.
	Groups []pulumi.Resource
}

func (a NodesArgs) withDefaults() NodesArgs {
	if a.DiskGB == 0 {
		a.DiskGB = 50
	}
	return a
}

var (
	instanceType = regexp.MustCompile(`^([a-z][a-z0-9-]*)\.([a-z0-9-]+)$`)
	// A family of AWS's own processors has a g after its generation: m7g, c7gn, im4gn, t4g.
	graviton = regexp.MustCompile(`^[a-z]+[0-9]+g[a-z]*$`)
	zone     = regexp.MustCompile(`^([a-z]{2}(?:-[a-z]+)+-[0-9])([a-z])$`)
)

// The limits of a disk: the system and its images on the one side, gp3's on the other.
const smallestDisk, largestDisk = 20, 16384

// Validate reports every problem of the arguments.
func (a *NodesArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(args.Cluster == nil, "the Cluster is missing: its name")
	refuse(args.Version == nil, "the Version is missing: the control plane's")
	refuse(images[args.Arch] == "", "the Arch %q is none: want amd64 or arm64", args.Arch)
	errs = append(errs, args.validateZones(), args.validateGroup("General", args.General), args.validateGroup("Data", args.Data))
	refuse(args.General.Min == 0, "the General's Min is 0: the cluster's own services always need a node")
	refuse(args.DiskGB < smallestDisk || args.DiskGB > largestDisk, "the DiskGB are %d: want %d to %d", args.DiskGB, smallestDisk, largestDisk)
	for _, key := range slices.Sorted(maps.Keys(args.Tags)) {
		refuse(strings.HasPrefix(key, "aws:"), "the Tags' %s is AWS's own", key)
		refuse(key == nameTag, "the Tags' %s is set by the component", key)
	}
	refuse(slices.Contains(args.After, nil), "one of what is to be there before, After, is missing")
	return errors.Join(errs...)
}

func (a NodesArgs) validateZones() error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(len(a.Zones) == 0, "the Zones are missing")
	regions := map[string]bool{}
	for i, name := range a.Zones {
		form := zone.FindStringSubmatch(name)
		if form == nil {
			refuse(true, "the Zones' %q is none: want one such as us-east-1a", name)
			continue
		}
		refuse(slices.Contains(a.Zones[:i], name), "the Zones' %s is there twice", name)
		regions[form[1]] = true
	}
	refuse(len(regions) > 1, "the Zones are of %d regions: %s", len(regions), strings.Join(slices.Sorted(maps.Keys(regions)), ", "))
	refuse(len(a.Subnets) != len(a.Zones), "the Subnets are %d: want one for each of the %d Zones", len(a.Subnets), len(a.Zones))
	refuse(slices.Contains(a.Subnets, nil), "one of the Subnets is missing")
	return errors.Join(errs...)
}

func (a NodesArgs) validateGroup(name string, group Group) error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(len(group.InstanceTypes) == 0, "the %s's InstanceTypes are missing", name)
	for i, typ := range group.InstanceTypes {
		form := instanceType.FindStringSubmatch(typ)
		if form == nil {
			refuse(true, "the %s's InstanceTypes' %q is none: want one such as m7i.large", name, typ)
			continue
		}
		refuse(slices.Contains(group.InstanceTypes[:i], typ), "the %s's InstanceTypes' %s is there twice", name, typ)
		if form[1] == "a1" {
			refuse(true, "the %s's InstanceTypes' %s is too old for Amazon Linux 2023", name, typ)
			continue
		}
		is := "amd64"
		if graviton.MatchString(form[1]) {
			is = "arm64"
		}
		refuse(images[a.Arch] != "" && is != a.Arch, "the %s's InstanceTypes' %s is of %s, and the Arch is %s", name, typ, is, a.Arch)
	}
	refuse(group.Min < 0, "the %s's Min is %d: want 0 or more", name, group.Min)
	refuse(group.Max < 1, "the %s's Max is %d: want 1 or more", name, group.Max)
	refuse(group.Max >= 1 && group.Min > group.Max, "the %s's Min %d is above its Max %d", name, group.Min, group.Max)
	return errors.Join(errs...)
}
