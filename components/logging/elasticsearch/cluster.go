package elasticsearch

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/keyring"
	"fleetman/components/kube"
)

// ClusterType is the type of an Elasticsearch among Pulumi's resources.
const ClusterType = "fleetman:components:Elasticsearch"

// Image is the image of the server. 9.5 is the current line.
const Image = "docker.elastic.co/elasticsearch/elasticsearch:9.5.2"

// Port is the port for clients, of the server and of its Services.
const Port = 9200

// DataStream is the name of the logs.
const DataStream = "fleetman-logs"

// The users that the cluster has for others, each with a role of the same name.
const (
	FluentdUser  = "fluentd"
	MonitorUser  = "monitor"
	ViewerUser   = "fleetman"
	ImporterUser = "importer"
)

// The users that are Elasticsearch's own.
const (
	elasticUser = "elastic"
	kibanaUser  = "kibana_system"
)

// users are those that the cluster makes.
func users() []string { return []string{FluentdUser, MonitorUser, ViewerUser, ImporterUser} }

// Password is a user's password, a secret.
func Password(keys *keyring.Keyring, user string) pulumi.StringOutput {
	return keys.Password("elasticsearch " + user)
}

// ClusterArgs are an Elasticsearch's.
type ClusterArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Nodes is how many servers hold the logs: 1, or 3 in three zones. Default: 1.
	Nodes int
	// Storage is the size of each node's volume, in whole mebibytes. Default: 5Gi.
	Storage string
	// StorageClass is the class of the volumes. Required.
	StorageClass pulumi.StringInput
	// ProtectData keeps Pulumi from deleting the volumes. Default: false.
	ProtectData bool
	// Placement is on which nodes of the cluster they run. Default: any.
	Placement kube.Placement
	// Heap is the size of each JVM's heap, in whole mebibytes. The memory is twice that. Default: 1Gi.
	Heap string
	// RetentionDays is for how many days at least a log is kept. Default: 14.
	RetentionDays int
	// Keys are what passwords and certificates come from. Required.
	Keys *keyring.Keyring
}

// Cluster is an Elasticsearch in a cluster.
type Cluster struct {
	pulumi.ResourceState

	// URL is where clients find it, https, known once it answers and has its users and the data stream: who is given it finds
	// everything in place.
	URL pulumi.StringOutput
	// CA is the certificate of the authority by which it is trusted, in PEM.
	CA pulumi.StringOutput
	// FluentdUser may add documents to the logs, and nothing else.
	FluentdUser string
	// FluentdPassword is that user's password, a secret.
	FluentdPassword pulumi.StringOutput
	// KibanaPassword is the password of kibana_system, a secret.
	KibanaPassword pulumi.StringOutput
	// MonitorUser may read what elasticsearch_exporter reads.
	MonitorUser string
	// MonitorPassword is that user's password, a secret.
	MonitorPassword pulumi.StringOutput
	// ViewerUser may read the logs, also through Kibana.
	ViewerUser string
	// ViewerPassword is that user's password, a secret.
	ViewerPassword pulumi.StringOutput
}

func (a ClusterArgs) withDefaults() ClusterArgs {
	if a.Nodes == 0 {
		a.Nodes = 1
	}
	if a.Storage == "" {
		a.Storage = "5Gi"
	}
	if a.Heap == "" {
		a.Heap = "1Gi"
	}
	if a.RetentionDays == 0 {
		a.RetentionDays = 14
	}
	return a
}

// In mebibytes: below the least heap the server runs out of memory with Kibana's indices alone; above the greatest, the JVM's
// pointers are twice as long (elastic.co/docs/reference/elasticsearch/jvm-settings).
const (
	leastHeap    = 512
	greatestHeap = 31 * 1024
	leastStorage = 1024
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
	refuse(args.Namespace == nil, "the Namespace is missing")
	refuse(args.Nodes != 1 && args.Nodes != three, "the Nodes are %d: want 1 or %d", args.Nodes, three)
	if mebibytes, err := kube.ParseMebibytes(args.Storage); err != nil {
		errs = append(errs, fmt.Errorf("the Storage: %w", err))
	} else {
		refuse(mebibytes < leastStorage, "the Storage %s is below 1Gi", args.Storage)
	}
	refuse(args.StorageClass == nil, "the StorageClass is missing")
	if err := args.Placement.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Placement: %w", err))
	}
	if mebibytes, err := kube.ParseMebibytes(args.Heap); err != nil {
		errs = append(errs, fmt.Errorf("the Heap: %w", err))
	} else {
		refuse(mebibytes < leastHeap || mebibytes > greatestHeap, "the Heap %s isn't 512Mi to 31Gi", args.Heap)
	}
	refuse(args.RetentionDays < 1, "the RetentionDays are %d: want 1 or more", args.RetentionDays)
	refuse(args.Keys == nil, "the Keys are missing")
	return errors.Join(errs...)
}
