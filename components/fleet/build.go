package fleet

import (
	"fmt"
	"maps"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// portName is the name of the service's port in its pod.
const portName = "http"

// NewService registers a fleet service. The name is also its Deployment's and its Service's.
func NewService(ctx *pulumi.Context, name string, args *ServiceArgs, opts ...pulumi.ResourceOption) (*Service, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate fleet service %s: %w", name, err)
	}
	service := &Service{}
	if err := ctx.RegisterComponentResource(ServiceType, name, service, opts...); err != nil {
		return nil, fmt.Errorf("register fleet service %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels:    kube.Labels{Name: args.App, Instance: name, Component: args.Component},
		childOpts: []pulumi.ResourceOption{pulumi.Parent(service)},
	}
	from, err := b.environment()
	if err != nil {
		return nil, err
	}
	if err := b.deployment(from); err != nil {
		return nil, err
	}
	if err := b.service(service); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(service, pulumi.Map{"url": service.URL}); err != nil {
		return nil, fmt.Errorf("register outputs of fleet service %s: %w", name, err)
	}
	return service, nil
}

type builder struct {
	ctx       *pulumi.Context
	name      string
	args      ServiceArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.args.Namespace, Labels: b.labels.All()}
}

// environment registers the settings and the secrets, and answers with where a container finds them.
func (b *builder) environment() (corev1.EnvFromSourceArray, error) {
	data := pulumi.StringMap{addressKey: pulumi.Sprintf(":%d", Port)}
	maps.Copy(data, b.args.Config)
	config, err := corev1.NewConfigMap(b.ctx, b.name+"-config", &corev1.ConfigMapArgs{Metadata: b.meta(nil), Data: data}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register ConfigMap of %s: %w", b.name, err)
	}
	from := corev1.EnvFromSourceArray{
		&corev1.EnvFromSourceArgs{ConfigMapRef: &corev1.ConfigMapEnvSourceArgs{Name: config.Metadata.Name()}},
	}
	if len(b.args.Secret) == 0 {
		return from, nil
	}
	secret, err := corev1.NewSecret(b.ctx, b.name+"-secret", &corev1.SecretArgs{
		Metadata:   b.meta(nil),
		StringData: pulumi.ToSecret(b.args.Secret).(pulumi.StringMapOutput), // ToSecret keeps the type
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register Secret of %s: %w", b.name, err)
	}
	return append(from, &corev1.EnvFromSourceArgs{SecretRef: &corev1.SecretEnvSourceArgs{Name: kube.SecretName(secret)}}), nil
}

func (b *builder) deployment(from corev1.EnvFromSourceArray) error {
	selector := &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()}
	_, err := appsv1.NewDeployment(b.ctx, b.name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas:             pulumi.Int(b.args.Replicas),
			RevisionHistoryLimit: pulumi.Int(3),
			Selector:             selector,
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{MaxUnavailable: pulumi.Int(0), MaxSurge: pulumi.Int(1)},
			},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()},
				Spec: &corev1.PodSpecArgs{
					AutomountServiceAccountToken:  pulumi.Bool(false),
					EnableServiceLinks:            pulumi.Bool(false),
					SecurityContext:               kube.PodSecurity(uid),
					TerminationGracePeriodSeconds: pulumi.Int(30),
					TopologySpreadConstraints: corev1.TopologySpreadConstraintArray{&corev1.TopologySpreadConstraintArgs{
						TopologyKey:       pulumi.String("kubernetes.io/hostname"),
						MaxSkew:           pulumi.Int(1),
						WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
						LabelSelector:     selector,
					}},
					Containers: corev1.ContainerArray{b.container(from)},
				},
			},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Deployment of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) container(from corev1.EnvFromSourceArray) *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String(b.args.App),
		Image:           b.args.Image,
		ImagePullPolicy: pulumi.String("IfNotPresent"), // a digest, or a tag of the content
		EnvFrom:         from,
		Ports:           corev1.ContainerPortArray{&corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(Port)}},
		Resources:       b.args.Resources.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		// A start may take a minute; from then on a program that hangs for half a minute is started again.
		StartupProbe:   kube.HTTPProbe("/healthz", portName, 1, 60),
		ReadinessProbe: kube.HTTPProbe("/readyz", portName, 5, 2),
		LivenessProbe:  kube.HTTPProbe("/healthz", portName, 10, 3),
		// A pod that is told to stop is still called for a moment, until every node has heard of it.
		Lifecycle: &corev1.LifecycleArgs{
			PreStop: &corev1.LifecycleHandlerArgs{Sleep: &corev1.SleepActionArgs{Seconds: pulumi.Int(5)}},
		},
	}
}

// service registers the Service and says where it is.
func (b *builder) service(of *Service) error {
	kind, port := "ClusterIP", &corev1.ServicePortArgs{
		Name:        pulumi.String(portName),
		AppProtocol: pulumi.String("http"),
		Port:        pulumi.Int(b.args.Port),
		TargetPort:  pulumi.String(portName),
	}
	if b.args.NodePort != 0 {
		kind, port.NodePort = "NodePort", pulumi.Int(b.args.NodePort)
	}
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String(kind),
			Selector: b.labels.Selector(),
			Ports:    corev1.ServicePortArray{port},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	// Both come out of the Service and aren't put together from its name, so that whoever is given one waits until it answers.
	of.Name = service.Metadata.Name().Elem()
	if b.args.Port == 80 {
		of.URL = pulumi.Sprintf("http://%s", of.Name)
	} else {
		of.URL = pulumi.Sprintf("http://%s:%d", of.Name, b.args.Port)
	}
	return nil
}
