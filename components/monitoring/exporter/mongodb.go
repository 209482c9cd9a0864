package exporter

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// MongoDBType is the type of a MongoDB's exporter among Pulumi's resources.
const MongoDBType = "fleetman:components:MongoDBExporter"

// MongoDBImage is its image.
const MongoDBImage = "percona/mongodb_exporter:0.51.0"

// MongoDBPort is its port and that of its Service.
const MongoDBPort = 9216

const mongoDBUID = 65535 // the image's user, which has no name

// MongoDBArgs are a MongoDB's exporter's.
type MongoDBArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Placement is on which nodes it runs. Default: any.
	Placement kube.Placement
	// URI is where the database is, without a login: mongodb://host:port,…/admin?… The database in it is the one that the login
	// is of. Required.
	URI pulumi.StringInput
	// ReplicaSet says that the database is a replica set, of which the status is shown too. Default: false.
	ReplicaSet bool
	// User is the login's name. Required.
	User string
	// Password is its password. It is made a secret if it isn't one. Required.
	Password pulumi.StringInput
}

// MongoDB is a MongoDB's exporter in a cluster.
type MongoDB struct {
	pulumi.ResourceState
}

// Validate reports every problem of the arguments.
func (a *MongoDBArgs) Validate() error {
	errs := missing(field{"Namespace", a.Namespace}, field{"URI", a.URI}, field{"Password", a.Password})
	return errors.Join(append(errs, checkUser(a.User), checkPlacement(a.Placement))...)
}

// flags are the exporter's, as https://github.com/percona/mongodb_exporter/blob/v0.51.0/main.go has them. Its log stays at errors:
// from debug on it has the URI in it, the password included.
func (a *MongoDBArgs) flags() []string {
	flags := []string{
		"--mongodb.global-conn-pool", // and not a connection, with its handshake and its lines in the server's log, for each scrape
		"--collector.diagnosticdata",
		"--collector.dbstats",
	}
	if a.ReplicaSet {
		flags = append(flags, "--no-mongodb.direct-connect", "--collector.replicasetstatus") // whichever member is the primary
	}
	return flags
}

// NewMongoDB registers a MongoDB's exporter. The name is also its Deployment's and its Service's.
func NewMongoDB(ctx *pulumi.Context, name string, args *MongoDBArgs, opts ...pulumi.ResourceOption) (*MongoDB, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate exporter %s: %w", name, err)
	}
	database := &MongoDB{}
	b, err := begin(ctx, MongoDBType, "mongodb-exporter", name, args.Namespace, database, opts)
	if err != nil {
		return nil, err
	}
	env, err := b.login("MONGODB_USER", args.User, "MONGODB_PASSWORD", args.Password)
	if err != nil {
		return nil, err
	}
	// It took 34 MB.
	container := b.container(MongoDBImage, MongoDBPort, kube.Resources{CPU: "20m", CPULimit: "250m", Memory: "64Mi", Scratch: "16Mi"}, args.flags()...)
	container.Env = append(env, &corev1.EnvVarArgs{Name: pulumi.String("MONGODB_URI"), Value: args.URI.ToStringOutput().ToStringPtrOutput()})
	probe(container, "/")
	spec := pod(mongoDBUID, container)
	args.Placement.Apply(spec)
	if err := b.deployment(spec); err != nil {
		return nil, err
	}
	if err := b.service(containerPort(metricsName, MongoDBPort)); err != nil {
		return nil, err
	}
	return database, b.end(database)
}
