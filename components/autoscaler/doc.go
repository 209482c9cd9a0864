// Package autoscaler is the cluster-autoscaler on EKS: it adds a node where a pod finds no room, and takes one away that isn't
// needed.
//
// What it fixes: one of it, of the version of the cluster, in a namespace of its own where only restricted pods run; a service
// account that reads what decides where a pod may run, evicts pods, and writes nothing but the taints of nodes, its lease and its
// status; and a role in AWS that sees autoscaling groups and changes only those of its cluster. It finds the groups by the tags that
// EKS gives them, spreads nodes evenly over like groups, and takes the group that a pod leaves the least of unused. [NewIdentity] is
// for the stack to call as soon as there is a cluster, [NewAutoscaler] once there are nodes.
//
// What varies: account and region, the cluster's name and version, how much it asks of a node.
//
// What it refuses, before registering anything and all together: an account or region that is none, a name or version that is
// none, a missing identity, and resources that contradict themselves.
//
// A node with pods of the system's or with scratch volumes may go too: those are started again elsewhere, and what has to be kept
// is on volumes of its own.
package autoscaler
