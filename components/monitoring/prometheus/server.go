package prometheus

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"fleetman/components/kube"
)

// ServerType is the type of a server among Pulumi's resources.
const ServerType = "fleetman:components:Prometheus"

// Image is the image of the server. 3.13 is the line that is supported longest.
const Image = "quay.io/prometheus/prometheus:v3.13.5"

// Port is the port of the server and of its Service.
const Port = 9090

// Target is a Service of which every pod is scraped.
type Target struct {
	// Job is the scrape job, and the label of that name. No two targets have the same. Required; of no use to an Alertmanager.
	Job string
	// Namespace is where the Service is. Required.
	Namespace string
	// Service is its name. Required.
	Service string
	// Port is the name of its port. Required.
	Port string
	// Path is where the metrics are. Default: /metrics.
	Path string
	// HonorLabels says that its metrics are of others, and their labels stay as they are. Default: false.
	HonorLabels bool
}

// ServerArgs are a server's.
type ServerArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Storage is the size of its volume, in whole mebibytes. Four fifths of it hold samples. Default: 8Gi.
	Storage string
	// StorageClass is the class of its volume. Required.
	StorageClass pulumi.StringInput
	// ProtectData keeps Pulumi from deleting the volume. Default: false.
	ProtectData bool
	// Placement is on which nodes it runs. Default: any.
	Placement kube.Placement
	// Resources is what it asks of a node. Default: 100m of a processor, at most 1; 512Mi of memory; 64Mi of scratch space.
	Resources kube.Resources
	// RetentionDays is for how many days samples are kept, if the volume holds as many. Default: 15.
	RetentionDays int
	// Cluster is the label cluster of every alert. Required.
	Cluster string
	// Targets are what is scraped besides the cluster itself. Default: none.
	Targets []Target
	// Etcd says that etcd runs as pods of the namespace kube-system with the label component=etcd, as kubeadm's does, and shows its
	// metrics on port 2381 of the node without TLS. Default: false.
	Etcd bool
	// Rules are files of recording and alerting rules, by names that end in .yaml. Default: none.
	Rules map[string]string
	// Alertmanager is who is told of alerts, by its Namespace, Service and Port. Default: nobody.
	Alertmanager Target
}

// Server is a Prometheus server in a cluster.
type Server struct {
	pulumi.ResourceState

	// URL is where it is in the cluster, known once it answers.
	URL pulumi.StringOutput
}

func (a ServerArgs) withDefaults() ServerArgs {
	if a.Storage == "" {
		a.Storage = "8Gi"
	}
	if a.RetentionDays == 0 {
		a.RetentionDays = 15
	}
	if a.Resources == (kube.Resources{}) {
		// 14,000 series, as of a cluster of one node, took 120 MB; 67,000, as of one of eight with three API servers, 240 MB. The other
		// half is for queries and for the log that is read at the start.
		a.Resources = kube.Resources{CPU: "100m", CPULimit: "1", Memory: "512Mi", Scratch: "64Mi"}
	}
	a.Targets = slices.Clone(a.Targets)
	for i := range a.Targets {
		if a.Targets[i].Path == "" {
			a.Targets[i].Path = "/metrics"
		}
	}
	return a
}

// The least size: below, a day's blocks and the write-ahead log don't fit.
const leastStorage = 1024

// The API server takes no more of data in one ConfigMap.
const mostRules = 1 << 20

var (
	label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	path  = regexp.MustCompile(`^/[A-Za-z0-9/._-]*$`)
)

// Validate reports every problem of the arguments.
func (a *ServerArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	if args.Namespace == nil {
		errs = append(errs, errors.New("the Namespace is missing"))
	}
	if mebibytes, err := kube.ParseMebibytes(args.Storage); err != nil {
		errs = append(errs, fmt.Errorf("the Storage: %w", err))
	} else if mebibytes < leastStorage {
		errs = append(errs, fmt.Errorf("the Storage %s is below %dMi", args.Storage, leastStorage))
	}
	if args.StorageClass == nil {
		errs = append(errs, errors.New("the StorageClass is missing"))
	}
	if err := args.Placement.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Placement: %w", err))
	}
	if err := args.Resources.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Resources: %w", err))
	}
	if args.RetentionDays < 1 {
		errs = append(errs, fmt.Errorf("the RetentionDays %d are none: want 1 or more", args.RetentionDays))
	}
	if !label.MatchString(args.Cluster) {
		errs = append(errs, fmt.Errorf("the Cluster %q is no label: want small letters, digits and -", args.Cluster))
	}
	errs = append(errs, args.validateTargets()...)
	if args.Alertmanager != (Target{}) {
		errs = append(errs, args.Alertmanager.validateService("the Alertmanager")...)
	}
	return errors.Join(append(errs, args.validateRules()...)...)
}

func (a ServerArgs) validateTargets() []error {
	var errs []error
	jobs := map[string]bool{}
	for _, job := range a.clusterJobs() {
		jobs[job.JobName] = true
	}
	for i, target := range a.Targets {
		name := fmt.Sprintf("target %d", i)
		if !label.MatchString(target.Job) {
			errs = append(errs, fmt.Errorf("%s: the Job %q is no name: want small letters, digits and -", name, target.Job))
		} else {
			name = "target " + target.Job
			if jobs[target.Job] {
				errs = append(errs, fmt.Errorf("%s: the Job is another's too", name))
			}
			jobs[target.Job] = true
		}
		errs = append(errs, target.validateService(name)...)
		if !path.MatchString(target.Path) {
			errs = append(errs, fmt.Errorf("%s: the Path %q is none: want one such as /metrics", name, target.Path))
		}
	}
	return errs
}

// validateService reports what keeps the Service from being found.
func (t Target) validateService(name string) []error {
	var errs []error
	for _, field := range []struct {
		name, value string
		problems    []string
	}{
		{"Namespace", t.Namespace, validation.IsDNS1123Label(t.Namespace)},
		{"Service", t.Service, validation.IsDNS1035Label(t.Service)},
		{"Port", t.Port, validation.IsValidPortName(t.Port)},
	} {
		if len(field.problems) != 0 {
			errs = append(errs, fmt.Errorf("%s: the %s %q is none: %s", name, field.name, field.value, strings.Join(field.problems, "; ")))
		}
	}
	return errs
}

func (a ServerArgs) validateRules() []error {
	var errs []error
	size := 0
	for _, name := range slices.Sorted(maps.Keys(a.Rules)) {
		size += len(a.Rules[name])
		if !strings.HasSuffix(name, ".yaml") || len(validation.IsConfigMapKey(name)) != 0 {
			errs = append(errs, fmt.Errorf("the Rules %q are no file: want a name such as fleet.yaml", name))
		}
		var content struct{ Groups []any }
		if err := yaml.Unmarshal([]byte(a.Rules[name]), &content); err != nil {
			errs = append(errs, fmt.Errorf("the Rules %q: %s", name, strings.ReplaceAll(err.Error(), "\n", " ")))
		} else if len(content.Groups) == 0 {
			errs = append(errs, fmt.Errorf("the Rules %q have no groups", name))
		}
	}
	if size > mostRules {
		errs = append(errs, fmt.Errorf("the Rules are of %d bytes: a ConfigMap holds %d", size, mostRules))
	}
	return errs
}
