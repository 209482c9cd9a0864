package alertmanager

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// AlertmanagerType is the type of an Alertmanager among Pulumi's resources.
const AlertmanagerType = "fleetman:components:Alertmanager"

// Image is the image of the server.
const Image = "quay.io/prometheus/alertmanager:v0.34.2"

// Port is the port of the server and of its Service.
const Port = 9093

// AlertmanagerArgs are an Alertmanager's.
type AlertmanagerArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Storage is the size of its volume, in whole mebibytes: silences, and what was told to whom. Default: 1Gi.
	Storage string
	// StorageClass is the class of its volume. Required.
	StorageClass pulumi.StringInput
	// ProtectData keeps Pulumi from deleting the volume. Default: false.
	ProtectData bool
	// Placement is on which nodes it runs. Default: any.
	Placement kube.Placement
	// SlackWebhook is the URL that messages are posted to. It is made a secret if it isn't one. Default: none, alerts reach nobody.
	SlackWebhook pulumi.StringInput
	// DeadMansSwitch is the URL that Watchdog is posted to, once a minute, of something that calls out when it hears nothing. It is
	// made a secret if it isn't one. Default: none.
	DeadMansSwitch pulumi.StringInput
	// GroupWait is how long the first alert of a group waits for others, and for what makes it unnecessary. Default: 30s.
	GroupWait time.Duration
	// GroupInterval is how long a group waits before it tells of a change. Default: 5m.
	GroupInterval time.Duration
	// RepeatInterval is after how long the same is told again. Default: 4h.
	RepeatInterval time.Duration
	// CriticalRepeatInterval is RepeatInterval of critical alerts. Default: 1h.
	CriticalRepeatInterval time.Duration
	// Runbooks is the URL below which the runbooks' paths are pages. Default: none, messages name the path in the repository.
	Runbooks string
}

// Alertmanager is an Alertmanager in a cluster.
type Alertmanager struct {
	pulumi.ResourceState

	// URL is where it is reached from any namespace, known once its Service answers.
	URL pulumi.StringOutput
}

// The timing's defaults are Alertmanager's own (docs/configuration.md, <route>), and an hour for what is critical.
func (a AlertmanagerArgs) withDefaults() AlertmanagerArgs {
	if a.Storage == "" {
		a.Storage = "1Gi"
	}
	for _, timing := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{
		{&a.GroupWait, 30 * time.Second},
		{&a.GroupInterval, 5 * time.Minute},
		{&a.RepeatInterval, 4 * time.Hour},
		{&a.CriticalRepeatInterval, time.Hour},
	} {
		if *timing.value == 0 {
			*timing.value = timing.otherwise
		}
	}
	return a
}

const (
	leastStorage = 64
	// retention is how long what was told is remembered (--data.retention); what is repeated later would be told as new.
	retention = 120 * time.Hour
)

// Validate reports every problem of the arguments.
func (a *AlertmanagerArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(args.Namespace == nil, "the Namespace is missing")
	mebibytes, err := kube.ParseMebibytes(args.Storage)
	refuse(err != nil, "the Storage: %w", err)
	refuse(err == nil && mebibytes < leastStorage, "the Storage %s is below %dMi", args.Storage, leastStorage)
	refuse(args.StorageClass == nil, "the StorageClass is missing")
	if err := args.Placement.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Placement: %w", err))
	}
	whole := true
	for _, timing := range []struct {
		name  string
		value time.Duration
	}{
		{"GroupWait", args.GroupWait},
		{"GroupInterval", args.GroupInterval},
		{"RepeatInterval", args.RepeatInterval},
		{"CriticalRepeatInterval", args.CriticalRepeatInterval},
	} {
		odd := timing.value < time.Second || timing.value%time.Second != 0
		refuse(odd, "the %s %s is none: want whole seconds, 1s or more", timing.name, timing.value)
		whole = whole && !odd
	}
	if whole {
		refuse(args.GroupInterval < args.GroupWait, "the GroupInterval %s is below the GroupWait %s", args.GroupInterval, args.GroupWait)
		refuse(args.CriticalRepeatInterval < args.GroupInterval,
			"the CriticalRepeatInterval %s is below the GroupInterval %s: nothing is told more often than that", args.CriticalRepeatInterval, args.GroupInterval)
		refuse(args.RepeatInterval < args.CriticalRepeatInterval,
			"the RepeatInterval %s is below the CriticalRepeatInterval %s", args.RepeatInterval, args.CriticalRepeatInterval)
		refuse(args.RepeatInterval > retention, "the RepeatInterval %s is above %s, for which it is remembered what was told", args.RepeatInterval, retention)
	}
	refuse(args.Runbooks != "" && (!isURL(args.Runbooks) || strings.ContainsAny(args.Runbooks, "{}|<>\"")),
		"the Runbooks %q are no URL: want one such as https://example.com/fleetman, without a query", args.Runbooks)
	return errors.Join(errs...)
}

// isURL says whether it is an address in the web that a path can be put behind.
func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// parseReceiver answers with the URL of a receiver as a file holds it.
func parseReceiver(name string) func(string) (string, error) {
	return func(s string) (string, error) {
		if s = strings.TrimSpace(s); !isURL(s) {
			return "", fmt.Errorf("the %s is no URL", name) // and isn't shown: it is a secret
		}
		return s, nil
	}
}
