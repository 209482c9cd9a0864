package activemq

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// Where things are in the image.
const (
	homePath = "/opt/apache-activemq"
	confPath = homePath + "/conf"
	uid      = 1000
)

// NewBroker registers a broker. The name is also its Deployment's and its Service's.
func NewBroker(ctx *pulumi.Context, name string, args *BrokerArgs, opts ...pulumi.ResourceOption) (*Broker, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate broker %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels: kube.Labels{Name: "activemq", Instance: name, Component: "broker"},
	}
	broker := &Broker{User: b.args.User}
	if err := ctx.RegisterComponentResource(BrokerType, name, broker, opts...); err != nil {
		return nil, fmt.Errorf("register broker %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(broker)}
	for _, step := range []func() error{b.data, b.configuration, b.login, b.deployment, b.service, b.console} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	broker.StompAddress = b.stompAddress
	if err := ctx.RegisterResourceOutputs(broker, pulumi.Map{"stompAddress": broker.StompAddress}); err != nil {
		return nil, fmt.Errorf("register outputs of broker %s: %w", name, err)
	}
	return broker, nil
}

// builder registers a broker's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      BrokerArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	volumes      corev1.VolumeArray
	mounts       corev1.VolumeMountArray
	stompAddress pulumi.StringOutput
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

func (b *builder) data() error {
	claim, err := corev1.NewPersistentVolumeClaim(b.ctx, b.name+"-data",
		kube.Claim(b.labels, b.name+"-data", b.args.Namespace, b.args.Storage, b.args.StorageClass),
		append(b.childOpts, pulumi.Protect(b.args.ProtectData))...)
	if err != nil {
		return fmt.Errorf("register volume of %s: %w", b.name, err)
	}
	b.volumes = append(b.volumes,
		&corev1.VolumeArgs{
			Name:                  pulumi.String("data"),
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: claim.Metadata.Name().Elem()},
		},
		kube.EmptyDir("tmp", "64Mi"), kube.EmptyDir("activemq-tmp", "64Mi"))
	b.mounts = append(b.mounts,
		kube.Mount("data", homePath+"/data"), kube.Mount("tmp", "/tmp"), kube.Mount("activemq-tmp", homePath+"/tmp"))
	return nil
}

// mountFiles puts single files of a volume among those of the image's configuration, which the console needs the rest of.
func (b *builder) mountFiles(volume string, files ...string) {
	for _, file := range files {
		b.mounts = append(b.mounts, &corev1.VolumeMountArgs{
			Name:      pulumi.String(volume),
			MountPath: pulumi.String(confPath + "/" + file),
			SubPath:   pulumi.String(file),
			ReadOnly:  pulumi.Bool(true),
		})
	}
}

func (b *builder) configuration() error {
	files, err := b.args.configuration()
	if err != nil {
		return fmt.Errorf("configure broker %s: %w", b.name, err)
	}
	config, err := corev1.NewConfigMap(b.ctx, b.name+"-config", &corev1.ConfigMapArgs{
		Metadata: b.meta(nil), Data: pulumi.ToStringMap(files),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ConfigMap of %s: %w", b.name, err)
	}
	b.volumes = append(b.volumes, &corev1.VolumeArgs{
		Name:      pulumi.String("config"),
		ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: config.Metadata.Name(), DefaultMode: pulumi.Int(0o444)},
	})
	b.mountFiles("config", slices.Sorted(maps.Keys(files))...)
	return nil
}

func (b *builder) login() error {
	password := pulumi.ToSecret(b.args.Password).(pulumi.StringOutput) // ToSecret keeps the type
	secret, err := corev1.NewSecret(b.ctx, b.name+"-login", &corev1.SecretArgs{
		Metadata: b.meta(nil),
		StringData: pulumi.StringMap{
			"users.properties": password.ApplyT(func(password string) string {
				return users(b.args.User, password)
			}).(pulumi.StringOutput), // ApplyT of a function to string
			"groups.properties": pulumi.String(groups(b.args.User, b.args.Console)),
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Secret of %s: %w", b.name, err)
	}
	b.volumes = append(b.volumes, &corev1.VolumeArgs{
		Name:   pulumi.String("login"),
		Secret: &corev1.SecretVolumeSourceArgs{SecretName: kube.SecretName(secret), DefaultMode: pulumi.Int(0o440)},
	})
	b.mountFiles("login", "groups.properties", "users.properties")
	return nil
}

func (b *builder) deployment() error {
	container, err := b.container()
	if err != nil {
		return fmt.Errorf("configure broker %s: %w", b.name, err)
	}
	pod := &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false), // ACTIVEMQ_... is the image's own
		SecurityContext:               kube.PodSecurity(uid),
		TerminationGracePeriodSeconds: pulumi.Int(60), // a checkpoint of the journal
		Containers:                    corev1.ContainerArray{container},
		Volumes:                       b.volumes,
	}
	b.args.Placement.Apply(pod)
	_, err = appsv1.NewDeployment(b.ctx, b.name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas:             pulumi.Int(1),
			RevisionHistoryLimit: pulumi.Int(3),
			Selector:             &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			// Two brokers can't have one journal: the second would wait for its lock, and the first for the second to be ready.
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Template: &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Deployment of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) container() (*corev1.ContainerArgs, error) {
	memoryOptions, options, err := b.args.options()
	if err != nil {
		return nil, err
	}
	heap, err := kube.ParseMebibytes(b.args.Heap)
	if err != nil {
		return nil, fmt.Errorf("parse heap: %w", err)
	}
	port := func(name string, number int) *corev1.ContainerPortArgs {
		return &corev1.ContainerPortArgs{Name: pulumi.String(name), ContainerPort: pulumi.Int(number)}
	}
	return &corev1.ContainerArgs{
		Name:            pulumi.String("activemq"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		// Not the image's entrypoint, which writes logins into the configuration that we mount.
		Command: pulumi.ToStringArray([]string{homePath + "/bin/activemq", "console"}),
		Env: corev1.EnvVarArray{
			&corev1.EnvVarArgs{Name: pulumi.String("ACTIVEMQ_OPTS_MEMORY"), Value: pulumi.String(memoryOptions)},
			&corev1.EnvVarArgs{Name: pulumi.String("ACTIVEMQ_OPTS"), Value: pulumi.String(options)},
		},
		Ports: corev1.ContainerPortArray{port("stomp", StompPort), port("openwire", OpenWirePort), port("console", ConsolePort)},
		Resources: kube.Resources{
			CPU: "100m", CPULimit: "2", Memory: fmt.Sprintf("%dMi", 2*heap), Scratch: "256Mi",
		}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		// A start reads the journal, which may take minutes after a crash. It is ready when a service can speak STOMP to it; it is
		// alive as long as OpenWire, which a flood of STOMP clients doesn't fill, is answered.
		StartupProbe:   kube.TCPProbe("stomp", 2, 150),
		ReadinessProbe: kube.TCPProbe("stomp", 5, 3),
		LivenessProbe:  kube.TCPProbe("openwire", 20, 6),
		VolumeMounts:   b.mounts,
	}, nil
}

func (b *builder) service() error {
	port := func(name string, number int) *corev1.ServicePortArgs {
		return &corev1.ServicePortArgs{Name: pulumi.String(name), Port: pulumi.Int(number), TargetPort: pulumi.String(name)}
	}
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: b.labels.Selector(),
			Ports:    corev1.ServicePortArray{port("stomp", StompPort), port("openwire", OpenWirePort), port("console", ConsolePort)},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	// The address comes out of the Service, so that whoever is given it waits until it answers.
	b.stompAddress = pulumi.Sprintf("%s:%d", service.Metadata.Name().Elem(), StompPort)
	return nil
}

// console registers the way to the console from outside the cluster, if there is to be one.
func (b *builder) console() error {
	if b.args.ConsoleNodePort == 0 {
		return nil
	}
	_, err := corev1.NewService(b.ctx, b.name+"-console", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name + "-console")),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("NodePort"),
			Selector: b.labels.Selector(),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String("console"), Port: pulumi.Int(ConsolePort), TargetPort: pulumi.String("console"),
				NodePort: pulumi.Int(b.args.ConsoleNodePort),
			}},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register console's Service of %s: %w", b.name, err)
	}
	return nil
}
