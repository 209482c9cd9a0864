package mongodb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// DatabaseType is the type of a MongoDB among Pulumi's resources.
const DatabaseType = "fleetman:components:MongoDB"

// Image is the image of the server. 8.0 is the line that is supported longest.
const Image = "mongo:8.0.29-noble"

// Port is the port of the server and of its Service.
const Port = 27017

// DatabaseArgs are a MongoDB's.
type DatabaseArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Storage is the size of its volume. Default: 2Gi.
	Storage string
	// StorageClass is the class of its volume. Required.
	StorageClass string
	// ProtectData keeps Pulumi from deleting the volume. Default: false.
	ProtectData bool
	// CacheGB is the size of the storage engine's cache. The memory is twice that and 256Mi. Default: 0.25.
	CacheGB float64
	// User is the root user's name. Default: fleet.
	User string
	// Password is the root user's password. It is made a secret if it isn't one. Required.
	Password pulumi.StringInput
}

// Database is a MongoDB in a cluster.
type Database struct {
	pulumi.ResourceState

	// Address is where it is reached in its namespace, host:port, known once it answers.
	Address pulumi.StringOutput
	// User is the root user's name.
	User string
}

func (a DatabaseArgs) withDefaults() DatabaseArgs {
	if a.Storage == "" {
		a.Storage = "2Gi"
	}
	if a.CacheGB == 0 {
		a.CacheGB = 0.25
	}
	if a.User == "" {
		a.User = "fleet"
	}
	return a
}

// Validate reports every problem of the arguments.
func (a *DatabaseArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	if args.Namespace == nil {
		errs = append(errs, errors.New("the Namespace is missing"))
	}
	if mebibytes, err := kube.ParseMebibytes(args.Storage); err != nil {
		errs = append(errs, fmt.Errorf("the Storage: %w", err))
	} else if mebibytes < 1024 {
		errs = append(errs, fmt.Errorf("the Storage %s is below 1Gi", args.Storage))
	}
	if args.StorageClass == "" {
		errs = append(errs, errors.New("the StorageClass is missing"))
	}
	if args.CacheGB < 0.25 || args.CacheGB > 10000 {
		errs = append(errs, fmt.Errorf("the CacheGB %g is none: mongod takes 0.25 to 10000", args.CacheGB))
	}
	if strings.ContainsAny(args.User, " \t\r\n") {
		errs = append(errs, fmt.Errorf("the User %q has white space", args.User))
	}
	if args.Password == nil {
		errs = append(errs, errors.New("the Password is missing"))
	}
	return errors.Join(errs...)
}

// memory is what the server needs: its cache, as much again for connections, queries and index builds, and itself.
func (a DatabaseArgs) memory() string {
	return fmt.Sprintf("%dMi", int(a.CacheGB*2*1024)+256)
}
