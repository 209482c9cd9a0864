package stacks

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/activemq"
	"fleetman/components/addon"
	"fleetman/components/keyring"
	"fleetman/components/mongodb"
	"fleetman/components/monitoring/prometheus"
)

// wired stands, where a component is asked about its arguments, for what it will be given by another one.
const wired = pulumi.String("wired")

// check reports every bad value that no component would.
func (c *Config) check() []error {
	var errs []error
	refuse := func(wrong bool, key, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(keyPrefix+key+": "+format, values...))
		}
	}
	for key, value := range map[string]int{ // which a component would take for its default
		"network.flowLogDays": c.Network.FlowLogDays, "cluster.logDays": c.Cluster.LogDays, "nodes.diskGB": c.Nodes.DiskGB,
		"backup.everyHours": c.Backup.EveryHours, "backup.keep": c.Backup.Keep, "mongodb.members": c.MongoDB.Members,
		"monitoring.retentionDays": c.Monitoring.RetentionDays, "logging.nodes": c.Logging.Nodes, "logging.retentionDays": c.Logging.RetentionDays,
	} {
		refuse(value == 0, key, "0; want more")
	}
	refuse(!slices.Contains([]string{"", "amd64", "arm64"}, c.Images.Arch), "images.arch", "%q; want amd64 or arm64", c.Images.Arch)
	refuse(c.Simulator.Vehicles < 1 || c.Simulator.Vehicles > 100_000, "simulator.vehicles", "%d; want 1 to 100000", c.Simulator.Vehicles)
	refuse(time.Duration(c.Simulator.ReportInterval) < 100*time.Millisecond, "simulator.reportInterval", "%s; want 100ms or more", c.Simulator.ReportInterval)
	refuse(time.Duration(c.Tracker.Retention) < time.Minute, "tracker.retention", "%s; want 1m or more", c.Tracker.Retention)
	refuse(c.Gateway.Replicas < 1, "gateway.replicas", "%d; want 1 or more", c.Gateway.Replicas)
	refuse(time.Duration(c.Gateway.StreamInterval) < 10*time.Millisecond, "gateway.streamInterval", "%s; want 10ms or more", c.Gateway.StreamInterval)
	refuse(c.Webapp.Replicas < 1, "webapp.replicas", "%d; want 1 or more", c.Webapp.Replicas)
	refuse(!slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel), "logLevel", "%q; want debug, info, warn or error", c.LogLevel)
	return slices.Concat(errs, c.ActiveMQ.check(), c.MongoDB.check(), c.checkMonitoring(), c.checkAlerts(), c.checkLogging())
}

func (c *Config) checkDev() []error {
	var errs []error
	if c.Target.Context == "" {
		errs = append(errs, errors.New(keyPrefix+"target.context: missing; the cluster's context in the kubeconfig"))
	}
	if c.Target.StorageClass == "" {
		errs = append(errs, errors.New(keyPrefix+"target.storageClass: missing; see `kubectl get storageclasses`"))
	}
	if c.MongoDB.Members != 1 {
		errs = append(errs, fmt.Errorf("%smongodb.members: %d; a replica set is prod's, dev has a single node", keyPrefix, c.MongoDB.Members))
	}
	return errs
}

func (c *Config) checkProd() []error {
	var errs []error
	if c.Images.Arch == "" {
		errs = append(errs, errors.New(keyPrefix+"images.arch: missing; amd64 or arm64, as the nodes' instance types are"))
	}
	where := c.AWS.check()
	located := *c
	if len(where) != 0 { // reported once, and not again by everything that is there
		located.AWS = c.Network.presumed()
	}
	return slices.Concat(errs, where, located.checkNetwork(), located.checkCluster(), located.checkNodes(), located.checkEdge(), located.checkBackup())
}

// presumed is a sound place, in the region of the zones if those say one.
func (n Network) presumed() AWS {
	sound := AWS{Account: "000000000000", Region: "us-east-1"}
	if len(n.Zones) != 0 {
		if region := n.Zones[0][:max(len(n.Zones[0])-1, 0)]; account.CheckRegion(region) == nil {
			sound.Region = region
		}
	}
	return sound
}

// The checks of prod's parts ask the components: only they know what they take.

func (a AWS) check() []error { return prefixed("aws", a.place().Validate()) }

// place is where the stack is.
func (a AWS) place() account.Place { return account.Place{Account: a.Account, Region: a.Region} }

func (c *Config) checkNetwork() []error {
	args := c.Network.args(c)
	args.LogKey = wired
	return prefixed("network", args.Validate())
}

func (c *Config) checkCluster() []error {
	args := c.Cluster.args()
	args.SecretsKey, args.LogKey, args.Subnets = wired, wired, []pulumi.StringInput{wired, wired, wired}
	return prefixed("cluster", errors.Join(args.Validate(), addon.CheckVersions(c.Cluster.AddonVersions)))
}

func (c *Config) checkNodes() []error {
	args := c.Nodes.args(c)
	args.Cluster, args.Version, args.Zones, args.Subnets = wired, wired, []string{"us-east-1a"}, []pulumi.StringInput{wired} // the network's
	return prefixed("nodes", args.Validate())
}

func (c *Config) checkEdge() []error {
	args := c.Edge.args()
	args.VPC, args.Subnets, args.NodeSecurityGroup, args.AutoscalingGroups = wired, []pulumi.StringInput{wired}, wired, []pulumi.StringInput{wired}
	return prefixed("edge", args.Validate())
}

func (c *Config) checkBackup() []error {
	args := c.Backup.args(c)
	args.Key = wired
	return prefixed("backup", args.Validate())
}

func (c *Config) checkMonitoring() []error {
	args := c.Monitoring.server()
	args.Namespace, args.StorageClass, args.Cluster = wired, wired, "wired"
	args.Alertmanager = prometheus.Target{Namespace: "wired", Service: "wired", Port: "wired"}
	return prefixed("monitoring", args.Validate())
}

func (c *Config) checkAlerts() []error {
	args := c.Alerts.args()
	args.Namespace, args.StorageClass = wired, wired
	return prefixed("alerts", args.Validate())
}

func (c *Config) checkLogging() []error {
	servers, agent := c.Logging.servers(), c.Logging.agent()
	servers.Namespace, servers.StorageClass, servers.Keys = wired, wired, c.keys()
	agent.Namespace, agent.URL, agent.CA, agent.User, agent.Password = wired, wired, wired, "wired", wired
	return prefixed("logging", errors.Join(servers.Validate(), agent.Validate()))
}

// check asks the component: only it knows its least sizes.
func (a ActiveMQ) check() []error {
	return prefixed("activemq", (&activemq.BrokerArgs{
		Namespace: wired, StorageClass: wired, Password: wired, Storage: a.Storage, Heap: a.Heap,
	}).Validate())
}

// check asks the component: only it knows its least sizes.
func (m MongoDB) check() []error {
	args := mongodb.DatabaseArgs{
		Namespace: wired, StorageClass: wired, Password: wired, Storage: m.Storage, CacheGB: m.CacheGB, Members: m.Members,
	}
	if m.Members != 1 {
		args.Keyfile = wired
	}
	return prefixed("mongodb", args.Validate())
}

// strangers reports what is set and is another stack's.
func (c *Config) strangers(stack string) []error {
	defaults := Defaults()
	is, was := reflect.ValueOf(c).Elem(), reflect.ValueOf(&defaults).Elem()
	var errs []error
	for i := range is.NumField() {
		tag := is.Type().Field(i).Tag
		only := tag.Get("only")
		if only == "" {
			only = dev + " " + prod
		}
		if stacks := strings.Fields(only); !slices.Contains(stacks, stack) && !reflect.DeepEqual(is.Field(i).Interface(), was.Field(i).Interface()) {
			errs = append(errs, fmt.Errorf("%s%s: is not for stack %s but for %s", keyPrefix, tag.Get("json"), stack, lines(stacks)))
		}
	}
	return errs
}

// checkSecrets reports prod's secrets that are missing or in plain text.
func (c *Config) checkSecrets(raw Raw) []error {
	var errs []error
	for _, secret := range []struct {
		key      string
		value    Secret
		required bool
	}{
		{"activemqPassword", c.ActiveMQPassword, true},
		{"mongodbPassword", c.MongoDBPassword, true},
		{"mongodbKeyfile", c.MongoDBKeyfile, c.MongoDB.Members != 1}, // a single member has no others to prove itself to
		{"seed", c.Seed, c.Monitoring.Enabled || c.Logging.Enabled},
		{"slackWebhook", c.SlackWebhook, c.Monitoring.Enabled},
		{"deadMansSwitch", c.DeadMansSwitch, false},
	} {
		switch key := keyPrefix + secret.key; {
		case secret.value == "" && secret.required:
			errs = append(errs, fmt.Errorf("%s: missing; set it with `pulumi config set --secret %s`", key, key))
		case secret.value != "" && !slices.Contains(raw.Secrets, key):
			errs = append(errs, plain(key))
		}
	}
	if c.MongoDBKeyfile != "" {
		if _, err := mongodb.ParseKeyfile(string(c.MongoDBKeyfile)); err != nil {
			errs = append(errs, fmt.Errorf("%smongodbKeyfile: %w; make one with `openssl rand -base64 756`", keyPrefix, err))
		}
	}
	if c.Seed != "" && len(c.Seed) < keyring.MinSeed {
		errs = append(errs, fmt.Errorf("%sseed: %d characters; want %d or more: make one with `openssl rand -base64 32`", keyPrefix, len(c.Seed), keyring.MinSeed))
	}
	return errs
}

// checkPlain reports dev's secrets that are in plain text; what it needs to have is in a file.
func (c *Config) checkPlain(raw Raw) []error {
	var errs []error
	for key, value := range map[string]Secret{"slackWebhook": c.SlackWebhook, "deadMansSwitch": c.DeadMansSwitch} {
		if key := keyPrefix + key; value != "" && !slices.Contains(raw.Secrets, key) {
			errs = append(errs, plain(key))
		}
	}
	return errs
}

func plain(key string) error {
	return fmt.Errorf("%s: in plain text; set it anew with `pulumi config set --secret %s`", key, key)
}

// readCredentials reads dev's passwords.
func (c *Config) readCredentials(root string) []error {
	credentials, err := readCredentials(filepath.Join(root, credentialsFile))
	c.ActiveMQPassword, c.MongoDBPassword, c.Seed = credentials.ActiveMQPassword, credentials.MongoDBPassword, credentials.Seed
	if err != nil {
		return []error{err}
	}
	return nil
}

// prefixed says of which key each of the joined errors is.
func prefixed(key string, err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var errs []error
	for _, err := range joined.Unwrap() {
		if _, ok := err.(interface{ Unwrap() []error }); ok {
			errs = append(errs, prefixed(key, err)...)
			continue
		}
		errs = append(errs, fmt.Errorf("%s%s: %w", keyPrefix, key, err))
	}
	return errs
}
