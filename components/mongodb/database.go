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

// Port is the port of the server and of its Services.
const Port = 27017

// DatabaseArgs are a MongoDB's.
type DatabaseArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Members is how many servers hold the data: 1, or a replica set of 3 in three zones. Default: 1.
	Members int
	// Keyfile is what the members of a replica set know each other by: 6 to 1024 characters of base64, or a list of such in YAML.
	// It is made a secret if it isn't one. Required with 3 Members, and of no use to 1.
	Keyfile pulumi.StringInput
	// Storage is the size of each member's volume. Default: 2Gi.
	Storage string
	// StorageClass is the class of the volumes. Required.
	StorageClass pulumi.StringInput
	// ProtectData keeps Pulumi from deleting the volumes. Default: false.
	ProtectData bool
	// Placement is on which nodes the members run. Default: any.
	Placement kube.Placement
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

	// User is the root user's name.
	User string

	hosts   pulumi.StringOutput // known once they answer and, if there are three, are one replica set
	options string
}

// URI is where a client finds a database of that name, without a login: every member, known once the whole answers.
func (d *Database) URI(name string) pulumi.StringOutput {
	return pulumi.Sprintf("mongodb://%s/%s%s", d.hosts, name, d.options)
}

func (a DatabaseArgs) withDefaults() DatabaseArgs {
	if a.Members == 0 {
		a.Members = 1
	}
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
	switch {
	case args.Members != 1 && args.Members != replicas:
		errs = append(errs, fmt.Errorf("the Members are %d: want 1 or %d", args.Members, replicas))
	case args.Members == replicas && args.Keyfile == nil:
		errs = append(errs, fmt.Errorf("the Keyfile is missing, by which %d Members know each other", replicas))
	case args.Members == 1 && args.Keyfile != nil:
		errs = append(errs, errors.New("the Keyfile is of no use to 1 of Members"))
	}
	if mebibytes, err := kube.ParseMebibytes(args.Storage); err != nil {
		errs = append(errs, fmt.Errorf("the Storage: %w", err))
	} else if mebibytes < 1024 {
		errs = append(errs, fmt.Errorf("the Storage %s is below 1Gi", args.Storage))
	}
	if args.StorageClass == nil {
		errs = append(errs, errors.New("the StorageClass is missing"))
	}
	if err := args.Placement.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Placement: %w", err))
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
