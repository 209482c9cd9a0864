// Package kube holds what every workload of fleetman shares: its labels, its security contexts, its resource
// requirements, its volumes' quantities and the nodes it runs on.
//
// What it fixes: the recommended Kubernetes labels, selectors of two of them that never change, and pods that a
// namespace enforcing the Pod Security level "restricted" admits.
//
// What it leaves to a workload: which user it runs as, how much it needs, what it probes, where it may run.
//
// What it refuses: a quantity that Kubernetes would not parse, is not positive, or is a request above its limit; and a label or
// a taint that no node can have.
package kube
