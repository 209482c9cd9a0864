package kibana

import (
	"embed"
	"fmt"
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
	"fleetman/components/logging/elasticsearch"
)

// Where things are.
const (
	uid          = 1000 // the image's user kibana
	homePath     = "/usr/share/kibana"
	settingsPath = "/etc/fleetman"
	secretsPath  = "/run/secrets/kibana"
	settingsFile = "kibana.yml"
	secretsFile  = "secrets.yml"
	caFile       = "ca.crt"
	passwordKey  = "password"
	importFile   = "import.sh"
	objectsFile  = "objects.ndjson"
	portName     = "http"
)

// importSeconds is for how long the import waits for Kibana, whose first start makes its indices.
const importSeconds = 5 * 60

// The objects have the form that Kibana exports them in, as of 8.9, which a later one brings up to date when it imports them
// (elastic/integrations:packages/nginx/kibana has such, of a dashboard with Lens panels and of a search).
//
//go:embed conf
var conf embed.FS

// NewKibana registers a Kibana. The name is also its Deployment's and its Service's.
func NewKibana(ctx *pulumi.Context, name string, args *KibanaArgs, opts ...pulumi.ResourceOption) (*Kibana, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate Kibana %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: *args, kibana: &Kibana{},
		labels: kube.Labels{Name: "kibana", Instance: name, Component: "logging"},
	}
	if err := ctx.RegisterComponentResource(KibanaType, name, b.kibana, opts...); err != nil {
		return nil, fmt.Errorf("register Kibana %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(b.kibana)}
	for _, step := range []func() error{b.settings, b.deployment, b.service, b.objects} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(b.kibana, pulumi.Map{"url": b.kibana.URL}); err != nil {
		return nil, fmt.Errorf("register outputs of Kibana %s: %w", name, err)
	}
	return b.kibana, nil
}

// builder registers a Kibana's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      KibanaArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	kibana  *Kibana
	config  *corev1.ConfigMap
	secret  *corev1.Secret
	running *appsv1.Deployment
	address pulumi.StringOutput
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

// settings registers the two files. Their names: elastic.co/docs/reference/kibana/configuration-reference. The image's entry point
// would take settings from the environment as well, and hand them on as arguments.
func (b *builder) settings() error {
	public := ""
	if b.args.PublicURL != "" {
		public = "server.publicBaseUrl: " + strconv.Quote(b.args.PublicURL) + "\n"
	}
	var err error
	b.config, err = corev1.NewConfigMap(b.ctx, b.name+"-config", &corev1.ConfigMapArgs{
		Metadata: b.meta(nil),
		Data: pulumi.StringMap{
			caFile: b.args.CA,
			settingsFile: pulumi.Sprintf(`server.name: %q
server.host: 0.0.0.0
server.port: %d
%selasticsearch.hosts: [%q]
elasticsearch.username: kibana_system
elasticsearch.ssl.certificateAuthorities: [%s/%s]
telemetry.optIn: false
newsfeed.enabled: false
`, b.name, Port, public, b.args.URL, settingsPath, caFile),
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ConfigMap of %s: %w", b.name, err)
	}
	key := func(purpose string) pulumi.StringOutput { return b.args.Keys.Password("kibana " + purpose) }
	secrets := pulumi.Sprintf(`elasticsearch.password: %q
xpack.security.encryptionKey: %q
xpack.encryptedSavedObjects.encryptionKey: %q
xpack.reporting.encryptionKey: %q
`, b.args.Password, key("sessions"), key("saved objects"), key("reports"))
	b.secret, err = corev1.NewSecret(b.ctx, b.name+"-secrets", &corev1.SecretArgs{
		Metadata:   b.meta(nil),
		StringData: pulumi.StringMap{secretsFile: pulumi.ToSecret(secrets).(pulumi.StringOutput)}, // ToSecret keeps the type
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

func readOnly(volume, path string) *corev1.VolumeMountArgs {
	mount := kube.Mount(volume, path)
	mount.ReadOnly = pulumi.Bool(true)
	return mount
}

func (b *builder) deployment() error {
	pod := &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		SecurityContext:               kube.PodSecurity(uid),
		TerminationGracePeriodSeconds: pulumi.Int(30),
		Containers:                    corev1.ContainerArray{b.container()},
		Volumes: corev1.VolumeArray{
			configVolume("settings", b.config), secretVolume("secrets", b.secret),
			kube.EmptyDir("data", "256Mi"), kube.EmptyDir("logs", "16Mi"), kube.EmptyDir("tmp", "256Mi"),
		},
	}
	b.args.Placement.Apply(pod)
	var err error
	b.running, err = appsv1.NewDeployment(b.ctx, b.name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas:             pulumi.Int(1),
			RevisionHistoryLimit: pulumi.Int(3),
			Selector:             &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			// Two versions at once would both bring the saved objects up to date.
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Template: &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Deployment of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) container() *corev1.ContainerArgs {
	// It answers with its status, and to strangers with nothing but the code: 200 or 503 (elastic/cloud-on-k8s probes it so from
	// 8.16 on, pkg/controller/kibana/pod.go). An answer may take seconds while it is busy.
	status := func(period, failures int) *corev1.ProbeArgs {
		probe := kube.HTTPProbe("/api/status", portName, period, failures)
		probe.TimeoutSeconds = pulumi.Int(5)
		return probe
	}
	return &corev1.ContainerArgs{
		Name:            pulumi.String("kibana"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Args: pulumi.ToStringArray([]string{
			homePath + "/bin/kibana", "--config", settingsPath + "/" + settingsFile, "--config", secretsPath + "/" + secretsFile,
		}),
		// The heap is said, and is two thirds of the memory: what Node takes of itself is half, and too little to start in 1Gi. The
		// rest is its code, buffers and threads.
		Env: corev1.EnvVarArray{
			&corev1.EnvVarArgs{Name: pulumi.String("NODE_OPTIONS"), Value: pulumi.String("--max-old-space-size=1024")},
		},
		Ports:           corev1.ContainerPortArray{&corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(Port)}},
		Resources:       kube.Resources{CPU: "100m", CPULimit: "2", Memory: "1536Mi", Scratch: "768Mi"}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		// The first start makes indices, for minutes on a small machine. It isn't ready without Elasticsearch, and no less alive.
		StartupProbe:   status(5, 120),
		ReadinessProbe: status(10, 3),
		LivenessProbe:  kube.TCPProbe(portName, 20, 6),
		VolumeMounts: corev1.VolumeMountArray{
			readOnly("settings", settingsPath), readOnly("secrets", secretsPath),
			kube.Mount("data", homePath+"/data"), kube.Mount("logs", homePath+"/logs"), kube.Mount("tmp", "/tmp"),
		},
	}
}

func (b *builder) service() error {
	kind, port := "ClusterIP", &corev1.ServicePortArgs{
		Name: pulumi.String(portName), AppProtocol: pulumi.String("http"), Port: pulumi.Int(Port), TargetPort: pulumi.String(portName),
	}
	if b.args.NodePort != 0 {
		kind, port.NodePort = "NodePort", pulumi.Int(b.args.NodePort)
	}
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &corev1.ServiceSpecArgs{
			Type: pulumi.String(kind), Selector: b.labels.Selector(), Ports: corev1.ServicePortArray{port},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	b.address = pulumi.Sprintf("http://%s.%s:%d", service.Metadata.Name().Elem(), b.args.Namespace, Port)
	return nil
}

// objects registers the Job that saves the data view, the search and the dashboard. Its pod has labels of its own, so that nobody
// takes it for Kibana. It stays when it is done: one that went away would be made again by the next run.
func (b *builder) objects() error {
	labels := b.labels
	labels.Instance = b.name + "-import"
	meta := &metav1.ObjectMetaArgs{Namespace: b.args.Namespace, Labels: labels.All()}
	data := pulumi.StringMap{}
	for _, name := range []string{importFile, objectsFile} {
		content, err := conf.ReadFile("conf/" + name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		data[name] = pulumi.String(content)
	}
	files, err := corev1.NewConfigMap(b.ctx, b.name+"-import", &corev1.ConfigMapArgs{Metadata: meta, Data: data}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register import's ConfigMap of %s: %w", b.name, err)
	}
	login, err := corev1.NewSecret(b.ctx, b.name+"-importer", &corev1.SecretArgs{
		Metadata:   meta,
		StringData: pulumi.StringMap{passwordKey: elasticsearch.Password(b.args.Keys, elasticsearch.ImporterUser)},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register importer's Secret of %s: %w", b.name, err)
	}
	env := func(name string, value pulumi.StringInput) *corev1.EnvVarArgs {
		return &corev1.EnvVarArgs{Name: pulumi.String(name), Value: value.ToStringOutput().ToStringPtrOutput()}
	}
	job, err := batchv1.NewJob(b.ctx, b.name+"-import", &batchv1.JobArgs{
		Metadata: kube.JobMeta(labels, b.args.Namespace),
		Spec: &batchv1.JobSpecArgs{
			// The script repeats what isn't answered, for minutes.
			BackoffLimit:          pulumi.Int(1),
			ActiveDeadlineSeconds: pulumi.Int(2*importSeconds - 60), // below Pulumi's own ten minutes
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: labels.All()},
				Spec: &corev1.PodSpecArgs{
					AutomountServiceAccountToken: pulumi.Bool(false),
					EnableServiceLinks:           pulumi.Bool(false),
					RestartPolicy:                pulumi.String("Never"),
					SecurityContext:              kube.PodSecurity(uid),
					Containers: corev1.ContainerArray{&corev1.ContainerArgs{
						// Elasticsearch's image, which has bash and curl, as its own component's Job.
						Name:            pulumi.String("import"),
						Image:           pulumi.String(elasticsearch.Image),
						ImagePullPolicy: pulumi.String("IfNotPresent"),
						Command:         pulumi.ToStringArray([]string{"bash", settingsPath + "/" + importFile}),
						Env: corev1.EnvVarArray{
							env("URL", b.address), env("USERNAME", pulumi.String(elasticsearch.ImporterUser)),
							env("PASSWORD", pulumi.String(secretsPath+"/"+passwordKey)),
							env("OBJECTS", pulumi.String(settingsPath+"/"+objectsFile)),
							env("DEADLINE", pulumi.String(strconv.Itoa(importSeconds))),
						},
						Resources:       kube.Resources{CPU: "10m", CPULimit: "500m", Memory: "64Mi", Scratch: "16Mi"}.Requirements(),
						SecurityContext: kube.ContainerSecurity(),
						VolumeMounts: corev1.VolumeMountArray{
							readOnly("files", settingsPath), readOnly("login", secretsPath), kube.Mount("tmp", "/tmp"),
						},
					}},
					Volumes: corev1.VolumeArray{configVolume("files", files), secretVolume("login", login), kube.EmptyDir("tmp", "8Mi")},
				},
			},
		},
	}, append(b.childOpts, pulumi.DependsOn([]pulumi.Resource{b.running}))...)
	if err != nil {
		return fmt.Errorf("register Job of %s: %w", b.name, err)
	}
	b.kibana.URL = pulumi.All(b.address, job.Metadata.Name()).ApplyT(func(values []any) string {
		return values[0].(string) // the address
	}).(pulumi.StringOutput) // ApplyT of a function to string
	return nil
}
