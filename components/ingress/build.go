package ingress

import (
	_ "embed" // the snippet
	"fmt"
	"maps"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

const (
	uid       = 101 // the image's user nginx
	httpName  = "http"
	readyName = "ready"
	// metricsName is the port with the controller's metrics and nginx's.
	metricsName = "metrics"
	metricsPort = 9113
	controller  = "nginx.org/ingress-controller"
	// silence is how long a stream may say nothing.
	silence = "1h"
	// farewell is how long connections may last that a worker has when it is replaced, since a stream would keep it for good.
	farewell = "20s"
)

// What the servers of all hosts begin with behind a load balancer.
//
//go:embed server.conf
var serverSnippet string

// NewIngress registers an ingress controller and its routes. The name is also its namespace's and its Deployment's.
func NewIngress(ctx *pulumi.Context, name string, args *IngressArgs, opts ...pulumi.ResourceOption) (*Ingress, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate ingress %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args.withDefaults(),
		labels: kube.Labels{Name: "nginx-ingress", Instance: name, Component: "ingress"},
	}
	ingress := &Ingress{}
	if err := ctx.RegisterComponentResource(IngressType, name, ingress, opts...); err != nil {
		return nil, fmt.Errorf("register ingress %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(ingress)}
	for _, step := range []func() error{
		b.space, b.class, b.account, b.clusterAccess, b.ownAccess, b.routeAccess, b.configuration, b.deployment, b.budget, b.service, b.metrics, b.routes,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	ingress.Namespace = b.namespace
	if err := ctx.RegisterResourceOutputs(ingress, pulumi.Map{"namespace": ingress.Namespace}); err != nil {
		return nil, fmt.Errorf("register outputs of ingress %s: %w", name, err)
	}
	return ingress, nil
}

// builder registers a controller's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      IngressArgs
	labels    kube.Labels
	childOpts []pulumi.ResourceOption

	namespace pulumi.StringOutput
	identity  pulumi.StringOutput // the service account
	config    pulumi.StringOutput // the ConfigMap
	before    []pulumi.Resource   // what the controller ends without when it starts
}

// meta is an object's metadata; without a name, Pulumi gives it one of its own.
func (b *builder) meta(name pulumi.StringPtrInput, namespace pulumi.StringInput) *metav1.ObjectMetaArgs {
	meta := &metav1.ObjectMetaArgs{Name: name, Labels: b.labels.All()}
	if namespace != nil {
		meta.Namespace = namespace.ToStringOutput().ToStringPtrOutput()
	}
	return meta
}

func (b *builder) space() error {
	labels := kube.RestrictedNamespace()
	maps.Copy(labels, b.labels.All())
	space, err := corev1.NewNamespace(b.ctx, b.name+"-namespace", &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(b.name), Labels: labels},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register namespace of %s: %w", b.name, err)
	}
	b.namespace = space.Metadata.Name().Elem()
	return nil
}

func (b *builder) class() error {
	class, err := networkingv1.NewIngressClass(b.ctx, b.name+"-class", &networkingv1.IngressClassArgs{
		Metadata: b.meta(pulumi.String(Class), nil),
		Spec:     &networkingv1.IngressClassSpecArgs{Controller: pulumi.String(controller)},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register class of %s: %w", b.name, err)
	}
	b.before = append(b.before, class)
	return nil
}

func (b *builder) account() error {
	account, err := corev1.NewServiceAccount(b.ctx, b.name+"-account", &corev1.ServiceAccountArgs{
		Metadata:                     b.meta(pulumi.String(b.name), b.namespace),
		AutomountServiceAccountToken: pulumi.Bool(false), // its pods ask for it
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register service account of %s: %w", b.name, err)
	}
	b.identity = account.Metadata.Name().Elem()
	return nil
}

// clusterAccess allows what no namespace holds: to see that its class is there.
func (b *builder) clusterAccess() error {
	class := kube.Rule("networking.k8s.io", "get", "ingressclasses")
	class.ResourceNames = pulumi.ToStringArray([]string{Class})
	role, err := rbacv1.NewClusterRole(b.ctx, b.name+"-role", &rbacv1.ClusterRoleArgs{
		Metadata: b.meta(pulumi.String(b.name), nil), Rules: rbacv1.PolicyRuleArray{class},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ClusterRole of %s: %w", b.name, err)
	}
	binding, err := rbacv1.NewClusterRoleBinding(b.ctx, b.name+"-role-binding", &rbacv1.ClusterRoleBindingArgs{
		Metadata: b.meta(pulumi.String(b.name), nil), Subjects: kube.Subjects(b.identity, b.namespace), RoleRef: kube.RoleRef("ClusterRole", role.Metadata.Name()),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ClusterRoleBinding of %s: %w", b.name, err)
	}
	b.before = append(b.before, binding)
	return nil
}

// access allows the controller something in a namespace.
func (b *builder) access(suffix, name string, namespace pulumi.StringInput, rules ...*rbacv1.PolicyRuleArgs) error {
	var all rbacv1.PolicyRuleArray
	for _, rule := range rules {
		all = append(all, rule)
	}
	role, err := rbacv1.NewRole(b.ctx, b.name+suffix, &rbacv1.RoleArgs{
		Metadata: b.meta(pulumi.String(name), namespace), Rules: all,
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Role %s of %s: %w", name, b.name, err)
	}
	binding, err := rbacv1.NewRoleBinding(b.ctx, b.name+suffix+"-binding", &rbacv1.RoleBindingArgs{
		Metadata: b.meta(pulumi.String(name), namespace), Subjects: kube.Subjects(b.identity, b.namespace), RoleRef: kube.RoleRef("Role", role.Metadata.Name()),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register RoleBinding %s of %s: %w", name, b.name, err)
	}
	b.before = append(b.before, binding)
	return nil
}

// ownAccess allows it to read its configuration, to say of which version its own pods are, and to say what it did.
func (b *builder) ownAccess() error {
	return b.access("-own", b.name, b.namespace,
		kube.Rule("", "get list watch", "configmaps"), kube.Rule("", "get update", "pods"), kube.Rule("", "get", "namespaces"), kube.Rule("", "create patch", "events"))
}

// routeAccess allows it to see what it leads to. Two routes into one namespace allow the same twice: whether theirs is one, only
// the cluster knows.
func (b *builder) routeAccess() error {
	for _, route := range b.args.Routes {
		if err := b.access("-access-"+route.Host, b.name+"-"+route.Host, route.Namespace,
			kube.Rule("networking.k8s.io", "get list watch", "ingresses"),
			kube.Rule("", "get list watch", "services", "pods"),
			kube.Rule("discovery.k8s.io", "get list watch", "endpointslices"),
			kube.Rule("", "get", "namespaces"), kube.Rule("", "create patch", "events"),
		); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) configuration() error {
	data := map[string]string{"server-tokens": "False", "worker-shutdown-timeout": farewell}
	if b.args.ProxyFrom != "" {
		data["proxy-protocol"] = "True"
		data["real-ip-header"] = "proxy_protocol"
		data["set-real-ip-from"] = b.args.ProxyFrom
		data["server-snippets"] = serverSnippet
	}
	config, err := corev1.NewConfigMap(b.ctx, b.name+"-config", &corev1.ConfigMapArgs{
		Metadata: b.meta(nil, b.namespace), Data: pulumi.ToStringMap(data),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register ConfigMap of %s: %w", b.name, err)
	}
	b.config = config.Metadata.Name().Elem()
	return nil
}

// flags are the controller's. $(POD_NAMESPACE) is the container's variable.
func (b *builder) flags() pulumi.StringArray {
	var namespaces []any
	for _, route := range b.args.Routes {
		namespaces = append(namespaces, route.Namespace)
	}
	flags := pulumi.StringArray{
		pulumi.Sprintf("-nginx-configmaps=$(POD_NAMESPACE)/%s", b.config),
		pulumi.String("-ingress-class=" + Class),
		pulumi.All(namespaces...).ApplyT(watch).(pulumi.StringOutput), // ApplyT of a function to string
		pulumi.String("-watch-secret-namespace=$(POD_NAMESPACE)"),     // which isn't watched: it reads none
		pulumi.String("-enable-custom-resources=false"),
		pulumi.String("-enable-leader-election=false"),
		pulumi.String("-enable-telemetry-reporting=false"),
		pulumi.String("-enable-prometheus-metrics"),
		pulumi.String("-enable-latency-metrics"),
		pulumi.String("-disable-ipv6"),
		pulumi.String("-log-format=json"),
	}
	if b.args.ProxyFrom != "" {
		flags = append(flags, pulumi.String("-enable-snippets")) // our own is one
	}
	return flags
}

// watch is the flag that names each namespace once.
func watch(namespaces []any) string {
	var names []string
	seen := map[any]bool{}
	for _, namespace := range namespaces {
		if !seen[namespace] {
			seen[namespace] = true
			names = append(names, fmt.Sprint(namespace))
		}
	}
	return "-watch-namespace=" + strings.Join(names, ",")
}

func (b *builder) deployment() error {
	selector := &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()}
	var spread corev1.TopologySpreadConstraintArray
	for _, key := range []string{"kubernetes.io/hostname", "topology.kubernetes.io/zone"} {
		spread = append(spread, &corev1.TopologySpreadConstraintArgs{
			TopologyKey: pulumi.String(key), MaxSkew: pulumi.Int(1), WhenUnsatisfiable: pulumi.String("ScheduleAnyway"), LabelSelector: selector,
		})
	}
	_, err := appsv1.NewDeployment(b.ctx, b.name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: b.meta(pulumi.String(b.name), b.namespace),
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
					ServiceAccountName:            b.identity,
					AutomountServiceAccountToken:  pulumi.Bool(true),
					EnableServiceLinks:            pulumi.Bool(false),
					SecurityContext:               security(),
					TerminationGracePeriodSeconds: pulumi.Int(60), // more than its pause and the farewell
					TopologySpreadConstraints:     spread,
					InitContainers:                corev1.ContainerArray{initContainer()},
					Containers:                    corev1.ContainerArray{b.container()},
					Volumes: corev1.VolumeArray{
						kube.EmptyDir("etc", "16Mi"), kube.EmptyDir("cache", "64Mi"), kube.EmptyDir("lib", "16Mi"),
						kube.EmptyDir("state", "16Mi"), kube.EmptyDir("log", "16Mi"), kube.EmptyDir("tmp", "16Mi"),
					},
				},
			},
		},
	}, append(b.childOpts, pulumi.DependsOn(b.before))...)
	if err != nil {
		return fmt.Errorf("register Deployment of %s: %w", b.name, err)
	}
	return nil
}

// security is that of the pod, in which port 80 needs no privilege: where a container runtime leaves that to the kernel, the file
// capability of the image's programs is of no use to them, since they may not gain any.
func security() *corev1.PodSecurityContextArgs {
	security := kube.PodSecurity(uid)
	security.Sysctls = corev1.SysctlArray{&corev1.SysctlArgs{
		Name: pulumi.String("net.ipv4.ip_unprivileged_port_start"), Value: pulumi.String("0"),
	}}
	return security
}

// initContainer copies the image's configuration to where the controller can add its own.
func initContainer() *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String("etc"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Command:         pulumi.ToStringArray([]string{"cp", "-dR", "/etc/nginx/.", "/mnt/etc"}),
		Resources:       kube.Resources{CPU: "10m", CPULimit: "100m", Memory: "32Mi", Scratch: "16Mi"}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		VolumeMounts:    corev1.VolumeMountArray{kube.Mount("etc", "/mnt/etc")},
	}
}

func (b *builder) container() *corev1.ContainerArgs {
	fromField := func(name, path string) *corev1.EnvVarArgs {
		return &corev1.EnvVarArgs{
			Name: pulumi.String(name), ValueFrom: &corev1.EnvVarSourceArgs{FieldRef: &corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String(path)}},
		}
	}
	security := kube.ContainerSecurity()
	security.Capabilities = &corev1.CapabilitiesArgs{
		Drop: pulumi.ToStringArray([]string{"ALL"}), Add: pulumi.ToStringArray([]string{"NET_BIND_SERVICE"}),
	}
	return &corev1.ContainerArgs{
		Name:            pulumi.String("nginx-ingress"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Args:            b.flags(),
		Env:             corev1.EnvVarArray{fromField("POD_NAMESPACE", "metadata.namespace"), fromField("POD_NAME", "metadata.name")},
		Ports: corev1.ContainerPortArray{
			&corev1.ContainerPortArgs{Name: pulumi.String(httpName), ContainerPort: pulumi.Int(80)},
			&corev1.ContainerPortArgs{Name: pulumi.String(readyName), ContainerPort: pulumi.Int(8081)},
			&corev1.ContainerPortArgs{Name: pulumi.String(metricsName), ContainerPort: pulumi.Int(metricsPort)},
		},
		Resources:       kube.Resources{CPU: "100m", CPULimit: "2", Memory: "256Mi", Scratch: "192Mi"}.Requirements(),
		SecurityContext: security,
		// It is ready when nginx has the routes, and alive as long as nginx takes connections.
		StartupProbe:   kube.HTTPProbe("/nginx-ready", readyName, 2, 60),
		ReadinessProbe: kube.HTTPProbe("/nginx-ready", readyName, 5, 2),
		LivenessProbe:  kube.TCPProbe(httpName, 10, 6),
		// A pod that is told to stop is still called for a moment, until every node has heard of it.
		Lifecycle: &corev1.LifecycleArgs{
			PreStop: &corev1.LifecycleHandlerArgs{Sleep: &corev1.SleepActionArgs{Seconds: pulumi.Int(10)}},
		},
		VolumeMounts: corev1.VolumeMountArray{
			kube.Mount("etc", "/etc/nginx"), kube.Mount("cache", "/var/cache/nginx"), kube.Mount("lib", "/var/lib/nginx"),
			kube.Mount("state", "/var/lib/nginx/state"), kube.Mount("log", "/var/log/nginx"), kube.Mount("tmp", "/tmp"),
		},
	}
}

func (b *builder) budget() error {
	_, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name+"-budget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.meta(pulumi.String(b.name), b.namespace),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register disruption budget of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) service() error {
	_, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name), b.namespace),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("NodePort"),
			Selector: b.labels.Selector(),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String(httpName), Port: pulumi.Int(80), TargetPort: pulumi.String(httpName), NodePort: pulumi.Int(b.args.NodePort),
			}},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of %s: %w", b.name, err)
	}
	return nil
}

// metrics registers the Service by which Prometheus finds each of the controller's pods. The other one leads in from outside.
func (b *builder) metrics() error {
	_, err := corev1.NewService(b.ctx, b.name+"-metrics", &corev1.ServiceArgs{
		Metadata: b.meta(pulumi.String(b.name+"-metrics"), b.namespace),
		Spec: &corev1.ServiceSpecArgs{
			ClusterIP: pulumi.String("None"),
			Selector:  b.labels.Selector(),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String(metricsName), Port: pulumi.Int(metricsPort), TargetPort: pulumi.String(metricsName),
			}},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register Service of the metrics of %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) routes() error {
	for _, route := range b.args.Routes {
		meta := b.meta(pulumi.String(route.Host), route.Namespace)
		meta.Annotations = pulumi.ToStringMap(map[string]string{
			"nginx.org/proxy-buffering":    "false",
			"nginx.org/proxy-read-timeout": silence,
			"pulumi.com/skipAwait":         "true",
		})
		_, err := networkingv1.NewIngress(b.ctx, b.name+"-route-"+route.Host, &networkingv1.IngressArgs{
			Metadata: meta,
			Spec: &networkingv1.IngressSpecArgs{
				IngressClassName: pulumi.String(Class),
				Rules: networkingv1.IngressRuleArray{&networkingv1.IngressRuleArgs{
					Host: pulumi.String(route.Host),
					Http: &networkingv1.HTTPIngressRuleValueArgs{Paths: networkingv1.HTTPIngressPathArray{&networkingv1.HTTPIngressPathArgs{
						Path: pulumi.String("/"), PathType: pulumi.String("Prefix"),
						Backend: &networkingv1.IngressBackendArgs{Service: &networkingv1.IngressServiceBackendArgs{
							Name: route.Service, Port: &networkingv1.ServiceBackendPortArgs{Number: pulumi.Int(route.Port)},
						}},
					}}},
				}},
			},
		}, b.childOpts...)
		if err != nil {
			return fmt.Errorf("register route of %s to %s: %w", b.name, route.Host, err)
		}
	}
	return nil
}
