package exporter

import (
	"errors"
	"fmt"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// KubeStateType is the type of a kube-state-metrics among Pulumi's resources.
const KubeStateType = "fleetman:components:KubeStateMetrics"

// KubeStateImage is its image.
const KubeStateImage = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0"

// The ports of kube-state-metrics and of its Service: metrics, and telemetry, which are its own.
const (
	KubeStatePort     = 8080
	KubeStateSelfPort = 8081
)

// KubeStateArgs are a kube-state-metrics'.
type KubeStateArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// Placement is on which nodes it runs. Default: any.
	Placement kube.Placement
}

// KubeState is a kube-state-metrics in a cluster.
type KubeState struct {
	pulumi.ResourceState
}

// Validate reports every problem of the arguments.
func (a *KubeStateArgs) Validate() error {
	return errors.Join(append(missing(field{"Namespace", a.Namespace}), checkPlacement(a.Placement))...)
}

// shown are the objects that are shown, by their API group: those that rules and dashboards go by. The names are those of
// https://github.com/kubernetes/kube-state-metrics/blob/v2.20.0/pkg/options/resource.go.
var shown = []struct {
	group string
	kinds []string
}{
	{"", []string{"namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "resourcequotas", "services"}},
	{"apps", []string{"daemonsets", "deployments", "replicasets", "statefulsets"}},
	{"autoscaling", []string{"horizontalpodautoscalers"}},
	{"batch", []string{"cronjobs", "jobs"}},
	{"policy", []string{"poddisruptionbudgets"}},
}

// NewKubeState registers a kube-state-metrics. The name is also its Deployment's and its Service's.
func NewKubeState(ctx *pulumi.Context, name string, args *KubeStateArgs, opts ...pulumi.ResourceOption) (*KubeState, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate exporter %s: %w", name, err)
	}
	state := &KubeState{}
	b, err := begin(ctx, KubeStateType, "kube-state-metrics", name, args.Namespace, state, opts)
	if err != nil {
		return nil, err
	}
	var kinds []string
	var rules []*rbacv1.PolicyRuleArgs
	for _, shown := range shown {
		kinds = append(kinds, shown.kinds...)
		rules = append(rules, kube.Rule(shown.group, "list watch", shown.kinds...))
	}
	reader, err := kube.NewReader(ctx, b.labels, args.Namespace, rules, b.childOpts...)
	if err != nil {
		return nil, err
	}
	// It took 52 MB in a cluster of one node and thirteen pods, and grows by what it holds of each object.
	container := b.container(KubeStateImage, KubeStatePort, kube.Resources{CPU: "20m", CPULimit: "500m", Memory: "128Mi", Scratch: "16Mi"},
		"--resources="+strings.Join(kinds, ","),
		"--host=", "--telemetry-host=", // of whichever family of addresses there is: the default is IPv6's
		fmt.Sprintf("--port=%d", KubeStatePort), fmt.Sprintf("--telemetry-port=%d", KubeStateSelfPort),
		"--auto-gomemlimit",
	)
	self := containerPort("telemetry", KubeStateSelfPort)
	container.Ports = corev1.ContainerPortArray{containerPort(metricsName, KubeStatePort), self}
	// Alive by /healthz and not by /livez, which asks the API server: it isn't cured of that one's outage by being started again.
	probe(container, "/healthz")
	container.ReadinessProbe = kube.HTTPProbe("/readyz", "telemetry", 10, 3)
	spec := pod(uid, container)
	spec.ServiceAccountName, spec.AutomountServiceAccountToken = reader.Account, pulumi.Bool(true)
	args.Placement.Apply(spec)
	if err := b.deployment(spec, reader.Bound); err != nil {
		return nil, err
	}
	if err := b.service(containerPort(metricsName, KubeStatePort), self); err != nil {
		return nil, err
	}
	return state, b.end(state)
}
