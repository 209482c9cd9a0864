package fluentd

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation"

	"fleetman/components/kube"
)

// AgentType is the type of the log agent among Pulumi's resources.
const AgentType = "fleetman:components:Fluentd"

// Image is Fluentd with the plugins for Elasticsearch 9. Its default configuration isn't used.
const Image = "fluent/fluentd-kubernetes-daemonset:v1.19.3-debian-elasticsearch9-1.1"

// MetricsPort is the port of every agent, and of their Service, that Prometheus reads; there it is called metrics.
const MetricsPort = 24231

// AgentArgs are the log agent's.
type AgentArgs struct {
	// Namespace is where it runs, one for node agents. Required.
	Namespace pulumi.StringInput
	// URL is where Elasticsearch is, https. Required.
	URL pulumi.StringInput
	// CA is the authority that vouches for it, in PEM. Required.
	CA pulumi.StringInput
	// User is the login that may create documents in the data stream. Default: fluentd.
	User string
	// Password is its password. It is made a secret if it isn't one. Required.
	Password pulumi.StringInput
	// Index is the data stream. It has to be there. Default: fleetman-logs.
	Index string
	// BufferLimit is how much waits on each node for Elasticsearch, in whole mebibytes. Default: 2Gi.
	BufferLimit string
	// Parsed are the containers whose lines are objects of JSON, by the container's name. Default: fleetman's own services.
	Parsed []string
	// ExcludeNamespaces are the namespaces whose logs are left on the node. Default: none.
	ExcludeNamespaces []string
	// Resources are what an agent may take of its node. Default: a tenth of a CPU up to one, 512Mi of memory, 256Mi of scratch.
	Resources kube.Resources
}

// Agent is the log agent of a cluster.
type Agent struct {
	pulumi.ResourceState

	// Name is the headless Service of the agents' metrics, in their namespace.
	Name pulumi.StringOutput
}

func (a AgentArgs) withDefaults() AgentArgs {
	if a.User == "" {
		a.User = "fluentd"
	}
	if a.Index == "" {
		a.Index = "fleetman-logs"
	}
	if a.BufferLimit == "" {
		a.BufferLimit = "2Gi"
	}
	if a.Parsed == nil {
		a.Parsed = []string{"api-gateway", "position-simulator", "position-tracker", "queue-exporter", "webapp"}
	}
	if a.Resources == (kube.Resources{}) {
		a.Resources = kube.Resources{CPU: "100m", CPULimit: "1", Memory: "512Mi", Scratch: "256Mi"}
	}
	return a
}

var (
	// The names of a user that need no escape anywhere.
	userName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	// What Elasticsearch allows of a data stream's name and a configuration needs no quotes for.
	streamName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,254}$`)
)

// leastBuffer is room for some chunks of 8 MB of some containers.
const leastBuffer = 128

// Validate reports every problem of the arguments.
func (a *AgentArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	for _, field := range []struct {
		name  string
		value pulumi.StringInput
	}{{"Namespace", args.Namespace}, {"URL", args.URL}, {"CA", args.CA}, {"Password", args.Password}} {
		if field.value == nil {
			errs = append(errs, fmt.Errorf("the %s is missing", field.name))
		}
	}
	if !userName.MatchString(args.User) {
		errs = append(errs, fmt.Errorf("the User %q is none: want letters, digits, ., _ and -", args.User))
	}
	if !streamName.MatchString(args.Index) {
		errs = append(errs, fmt.Errorf("the Index %q is none: want lower-case letters, digits, ., _ and -", args.Index))
	}
	mebibytes, err := kube.ParseMebibytes(args.BufferLimit)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("the BufferLimit: %w", err))
	case mebibytes < leastBuffer:
		errs = append(errs, fmt.Errorf("the BufferLimit %s is below %dMi", args.BufferLimit, leastBuffer))
	}
	// Both become part of patterns, in which a label of DNS has no meaning but itself.
	for _, list := range []struct {
		name  string
		items []string
	}{{"Parsed", args.Parsed}, {"ExcludeNamespaces", args.ExcludeNamespaces}} {
		for _, item := range list.items {
			for _, problem := range validation.IsDNS1123Label(item) {
				errs = append(errs, fmt.Errorf("the %s' %q: %s", list.name, item, problem))
			}
		}
	}
	if err := args.Resources.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Resources: %w", err))
	}
	return errors.Join(errs...)
}
