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
	database := &Database{User: b.args.User}
	if err := ctx.RegisterComponentResource(DatabaseType, name, database, opts...); err != nil {
		return nil, fmt.Errorf("register MongoDB %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(database)}

	claim, err := corev1.NewPersistentVolumeClaim(ctx, name+"-data",
		kube.Claim(b.labels, name+"-data", b.args.Namespace, b.args.Storage, b.args.StorageClass),
		append(b.childOpts, pulumi.Protect(b.args.ProtectData))...)
	if err != nil {
		return nil, fmt.Errorf("register volume of %s: %w", name, err)
	}
	secret, err := corev1.NewSecret(ctx, name+"-credentials", &corev1.SecretArgs{
		Metadata: b.meta(nil),
		StringData: pulumi.StringMap{
			userKey:     pulumi.String(b.args.User),
			passwordKey: pulumi.ToSecret(b.args.Password).(pulumi.StringOutput), // ToSecret keeps the type
		},
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register Secret of %s: %w", name, err)
	}
	if err := b.statefulSet(claim, secret); err != nil {
		return nil, err
	}
	if database.Address, err = b.service(); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(database, pulumi.Map{"address": database.Address}); err != nil {
		return nil, fmt.Errorf("register outputs of MongoDB %s: %w", name, err)
	}
	return database, nil
}

type builder struct {
	ctx       *pulumi.Context
	name      string
	args      DatabaseArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

func (b *builder) statefulSet(claim *corev1.PersistentVolumeClaim, secret *corev1.Secret) error {
	_, err := appsv1.NewStatefulSet(b.ctx, b.name+"-statefulset", &appsv1.StatefulSetArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.StatefulSetSpecArgs{
			Replicas:    pulumi.Int(1),
			ServiceName: pulumi.String(b.name),
			Selector:    &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()},
				Spec: &corev1.PodSpecArgs{
					AutomountServiceAccountToken:  pulumi.Bool(false),
					EnableServiceLinks:            pulumi.Bool(false),
					SecurityContext:               kube.PodSecurity(uid),
					TerminationGracePeriodSeconds: pulumi.Int(60), // a checkpoint of the cache
					Containers:                    corev1.ContainerArray{b.container()},
					Volumes: corev1.VolumeArray{
						&corev1.VolumeArgs{
							Name:                  pulumi.String("data"),
							PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: claim.Metadata.Name().Elem()},
						},
						&corev1.VolumeArgs{
							Name:   pulumi.String("credentials"),
							Secret: &corev1.SecretVolumeSourceArgs{SecretName: kube.SecretName(secret), DefaultMode: pulumi.Int(0o440)},
						},
						kube.EmptyDir("configdb", "16Mi"),
						kube.EmptyDir("tmp", "64Mi"),
					},
				},
			},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register StatefulSet of %s: %w", b.name, err)
	}
	return nil
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
			kube.Mount("data", "/data/db"),
			kube.Mount("configdb", "/data/configdb"),
			kube.Mount("tmp", "/tmp"),
			credentials,
		},
	}
}

func (b *builder) service() (pulumi.StringOutput, error) {
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
		return pulumi.StringOutput{}, fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	// The address comes out of the Service, so that whoever is given it waits until it answers.
	return pulumi.Sprintf("%s:%d", service.Metadata.Name().Elem(), Port), nil
}
