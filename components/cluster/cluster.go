package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClusterType is the type of a cluster among Pulumi's resources.
const ClusterType = "fleetman:components:Cluster"

// AdminPolicy is the access policy that allows everything.
const AdminPolicy = "AmazonEKSClusterAdminPolicy"

// policies are the access policies for people and pipelines, of those that EKS has. What each allows is in
// https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html.
var policies = []string{AdminPolicy, "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy"}

// oldest is the minor version of Kubernetes below which EKS's standard support is over: 1.33's ended in July 2026.
const oldest = 34

// Access is what one role or user may do in the cluster.
type Access struct {
	// Name tells it from the others. Required.
	Name string
	// Principal is the ARN of the IAM role or user. Required.
	Principal pulumi.StringInput
	// Policy is the name of the access policy, such as [AdminPolicy]. Required.
	Policy string
	// Namespaces are those in which it holds. Default: the whole cluster.
	Namespaces []string
}

// ClusterArgs are a cluster's.
type ClusterArgs struct {
	// Name is its name in AWS. Required.
	Name string
	// Version is the version of Kubernetes, such as 1.36. Required.
	Version string
	// Subnets are the IDs of the subnets that the control plane has its addresses in, of two zones or more. Required.
	Subnets []pulumi.StringInput
	// ServiceCIDR is the range of the Services: private, IPv4, from /12 to /24. Required.
	ServiceCIDR string
	// PublicCIDRs are the ranges from where the API server is reached besides. Default: none.
	PublicCIDRs []string
	// SecretsKey is the ARN of the key that encrypts Secrets. Required.
	SecretsKey pulumi.StringInput
	// LogKey is the ARN of the key that encrypts the logs; it must let CloudWatch Logs use it. Required.
	LogKey pulumi.StringInput
	// LogDays is for how many days logs are kept: one of the numbers that CloudWatch offers. Default: 90.
	LogDays int
	// Access is who may use it. At least one has the [AdminPolicy] for all of it.
	Access []Access
	// Protect keeps Pulumi from deleting it. Default: false.
	Protect bool
}

// Cluster is a control plane.
type Cluster struct {
	pulumi.ResourceState

	// Name is its name, known once it is there.
	Name pulumi.StringOutput
	// ARN is its ARN.
	ARN pulumi.StringOutput
	// Version is the version of Kubernetes that it has reached.
	Version pulumi.StringOutput
	// SecurityGroup is the ID of the security group of the control plane and of its nodes.
	SecurityGroup pulumi.StringOutput
	// Endpoint is the address of the API server. Whoever is given it waits for everybody's access.
	Endpoint pulumi.StringOutput
	// CertificateAuthority is the certificate, in PEM and that in base64, which the API server is known by.
	CertificateAuthority pulumi.StringOutput
}

func (a ClusterArgs) withDefaults() ClusterArgs {
	if a.LogDays == 0 {
		a.LogDays = 90
	}
	return a
}

var (
	name63  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	version = regexp.MustCompile(`^1\.([1-9][0-9])$`)
)

// retentions are the days for which CloudWatch keeps logs. Source: PutRetentionPolicy of the CloudWatch Logs API.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// The largest and the smallest range of Services that EKS takes, and the largest from where the API server is reached.
const (
	largestServices, smallestServices = 12, 24
	largestPublic                     = 8
)

// Validate reports every problem of the arguments.
func (a *ClusterArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(!name63.MatchString(args.Name), "the Name %q is none: want small letters, digits and -", args.Name)
	errs = append(errs, args.validateVersion())
	refuse(len(args.Subnets) < 2, "the Subnets are %d: want two or more, of different zones", len(args.Subnets))
	refuse(slices.Contains(args.Subnets, nil), "one of the Subnets is missing")
	errs = append(errs, args.validateServices(), args.validatePublic())
	refuse(args.SecretsKey == nil, "the SecretsKey is missing: the ARN of the key that encrypts Secrets")
	refuse(args.LogKey == nil, "the LogKey is missing: the ARN of the key that encrypts the logs")
	refuse(!slices.Contains(retentions, args.LogDays), "the LogDays %d are not offered: want one of %v", args.LogDays, retentions)
	errs = append(errs, args.validateAccess())
	return errors.Join(errs...)
}

func (a ClusterArgs) validateVersion() error {
	form := version.FindStringSubmatch(a.Version)
	if form == nil {
		return fmt.Errorf("the Version %q is none: want one such as 1.36", a.Version)
	}
	if minor, _ := strconv.Atoi(form[1]); minor < oldest { // two digits
		return fmt.Errorf("the Version %s is out of EKS's standard support: want 1.%d or later", a.Version, oldest)
	}
	return nil
}

func (a ClusterArgs) validateServices() error {
	cidr, err := netip.ParsePrefix(a.ServiceCIDR)
	switch {
	case err != nil || !cidr.Addr().Is4():
		return fmt.Errorf("the ServiceCIDR %q is none of IPv4: want one such as 172.20.0.0/16", a.ServiceCIDR)
	case cidr != cidr.Masked():
		return fmt.Errorf("the ServiceCIDR %s is not written with its first address: want %s", cidr, cidr.Masked())
	case !cidr.Addr().IsPrivate():
		return fmt.Errorf("the ServiceCIDR %s is not private: want it in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", cidr)
	case cidr.Bits() < largestServices || cidr.Bits() > smallestServices:
		return fmt.Errorf("the ServiceCIDR %s has the wrong size: want /%d to /%d", cidr, largestServices, smallestServices)
	}
	return nil
}

func (a ClusterArgs) validatePublic() error {
	var errs []error
	seen := map[string]bool{}
	for _, text := range a.PublicCIDRs {
		cidr, err := netip.ParsePrefix(text)
		switch {
		case err != nil || !cidr.Addr().Is4():
			errs = append(errs, fmt.Errorf("the PublicCIDRs' %q is none of IPv4: want one such as 203.0.113.0/24", text))
		case cidr != cidr.Masked():
			errs = append(errs, fmt.Errorf("the PublicCIDRs' %s is not written with its first address: want %s", cidr, cidr.Masked()))
		case cidr.Bits() < largestPublic:
			errs = append(errs, fmt.Errorf("the PublicCIDRs' %s is too wide: want /%d or narrower, the ranges of those who use it", cidr, largestPublic))
		case cidr.Addr().IsPrivate():
			errs = append(errs, fmt.Errorf("the PublicCIDRs' %s is private, and nobody comes from there by the public address", cidr))
		case seen[text]:
			errs = append(errs, fmt.Errorf("the PublicCIDRs' %s is there twice", cidr))
		}
		seen[text] = true
	}
	return errors.Join(errs...)
}

func (a ClusterArgs) validateAccess() error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	administered := false
	seen := map[string]bool{}
	for _, access := range a.Access {
		refuse(!name63.MatchString(access.Name), "the Access %q is no name: want small letters, digits and -", access.Name)
		refuse(seen[access.Name], "the Access %s is there twice", access.Name)
		refuse(access.Principal == nil, "the Access %s has no Principal", access.Name)
		refuse(!slices.Contains(policies, access.Policy),
			"the Access %s has no Policy that is known, but %q: want one of %v", access.Name, access.Policy, policies)
		for _, namespace := range access.Namespaces {
			refuse(!name63.MatchString(namespace), "the Access %s is for the namespace %q, which is no name", access.Name, namespace)
		}
		seen[access.Name] = true
		administered = administered || access.Policy == AdminPolicy && len(access.Namespaces) == 0
	}
	// Whoever makes the cluster gets nothing by that.
	refuse(!administered, "the Access has no %s for the whole cluster: nobody could administer it", AdminPolicy)
	return errors.Join(errs...)
}
