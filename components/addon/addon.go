package addon

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AddonsType is the type of add-ons among Pulumi's resources.
const AddonsType = "fleetman:components:Addons"

// Addon is an add-on.
type Addon struct {
	// Name is its name in EKS. Required.
	Name string
	// Version is its version, such as v1.20.4-eksbuild.1. Default: EKS's own when it is made, which then stays.
	Version string
	// Configuration is what JSON is made of to configure it. Default: nothing.
	Configuration any
	// ServiceAccount is that of its pods that get the Role. Default: none.
	ServiceAccount string
	// Role is the ARN of the role of those pods. Default: none.
	Role pulumi.StringInput
	// After are the names of add-ons before it in the list that it waits for. Default: none.
	After []string
}

// AddonsArgs are add-ons'.
type AddonsArgs struct {
	// Cluster is the cluster's name. Required.
	Cluster pulumi.StringInput
	// Addons are the add-ons. At least one.
	Addons []Addon
	// After is what has to be there before any of them, such as the nodes that they run on. Default: nothing. A component
	// in it is not enough: Pulumi registers a component's children in the background, and may not know them all yet.
	After []pulumi.Resource
}

// Addons are add-ons of a cluster.
type Addons struct {
	pulumi.ResourceState

	// All are the add-ons: what needs them comes after each.
	All []pulumi.Resource
}

var (
	addonName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)
	version   = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+$`)
)

// Validate reports every problem of the arguments.
func (a *AddonsArgs) Validate() error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(a.Cluster == nil, "the Cluster is missing: its name")
	refuse(len(a.Addons) == 0, "the Addons are missing")
	seen := map[string]bool{}
	for _, addon := range a.Addons {
		refuse(!addonName.MatchString(addon.Name), "the Addons' %q is no name", addon.Name)
		refuse(seen[addon.Name], "the Addons' %s is there twice", addon.Name)
		refuse(addon.Version != "" && !version.MatchString(addon.Version),
			"the Version %q of %s is none: want one such as v1.20.4-eksbuild.1", addon.Version, addon.Name)
		refuse(addon.ServiceAccount != "" && addon.Role == nil, "the ServiceAccount %s of %s has no Role", addon.ServiceAccount, addon.Name)
		refuse(addon.ServiceAccount == "" && addon.Role != nil, "the Role of %s is of no ServiceAccount", addon.Name)
		for _, name := range addon.After {
			refuse(!seen[name], "%s is to come after %s, which isn't before it", addon.Name, name)
		}
		seen[addon.Name] = true
	}
	refuse(slices.Contains(a.After, nil), "one of what is to be there before, After, is missing")
	return errors.Join(errs...)
}

// CheckVersions refuses versions of add-ons that there aren't in [BeforeNodes] and [AfterNodes], which would have no effect, and
// versions that are none.
func CheckVersions(versions map[string]string) error {
	known := []string{}
	for _, addon := range slices.Concat(BeforeNodes(nil), AfterNodes(nil, nil)) {
		known = append(known, addon.Name)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		switch {
		case !slices.Contains(known, name):
			errs = append(errs, fmt.Errorf("there is no add-on %q: want one of %s", name, strings.Join(known, ", ")))
		case !version.MatchString(versions[name]):
			errs = append(errs, fmt.Errorf("the version %q of %s is none: want one such as v1.20.4-eksbuild.1", versions[name], name))
		}
	}
	return errors.Join(errs...)
}

// NewAddons registers add-ons.
func NewAddons(ctx *pulumi.Context, name string, args *AddonsArgs, opts ...pulumi.ResourceOption) (*Addons, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate add-ons %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: *args, registered: map[string]pulumi.Resource{}}
	addons := &Addons{}
	if err := ctx.RegisterComponentResource(AddonsType, name, addons, opts...); err != nil {
		return nil, fmt.Errorf("register add-ons %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(addons)}
	for _, addon := range b.args.Addons {
		registered, err := b.addon(addon)
		if err != nil {
			return nil, err
		}
		b.registered[addon.Name], addons.All = registered, append(addons.All, registered)
	}
	if err := ctx.RegisterResourceOutputs(addons, pulumi.Map{}); err != nil {
		return nil, fmt.Errorf("register outputs of add-ons %s: %w", name, err)
	}
	return addons, nil
}

type builder struct {
	ctx       *pulumi.Context
	name      string
	args      AddonsArgs
	childOpts []pulumi.ResourceOption

	registered map[string]pulumi.Resource
}

func (b *builder) addon(addon Addon) (*eks.Addon, error) {
	args := &eks.AddonArgs{
		ClusterName:              b.args.Cluster,
		AddonName:                pulumi.String(addon.Name),
		ResolveConflictsOnCreate: pulumi.String("OVERWRITE"),
		ResolveConflictsOnUpdate: pulumi.String("OVERWRITE"),
		Preserve:                 pulumi.Bool(false),
	}
	if addon.Version != "" {
		args.AddonVersion = pulumi.String(addon.Version)
	}
	if addon.Configuration != nil {
		configuration, err := json.Marshal(addon.Configuration)
		if err != nil {
			return nil, fmt.Errorf("encode configuration of %s of %s: %w", addon.Name, b.name, err)
		}
		args.ConfigurationValues = pulumi.String(configuration)
	}
	if addon.Role != nil {
		args.PodIdentityAssociations = eks.AddonPodIdentityAssociationArray{&eks.AddonPodIdentityAssociationArgs{
			ServiceAccount: pulumi.String(addon.ServiceAccount), RoleArn: addon.Role,
		}}
	}
	after := slices.Clone(b.args.After)
	for _, name := range addon.After {
		after = append(after, b.registered[name])
	}
	registered, err := eks.NewAddon(b.ctx, b.name+"-"+addon.Name, args, append(b.childOpts, pulumi.DependsOn(after))...)
	if err != nil {
		return nil, fmt.Errorf("register add-on %s of %s: %w", addon.Name, b.name, err)
	}
	return registered, nil
}
