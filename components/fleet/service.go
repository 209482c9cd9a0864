package fleet

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// ServiceType is the type of a fleet service among Pulumi's resources.
const ServiceType = "fleetman:components:FleetService"

// Port is the port that a fleet service listens on.
const Port = 8080

const (
	uid        = 65532 // the user of the images that components/image builds
	addressKey = "HTTP_ADDR"
)

// ServiceArgs say which service it is and what it is given.
type ServiceArgs struct {
	// App is the service's name among the services, such as position-tracker. Required.
	App string
	// Component is its part in the whole, such as backend. Required.
	Component string
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Image is the reference of its image, by a digest or by a tag of its content. Required.
	Image pulumi.StringInput
	// Replicas is how many of it run. Default: 1.
	Replicas int
	// Port is the port of its Service. Default: 8080, the one that it listens on itself.
	Port int
	// NodePort is the port of every node that leads to its Service. Default: 0, none: it is reached from within the cluster.
	NodePort int
	// Config are its settings by environment variable. Default: none besides HTTP_ADDR.
	Config pulumi.StringMap
	// Secret are its secrets by environment variable. Default: none.
	Secret pulumi.StringMap
	// Resources is what it asks of a node. Default: 50m of a processor, at most 1; 128Mi of memory; 64Mi of scratch space.
	Resources kube.Resources
}

// Service is a fleet service in a cluster.
type Service struct {
	pulumi.ResourceState

	// URL is where others in its namespace reach it, known once it answers.
	URL pulumi.StringOutput
	// Name is the name of its Service, known once it answers.
	Name pulumi.StringOutput
}

func (a ServiceArgs) withDefaults() ServiceArgs {
	if a.Replicas == 0 {
		a.Replicas = 1
	}
	if a.Port == 0 {
		a.Port = Port
	}
	if a.Resources == (kube.Resources{}) {
		a.Resources = kube.Resources{CPU: "50m", CPULimit: "1", Memory: "128Mi", Scratch: "64Mi"}
	}
	return a
}

var variable = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// Validate reports every problem of the arguments.
func (a *ServiceArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(args.App == "", "the App is missing: the service's name, such as position-tracker")
	refuse(args.Component == "", "the Component is missing: the service's part in the whole, such as backend")
	refuse(args.Namespace == nil, "the Namespace is missing")
	refuse(args.Image == nil, "the Image is missing")
	refuse(args.Replicas < 1, "the Replicas are %d: want 1 or more", args.Replicas)
	refuse(args.Port < 1 || args.Port > 65535, "the Port %d is none: want 1-65535", args.Port)
	refuse(args.NodePort != 0 && (args.NodePort < 30000 || args.NodePort > 32767), "the NodePort %d is none: want 30000-32767, or 0 for none", args.NodePort)
	for _, key := range slices.Sorted(maps.Keys(args.Config)) {
		refuse(!variable.MatchString(key), "the Config's %q is no environment variable: want capital letters, digits and _", key)
		refuse(key == addressKey, "the Config's %s is set by the component", addressKey)
	}
	for _, key := range slices.Sorted(maps.Keys(args.Secret)) {
		refuse(!variable.MatchString(key), "the Secret's %q is no environment variable: want capital letters, digits and _", key)
		refuse(args.Config[key] != nil, "%s is both in Config and in Secret", key)
	}
	if err := args.Resources.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Resources: %w", err))
	}
	return errors.Join(errs...)
}
