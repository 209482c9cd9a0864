package mongodb

import (
	"fmt"
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

const (
	uid         = 999 // the image's user mongodb
	portName    = "mongodb"
	dataName    = "data"
	secretsPath = "/run/secrets/mongodb"
	userKey     = "username"
	passwordKey = "password"
)

// NewDatabase registers a MongoDB. The name is also its StatefulSet's and its Service's.
func NewDatabase(ctx *pulumi.Context, name string, args *DatabaseArgs, opts ...pulumi.ResourceOption) (*Database, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate MongoDB %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels: kube.Labels{Name: "mongodb", Instance: name, Component: "database"},
	}
	b.database = &Database{User: b.args.User}
	if err := ctx.RegisterComponentResource(DatabaseType, name, b.database, opts...); err != nil {
		return nil, fmt.Errorf("register MongoDB %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(b.database)}
	for _, step := range []func() error{b.claims, b.login, b.statefulSet, b.services, b.replicaSet} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(b.database, pulumi.Map{"hosts": b.database.hosts}); err != nil {
		return nil, fmt.Errorf("register outputs of MongoDB %s: %w", name, err)
	}
	return b.database, nil
}

// builder registers a database's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      DatabaseArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	database    *Database
	volumes     []pulumi.Resource // the members' claims
	credentials *corev1.Secret
	set         *appsv1.StatefulSet
	headless    *corev1.Service
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

// membersName is the name of the headless Service, by which each member is known.
func (b *builder) membersName() string { return b.name + "-members" }

func (b *builder) claim(name string) *corev1.PersistentVolumeClaimArgs {
	return kube.Claim(b.labels, name, b.args.Namespace, b.args.Storage, b.args.StorageClass)
}

// claims registers the members' volumes under the names that the StatefulSet would give them, so that it takes them for its own.
func (b *builder) claims() error {
	for i := range b.args.Members {
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

func (b *builder) login() error {
	var err error
	b.credentials, err = corev1.NewSecret(b.ctx, b.name+"-credentials", &corev1.SecretArgs{
		Metadata: b.meta(nil),
		StringData: pulumi.StringMap{
			userKey:     pulumi.String(b.args.User),
			passwordKey: pulumi.ToSecret(b.args.Password).(pulumi.StringOutput), // ToSecret keeps the type
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Secret of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) statefulSet() error {
	container := b.container()
	pod := &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		SecurityContext:               kube.PodSecurity(uid),
		TerminationGracePeriodSeconds: pulumi.Int(60), // a checkpoint of the cache
		Containers:                    corev1.ContainerArray{container},
	}
	volumes := corev1.VolumeArray{
		secretVolume("credentials", b.credentials), kube.EmptyDir("configdb", "16Mi"), kube.EmptyDir("tmp", "64Mi"),
	}
	pod.Volumes = volumes
	b.args.Placement.Apply(pod)
	if b.replicated() {
		if err := b.member(pod, container, volumes); err != nil {
			return err
		}
	}
	// What a StatefulSet never changes is the same for one member and for three.
	spec := &appsv1.StatefulSetSpecArgs{
		Replicas:            pulumi.Int(b.args.Members),
		ServiceName:         pulumi.String(b.membersName()),
		PodManagementPolicy: pulumi.String("Parallel"), // none has to wait for another to start
		Selector:            &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
		Template:            &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod},
		VolumeClaimTemplates: corev1.PersistentVolumeClaimTypeArray{
			&corev1.PersistentVolumeClaimTypeArgs{
				Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(dataName), Labels: b.labels.All()}, Spec: b.claim(dataName).Spec,
			},
		},
	}
	if b.replicated() {
		spec.MinReadySeconds = pulumi.Int(30) // a member that answers catches up before the next one is stopped
	}
	var err error
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

func secretVolume(name string, secret *corev1.Secret) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:   pulumi.String(name),
		Secret: &corev1.SecretVolumeSourceArgs{SecretName: kube.SecretName(secret), DefaultMode: pulumi.Int(0o440)},
	}
}

func (b *builder) container() *corev1.ContainerArgs {
	credentials := kube.Mount("credentials", secretsPath)
	credentials.ReadOnly = pulumi.Bool(true)
	return &corev1.ContainerArgs{
		Name:            pulumi.String("mongodb"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Args: pulumi.ToStringArray([]string{
			"--auth", "--bind_ip_all", "--wiredTigerCacheSizeGB=" + strconv.FormatFloat(b.args.CacheGB, 'f', -1, 64),
		}),
		Env: corev1.EnvVarArray{
			&corev1.EnvVarArgs{Name: pulumi.String("MONGO_INITDB_ROOT_USERNAME_FILE"), Value: pulumi.String(secretsPath + "/" + userKey)},
			&corev1.EnvVarArgs{Name: pulumi.String("MONGO_INITDB_ROOT_PASSWORD_FILE"), Value: pulumi.String(secretsPath + "/" + passwordKey)},
		},
		Ports: corev1.ContainerPortArray{&corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(Port)}},
		Resources: kube.Resources{
			CPU: "100m", CPULimit: "2", Memory: b.args.memory(), Scratch: "256Mi",
		}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		// While it makes its users, the server listens on localhost alone: the probes see it when it is there to stay. They only
		// connect: a mongosh for each would cost more than the server.
		StartupProbe:   kube.TCPProbe(portName, 2, 90),
		ReadinessProbe: kube.TCPProbe(portName, 10, 3),
		LivenessProbe:  kube.TCPProbe(portName, 20, 6),
		VolumeMounts: corev1.VolumeMountArray{
			kube.Mount(dataName, "/data/db"),
			kube.Mount("configdb", "/data/configdb"),
			kube.Mount("tmp", "/tmp"),
			credentials,
		},
	}
}

// services registers the Service of the database and the one that gives each member a name, ready or not: members have to find
// each other before any is.
func (b *builder) services() error {
	spec := func() *corev1.ServiceSpecArgs {
		return &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: b.labels.Selector(),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String(portName), Port: pulumi.Int(Port), TargetPort: pulumi.String(portName),
			}},
		}
	}
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)), Spec: spec(),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	headless := spec()
	headless.ClusterIP, headless.PublishNotReadyAddresses = pulumi.String("None"), pulumi.Bool(true)
	b.headless, err = corev1.NewService(b.ctx, b.name+"-members", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.membersName())), Spec: headless,
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register members' Service of %s: %w", b.name, err)
	}
	// The address comes out of the Service, so that whoever is given it waits until it answers.
	b.database.hosts = pulumi.Sprintf("%s:%d", service.Metadata.Name().Elem(), Port)
	return nil
}

// replicaSet makes three members one.
func (b *builder) replicaSet() error {
	if !b.replicated() {
		return nil
	}
	if err := b.budget(); err != nil {
		return err
	}
	hosts := b.memberHosts(b.headless)
	job, err := b.initiate(hosts, b.credentials, b.set, b.headless)
	if err != nil {
		return err
	}
	b.database.hosts = pulumi.All(hosts, job.Metadata.Name()).ApplyT(func(values []any) string {
		return values[0].(string) // of hosts
	}).(pulumi.StringOutput) // ApplyT of a function to string
	b.database.options = "?replicaSet=" + setName
	return nil
}
