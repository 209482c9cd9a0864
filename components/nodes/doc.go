// Package nodes are the nodes of a cluster on EKS: managed node groups in two tiers.
//
// What it fixes: nodes of Amazon Linux 2023 in private subnets, reached by Session Manager and by no key; an instance metadata
// service that wants a session and that pods don't reach; disks that are encrypted; a broken node being replaced by EKS, and an
// update taking no more than a third of a group at once. The general tier is one group over all zones. The data tier is a group
// for each zone, because a volume doesn't leave its zone and only a group of that zone is sure to bring a node to it; its nodes
// are tainted, so that only what has volumes goes there.
//
// What varies: instance types, how many, how large their disks are, the architecture, the tags.
//
// What it refuses, before registering anything and all together: an architecture that is none, instance types that are none, are
// of the other architecture or can't run the system, zones that are none, double or of two regions, subnets that don't match the
// zones, numbers that contradict each other, a general tier that may be empty, a disk that is too small, and tags that are AWS's.
//
// How many nodes there are is the autoscaler's to say, once the groups are there. EKS tags their autoscaling groups so that it
// finds them, and it asks EKS what an empty group's nodes would be like: their labels and taints, and of the group's own tags how
// much scratch space they have.
package nodes
