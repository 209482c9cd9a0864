// Package node runs one Kubernetes node of real parts, without Docker and without Minikube.
//
// The node is a container in the plain sense: a Debian root file system of its own under the state directory, in mount, PID,
// network, IPC and UTS namespaces of its own. Inside it containerd, the kubelet and kube-proxy are processes, and kubeadm's
// static pods are the control plane. A veth pair joins it to the machine, so the API server and NodePorts answer on the node's
// address, and nothing in the node has a route to anywhere else.
//
// So it disturbs nothing: its mounts, interfaces, packet filter and processes are the kernel's to remove when its first process
// ends. What it leaves on the machine is its directory, its cgroups and, while it runs, one interface; Stop and Remove take
// those away, also after a crash.
//
// It refuses to start when its address range is already routed on the machine.
package node
