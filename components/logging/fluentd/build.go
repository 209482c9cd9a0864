package fluentd

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// metricsName is the port's name, in the pod and in the Service.
const metricsName = "metrics"

// NewAgent registers the log agent. The name is also its DaemonSet's and its Service's.
func NewAgent(ctx *pulumi.Context, name string, args *AgentArgs, opts ...pulumi.ResourceOption) (*Agent, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate log agent %s: %w", name, err)
	}
	agent := &Agent{}
	if err := ctx.RegisterComponentResource(AgentType, name, agent, opts...); err != nil {
		return nil, fmt.Errorf("register log agent %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels:    kube.Labels{Name: "fluentd", Instance: name, Component: "log-agent"},
		childOpts: []pulumi.ResourceOption{pulumi.Parent(agent)},
	}
	for _, step := range []func() error{b.account, b.configuration, b.login, b.daemonSet, b.service} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	agent.Name = b.serviceName
	if err := ctx.RegisterResourceOutputs(agent, pulumi.Map{"name": agent.Name}); err != nil {
		return nil, fmt.Errorf("register outputs of log agent %s: %w", name, err)
	}
	return agent, nil
}

// builder registers the agent's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      AgentArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	reader      *kube.Reader
	config      *corev1.ConfigMap
	secret      *corev1.Secret
	serviceName pulumi.StringOutput
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

// account registers who asks Kubernetes what a container is. The metadata filter watches namespaces whether it shows them or not
// (fabric8io/fluent-plugin-kubernetes_metadata_filter:lib/fluent/plugin/filter_kubernetes_metadata.rb).
func (b *builder) account() error {
	reader, err := kube.NewReader(b.ctx, b.labels, b.args.Namespace,
		[]*rbacv1.PolicyRuleArgs{kube.Rule("", "get list watch", "namespaces", "pods")}, b.childOpts...)
	b.reader = reader
	return err
}

func (b *builder) configuration() error {
	files, err := b.args.configuration(b.name)
	if err != nil {
		return fmt.Errorf("configure log agent %s: %w", b.name, err)
	}
	data := pulumi.StringMap{"ca.crt": b.args.CA}
	for name, content := range files {
		data[name] = pulumi.String(content)
	}
	b.config, err = corev1.NewConfigMap(b.ctx, b.name+"-config", &corev1.ConfigMapArgs{Metadata: b.meta(nil), Data: data}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ConfigMap of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) login() error {
	secret, err := corev1.NewSecret(b.ctx, b.name+"-login", &corev1.SecretArgs{
		Metadata: b.meta(nil),
		StringData: pulumi.StringMap{
			"user":     pulumi.String(b.args.User),
			"password": pulumi.ToSecret(b.args.Password).(pulumi.StringOutput), // ToSecret keeps the type
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Secret of %s: %w", b.name, err)
	}
	b.secret = secret
	return nil
}

func (b *builder) daemonSet() error {
	hostPath := func(name, path, kind string) *corev1.VolumeArgs {
		return &corev1.VolumeArgs{Name: pulumi.String(name), HostPath: &corev1.HostPathVolumeSourceArgs{
			Path: pulumi.String(path), Type: pulumi.String(kind),
		}}
	}
	pod := &corev1.PodSpecArgs{
		ServiceAccountName:           b.reader.Account,
		AutomountServiceAccountToken: pulumi.Bool(true),
		EnableServiceLinks:           pulumi.Bool(false),
		// It goes last of all. Any namespace may have this class, unless the API server's ResourceQuota plugin says otherwise.
		PriorityClassName: pulumi.String("system-node-critical"),
		Tolerations:       corev1.TolerationArray{&corev1.TolerationArgs{Operator: pulumi.String("Exists")}},
		// The logs, and the folder that kubelet makes for it, are root's: it is their owner, and so needs no capability.
		SecurityContext: &corev1.PodSecurityContextArgs{
			RunAsNonRoot:   pulumi.Bool(false),
			RunAsUser:      pulumi.Int(0),
			RunAsGroup:     pulumi.Int(0),
			SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		TerminationGracePeriodSeconds: pulumi.Int(60), // the request it is in
		Containers:                    corev1.ContainerArray{b.container()},
		Volumes: corev1.VolumeArray{
			&corev1.VolumeArgs{
				Name:      pulumi.String("config"),
				ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: b.config.Metadata.Name(), DefaultMode: pulumi.Int(0o444)},
			},
			hostPath("containers", logsPath, "Directory"),
			hostPath("pods", podsPath, "Directory"),
			hostPath("root", rootPath, "DirectoryOrCreate"),
			kube.EmptyDir("tmp", "64Mi"),
		},
	}
	_, err := appsv1.NewDaemonSet(b.ctx, b.name+"-daemonset", &appsv1.DaemonSetArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.DaemonSetSpecArgs{
			RevisionHistoryLimit: pulumi.Int(3),
			Selector:             &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			// Never two on one node: they would have one buffer and one file of positions.
			UpdateStrategy: &appsv1.DaemonSetUpdateStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDaemonSetArgs{MaxSurge: pulumi.Int(0), MaxUnavailable: pulumi.Int(1)},
			},
			Template: &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod},
		},
	}, append(b.childOpts, pulumi.DependsOn([]pulumi.Resource{b.reader.Bound}))...)
	if err != nil {
		return fmt.Errorf("register DaemonSet of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) container() *corev1.ContainerArgs {
	plain := func(name string, value pulumi.StringInput) *corev1.EnvVarArgs {
		return &corev1.EnvVarArgs{Name: pulumi.String(name), Value: value.ToStringOutput().ToStringPtrOutput()}
	}
	secret := func(name, key string) *corev1.EnvVarArgs {
		return &corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: &corev1.EnvVarSourceArgs{
			SecretKeyRef: &corev1.SecretKeySelectorArgs{Name: kube.SecretName(b.secret), Key: pulumi.String(key)},
		}}
	}
	readOnly := func(volume, path string) *corev1.VolumeMountArgs {
		return &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path), ReadOnly: pulumi.Bool(true)}
	}
	security := kube.ContainerSecurity()
	security.RunAsNonRoot = pulumi.Bool(false)
	return &corev1.ContainerArgs{
		Name:            pulumi.String(containerName),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Env: corev1.EnvVarArray{
			// The metadata filter asks for this node's pods only.
			&corev1.EnvVarArgs{Name: pulumi.String("K8S_NODE_NAME"), ValueFrom: &corev1.EnvVarSourceArgs{
				FieldRef: &corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String("spec.nodeName")},
			}},
			plain("FLUENTD_CONF", pulumi.String("fluent.conf")),
			plain("ELASTICSEARCH_URL", b.args.URL),
			secret("ELASTICSEARCH_USER", "user"),
			secret("ELASTICSEARCH_PASSWORD", "password"),
			// glibc's arenas would grow with the threads, and not shrink again.
			plain("MALLOC_ARENA_MAX", pulumi.String("2")),
		},
		Ports:     corev1.ContainerPortArray{&corev1.ContainerPortArgs{Name: pulumi.String(metricsName), ContainerPort: pulumi.Int(MetricsPort)}},
		Resources: b.args.Resources.Requirements(),
		VolumeMounts: corev1.VolumeMountArray{
			readOnly("config", configPath),
			readOnly("containers", logsPath),
			readOnly("pods", podsPath),
			kube.Mount("root", rootPath),
			kube.Mount("tmp", "/tmp"),
		},
		SecurityContext: security,
		// A start reads the buffer, and asks the API server. From then on it answers also while it waits for Elasticsearch.
		StartupProbe:   kube.HTTPProbe("/metrics", metricsName, 5, 36),
		ReadinessProbe: kube.HTTPProbe("/metrics", metricsName, 10, 3),
		LivenessProbe:  kube.HTTPProbe("/metrics", metricsName, 30, 6),
	}
}

// service registers the headless Service, by which Prometheus finds every agent.
func (b *builder) service() error {
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &corev1.ServiceSpecArgs{
			ClusterIP: pulumi.String("None"),
			Selector:  b.labels.Selector(),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String(metricsName), AppProtocol: pulumi.String("http"),
				Port: pulumi.Int(MetricsPort), TargetPort: pulumi.String(metricsName),
			}},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	b.serviceName = service.Metadata.Name().Elem()
	return nil
}
