// Package storage is where the cluster's volumes come from on AWS, and what is kept of them: a storage class of EBS volumes, and
// snapshots of those at fixed times.
//
// What it fixes: gp3 volumes, encrypted by the stack's own key, made in the zone of the pod that first mounts them, that can
// grow, and that outlive their claim: what a claim's deletion leaves behind is deleted by hand, on purpose. Each volume carries a
// tag by which it is found and by which the snapshots choose it; AWS takes those by itself, whether the cluster is well or not.
//
// What varies: the key, the tag's value, how often and how many.
//
// What it refuses, before registering anything and all together: a missing name, account or key, an interval that AWS has none
// of, and a number of snapshots out of 1-1000.
package storage
