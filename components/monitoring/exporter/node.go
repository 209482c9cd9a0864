package exporter

import (
	"errors"
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// NodeType is the type of a node-exporter among Pulumi's resources.
const NodeType = "fleetman:components:NodeExporter"

// NodeImage is its image.
const NodeImage = "quay.io/prometheus/node-exporter:v1.12.1"

// NodeMetricsPort is its port on every node.
const NodeMetricsPort = 9100

// uid is the user nobody, that node-exporter's, kube-state-metrics' and elasticsearch-exporter's images run as.
const uid = 65534

// NodeArgs are a node-exporter's.
type NodeArgs struct {
	// Namespace is where it runs: one that kube.NodeAgentsNamespace is the labels of. Required.
	Namespace pulumi.StringInput
}

// Node is a node-exporter on every node of a cluster.
type Node struct {
	pulumi.ResourceState
}

// Validate reports every problem of the arguments.
func (a *NodeArgs) Validate() error {
	return errors.Join(missing(field{"Namespace", a.Namespace})...)
}

// Where the node's file systems are in the container.
const (
	rootPath = "/host/root"
	sysPath  = "/host/sys"
)

// What is of containers and not of the node: their file systems, and their ends of the network, as the bridges of Docker and
// containerd and Amazon's VPC CNI call them.
const (
	containerMounts  = `^/(dev|proc|sys|run/(containerd|credentials|k3s/containerd)/.+|var/lib/(docker|containers/storage|kubelet/pods)/.+)($|/)`
	containerDevices = `^(veth.*|eni.*|[a-f0-9]{15})$`
)

// NewNode registers a node-exporter. The name is also its DaemonSet's and its Service's.
func NewNode(ctx *pulumi.Context, name string, args *NodeArgs, opts ...pulumi.ResourceOption) (*Node, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate exporter %s: %w", name, err)
	}
	node := &Node{}
	b, err := begin(ctx, NodeType, "node-exporter", name, args.Namespace, node, opts)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{b.nodeDaemonSet, func() error { return b.service(containerPort(metricsName, NodeMetricsPort)) }} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return node, b.end(node)
}

// nodeDaemonSet is in the essence kube-prometheus' manifests/nodeExporter-daemonset.yaml, without its proxy.
func (b *builder) nodeDaemonSet() error {
	// It took 19 MB.
	container := b.container(NodeImage, NodeMetricsPort, kube.Resources{CPU: "20m", CPULimit: "250m", Memory: "64Mi", Scratch: "16Mi"},
		fmt.Sprintf("--web.listen-address=[$(NODE_IP)]:%d", NodeMetricsPort), // on no other address that the node has
		"--path.rootfs="+rootPath,
		"--path.sysfs="+sysPath,
		"--path.udev.data="+rootPath+"/run/udev/data",
		"--no-collector.btrfs", "--no-collector.hwmon", "--no-collector.wifi",
		"--collector.filesystem.mount-points-exclude="+containerMounts,
		"--collector.netclass.ignored-devices="+containerDevices,
		"--collector.netdev.device-exclude="+containerDevices,
		"--log.format=json",
	)
	container.Env = corev1.EnvVarArray{&corev1.EnvVarArgs{
		Name:      pulumi.String("NODE_IP"),
		ValueFrom: &corev1.EnvVarSourceArgs{FieldRef: &corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String("status.hostIP")}},
	}}
	probe(container, "/")
	var mounts corev1.VolumeMountArray
	var volumes []corev1.VolumeInput
	for _, folder := range []struct{ name, path, at string }{{"root", "/", rootPath}, {"sys", "/sys", sysPath}} {
		volumes = append(volumes, &corev1.VolumeArgs{
			Name: pulumi.String(folder.name), HostPath: &corev1.HostPathVolumeSourceArgs{Path: pulumi.String(folder.path)},
		})
		mount := kube.Mount(folder.name, folder.at)
		mount.ReadOnly, mount.MountPropagation = pulumi.Bool(true), pulumi.String("HostToContainer") // what is mounted later too
		mounts = append(mounts, mount)
	}
	container.VolumeMounts = mounts
	spec := pod(uid, container, volumes...)
	spec.HostNetwork, spec.HostPID = pulumi.Bool(true), pulumi.Bool(true) // whose devices, and whose mounts by process 1, it shows
	spec.PriorityClassName = pulumi.String("system-node-critical")        // a node without room is one to be seen
	spec.Tolerations = corev1.TolerationArray{&corev1.TolerationArgs{Operator: pulumi.String("Exists")}}
	_, err := appsv1.NewDaemonSet(b.ctx, b.name+"-daemonset", &appsv1.DaemonSetArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &appsv1.DaemonSetSpecArgs{
			RevisionHistoryLimit: pulumi.Int(3),
			Selector:             &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
			UpdateStrategy: &appsv1.DaemonSetUpdateStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDaemonSetArgs{MaxUnavailable: pulumi.String("10%")},
			},
			Template: b.template(spec),
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register DaemonSet of %s: %w", b.name, err)
	}
	return nil
}
