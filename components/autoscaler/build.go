package autoscaler

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

const (
	uid      = 65532 // the image's user nonroot
	port     = 8085
	portName = "http"
)

// NewAutoscaler registers an autoscaler in the cluster.
func NewAutoscaler(ctx *pulumi.Context, name string, args *AutoscalerArgs, opts ...pulumi.ResourceOption) (*Autoscaler, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate autoscaler %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels: kube.Labels{Name: Name, Instance: Name, Component: "autoscaler"},
		before: []pulumi.Resource{args.Identity},
	}
	autoscaler := &Autoscaler{}
	if err := ctx.RegisterComponentResource(AutoscalerType, name, autoscaler, opts...); err != nil {
		return nil, fmt.Errorf("register autoscaler %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(autoscaler)}
	for _, step := range []func() error{b.space, b.serviceAccount, b.permissions, b.deployment, b.budget} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	autoscaler.Namespace = b.namespace
	if err := ctx.RegisterResourceOutputs(autoscaler, pulumi.Map{"namespace": autoscaler.Namespace}); err != nil {
		return nil, fmt.Errorf("register outputs of autoscaler %s: %w", name, err)
	}
	return autoscaler, nil
}

// builder registers an autoscaler's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      AutoscalerArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	namespace, account pulumi.StringOutput
	before             []pulumi.Resource // what the pod needs from its first moment
}

// meta is the metadata of an object in the namespace.
func (b *builder) meta() *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: pulumi.String(Name), Namespace: b.namespace, Labels: b.labels.All()}
}

// clusterMeta is the metadata of an object in no namespace.
func (b *builder) clusterMeta() *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: pulumi.String(Name), Labels: b.labels.All()}
}

func (b *builder) space() error {
	space, err := corev1.NewNamespace(b.ctx, b.name+"-namespace", &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(Name), Labels: kube.RestrictedNamespace()},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register namespace of %s: %w", b.name, err)
	}
	b.namespace = space.Metadata.Name().Elem()
	return nil
}

// serviceAccount registers the service account, by whose name the identity knows the pod.
func (b *builder) serviceAccount() error {
	account, err := corev1.NewServiceAccount(b.ctx, b.name+"-account", &corev1.ServiceAccountArgs{
		Metadata: b.meta(), AutomountServiceAccountToken: pulumi.Bool(false), // the one pod asks for it
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ServiceAccount of %s: %w", b.name, err)
	}
	b.account = account.Metadata.Name().Elem()
	return nil
}

func (b *builder) permissions() error {
	subjects := kube.Subjects(b.account, b.namespace)
	clusterRole, err := rbacv1.NewClusterRole(b.ctx, b.name+"-cluster-role", &rbacv1.ClusterRoleArgs{
		Metadata: b.clusterMeta(), Rules: everywhere(),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ClusterRole of %s: %w", b.name, err)
	}
	clusterBinding, err := rbacv1.NewClusterRoleBinding(b.ctx, b.name+"-cluster-binding", &rbacv1.ClusterRoleBindingArgs{
		Metadata: b.clusterMeta(), Subjects: subjects,
		RoleRef: kube.RoleRef("ClusterRole", clusterRole.Metadata.Name()),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ClusterRoleBinding of %s: %w", b.name, err)
	}
	role, err := rbacv1.NewRole(b.ctx, b.name+"-namespace-role", &rbacv1.RoleArgs{Metadata: b.meta(), Rules: inside()}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Role of %s: %w", b.name, err)
	}
	binding, err := rbacv1.NewRoleBinding(b.ctx, b.name+"-namespace-binding", &rbacv1.RoleBindingArgs{
		Metadata: b.meta(), Subjects: subjects,
		RoleRef: kube.RoleRef("Role", role.Metadata.Name()),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register RoleBinding of %s: %w", b.name, err)
	}
	b.before = append(b.before, clusterBinding, binding)
	return nil
}

func (b *builder) deployment() error {
	_, err := appsv1.NewDeployment(b.ctx, b.name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: b.meta(),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: b.labels.All()},
				Spec: &corev1.PodSpecArgs{
					ServiceAccountName:           b.account,
					AutomountServiceAccountToken: pulumi.Bool(true),
					EnableServiceLinks:           pulumi.Bool(false),
					PriorityClassName:            pulumi.String("system-cluster-critical"), // whoever has no room needs it
					SecurityContext:              kube.PodSecurity(uid),
					Containers:                   corev1.ContainerArray{b.container()},
				},
			},
		},
	}, append(b.childOpts, pulumi.DependsOn(b.before))...)
	if err != nil {
		return fmt.Errorf("register Deployment of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) container() *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String(Name),
		Image:           pulumi.String(b.args.image()),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Command:         pulumi.ToStringArray([]string{"/cluster-autoscaler"}), // the image has no entry point
		Args: pulumi.ToStringArray([]string{
			"--cloud-provider=aws",
			"--namespace=" + Name,
			"--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/enabled," + b.args.tag(),
			"--balance-similar-node-groups",
			"--expander=least-waste",
			"--skip-nodes-with-system-pods=false",
			"--skip-nodes-with-local-storage=false",
			"--leader-elect=true", // while an update has two of it
		}),
		// It would ask the instance, which answers no pod.
		Env:             corev1.EnvVarArray{&corev1.EnvVarArgs{Name: pulumi.String("AWS_REGION"), Value: pulumi.String(b.args.Region)}},
		Ports:           corev1.ContainerPortArray{&corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(port)}},
		Resources:       b.args.Resources.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		// The check fails when it has done nothing for ten minutes or nothing successfully for fifteen.
		StartupProbe:   kube.HTTPProbe("/health-check", portName, 5, 24),
		ReadinessProbe: kube.TCPProbe(portName, 10, 3),
		LivenessProbe:  kube.HTTPProbe("/health-check", portName, 30, 3),
	}
}

// budget lets the pod be evicted, ready or not: it starts again on another node, and until then no node is added or taken away.
func (b *builder) budget() error {
	_, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name+"-budget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.meta(),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register PodDisruptionBudget of %s: %w", b.name, err)
	}
	return nil
}
