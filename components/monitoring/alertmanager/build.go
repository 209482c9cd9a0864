package alertmanager

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

const (
	uid      = 65534 // the image's user nobody
	portName = "http"
	dataName = "data"
)

// NewAlertmanager registers an Alertmanager. The name is also its StatefulSet's and its Service's.
func NewAlertmanager(ctx *pulumi.Context, name string, args *AlertmanagerArgs, opts ...pulumi.ResourceOption) (*Alertmanager, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate Alertmanager %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels: kube.Labels{Name: "alertmanager", Instance: name, Component: "monitoring"},
	}
	alertmanager := &Alertmanager{}
	if err := ctx.RegisterComponentResource(AlertmanagerType, name, alertmanager, opts...); err != nil {
		return nil, fmt.Errorf("register Alertmanager %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(alertmanager)}
	for _, step := range []func() error{b.claim, b.configuration, b.receivers, b.statefulSet, b.service} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	alertmanager.URL = b.url
	if err := ctx.RegisterResourceOutputs(alertmanager, pulumi.Map{"url": alertmanager.URL}); err != nil {
		return nil, fmt.Errorf("register outputs of Alertmanager %s: %w", name, err)
	}
	return alertmanager, nil
}

// builder registers an Alertmanager's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      AlertmanagerArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	data    pulumi.Resource // the claim
	volumes corev1.VolumeArray
	mounts  corev1.VolumeMountArray
	url     pulumi.StringOutput
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

// claimArgs is the volume's claim, as the StatefulSet's template and as a resource of its own have it.
func (b *builder) claimArgs(name string) *corev1.PersistentVolumeClaimArgs {
	return kube.Claim(b.labels, name, b.args.Namespace, b.args.Storage, b.args.StorageClass)
}

// claim registers the volume under the name that the StatefulSet would give it, so that it takes it for its own (components/mongodb
// says why).
func (b *builder) claim() error {
	claim, err := corev1.NewPersistentVolumeClaim(b.ctx, b.name+"-data", b.claimArgs(dataName+"-"+b.name+"-0"),
		append(b.childOpts, pulumi.Protect(b.args.ProtectData))...)
	if err != nil {
		return fmt.Errorf("register volume of %s: %w", b.name, err)
	}
	b.data = claim
	b.mounts = append(b.mounts, kube.Mount(dataName, storagePath))
	return nil
}

// mount mounts a volume that is only read.
func (b *builder) mount(volume *corev1.VolumeArgs, name, path string) {
	mount := kube.Mount(name, path)
	mount.ReadOnly = pulumi.Bool(true)
	b.volumes, b.mounts = append(b.volumes, volume), append(b.mounts, mount)
}

func (b *builder) configuration() error {
	files, err := b.args.configuration("")
	if err != nil {
		return fmt.Errorf("configure Alertmanager %s: %w", b.name, err)
	}
	config, err := corev1.NewConfigMap(b.ctx, b.name+"-config", &corev1.ConfigMapArgs{
		Metadata: b.meta(nil), Data: pulumi.ToStringMap(files),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ConfigMap of %s: %w", b.name, err)
	}
	b.mount(&corev1.VolumeArgs{
		Name:      pulumi.String("config"),
		ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: config.Metadata.Name(), DefaultMode: pulumi.Int(0o444)},
	}, "config", configPath)
	return nil
}

// receivers registers where messages go, if they go anywhere.
func (b *builder) receivers() error {
	urls := pulumi.StringMap{}
	for _, receiver := range []struct {
		key, name string
		url       pulumi.StringInput
	}{{slackKey, "SlackWebhook", b.args.SlackWebhook}, {switchKey, "DeadMansSwitch", b.args.DeadMansSwitch}} {
		if receiver.url == nil {
			continue
		}
		url := pulumi.ToSecret(receiver.url).(pulumi.StringOutput)                          // ToSecret keeps the type
		urls[receiver.key] = url.ApplyT(parseReceiver(receiver.name)).(pulumi.StringOutput) // ApplyT of a function to string
	}
	if len(urls) == 0 {
		return nil
	}
	secret, err := corev1.NewSecret(b.ctx, b.name+"-receivers", &corev1.SecretArgs{Metadata: b.meta(nil), StringData: urls}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Secret of %s: %w", b.name, err)
	}
	b.mount(&corev1.VolumeArgs{
		Name:   pulumi.String("receivers"),
		Secret: &corev1.SecretVolumeSourceArgs{SecretName: kube.SecretName(secret), DefaultMode: pulumi.Int(0o440)},
	}, "receivers", receiversPath)
	return nil
}

func (b *builder) statefulSet() error {
	pod := &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		SecurityContext:               kube.PodSecurity(uid),
		TerminationGracePeriodSeconds: pulumi.Int(30), // writes down silences and what was told
		Containers:                    corev1.ContainerArray{b.container()},
		Volumes:                       b.volumes,
	}
	b.args.Placement.Apply(pod)
	_, err := appsv1.NewStatefulSet(b.ctx, b.name+"-statefulset", &appsv1.StatefulSetArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.StatefulSetSpecArgs{
			Replicas:             pulumi.Int(1),
			RevisionHistoryLimit: pulumi.Int(3),
			// Ordered, a pod that never gets ready would keep the one that mends it from being started.
			PodManagementPolicy: pulumi.String("Parallel"),
			ServiceName:         pulumi.String(b.name),
			Selector:            &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			Template:            &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod},
			VolumeClaimTemplates: corev1.PersistentVolumeClaimTypeArray{&corev1.PersistentVolumeClaimTypeArgs{
				Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(dataName), Labels: b.labels.All()}, Spec: b.claimArgs(dataName).Spec,
			}},
		},
	}, append(b.childOpts,
		pulumi.DependsOn([]pulumi.Resource{b.data}),
		// The template makes no volume: the claim is there. Its growing is none of its business, and would replace it.
		pulumi.IgnoreChanges([]string{"spec.volumeClaimTemplates"}),
	)...)
	if err != nil {
		return fmt.Errorf("register StatefulSet of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) container() *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String("alertmanager"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Args: pulumi.ToStringArray([]string{
			"--config.file=" + configPath + "/" + configFile,
			"--storage.path=" + storagePath,
			fmt.Sprintf("--data.retention=%dh", int(retention.Hours())),
			"--cluster.listen-address=", // one replica is no cluster
			fmt.Sprintf("--web.listen-address=:%d", Port),
			"--log.format=json",
		}),
		Ports:           corev1.ContainerPortArray{&corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(Port)}},
		Resources:       kube.Resources{CPU: "20m", CPULimit: "500m", Memory: "128Mi", Scratch: "64Mi"}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		StartupProbe:    kube.HTTPProbe("/-/ready", portName, 2, 60),
		ReadinessProbe:  kube.HTTPProbe("/-/ready", portName, 5, 3),
		LivenessProbe:   kube.HTTPProbe("/-/healthy", portName, 10, 6),
		VolumeMounts:    b.mounts,
	}
}

func (b *builder) service() error {
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: b.labels.Selector(),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String(portName), AppProtocol: pulumi.String("http"), Port: pulumi.Int(Port), TargetPort: pulumi.String(portName),
			}},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	// The address comes out of the Service, so that whoever is given it waits until it answers.
	b.url = pulumi.Sprintf("http://%s.%s:%d", service.Metadata.Name().Elem(), service.Metadata.Namespace().Elem(), Port)
	return nil
}
