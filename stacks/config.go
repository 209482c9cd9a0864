package stacks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The stacks of the project.
const (
	dev       = "dev"
	prod      = "prod"
	bootstrap = "bootstrap"
)

// Config is a stack's configuration. Each field is a key of the project, fleetman:<name in JSON>, and described in Pulumi.yaml.
// The tag only names the stacks that have it; without one it is dev's and prod's.
type Config struct {
	// Target is dev's cluster.
	Target Target `json:"target" only:"dev"`
	// AWS is where prod is.
	AWS AWS `json:"aws" only:"prod bootstrap"`
	// Network is prod's network.
	Network Network `json:"network" only:"prod"`
	// Cluster is prod's cluster.
	Cluster Cluster `json:"cluster" only:"prod"`
	// Nodes are the nodes of prod's cluster.
	Nodes Nodes `json:"nodes" only:"prod"`
	// Edge is prod's way in from outside.
	Edge Edge `json:"edge" only:"prod"`
	// Backup says when snapshots of prod's volumes are taken.
	Backup Backup `json:"backup" only:"prod"`
	// CI is who releases to prod.
	CI CI `json:"ci" only:"prod"`
	// Protect keeps what can't be made again from being deleted. Default: true.
	Protect bool `json:"protect" only:"dev prod bootstrap"`
	// Images says how images are built.
	Images Images `json:"images"`
	// ActiveMQ is the broker.
	ActiveMQ ActiveMQ `json:"activemq"`
	// MongoDB is the database.
	MongoDB MongoDB `json:"mongodb"`
	// Simulator is the position simulator.
	Simulator Simulator `json:"simulator"`
	// Tracker is the position tracker.
	Tracker Tracker `json:"tracker"`
	// Gateway is the API gateway.
	Gateway Gateway `json:"gateway"`
	// Webapp is the web application.
	Webapp Webapp `json:"webapp"`
	// Monitoring is what measures, alerts and shows.
	Monitoring Monitoring `json:"monitoring"`
	// Alerts says when and where alerts are sent.
	Alerts Alerts `json:"alerts"`
	// Logging is what gathers the logs.
	Logging Logging `json:"logging"`
	// LogLevel is the level of the services' logs: debug, info, warn or error. Default: info.
	LogLevel string `json:"logLevel"`

	// ActiveMQPassword is the password of the broker's login: prod's from the stack's configuration, dev's from a file.
	ActiveMQPassword Secret `json:"activemqPassword" only:"prod"`
	// MongoDBPassword is the password of the database's root user: prod's from the stack's configuration, dev's from a file.
	MongoDBPassword Secret `json:"mongodbPassword" only:"prod"`
	// MongoDBKeyfile is what the members of a replica set know each other by, in prod with three of them.
	MongoDBKeyfile Secret `json:"mongodbKeyfile" only:"prod"`
	// Seed is what the passwords and certificates of monitoring and logging are derived from: prod's from the stack's
	// configuration, dev's from a file.
	Seed Secret `json:"seed" only:"prod"`
	// SlackWebhook is the URL of the Slack channel's webhook that alerts are sent to. Required in prod with monitoring.
	SlackWebhook Secret `json:"slackWebhook"`
	// DeadMansSwitch is the URL that is called as long as alerting works. Default: none.
	DeadMansSwitch Secret `json:"deadMansSwitch"`
}

// Target is the cluster that dev deploys to.
type Target struct {
	// Context is its context in the kubeconfig. Default: minikube.
	Context string `json:"context"`
	// StorageClass is the storage class of the volumes. Default: standard, which is Minikube's.
	StorageClass string `json:"storageClass"`
}

// AWS is where in AWS a stack is.
type AWS struct {
	// Account is the number of the account. Required in prod and bootstrap.
	Account string `json:"account"`
	// Region is the region. Required in prod and bootstrap.
	Region string `json:"region"`
	// Offline asks AWS nothing, for a preview without credentials. Default: false.
	Offline bool `json:"offline"`
}

// Network is prod's network.
type Network struct {
	// CIDR is the range of its addresses. Default: 10.0.0.0/16.
	CIDR string `json:"cidr"`
	// Zones are the three availability zones. Required in prod.
	Zones []string `json:"zones"`
	// NAT is whether there is a NAT gateway in each zone or a single one. Default: zone.
	NAT string `json:"nat"`
	// InterfaceEndpoints leads to AWS's own services without the NAT gateways. Default: false.
	InterfaceEndpoints bool `json:"interfaceEndpoints"`
	// FlowLogDays is how long the flow logs are kept. Default: 90.
	FlowLogDays int `json:"flowLogDays"`
}

// Cluster is prod's cluster.
type Cluster struct {
	// Version is the version of Kubernetes. Default: 1.36.
	Version string `json:"version"`
	// ServiceCIDR is the range of the Services' addresses. Default: 172.20.0.0/16.
	ServiceCIDR string `json:"serviceCIDR"`
	// PublicCIDRs are from where the API server is reached from outside the network. Default: nowhere.
	PublicCIDRs []string `json:"publicCIDRs"`
	// Admins are the ARNs of the roles and users that administer it. At least one in prod.
	Admins []string `json:"admins"`
	// LogDays is how long the control plane's logs are kept. Default: 90.
	LogDays int `json:"logDays"`
	// AddonVersions are versions of add-ons. Default: EKS's own when the add-on is made, which then stays.
	AddonVersions map[string]string `json:"addonVersions"`
}

// Nodes are the nodes of prod's cluster.
type Nodes struct {
	// GeneralTypes are the instance types of the nodes for everything without a volume. Default: m7i.large.
	GeneralTypes []string `json:"generalTypes"`
	// GeneralMin is how many there are at least. Default: 2.
	GeneralMin int `json:"generalMin"`
	// GeneralMax is how many there are at most. Default: 6.
	GeneralMax int `json:"generalMax"`
	// DataTypes are the instance types of the nodes for what has volumes. Default: m7i.large.
	DataTypes []string `json:"dataTypes"`
	// DataMin is how many there are at least in each zone. Default: 1.
	DataMin int `json:"dataMin"`
	// DataMax is how many there are at most in each zone. Default: 2.
	DataMax int `json:"dataMax"`
	// DiskGB is the size of a node's disk. Default: 50.
	DiskGB int `json:"diskGB"`
}

// Edge is prod's way in from outside.
type Edge struct {
	// ZoneID is the ID of the hosted zone. Required in prod.
	ZoneID string `json:"zoneID"`
	// Domain is the hosted zone's name. Required in prod.
	Domain string `json:"domain"`
	// Webapp is the host of the page, in the domain. Default: fleetman.
	Webapp string `json:"webapp"`
}

// Backup says when snapshots of prod's volumes are taken.
type Backup struct {
	// EveryHours is from one to the next. Default: 24.
	EveryHours int `json:"everyHours"`
	// Keep is how many of a volume are kept. Default: 14.
	Keep int `json:"keep"`
}

// CI is who releases to prod.
type CI struct {
	// Principals are the ARNs of the roles and users that may assume the role of the pipeline. Default: none but its own pods.
	Principals []string `json:"principals"`
}

// Images says how the services' images are built.
type Images struct {
	// Arch is the processor architecture of the nodes, as Go names it. Default: this machine's.
	Arch string `json:"arch"`
}

// ActiveMQ is the broker.
type ActiveMQ struct {
	// Storage is the size of its volume. Default: 2Gi.
	Storage string `json:"storage"`
	// Heap is the size of its heap. Default: 256Mi.
	Heap string `json:"heap"`
	// Console runs its web console, in dev on a node port too. Default: false.
	Console bool `json:"console"`
}

// MongoDB is the database.
type MongoDB struct {
	// Storage is the size of its volume. Default: 2Gi.
	Storage string `json:"storage"`
	// CacheGB is the size of its cache. Default: 0.25.
	CacheGB float64 `json:"cacheGB"`
	// Members is how many servers it has, 1 or, in prod, 3. Default: 1.
	Members int `json:"members"`
}

// Simulator is the position simulator.
type Simulator struct {
	// Vehicles is how many vehicles there are. Default: 38.
	Vehicles int `json:"vehicles"`
	// ReportInterval is how often each reports. Default: 2s.
	ReportInterval Duration `json:"reportInterval"`
	// Seed is which vehicles there are and which trips they make. Default: 1.
	Seed int64 `json:"seed"`
}

// Tracker is the position tracker.
type Tracker struct {
	// Retention is how long positions are kept. Default: 168h.
	Retention Duration `json:"retention"`
}

// Gateway is the API gateway.
type Gateway struct {
	// Replicas is how many of it run. Default: 1.
	Replicas int `json:"replicas"`
	// StreamInterval is the least time between two events on a stream. Default: 250ms.
	StreamInterval Duration `json:"streamInterval"`
}

// Webapp is the web application.
type Webapp struct {
	// Replicas is how many of it run. Default: 1.
	Replicas int `json:"replicas"`
}

// Monitoring is what measures and shows.
type Monitoring struct {
	// Enabled says whether there is any. Default: true.
	Enabled bool `json:"enabled"`
	// Storage is the size of Prometheus's volume. Default: 2Gi.
	Storage string `json:"storage"`
	// RetentionDays is how long measurements are kept, if they fit. Default: 15.
	RetentionDays int `json:"retentionDays"`
	// Etcd measures etcd itself, where the control plane's nodes are the cluster's own and serve its metrics on port 2381.
	// Default: false.
	Etcd bool `json:"etcd"`
}

// Alerts says when and where alerts are sent.
type Alerts struct {
	// GroupWait is how long the first alert of a group waits for others. Default: 30s.
	GroupWait Duration `json:"groupWait"`
	// GroupInterval is the least time between two messages about a group. Default: 5m.
	GroupInterval Duration `json:"groupInterval"`
	// RepeatInterval is after how long a message is sent again. Default: 4h.
	RepeatInterval Duration `json:"repeatInterval"`
	// CriticalRepeatInterval is the same for a critical alert. Default: 1h.
	CriticalRepeatInterval Duration `json:"criticalRepeatInterval"`
	// Runbooks is the URL under which this repository's files are read, for links to the runbooks. Default: none, and a message
	// names the file.
	Runbooks string `json:"runbooks"`
}

// Logging is what gathers the logs.
type Logging struct {
	// Enabled says whether there is any. Default: false.
	Enabled bool `json:"enabled"`
	// Nodes is how many servers Elasticsearch has, 1 or 3. Default: 1.
	Nodes int `json:"nodes"`
	// Storage is the size of each one's volume. Default: 10Gi.
	Storage string `json:"storage"`
	// Heap is the size of each one's heap, half its memory. Default: 1Gi.
	Heap string `json:"heap"`
	// RetentionDays is how long logs are kept. Default: 14.
	RetentionDays int `json:"retentionDays"`
	// BufferLimit is how much a node keeps of what could not be sent. Default: 2Gi.
	BufferLimit string `json:"bufferLimit"`
	// CertificatesFrom is the day from which the certificates hold, for ten years. Default: 2026-01-01.
	CertificatesFrom Date `json:"certificatesFrom"`
}

// Date is a day, that begins in UTC, written as 2026-01-31.
type Date time.Time

// UnmarshalText reads a day.
func (d *Date) UnmarshalText(text []byte) error {
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf(`%q is no day; want one such as "2026-01-31"`, text)
	}
	*d = Date(day)
	return nil
}

// String writes a day.
func (d Date) String() string { return time.Time(d).Format(time.DateOnly) }

// Duration is a duration that is written as Go writes it, such as 250ms or 168h.
type Duration time.Duration

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	duration, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`%q is no duration; want one such as "250ms" or "168h"`, text)
	}
	*d = Duration(duration)
	return nil
}

// String writes a duration.
func (d Duration) String() string { return time.Duration(d).String() }

// Secret is a secret of the configuration, which no message shows.
type Secret string

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret.
func (Secret) GoString() string { return "[secret]" }

// Input is the secret as an input of a resource.
func (s Secret) Input() pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.String(s)).(pulumi.StringOutput) // ToSecret keeps the type
}

// optional is the secret as an input, or none if there is none.
func (s Secret) optional() pulumi.StringInput {
	if s == "" {
		return nil
	}
	return s.Input()
}

// Defaults is the configuration of a stack that sets nothing.
func Defaults() Config {
	return Config{
		Target:  Target{Context: "minikube", StorageClass: "standard"},
		Network: Network{CIDR: "10.0.0.0/16", Zones: []string{}, NAT: "zone", FlowLogDays: 90},
		Cluster: Cluster{
			Version: "1.36", ServiceCIDR: "172.20.0.0/16", PublicCIDRs: []string{}, Admins: []string{}, LogDays: 90, AddonVersions: map[string]string{},
		},
		Nodes: Nodes{
			GeneralTypes: []string{"m7i.large"}, GeneralMin: 2, GeneralMax: 6,
			DataTypes: []string{"m7i.large"}, DataMin: 1, DataMax: 2, DiskGB: 50,
		},
		Edge:       Edge{Webapp: "fleetman"},
		Backup:     Backup{EveryHours: 24, Keep: 14},
		CI:         CI{Principals: []string{}},
		Protect:    true,
		ActiveMQ:   ActiveMQ{Storage: "2Gi", Heap: "256Mi"},
		MongoDB:    MongoDB{Storage: "2Gi", CacheGB: 0.25, Members: 1},
		Simulator:  Simulator{Vehicles: 38, ReportInterval: Duration(2 * time.Second), Seed: 1},
		Tracker:    Tracker{Retention: Duration(168 * time.Hour)},
		Gateway:    Gateway{Replicas: 1, StreamInterval: Duration(250 * time.Millisecond)},
		Webapp:     Webapp{Replicas: 1},
		Monitoring: Monitoring{Enabled: true, Storage: "2Gi", RetentionDays: 15},
		Alerts: Alerts{
			GroupWait: Duration(30 * time.Second), GroupInterval: Duration(5 * time.Minute),
			RepeatInterval: Duration(4 * time.Hour), CriticalRepeatInterval: Duration(time.Hour),
		},
		Logging: Logging{
			Nodes: 1, Storage: "10Gi", Heap: "1Gi", RetentionDays: 14, BufferLimit: "2Gi",
			CertificatesFrom: Date(time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)),
		},
		LogLevel: "info",
	}
}

// Raw is a stack's configuration as the engine hands it over, before it is read.
type Raw struct {
	// Stack is the name of the stack.
	Stack string
	// Values are the values by key; that of an object is JSON.
	Values map[string]string
	// Secrets are the keys of the secret values.
	Secrets []string
}

// Capture keeps what the engine hands over. It is an option of pulumi.Run, and the one way to the names of all keys: a
// pulumi.Context answers only for a key that is known already.
func (r *Raw) Capture(info *pulumi.RunInfo) {
	r.Stack, r.Values, r.Secrets = info.Stack, info.Config, info.ConfigSecretKeys
}

// Read reads and checks a stack's configuration, and dev's credentials under the root of the source tree. It reports every
// problem at once.
func Read(raw Raw, root string) (*Config, error) {
	config := Defaults()
	errs := decode(raw, &config)
	errs = append(errs, config.strangers(raw.Stack)...)
	switch raw.Stack {
	case dev:
		errs = slices.Concat(errs, config.readCredentials(root), config.checkDev(), config.checkPlain(raw))
	case prod:
		errs = append(append(errs, config.checkSecrets(raw)...), config.checkProd()...)
	case bootstrap:
		errs = append(errs, config.AWS.check()...)
	default:
		return nil, fmt.Errorf("read configuration: no stack %q: this program declares %s, %s and %s", raw.Stack, dev, prod, bootstrap)
	}
	if errs = append(errs, config.check()...); len(errs) != 0 {
		return nil, fmt.Errorf("read configuration of stack %s:\n%w", raw.Stack, errors.Join(errs...))
	}
	return &config, nil
}

// lines says a list in an error.
func lines(names []string) string { return strings.Join(names, ", ") }
