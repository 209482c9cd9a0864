// Package addon are the add-ons of a cluster on EKS: what AWS installs in it and repairs.
//
// What it fixes: an add-on takes over whatever of it is there already, and goes with its cluster; its role is for the pods of one
// service account alone. [BeforeNodes] are those without which no node becomes ready: the network, which enforces network policies
// and gives addresses out by the prefix, the proxy, and the agent that gives pods their roles. [AfterNodes] are those that run on
// nodes: the cluster's DNS, snapshots, volumes, metrics.
//
// What varies: their versions; without one it is EKS's default for the version of the cluster.
//
// What it refuses, before registering anything and all together: no add-on, one that has no name or is there twice, a version that
// is none, a service account without a role or a role without a service account, and a wait for what doesn't come before.
//
// What runs on every node, of the first kind and the node's part of the volumes' driver, tolerates every taint by itself, so that
// the nodes for data need nothing here. The others tolerate no taint of ours and so run on the general nodes.
package addon
