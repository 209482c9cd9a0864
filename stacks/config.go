package stacks

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The stacks of the project.
const (
	dev  = "dev"
	prod = "prod"
)

// Config is a stack's configuration. Each field is a key of the project, fleetman:<name in JSON>, and described in Pulumi.yaml.
type Config struct {
	// Target is the cluster.
	Target Target `json:"target"`
	// Images says how images are built and where they go.
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
	// LogLevel is the level of the services' logs: debug, info, warn or error. Default: info.
	LogLevel string `json:"logLevel"`

	// ActiveMQPassword is the password of the broker's login: prod's from the stack's configuration, dev's from a file.
	ActiveMQPassword Secret `json:"activemqPassword"`
	// MongoDBPassword is the password of the database's root user: prod's from the stack's configuration, dev's from a file.
	MongoDBPassword Secret `json:"mongodbPassword"`
}

// Target is the cluster that a stack deploys to.
type Target struct {
	// Context is its context in the kubeconfig. Default: minikube; prod's is not.
	Context string `json:"context"`
	// StorageClass is the storage class of the volumes. Default: standard, which is Minikube's.
	StorageClass string `json:"storageClass"`
}

// Images says how the services' images are built and where they go.
type Images struct {
	// Arch is the processor architecture of the nodes, as Go names it. Default: this machine's.
	Arch string `json:"arch"`
	// Registry is where prod's images are pushed. Default: none; dev loads them into the node.
	Registry string `json:"registry"`
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

// Defaults is the configuration of a stack that sets nothing.
func Defaults() Config {
	return Config{
		Target:    Target{Context: "minikube", StorageClass: "standard"},
		ActiveMQ:  ActiveMQ{Storage: "2Gi", Heap: "256Mi"},
		MongoDB:   MongoDB{Storage: "2Gi", CacheGB: 0.25},
		Simulator: Simulator{Vehicles: 38, ReportInterval: Duration(2 * time.Second), Seed: 1},
		Tracker:   Tracker{Retention: Duration(168 * time.Hour)},
		Gateway:   Gateway{Replicas: 1, StreamInterval: Duration(250 * time.Millisecond)},
		Webapp:    Webapp{Replicas: 1},
		LogLevel:  "info",
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
	if raw.Stack != dev && raw.Stack != prod {
		return nil, fmt.Errorf("read configuration: no stack %q: this program declares %s and %s", raw.Stack, dev, prod)
	}
	config := Defaults()
	errs := decode(raw, &config)
	if raw.Stack == prod {
		errs = append(errs, config.checkProd(raw)...)
	} else {
		errs = append(errs, config.checkDev(raw, root)...)
	}
	if errs = append(errs, config.check()...); len(errs) != 0 {
		return nil, fmt.Errorf("read configuration of stack %s:\n%w", raw.Stack, errors.Join(errs...))
	}
	return &config, nil
}

// check reports every bad value that no component would: the components check what they are given themselves, but one by one.
func (c *Config) check() []error {
	var errs []error
	refuse := func(wrong bool, key, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(keyPrefix+key+": "+format, values...))
		}
	}
	refuse(c.Target.Context == "", "target.context", "missing; the cluster's context in the kubeconfig")
	refuse(c.Target.StorageClass == "", "target.storageClass", "missing; see `kubectl get storageclasses`")
	refuse(!slices.Contains([]string{"", "amd64", "arm64"}, c.Images.Arch), "images.arch", "%q; want amd64 or arm64", c.Images.Arch)
	refuse(c.Simulator.Vehicles < 1 || c.Simulator.Vehicles > 100_000, "simulator.vehicles", "%d; want 1 to 100000", c.Simulator.Vehicles)
	refuse(time.Duration(c.Simulator.ReportInterval) < 100*time.Millisecond, "simulator.reportInterval", "%s; want 100ms or more", c.Simulator.ReportInterval)
	refuse(time.Duration(c.Tracker.Retention) < time.Minute, "tracker.retention", "%s; want 1m or more", c.Tracker.Retention)
	refuse(c.Gateway.Replicas < 1, "gateway.replicas", "%d; want 1 or more", c.Gateway.Replicas)
	refuse(time.Duration(c.Gateway.StreamInterval) < 10*time.Millisecond, "gateway.streamInterval", "%s; want 10ms or more", c.Gateway.StreamInterval)
	refuse(c.Webapp.Replicas < 1, "webapp.replicas", "%d; want 1 or more", c.Webapp.Replicas)
	refuse(!slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel), "logLevel", "%q; want debug, info, warn or error", c.LogLevel)
	sizes, cache := c.ActiveMQ.check(), c.MongoDB.check()
	return append(append(errs, sizes...), cache...)
}

func (c *Config) checkProd(raw Raw) []error {
	var errs []error
	if c.Target.Context == Defaults().Target.Context {
		errs = append(errs, fmt.Errorf("%starget.context: %q is dev's; prod wants its own cluster's context", keyPrefix, c.Target.Context))
	}
	if c.Images.Registry == "" {
		errs = append(errs, errors.New(keyPrefix+"images.registry: missing; prod's nodes pull their images from it"))
	}
	for _, password := range []struct {
		key   string
		value Secret
	}{{"activemqPassword", c.ActiveMQPassword}, {"mongodbPassword", c.MongoDBPassword}} {
		switch key := keyPrefix + password.key; {
		case password.value == "":
			errs = append(errs, fmt.Errorf("%s: missing; set it with `pulumi config set --secret %s`", key, key))
		case !slices.Contains(raw.Secrets, key):
			errs = append(errs, fmt.Errorf("%s: in plain text; set it anew with `pulumi config set --secret %s`", key, key))
		}
	}
	return errs
}

func (c *Config) checkDev(raw Raw, root string) []error {
	var errs []error
	for _, key := range []string{"activemqPassword", "mongodbPassword"} {
		if raw.Values[keyPrefix+key] != "" {
			errs = append(errs, fmt.Errorf("%s%s: is prod's; dev's is in %s", keyPrefix, key, credentialsFile))
		}
	}
	if c.Images.Registry != "" {
		errs = append(errs, fmt.Errorf("%simages.registry: is prod's; dev loads images into the node", keyPrefix))
	}
	credentials, err := readCredentials(filepath.Join(root, credentialsFile))
	if err != nil {
		errs = append(errs, err)
	}
	c.ActiveMQPassword, c.MongoDBPassword = credentials.ActiveMQPassword, credentials.MongoDBPassword
	return errs
}

// lines says a list in an error.
func lines(names []string) string { return strings.Join(names, ", ") }
