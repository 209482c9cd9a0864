package elasticsearch

import (
	"embed"
	"fmt"
	"strconv"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/keyring"
	"fleetman/components/kube"
)

// Where things are in the image, and where the pods have theirs.
const (
	uid          = 1000 // the image's user elasticsearch
	homePath     = "/usr/share/elasticsearch"
	configPath   = homePath + "/config"
	dataPath     = homePath + "/data"
	settingsPath = "/etc/fleetman"
	secretPath   = "/run/secrets/elastic"
	passwordPath = "/run/elasticsearch"
	scratchPath  = "/scratch"
	dataName     = "data"
	passwordKey  = "password"
	caKey        = "ca.crt"
	settingsFile = "elasticsearch.yml"
	prepareFile  = "prepare.sh"
)

// The names of the ports.
const (
	clientPort    = "https"
	transportPort = "transport"
	readyPort     = "ready"
)

const (
	three            = 3
	hostnameTopology = "kubernetes.io/hostname"
	zoneTopology     = "topology.kubernetes.io/zone"
)

//go:embed conf
var conf embed.FS

// files are those of that name, as a ConfigMap has them.
func files(names ...string) (pulumi.StringMap, error) {
	data := pulumi.StringMap{}
	for _, name := range names {
		content, err := conf.ReadFile("conf/" + name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		data[name] = pulumi.String(content)
	}
	return data, nil
}

// NewCluster registers an Elasticsearch. The name is also its StatefulSet's and its Service's.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate Elasticsearch %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels: kube.Labels{Name: "elasticsearch", Instance: name, Component: "logging"},
	}
	authority := b.args.Keys.Authority("elasticsearch")
	b.cluster = &Cluster{
		CA:          authority.Certificate,
		FluentdUser: FluentdUser, FluentdPassword: b.password(FluentdUser),
		KibanaPassword: b.password(kibanaUser),
		MonitorUser:    MonitorUser, MonitorPassword: b.password(MonitorUser),
		ViewerUser: ViewerUser, ViewerPassword: b.password(ViewerUser),
	}
	if err := ctx.RegisterComponentResource(ClusterType, name, b.cluster, opts...); err != nil {
		return nil, fmt.Errorf("register Elasticsearch %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(b.cluster)}
	for _, step := range []func() error{b.claims, b.config, b.secrets, b.statefulSet, b.services, b.budget, b.setup} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(b.cluster, pulumi.Map{"url": b.cluster.URL}); err != nil {
		return nil, fmt.Errorf("register outputs of Elasticsearch %s: %w", name, err)
	}
	return b.cluster, nil
}

// builder registers an Elasticsearch's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      ClusterArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	cluster      *Cluster
	volumes      []pulumi.Resource // the nodes' claims
	settings     *corev1.ConfigMap
	certificates *corev1.Secret
	elastic      *corev1.Secret
	set          *appsv1.StatefulSet
	service      *corev1.Service
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

func (b *builder) password(user string) pulumi.StringOutput { return Password(b.args.Keys, user) }

func (b *builder) several() bool { return b.args.Nodes == three }

// nodesName is the name of the headless Service.
func (b *builder) nodesName() string { return b.name + "-nodes" }

// nodeNames are the pods', by which the nodes call themselves.
func (b *builder) nodeNames() string {
	names := make([]string, b.args.Nodes)
	for i := range names {
		names[i] = b.name + "-" + strconv.Itoa(i)
	}
	return strings.Join(names, ",")
}

func (b *builder) claim(name string) *corev1.PersistentVolumeClaimArgs {
	return kube.Claim(b.labels, name, b.args.Namespace, b.args.Storage, b.args.StorageClass)
}

// claims registers the nodes' volumes under the names that the StatefulSet would give them, so that it takes them for its own.
func (b *builder) claims() error {
	for i := range b.args.Nodes {
		ordinal := strconv.Itoa(i)
		claim, err := corev1.NewPersistentVolumeClaim(b.ctx, b.name+"-data-"+ordinal, b.claim(dataName+"-"+b.name+"-"+ordinal),
			append(b.childOpts, pulumi.Protect(b.args.ProtectData))...)
		if err != nil {
			return fmt.Errorf("register volume %d of %s: %w", i, b.name, err)
		}
		b.volumes = append(b.volumes, claim)
	}
	return nil
}

func (b *builder) config() error {
	data, err := files(settingsFile, prepareFile)
	if err != nil {
		return fmt.Errorf("configure %s: %w", b.name, err)
	}
	b.settings, err = corev1.NewConfigMap(b.ctx, b.name+"-config", &corev1.ConfigMapArgs{Metadata: b.meta(nil), Data: data}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ConfigMap of %s: %w", b.name, err)
	}
	return nil
}

// issue is the nodes' certificate, for the names under which clients may call them, and its key. The namespace may come from a
// resource, so the names aren't known before it is.
func issue(authority *keyring.Authority, name string, namespace pulumi.StringInput) (certificate, key pulumi.StringOutput) {
	part := func(of func(*keyring.Pair) pulumi.StringOutput) pulumi.StringOutput {
		return namespace.ToStringOutput().ApplyT(func(namespace string) pulumi.StringOutput {
			host := name + "." + namespace
			return of(authority.Issue(name, name, host, host+".svc", host+".svc.cluster.local", "localhost"))
		}).(pulumi.StringOutput) // ApplyT of a function to a string's output
	}
	return part(func(pair *keyring.Pair) pulumi.StringOutput { return pair.Certificate }),
		part(func(pair *keyring.Pair) pulumi.StringOutput { return pair.Key })
}

// secrets registers the certificate and elastic's password.
func (b *builder) secrets() error {
	authority := b.args.Keys.Authority("elasticsearch")
	certificate, key := issue(authority, b.name, b.args.Namespace)
	var err error
	b.certificates, err = corev1.NewSecret(b.ctx, b.name+"-certificates", &corev1.SecretArgs{
		Metadata: b.meta(nil),
		StringData: pulumi.StringMap{
			caKey: authority.Certificate, "tls.crt": certificate, "tls.key": key,
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register certificates' Secret of %s: %w", b.name, err)
	}
	b.elastic, err = corev1.NewSecret(b.ctx, b.name+"-elastic", &corev1.SecretArgs{
		Metadata: b.meta(nil), StringData: pulumi.StringMap{passwordKey: b.password(elasticUser)},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Secret of %s: %w", b.name, err)
	}
	return nil
}

func secretVolume(name string, secret *corev1.Secret) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:   pulumi.String(name),
		Secret: &corev1.SecretVolumeSourceArgs{SecretName: kube.SecretName(secret), DefaultMode: pulumi.Int(0o440)},
	}
}

func configVolume(name string, config *corev1.ConfigMap) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:      pulumi.String(name),
		ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: config.Metadata.Name(), DefaultMode: pulumi.Int(0o444)},
	}
}

func readOnly(mount *corev1.VolumeMountArgs) *corev1.VolumeMountArgs {
	mount.ReadOnly = pulumi.Bool(true)
	return mount
}

func env(name string, value pulumi.StringInput) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{Name: pulumi.String(name), Value: value.ToStringOutput().ToStringPtrOutput()}
}

// podName is the pod's name in its environment.
func podName() *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{Name: pulumi.String("POD_NAME"), ValueFrom: &corev1.EnvVarSourceArgs{
		FieldRef: &corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String("metadata.name")},
	}}
}

func (b *builder) statefulSet() error {
	container, err := b.container()
	if err != nil {
		return err
	}
	pod := &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false), // the entry point takes settings from the environment
		SecurityContext:               kube.PodSecurity(uid),
		TerminationGracePeriodSeconds: pulumi.Int(120), // a flush of every shard
		InitContainers:                corev1.ContainerArray{b.prepare()},
		Containers:                    corev1.ContainerArray{container},
		Volumes: corev1.VolumeArray{
			configVolume("settings", b.settings), secretVolume("certificates", b.certificates), secretVolume("elastic", b.elastic),
			kube.EmptyDir("config", "16Mi"), kube.EmptyDir("logs", "64Mi"), kube.EmptyDir("tmp", "128Mi"),
			&corev1.VolumeArgs{Name: pulumi.String("password"), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{
				Medium: pulumi.String("Memory"), SizeLimit: pulumi.String("1Mi"),
			}},
		},
	}
	b.args.Placement.Apply(pod)
	if b.several() {
		b.spread(pod)
	}
	// What a StatefulSet never changes is the same for one node and for three.
	spec := &appsv1.StatefulSetSpecArgs{
		Replicas:            pulumi.Int(b.args.Nodes),
		ServiceName:         pulumi.String(b.nodesName()),
		PodManagementPolicy: pulumi.String("Parallel"), // none is ready before two are there
		Selector:            &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
		Template:            &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod},
		VolumeClaimTemplates: corev1.PersistentVolumeClaimTypeArray{
			&corev1.PersistentVolumeClaimTypeArgs{
				Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(dataName), Labels: b.labels.All()}, Spec: b.claim(dataName).Spec,
			},
		},
	}
	if b.several() {
		spec.MinReadySeconds = pulumi.Int(30) // a node that is back gets a while for its replicas; ready says only that it has a master
	}
	b.set, err = appsv1.NewStatefulSet(b.ctx, b.name+"-statefulset", &appsv1.StatefulSetArgs{
		Metadata: b.meta(pulumi.String(b.name)), Spec: spec,
	}, append(b.childOpts,
		pulumi.DependsOn(b.volumes),
		// The template makes no volume: the claims are there. Their growing is none of its business, and would replace it.
		pulumi.IgnoreChanges([]string{"spec.volumeClaimTemplates"}),
	)...)
	if err != nil {
		return fmt.Errorf("register StatefulSet of %s: %w", b.name, err)
	}
	return nil
}

// prepare is the init container that fills the folder of the configuration and copies elastic's password to where nobody else may
// read it.
func (b *builder) prepare() *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String("prepare"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Command:         pulumi.ToStringArray([]string{"bash", settingsPath + "/" + prepareFile}),
		Env: corev1.EnvVarArray{
			podName(),
			env("IMAGE", pulumi.String(configPath)), env("CONFIG", pulumi.String(scratchPath)),
			env("SETTINGS", pulumi.String(settingsPath)),
			env("NODES", pulumi.String(b.nodeNames())), env("SEED_HOSTS", pulumi.String(b.nodesName())),
			env("SECRET", pulumi.String(secretPath+"/"+passwordKey)), env("PASSWORD", pulumi.String(passwordPath+"/"+passwordKey)),
		},
		Resources:       kube.Resources{CPU: "10m", CPULimit: "500m", Memory: "64Mi", Scratch: "32Mi"}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		VolumeMounts: corev1.VolumeMountArray{
			readOnly(kube.Mount("settings", settingsPath)), readOnly(kube.Mount("elastic", secretPath)),
			kube.Mount("config", scratchPath), kube.Mount("password", passwordPath),
		},
	}
}

// javaOptions are the heap's size, and no log of each collection, of which the image would write 2 GB to a file
// (distribution/src/config/jvm.options; how to turn it off: elastic.co/docs/reference/elasticsearch/jvm-settings).
func (b *builder) javaOptions(heap int64) string {
	return fmt.Sprintf("-Xms%[1]dm -Xmx%[1]dm -Xlog:disable -Xlog:all=warning:stderr:utctime,level,tags", heap)
}

func (b *builder) container() (*corev1.ContainerArgs, error) {
	heap, err := kube.ParseMebibytes(b.args.Heap)
	if err != nil {
		return nil, fmt.Errorf("parse heap: %w", err)
	}
	port := func(name string, number int) *corev1.ContainerPortArgs {
		return &corev1.ContainerPortArgs{Name: pulumi.String(name), ContainerPort: pulumi.Int(number)}
	}
	return &corev1.ContainerArgs{
		Name:            pulumi.String("elasticsearch"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Env: corev1.EnvVarArray{
			podName(),
			env("CLUSTER_NAME", pulumi.String(b.name)),
			env("ES_JAVA_OPTS", pulumi.String(b.javaOptions(heap))),
			// The entry point puts it into the keystore (distribution/docker/src/docker/bin/docker-entrypoint.sh).
			env("ELASTIC_PASSWORD_FILE", pulumi.String(passwordPath+"/"+passwordKey)),
		},
		Ports:           corev1.ContainerPortArray{port(clientPort, Port), port(transportPort, 9300), port(readyPort, 8080)},
		Resources:       kube.Resources{CPU: "200m", CPULimit: "2", Memory: fmt.Sprintf("%dMi", 2*heap), Scratch: "512Mi"}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		// A start reads the shards, which may take minutes after a crash. It is ready when it is in a cluster with a master, which
		// its own port says. To start a node again that others miss, or that waits for others, makes it worse: it is dead only when
		// nothing accepts its neighbours' connections for five minutes.
		StartupProbe:   kube.TCPProbe(clientPort, 5, 120),
		ReadinessProbe: kube.TCPProbe(readyPort, 5, 3),
		LivenessProbe:  kube.TCPProbe(transportPort, 30, 10),
		VolumeMounts: corev1.VolumeMountArray{
			kube.Mount(dataName, dataPath), kube.Mount("config", configPath),
			readOnly(kube.Mount("certificates", configPath+"/certs")), // files outside of the configuration's folder are refused
			kube.Mount("logs", homePath+"/logs"), kube.Mount("tmp", "/tmp"),
			readOnly(kube.Mount("password", passwordPath)),
		},
	}, nil
}

// spread puts three nodes in one zone each. As long as fewer zones have a node of the cluster, one waits: its volume would bind it to
// the zone of another one for good.
func (b *builder) spread(pod *corev1.PodSpecArgs) {
	selector := &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()}
	pod.TopologySpreadConstraints = corev1.TopologySpreadConstraintArray{&corev1.TopologySpreadConstraintArgs{
		TopologyKey:       pulumi.String(zoneTopology),
		MaxSkew:           pulumi.Int(1),
		MinDomains:        pulumi.Int(three),
		WhenUnsatisfiable: pulumi.String("DoNotSchedule"),
		LabelSelector:     selector,
	}}
	pod.Affinity = &corev1.AffinityArgs{PodAntiAffinity: &corev1.PodAntiAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.PodAffinityTermArray{
			&corev1.PodAffinityTermArgs{TopologyKey: pulumi.String(hostnameTopology), LabelSelector: selector},
		},
	}}
}

// services registers the Service for clients and the one by which the nodes find each other, before any is ready.
func (b *builder) services() error {
	spec := func(name string, number int) *corev1.ServiceSpecArgs {
		return &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: b.labels.Selector(),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String(name), Port: pulumi.Int(number), TargetPort: pulumi.String(name),
			}},
		}
	}
	var err error
	b.service, err = corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)), Spec: spec(clientPort, Port),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	headless := spec(transportPort, 9300)
	headless.ClusterIP, headless.PublishNotReadyAddresses = pulumi.String("None"), pulumi.Bool(true)
	_, err = corev1.NewService(b.ctx, b.name+"-nodes", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.nodesName())), Spec: headless,
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register nodes' Service of %s: %w", b.name, err)
	}
	return nil
}

// budget keeps a majority when nodes are drained. A node that isn't ready is no reason to wait: it doesn't count anyway.
func (b *builder) budget() error {
	if !b.several() {
		return nil
	}
	_, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name+"-budget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register disruption budget of %s: %w", b.name, err)
	}
	return nil
}
