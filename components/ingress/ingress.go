package ingress

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation"
)

// IngressType is the type of an ingress controller among Pulumi's resources.
const IngressType = "fleetman:components:Ingress"

// Image is the image of the controller.
const Image = "nginx/nginx-ingress:5.5.4"

// Class is the class of the Ingresses that are the controller's.
const Class = "nginx"

// Route leads from a host to a Service.
type Route struct {
	// Host is the name by which it is called. Required.
	Host string
	// Namespace is the Service's namespace. Required.
	Namespace pulumi.StringInput
	// Service is the Service's name. Required.
	Service pulumi.StringInput
	// Port is the Service's port. Required.
	Port int
}

// IngressArgs are an ingress controller's.
type IngressArgs struct {
	// Routes are where it leads to, each of its own host. At least one.
	Routes []Route
	// NodePort is the port of every node that leads to it. Required.
	NodePort int
	// Replicas is how many of it run. Default: 2.
	Replicas int
	// ProxyFrom is the range of addresses of which the PROXY protocol is taken, and without which nothing is. Default: none, it is
	// called directly.
	ProxyFrom string
}

// Ingress is an ingress controller in a cluster.
type Ingress struct {
	pulumi.ResourceState

	// Namespace is where it runs.
	Namespace pulumi.StringOutput
}

func (a IngressArgs) withDefaults() IngressArgs {
	if a.Replicas == 0 {
		a.Replicas = 2
	}
	return a
}

// Validate reports every problem of the arguments.
func (a *IngressArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(len(args.Routes) == 0, "the Routes are missing")
	hosts := map[string]bool{}
	for i, route := range args.Routes {
		for _, problem := range validation.IsDNS1123Subdomain(route.Host) {
			errs = append(errs, fmt.Errorf("the Routes[%d]'s Host %q is none: %s", i, route.Host, problem))
		}
		refuse(hosts[route.Host], "the Routes[%d]'s Host %q is another one's too", i, route.Host)
		hosts[route.Host] = true
		refuse(route.Namespace == nil, "the Routes[%d]'s Namespace is missing", i)
		refuse(route.Service == nil, "the Routes[%d]'s Service is missing", i)
		refuse(route.Port < 1 || route.Port > 65535, "the Routes[%d]'s Port %d is none: want 1-65535", i, route.Port)
	}
	refuse(args.NodePort < 30000 || args.NodePort > 32767, "the NodePort %d is none: want 30000-32767", args.NodePort)
	refuse(args.Replicas < 1, "the Replicas are %d: want 1 or more", args.Replicas)
	if args.ProxyFrom != "" {
		errs = append(errs, checkRange(args.ProxyFrom))
	}
	return errors.Join(errs...)
}

func checkRange(text string) error {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || prefix.Masked() != prefix:
		return fmt.Errorf("the ProxyFrom %q is no range of addresses: want one such as 10.0.0.0/16", text)
	case prefix.Bits() == 0:
		return fmt.Errorf("the ProxyFrom %s is everywhere: any client could claim any address", text)
	}
	return nil
}
