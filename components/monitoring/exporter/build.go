package exporter

import (
	"errors"
	"fmt"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// metricsName is the name of the port with the metrics.
const metricsName = "metrics"

// builder registers what exporters have in common.
type builder struct {
	ctx       *pulumi.Context
	name      string
	namespace pulumi.StringInput
	labels    kube.Labels
	childOpts []pulumi.ResourceOption
}

// begin registers the component, in which everything else is. The name of the software is that of its containers too.
func begin(ctx *pulumi.Context, typ, software, name string, namespace pulumi.StringInput, component pulumi.ComponentResource, opts []pulumi.ResourceOption) (*builder, error) {
	if err := ctx.RegisterComponentResource(typ, name, component, opts...); err != nil {
		return nil, fmt.Errorf("register exporter %s: %w", name, err)
	}
	return &builder{
		ctx: ctx, name: name, namespace: namespace,
		labels:    kube.Labels{Name: software, Instance: name, Component: "exporter"},
		childOpts: []pulumi.ResourceOption{pulumi.Parent(component)},
	}, nil
}

// end registers the component's outputs, of which there are none.
func (b *builder) end(component pulumi.ComponentResource) error {
	if err := b.ctx.RegisterResourceOutputs(component, pulumi.Map{}); err != nil {
		return fmt.Errorf("register outputs of exporter %s: %w", b.name, err)
	}
	return nil
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: name, Namespace: b.namespace.ToStringOutput().ToStringPtrOutput(), Labels: b.labels.All()}
}

// container is an exporter's, with its port of metrics.
func (b *builder) container(image string, port int, resources kube.Resources, args ...string) *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String(b.labels.Name),
		Image:           pulumi.String(image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Args:            pulumi.ToStringArray(args),
		Ports:           corev1.ContainerPortArray{containerPort(metricsName, port)},
		Resources:       resources.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
	}
}

func containerPort(name string, port int) *corev1.ContainerPortArgs {
	return &corev1.ContainerPortArgs{Name: pulumi.String(name), ContainerPort: pulumi.Int(port)}
}

// probe asks a path of the port of metrics that answers whatever the exporter has found.
func probe(container *corev1.ContainerArgs, path string) {
	container.StartupProbe = kube.HTTPProbe(path, metricsName, 2, 30)
	container.ReadinessProbe = kube.HTTPProbe(path, metricsName, 10, 3)
	container.LivenessProbe = kube.HTTPProbe(path, metricsName, 20, 6)
}

// pod is a restricted pod without a token.
func pod(uid int, container *corev1.ContainerArgs, volumes ...corev1.VolumeInput) *corev1.PodSpecArgs {
	return &corev1.PodSpecArgs{
		AutomountServiceAccountToken: pulumi.Bool(false),
		EnableServiceLinks:           pulumi.Bool(false),
		SecurityContext:              kube.PodSecurity(uid),
		Containers:                   corev1.ContainerArray{container},
		Volumes:                      corev1.VolumeArray(volumes),
	}
}

func (b *builder) template(pod *corev1.PodSpecArgs) *corev1.PodTemplateSpecArgs {
	return &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()}, Spec: pod}
}

func (b *builder) deployment(pod *corev1.PodSpecArgs, before ...pulumi.Resource) error {
	_, err := appsv1.NewDeployment(b.ctx, b.name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas:             pulumi.Int(1),
			RevisionHistoryLimit: pulumi.Int(3),
			Selector:             &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			// Two at once would show everything twice, and rules would add it up.
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Template: b.template(pod),
		},
	}, append(b.childOpts, pulumi.DependsOn(before))...)
	if err != nil {
		return fmt.Errorf("register Deployment of %s: %w", b.name, err)
	}
	return nil
}

// service registers the Service by which Prometheus finds the pods.
func (b *builder) service(ports ...*corev1.ContainerPortArgs) error {
	var all corev1.ServicePortArray
	for _, port := range ports {
		name := port.Name.ToStringPtrOutput()
		all = append(all, &corev1.ServicePortArgs{Name: name, Port: port.ContainerPort, TargetPort: name})
	}
	_, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), ClusterIP: pulumi.String("None"), Selector: b.labels.Selector(), Ports: all,
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	return nil
}

// login registers the Secret of a login by the names of the variables that the exporter reads, and answers with these.
func (b *builder) login(userName, user, passwordName string, password pulumi.StringInput) (corev1.EnvVarArray, error) {
	secret, err := corev1.NewSecret(b.ctx, b.name+"-login", &corev1.SecretArgs{
		Metadata: b.meta(nil),
		StringData: pulumi.StringMap{
			userName:     pulumi.String(user),
			passwordName: pulumi.ToSecret(password).(pulumi.StringOutput), // ToSecret keeps the type
		},
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register Secret of %s: %w", b.name, err)
	}
	var env corev1.EnvVarArray
	for _, name := range []string{userName, passwordName} {
		env = append(env, &corev1.EnvVarArgs{
			Name: pulumi.String(name),
			ValueFrom: &corev1.EnvVarSourceArgs{
				SecretKeyRef: &corev1.SecretKeySelectorArgs{Name: kube.SecretName(secret), Key: pulumi.String(name)},
			},
		})
	}
	return env, nil
}

// missing reports every input that isn't there, by the field that it is.
func missing(fields ...field) []error {
	var errs []error
	for _, field := range fields {
		if field.value == nil {
			errs = append(errs, fmt.Errorf("the %s is missing", field.name))
		}
	}
	return errs
}

type field struct {
	name  string
	value pulumi.StringInput
}

// checkUser refuses what is no user's name.
func checkUser(user string) error {
	switch {
	case user == "":
		return errors.New("the User is missing")
	case strings.ContainsAny(user, " \t\r\n"):
		return fmt.Errorf("the User %q has white space", user)
	}
	return nil
}

// checkPlacement refuses a placement that is none.
func checkPlacement(placement kube.Placement) error {
	if err := placement.Validate(); err != nil {
		return fmt.Errorf("the Placement: %w", err)
	}
	return nil
}
