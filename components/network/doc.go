// Package network is the VPC that a cluster runs in.
//
// What it fixes: three zones with a public, a private and an intra subnet each, cut out of the VPC's range by [Layout]; nodes in
// the private ones, which reach out through NAT and are reached from nowhere; the control plane's interfaces in the intra ones,
// which have no way out at all; only load balancers and NAT in the public ones, where nothing gets a public address by itself;
// S3, and with it the layers of ECR's images, by an endpoint of the VPC, which costs nothing; flow logs of all traffic, encrypted
// and kept for a while; and a default security group and a default route table that allow and lead nowhere.
//
// What varies: the range, the zones, one NAT gateway or three, endpoints for the other services of AWS, how long flow logs are
// kept, and whether the VPC is protected.
//
// What it refuses, before registering anything and all together: an account that is no account's number; a region that is none
// of AWS's commercial ones; a range that isn't a private one of IPv4 from /16 to /18, written with its first address, or that
// overlaps the Services' of the cluster; other than three zones, or two times the same, or one of elsewhere or of a local zone; an
// unknown NAT; a retention that CloudWatch doesn't offer; and a missing key of the logs.
//
// The default network ACL is left as it is. Unlike the two others, every subnet uses it, so to empty it is to cut them all off;
// and what it could do without state, the security groups do with it.
//
// The subnets' IDs are known before there is a way out of them. Whatever needs one takes the whole component with
// pulumi.DependsOn, which at the end also keeps the way open until the last user is gone.
package network
