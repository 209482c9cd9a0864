// Package fleet is one service of fleetman in a cluster, whichever it is: they differ in what they are given.
//
// What it fixes: a Deployment that is replaced pod by pod and never below its number of replicas, in a pod that may do nothing
// but run its program; probes on the routes that every service answers, /healthz and /readyz; an HTTP port of 8080; settings
// from a ConfigMap and secrets from a Secret, both as environment variables; and a Service of the same name, with five seconds
// between a pod leaving it and being told to stop. Also a service that only sends has one: by it Prometheus finds the pods.
//
// What varies: the image, how many, how large, which settings, the Service's port and whether it is reached from outside the
// cluster.
//
// What it refuses, before registering anything and all together: a missing name, component, namespace or image; fewer than one
// replica; a port out of range; a node port outside of 30000-32767; a setting whose name is no environment
// variable's, is HTTP_ADDR, which is the component's, or is also a secret's; and resources that contradict themselves.
//
// The names of ConfigMaps and Secrets are left to Pulumi, and this is on purpose: new content then is a new object with a new
// name, the pods move over to it one by one, and the old one is deleted last.
package fleet
