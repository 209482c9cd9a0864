package autoscaler

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/kube"
)

// AutoscalerType is the type of an autoscaler among Pulumi's resources.
const AutoscalerType = "fleetman:components:Autoscaler"

// Name is the name of the autoscaler's namespace and of everything in it.
const Name = "cluster-autoscaler"

// AutoscalerArgs are an autoscaler's.
type AutoscalerArgs struct {
	// Account is the number of the account. Required.
	Account string
	// Region is the region. Required.
	Region string
	// Cluster is the cluster's name. Required.
	Cluster string
	// Version is the version of Kubernetes of the cluster, such as 1.36, which is the autoscaler's too. Required.
	Version string
	// Identity is what gives its pod its role in AWS, as [NewIdentity] makes it. Required.
	Identity pulumi.Resource
	// Resources is what it asks of a node. Default: 100m of a processor, at most 1; 512Mi of memory; 64Mi of scratch space.
	Resources kube.Resources
}

// Autoscaler is an autoscaler in a cluster.
type Autoscaler struct {
	pulumi.ResourceState

	// Namespace is the name of its namespace.
	Namespace pulumi.StringOutput
}

func (a AutoscalerArgs) withDefaults() AutoscalerArgs {
	if a.Resources == (kube.Resources{}) {
		// It holds every instance type that there is, and every pod and node of the cluster.
		a.Resources = kube.Resources{CPU: "100m", CPULimit: "1", Memory: "512Mi", Scratch: "64Mi"}
	}
	return a
}

var (
	clusterName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	version     = regexp.MustCompile(`^1\.[1-9][0-9]$`)
)

// Validate reports every problem of the arguments.
func (a *AutoscalerArgs) Validate() error {
	args := a.withDefaults()
	errs := args.validateIdentity()
	if !version.MatchString(args.Version) {
		errs = append(errs, fmt.Errorf("the Version %q is none: want the cluster's, such as 1.36", args.Version))
	}
	if args.Identity == nil {
		errs = append(errs, errors.New("the Identity is missing: what gives the pod its role in AWS"))
	}
	if err := args.Resources.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Resources: %w", err))
	}
	return errors.Join(errs...)
}

// validateIdentity reports every problem of what an identity takes of the arguments.
func (a AutoscalerArgs) validateIdentity() []error {
	errs := []error{account.CheckAccount(a.Account), account.CheckRegion(a.Region)}
	if !clusterName.MatchString(a.Cluster) {
		errs = append(errs, fmt.Errorf("the Cluster %q is no name: want small letters, digits and -", a.Cluster))
	}
	return errs
}

// place is where the autoscaling groups are.
func (a AutoscalerArgs) place() account.Place {
	return account.Place{Account: a.Account, Region: a.Region}
}

// image is the release for the version. Later ones differ in their last number.
func (a AutoscalerArgs) image() string {
	return "registry.k8s.io/autoscaling/cluster-autoscaler:v" + a.Version + ".0"
}

// tag is what EKS tags the autoscaling groups of the cluster with; its value is owned.
func (a AutoscalerArgs) tag() string { return "k8s.io/cluster-autoscaler/" + a.Cluster }
