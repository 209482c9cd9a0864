package activemq

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// BrokerType is the type of a broker among Pulumi's resources.
const BrokerType = "fleetman:components:ActiveMQ"

// Image is the image of the broker. 6.3 is the current line; its default configuration isn't used.
const Image = "apache/activemq:6.3.1"

// The ports of the broker and of its Service.
const (
	StompPort    = 61613
	OpenWirePort = 61616
	ConsolePort  = 8161
)

// BrokerArgs are a broker's.
type BrokerArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Storage is the size of its volume, in whole mebibytes. Three quarters of it hold messages. Default: 2Gi.
	Storage string
	// StorageClass is the class of its volume. Required.
	StorageClass pulumi.StringInput
	// ProtectData keeps Pulumi from deleting the volume. Default: false.
	ProtectData bool
	// Placement is on which nodes it runs. Default: any.
	Placement kube.Placement
	// Heap is the size of the JVM's heap, in whole mebibytes. Half of it holds messages. The memory is twice that. Default: 256Mi.
	Heap string
	// User is the name of the one login. Default: fleet.
	User string
	// Password is its password. It is made a secret if it isn't one. Required.
	Password pulumi.StringInput
	// Console runs the web console, for the same login. Default: false.
	Console bool
	// ConsoleNodePort is the port of every node that leads to the console. Default: 0, none.
	ConsoleNodePort int
}

// Broker is a broker in a cluster.
type Broker struct {
	pulumi.ResourceState

	// StompAddress is where it is spoken to by STOMP in its namespace, host:port, known once it answers.
	StompAddress pulumi.StringOutput
	// User is the name of the login.
	User string
}

func (a BrokerArgs) withDefaults() BrokerArgs {
	if a.Storage == "" {
		a.Storage = "2Gi"
	}
	if a.Heap == "" {
		a.Heap = "256Mi"
	}
	if a.User == "" {
		a.User = "fleet"
	}
	return a
}

// A name that needs no escape in users.properties and is one name in the list of groups.properties.
var userName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// The least sizes: below, the JVM doesn't start, or the journal's two files of 32 MB don't fit.
const (
	leastHeap    = 128
	leastStorage = 256
)

// Validate reports every problem of the arguments.
func (a *BrokerArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	if args.Namespace == nil {
		errs = append(errs, errors.New("the Namespace is missing"))
	}
	for _, size := range []struct {
		name, value string
		least       int64
	}{{"Storage", args.Storage, leastStorage}, {"Heap", args.Heap, leastHeap}} {
		mebibytes, err := kube.ParseMebibytes(size.value)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("the %s: %w", size.name, err))
		case mebibytes < size.least:
			errs = append(errs, fmt.Errorf("the %s %s is below %dMi", size.name, size.value, size.least))
		}
	}
	if args.StorageClass == nil {
		errs = append(errs, errors.New("the StorageClass is missing"))
	}
	if err := args.Placement.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Placement: %w", err))
	}
	if !userName.MatchString(args.User) {
		errs = append(errs, fmt.Errorf("the User %q is none: want letters, digits, _ and -", args.User))
	}
	if args.Password == nil {
		errs = append(errs, errors.New("the Password is missing"))
	}
	if port := args.ConsoleNodePort; port != 0 {
		if port < 30000 || port > 32767 {
			errs = append(errs, fmt.Errorf("the ConsoleNodePort %d is none: want 30000-32767, or 0 for none", port))
		}
		if !args.Console {
			errs = append(errs, fmt.Errorf("the ConsoleNodePort %d leads to no Console", port))
		}
	}
	return errors.Join(errs...)
}
