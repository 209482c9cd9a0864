package prometheus

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

const (
	uid        = 65534 // the image's user nobody
	portName   = "http"
	configPath = "/etc/prometheus/config"
	configFile = "prometheus.yaml"
	rulesPath  = "/etc/prometheus/rules"
	dataPath   = "/prometheus"
)

// NewServer registers a server. The name is also its StatefulSet's and its Service's.
func NewServer(ctx *pulumi.Context, name string, args *ServerArgs, opts ...pulumi.ResourceOption) (*Server, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate Prometheus %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels: kube.Labels{Name: "prometheus", Instance: name, Component: "monitoring"},
	}
	server := &Server{}
	if err := ctx.RegisterComponentResource(ServerType, name, server, opts...); err != nil {
		return nil, fmt.Errorf("register Prometheus %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(server)}
	for _, step := range []func() error{b.access, b.data, b.configuration, b.statefulSet, b.service} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	server.URL = b.url
	if err := ctx.RegisterResourceOutputs(server, pulumi.Map{"url": server.URL}); err != nil {
		return nil, fmt.Errorf("register outputs of Prometheus %s: %w", name, err)
	}
	return server, nil
}

// builder registers a server's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      ServerArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	reader  *kube.Reader
	volumes corev1.VolumeArray
	mounts  corev1.VolumeMountArray
	url     pulumi.StringOutput
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

// access allows it to find what it scrapes, and to scrape kubelets and API servers.
func (b *builder) access() error {
	const watch = "get list watch"
	var err error
	b.reader, err = kube.NewReader(b.ctx, b.labels, b.args.Namespace, []*rbacv1.PolicyRuleArgs{
		kube.Rule("", watch, "nodes", "pods", "services"),
		kube.Rule("discovery.k8s.io", watch, "endpointslices"),
		kube.Rule("", "get", "nodes/metrics"),
		{NonResourceURLs: pulumi.ToStringArray([]string{"/metrics"}), Verbs: pulumi.ToStringArray([]string{"get"})},
	}, b.childOpts...)
	return err
}

func (b *builder) data() error {
	claim, err := corev1.NewPersistentVolumeClaim(b.ctx, b.name+"-data",
		kube.Claim(b.labels, b.name+"-data", b.args.Namespace, b.args.Storage, b.args.StorageClass),
		append(b.childOpts, pulumi.Protect(b.args.ProtectData))...)
	if err != nil {
		return fmt.Errorf("register volume of %s: %w", b.name, err)
	}
	b.volumes = append(b.volumes, &corev1.VolumeArgs{
		Name:                  pulumi.String("data"),
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: claim.Metadata.Name().Elem()},
	})
	b.mounts = append(b.mounts, kube.Mount("data", dataPath))
	return nil
}

func (b *builder) configuration() error {
	config, err := b.args.configuration()
	if err != nil {
		return fmt.Errorf("configure Prometheus %s: %w", b.name, err)
	}
	if err := b.files("config", configPath, map[string]string{configFile: config}); err != nil {
		return err
	}
	if len(b.args.Rules) == 0 {
		return nil
	}
	return b.files("rules", rulesPath, b.args.Rules)
}

// files registers a ConfigMap and mounts it.
func (b *builder) files(name, path string, files map[string]string) error {
	config, err := corev1.NewConfigMap(b.ctx, b.name+"-"+name, &corev1.ConfigMapArgs{
		Metadata: b.meta(nil), Data: pulumi.ToStringMap(files),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ConfigMap %s of %s: %w", name, b.name, err)
	}
	b.volumes = append(b.volumes, &corev1.VolumeArgs{
		Name:      pulumi.String(name),
		ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: config.Metadata.Name(), DefaultMode: pulumi.Int(0o444)},
	})
	mount := kube.Mount(name, path)
	mount.ReadOnly = pulumi.Bool(true)
	b.mounts = append(b.mounts, mount)
	return nil
}

// statefulSet registers the pod: in a StatefulSet it keeps its name, and there are never two of it on one volume.
func (b *builder) statefulSet() error {
	pod := &corev1.PodSpecArgs{
		ServiceAccountName:            b.reader.Account,
		AutomountServiceAccountToken:  pulumi.Bool(true),
		EnableServiceLinks:            pulumi.Bool(false),
		SecurityContext:               kube.PodSecurity(uid),
		TerminationGracePeriodSeconds: pulumi.Int(120), // a block that is being written
		Containers:                    corev1.ContainerArray{b.container()},
		Volumes:                       b.volumes,
	}
	b.args.Placement.Apply(pod)
	_, err := appsv1.NewStatefulSet(b.ctx, b.name+"-statefulset", &appsv1.StatefulSetArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.StatefulSetSpecArgs{
			Replicas:             pulumi.Int(1),
			RevisionHistoryLimit: pulumi.Int(3),
			ServiceName:          pulumi.String(b.name),
			// In order, a pod that never gets ready would stay, whatever configuration comes after the one that is wrong.
			PodManagementPolicy: pulumi.String("Parallel"),
			Selector:            &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			Template:            &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod},
		},
	}, append(b.childOpts, pulumi.DependsOn([]pulumi.Resource{b.reader.Bound}))...)
	if err != nil {
		return fmt.Errorf("register StatefulSet of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) container() *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String("prometheus"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		// How long samples are kept is in the configuration. The write-ahead log is compressed, and the Go runtime keeps within the
		// limits of memory and processor, without being told.
		Args: pulumi.ToStringArray([]string{
			"--config.file=" + configPath + "/" + configFile, "--storage.tsdb.path=" + dataPath, "--log.format=json",
		}),
		Ports:           corev1.ContainerPortArray{&corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(Port)}},
		Resources:       b.args.Resources.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		// It is ready when it has read its write-ahead log, which may take minutes; it answers that it is alive meanwhile.
		StartupProbe:   kube.HTTPProbe("/-/ready", portName, 5, 180),
		ReadinessProbe: kube.HTTPProbe("/-/ready", portName, 5, 3),
		LivenessProbe:  kube.HTTPProbe("/-/healthy", portName, 20, 6),
		VolumeMounts:   b.mounts,
	}
}

func (b *builder) service() error {
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: b.labels.Selector(),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String(portName), Port: pulumi.Int(Port), TargetPort: pulumi.String(portName),
			}},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	// The address comes out of the Service, so that whoever is given it waits until it answers.
	b.url = pulumi.Sprintf("http://%s.%s:%d", service.Metadata.Name().Elem(), b.args.Namespace, Port)
	return nil
}
