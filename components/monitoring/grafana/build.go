package grafana

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

const (
	userID   = 472 // the user of the image
	portName = "http"
)

// NewGrafana registers a Grafana. The name is also its Deployment's and its Service's.
func NewGrafana(ctx *pulumi.Context, name string, args *GrafanaArgs, opts ...pulumi.ResourceOption) (*Grafana, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate Grafana %s: %w", name, err)
	}
	grafana := &Grafana{}
	if err := ctx.RegisterComponentResource(GrafanaType, name, grafana, opts...); err != nil {
		return nil, fmt.Errorf("register Grafana %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: *args,
		labels:    kube.Labels{Name: "grafana", Instance: name, Component: "monitoring"},
		childOpts: []pulumi.ResourceOption{pulumi.Parent(grafana)},
	}
	for _, step := range []func() error{b.secrets, b.provisioning, b.dashboards, b.deployment, b.service} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	grafana.URL = b.url
	if err := ctx.RegisterResourceOutputs(grafana, pulumi.Map{"url": grafana.URL}); err != nil {
		return nil, fmt.Errorf("register outputs of Grafana %s: %w", name, err)
	}
	return grafana, nil
}

// builder registers a Grafana's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      GrafanaArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	volumes corev1.VolumeArray
	mounts  corev1.VolumeMountArray
	url     pulumi.StringOutput
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

// mount adds a volume that the container can only read.
func (b *builder) mount(volume *corev1.VolumeArgs, path string) {
	b.volumes = append(b.volumes, volume)
	b.mounts = append(b.mounts, &corev1.VolumeMountArgs{Name: volume.Name, MountPath: pulumi.String(path), ReadOnly: pulumi.Bool(true)})
}

// secrets registers what nobody may see, and the certificates beside it.
func (b *builder) secrets() error {
	admin := pulumi.ToSecret(b.args.AdminPassword.ToStringOutput().ApplyT(func(value string) (string, error) {
		value, err := password(value)
		if err != nil {
			return "", fmt.Errorf("read the AdminPassword: %w", err)
		}
		return value, nil
	})).(pulumi.StringOutput) // ToSecret keeps the type, ApplyT is of a function to string
	data := pulumi.StringMap{
		adminPasswordFile: admin,
		// Grafana encrypts what it keeps with this key, whose default everybody knows. What it keeps lives no longer than the pod.
		secretKeyFile: admin.ApplyT(func(value string) string {
			mac := hmac.New(sha256.New, []byte(value))
			mac.Write([]byte("grafana security.secret_key"))
			return hex.EncodeToString(mac.Sum(nil))
		}).(pulumi.StringOutput), // ApplyT of a function to string
	}
	for _, source := range b.args.DataSources {
		if source.Password != nil {
			data[source.passwordFile()] = pulumi.ToSecret(source.Password.ToStringOutput().ApplyT(func(value string) (string, error) {
				value, err := password(value)
				if err != nil {
					return "", fmt.Errorf("read the Password of the DataSource %s: %w", source.UID, err)
				}
				return value, nil
			})).(pulumi.StringOutput) // as above
		}
		if source.CA != nil {
			data[source.caFile()] = source.CA
		}
	}
	secret, err := corev1.NewSecret(b.ctx, b.name+"-secret", &corev1.SecretArgs{Metadata: b.meta(nil), StringData: data}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Secret of %s: %w", b.name, err)
	}
	b.mount(&corev1.VolumeArgs{
		Name:   pulumi.String("secrets"),
		Secret: &corev1.SecretVolumeSourceArgs{SecretName: kube.SecretName(secret), DefaultMode: pulumi.Int(0o440)},
	}, secretsPath)
	return nil
}

// provisioning registers what tells Grafana of its data sources and of its dashboards. The other folders that it looks into are
// the image's own, which are empty; it complains of one that is missing.
func (b *builder) provisioning() error {
	data := pulumi.StringMap{}
	for i, source := range b.args.DataSources {
		file := source.UID + ".yaml"
		data[file] = source.URL.ToStringOutput().ApplyT(func(url string) (string, error) {
			return source.provision(url, i == 0)
		}).(pulumi.StringOutput) // ApplyT of a function to string
	}
	if err := b.configMap("datasources", provisioningPath+"/datasources", data); err != nil {
		return err
	}
	dashboards, err := provider()
	if err != nil {
		return err
	}
	return b.configMap("providers", provisioningPath+"/dashboards", pulumi.StringMap{"fleetman.yaml": pulumi.String(dashboards)})
}

func (b *builder) configMap(part, path string, data pulumi.StringMap) error {
	config, err := corev1.NewConfigMap(b.ctx, b.name+"-"+part, &corev1.ConfigMapArgs{Metadata: b.meta(nil), Data: data}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ConfigMap of the %s of %s: %w", part, b.name, err)
	}
	b.mount(&corev1.VolumeArgs{
		Name: pulumi.String(part), ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: config.Metadata.Name()},
	}, path)
	return nil
}

// dashboards registers one ConfigMap for each, since all together may be more than one holds, and puts them into one folder.
func (b *builder) dashboards() error {
	var sources corev1.VolumeProjectionArray
	for _, file := range slices.Sorted(maps.Keys(b.args.Dashboards)) {
		config, err := corev1.NewConfigMap(b.ctx, b.name+"-dashboard-"+strings.TrimSuffix(file, ".json"), &corev1.ConfigMapArgs{
			Metadata: b.meta(nil), Data: pulumi.StringMap{file: pulumi.String(b.args.Dashboards[file])},
		}, b.childOpts...)
		if err != nil {
			return fmt.Errorf("register ConfigMap of the dashboard %s of %s: %w", file, b.name, err)
		}
		sources = append(sources, &corev1.VolumeProjectionArgs{ConfigMap: &corev1.ConfigMapProjectionArgs{Name: config.Metadata.Name()}})
	}
	b.mount(&corev1.VolumeArgs{Name: pulumi.String("dashboards"), Projected: &corev1.ProjectedVolumeSourceArgs{Sources: sources}}, dashboardsPath)
	return nil
}

func (b *builder) deployment() error {
	// What Grafana writes: its database and index, and the sockets by which it speaks to its plugins' processes.
	b.volumes = append(b.volumes, kube.EmptyDir("data", "256Mi"), kube.EmptyDir("tmp", "64Mi"))
	b.mounts = append(b.mounts, kube.Mount("data", dataPath), kube.Mount("tmp", "/tmp"))
	pod := &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false), // GRAFANA_... would be in the environment of every plugin
		SecurityContext:               kube.PodSecurity(userID),
		TerminationGracePeriodSeconds: pulumi.Int(30),
		Containers:                    corev1.ContainerArray{b.container()},
		Volumes:                       b.volumes,
	}
	b.args.Placement.Apply(pod)
	_, err := appsv1.NewDeployment(b.ctx, b.name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas:             pulumi.Int(1),
			RevisionHistoryLimit: pulumi.Int(3),
			Selector:             &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			// The new one is asked only when it is ready. Two share nothing, so they can't be in each other's way.
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{MaxUnavailable: pulumi.Int(0), MaxSurge: pulumi.Int(1)},
			},
			Template: &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Deployment of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) container() *corev1.ContainerArgs {
	var env corev1.EnvVarArray
	for _, setting := range b.args.settings() {
		env = append(env, &corev1.EnvVarArgs{Name: pulumi.String("GF_" + setting[0]), Value: pulumi.String(setting[1])})
	}
	return &corev1.ContainerArgs{
		Name:            pulumi.String("grafana"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Env:             env,
		Ports:           corev1.ContainerPortArray{&corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(Port)}},
		// Idle it needs next to nothing; a start runs hundreds of migrations on an empty database, and a dashboard a dozen queries at
		// once. The memory is for the server and the two plugins that are left; the scratch space for both volumes and the log.
		Resources:       kube.Resources{CPU: "50m", CPULimit: "1", Memory: "512Mi", Scratch: "384Mi"}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		// /api/health answers with 200 as long as the database does. A start on a busy node takes more than a minute.
		StartupProbe:   kube.HTTPProbe("/api/health", portName, 2, 90),
		ReadinessProbe: kube.HTTPProbe("/api/health", portName, 5, 3),
		LivenessProbe:  kube.HTTPProbe("/api/health", portName, 10, 6),
		VolumeMounts:   b.mounts,
	}
}

// plugins are those of the image that are processes of their own: the bundled ones, defaultPreinstallPlugins in
// pkg/setting/setting_plugins.go of Grafana's repository.
var plugins = []string{
	"cloudwatch", Elasticsearch, "grafana-postgresql-datasource", "grafana-pyroscope-datasource", "influxdb", "jaeger", "loki", "mssql", "mysql",
	"opentsdb", Prometheus, "stackdriver", "tempo", "zipkin",
}

// settings are Grafana's, by section and key as its environment has them: "Configure Grafana" of its documentation.
func (a *GrafanaArgs) settings() [][2]string {
	unused := slices.DeleteFunc(slices.Clone(plugins), func(plugin string) bool {
		return slices.ContainsFunc(a.DataSources, func(source DataSource) bool { return source.Type == plugin })
	})
	settings := [][2]string{
		{"SERVER_HTTP_PORT", strconv.Itoa(Port)},
		{"SECURITY_ADMIN_USER", User},
		{"SECURITY_ADMIN_PASSWORD__FILE", secretsPath + "/" + adminPasswordFile},
		{"SECURITY_SECRET_KEY__FILE", secretsPath + "/" + secretKeyFile},
		{"SECURITY_DISABLE_GRAVATAR", "true"},
		{"SECURITY_COOKIE_SECURE", strconv.FormatBool(strings.HasPrefix(a.RootURL, "https:"))},
		{"AUTH_ANONYMOUS_ENABLED", "false"},
		{"USERS_ALLOW_SIGN_UP", "false"},
		{"USERS_ALLOW_ORG_CREATE", "false"},
		// Nothing is told to anybody outside, and nothing fetched.
		{"ANALYTICS_REPORTING_ENABLED", "false"},
		{"ANALYTICS_CHECK_FOR_UPDATES", "false"},
		{"ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false"},
		{"ANALYTICS_FEEDBACK_LINKS_ENABLED", "false"},
		{"NEWS_NEWS_FEED_ENABLED", "false"},
		{"SNAPSHOTS_EXTERNAL_ENABLED", "false"},
		// The plugins are those of the image, and of them those that are used.
		{"PLUGINS_PREINSTALL_DISABLED", "true"},
		{"PLUGINS_PLUGIN_ADMIN_ENABLED", "false"},
		{"PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED", "true"},
		{"PLUGINS_DISABLE_PLUGINS", strings.Join(unused, ",")},
		{"UNIFIED_ALERTING_EXECUTE_ALERTS", "false"},
		{"METRICS_ENABLED", "true"},
		{"LOG_MODE", "console"},
		{"LOG_CONSOLE_FORMAT", "json"}, // as our services', so that its fields are found in the logs
	}
	if a.RootURL != "" {
		settings = append(settings, [2]string{"SERVER_ROOT_URL", a.RootURL})
	}
	if a.Home != "" {
		settings = append(settings, [2]string{"DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH", dashboardsPath + "/" + a.Home})
	}
	return settings
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
		Spec:     &corev1.ServiceSpecArgs{Type: pulumi.String(kind), Selector: b.labels.Selector(), Ports: corev1.ServicePortArray{port}},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	// The URL comes out of the Service, so that whoever is given it waits until it answers.
	b.url = pulumi.Sprintf("http://%s.%s:%d", service.Metadata.Name().Elem(), service.Metadata.Namespace().Elem(), Port)
	return nil
}
