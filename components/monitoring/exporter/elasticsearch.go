package exporter

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// ElasticsearchType is the type of an Elasticsearch's exporter among Pulumi's resources.
const ElasticsearchType = "fleetman:components:ElasticsearchExporter"

// ElasticsearchImage is its image.
const ElasticsearchImage = "quay.io/prometheuscommunity/elasticsearch-exporter:v1.10.0"

// ElasticsearchPort is its port and that of its Service.
const ElasticsearchPort = 9114

// ElasticsearchArgs are an Elasticsearch's exporter's.
type ElasticsearchArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Placement is on which nodes it runs. Default: any.
	Placement kube.Placement
	// URL is where Elasticsearch is, without a login: https://host:port. Required.
	URL pulumi.StringInput
	// CA is the certificate, in PEM, of the authority that Elasticsearch's is of. Required.
	CA pulumi.StringInput
	// User is the login's name. Required.
	User string
	// Password is its password. It is made a secret if it isn't one. Required.
	Password pulumi.StringInput
}

// Elasticsearch is an Elasticsearch's exporter in a cluster.
type Elasticsearch struct {
	pulumi.ResourceState
}

// Validate reports every problem of the arguments.
func (a *ElasticsearchArgs) Validate() error {
	errs := missing(field{"Namespace", a.Namespace}, field{"URL", a.URL}, field{"CA", a.CA}, field{"Password", a.Password})
	return errors.Join(append(errs, checkUser(a.User), checkPlacement(a.Placement))...)
}

const (
	authorityPath = "/etc/elasticsearch-exporter"
	authorityFile = "ca.crt"
)

// NewElasticsearch registers an Elasticsearch's exporter. The name is also its Deployment's and its Service's.
func NewElasticsearch(ctx *pulumi.Context, name string, args *ElasticsearchArgs, opts ...pulumi.ResourceOption) (*Elasticsearch, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate exporter %s: %w", name, err)
	}
	search := &Elasticsearch{}
	b, err := begin(ctx, ElasticsearchType, "elasticsearch-exporter", name, args.Namespace, search, opts)
	if err != nil {
		return nil, err
	}
	authority, err := corev1.NewConfigMap(ctx, name+"-authority", &corev1.ConfigMapArgs{
		Metadata: b.meta(nil), Data: pulumi.StringMap{authorityFile: args.CA},
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register ConfigMap of %s: %w", name, err)
	}
	env, err := b.login("ES_USERNAME", args.User, "ES_PASSWORD", args.Password)
	if err != nil {
		return nil, err
	}
	// It took 16 MB. The flags are those of https://github.com/prometheus-community/elasticsearch_exporter/blob/v1.10.0/README.md.
	container := b.container(ElasticsearchImage, ElasticsearchPort, kube.Resources{CPU: "20m", CPULimit: "250m", Memory: "64Mi", Scratch: "16Mi"})
	container.Args = pulumi.StringArray{
		pulumi.Sprintf("--es.uri=%s", args.URL),
		pulumi.String("--es.ca=" + authorityPath + "/" + authorityFile),
		pulumi.String("--es.all"), // of every node, and not only of the one that happens to answer
		pulumi.String("--log.format=json"),
	}
	container.Env = env
	mount := kube.Mount("authority", authorityPath)
	mount.ReadOnly = pulumi.Bool(true)
	container.VolumeMounts = corev1.VolumeMountArray{mount}
	probe(container, "/healthz") // which answers ten seconds late if Elasticsearch isn't there at the start
	spec := pod(uid, container, &corev1.VolumeArgs{
		Name:      pulumi.String("authority"),
		ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: authority.Metadata.Name(), DefaultMode: pulumi.Int(0o444)},
	})
	args.Placement.Apply(spec)
	if err := b.deployment(spec); err != nil {
		return nil, err
	}
	if err := b.service(containerPort(metricsName, ElasticsearchPort)); err != nil {
		return nil, err
	}
	return search, b.end(search)
}
