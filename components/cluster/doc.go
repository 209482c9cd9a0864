// Package cluster is the control plane of a cluster on EKS, and who may use it.
//
// What it fixes: an API server that is reached from the network it is in, always; who may use it by access entries alone, and
// nobody because he made it; Secrets encrypted by the stack's own key, which can never be changed; all five logs of the control
// plane, in a log group that is there before it, encrypted and not kept forever; no version beyond its standard support; and no
// add-on that AWS would install by itself and nobody manage.
//
// What varies: name, version, subnets, the range of the Services, from where the API server is reached besides, who may use it,
// how long logs are kept.
//
// What it refuses, before registering anything and all together: a name or version that is none, a version out of standard
// support, fewer than two subnets, ranges that are none, too wide or wrong for their purpose, a missing key, a retention that
// CloudWatch doesn't offer, and access that is incomplete, double, of no known policy, or that leaves nobody to administer it.
//
// Whoever is given the endpoint waits until everybody has his access, so that what speaks to the API server may, until the end.
package cluster
