// Package edge is where the world reaches the cluster: a network load balancer, the certificate of the host names, and their
// records.
//
// What it fixes: an address in every public subnet, each of which leads to the nodes of all zones; a security group of the load
// balancer's own that lets the world in on 80 and 443, and out to one port of the nodes alone, which in turn take that port from
// nobody else; TLS on 443, from 1.2 on, that ends at the load balancer, with one certificate for all host names that ACM renews
// by itself; and a health check by TCP. All of it is IPv4.
//
// What varies: the host names, the groups of nodes, the port of theirs, and whether the load balancer is protected.
//
// What it refuses, before registering anything and all together: a missing VPC or security group of the nodes, no subnets or no
// groups of nodes, or a missing one among them; a node port outside of 30000-32767; a zone that is no ID of Route53's; a domain
// or a host that is no name of a host in small letters, a wildcard among them; no hosts, the same host twice, one that isn't the
// domain's, and a first one above 64 characters, which is what a certificate can be issued to; and a name of the component that is
// too long for what AWS would name after it.
//
// Both listeners lead to the same port of the nodes, by PROXY protocol, version 2. Its header says who called, which the nodes
// otherwise couldn't know, and on which port, by which the ingress controller tells 80 from 443. Every connection begins with it,
// those of the health check too, so nothing but a controller that expects it may listen on that port.
//
// There are no access logs: the load balancer would write them for 443 alone and without a line about HTTP. The controller's say
// more, and the VPC's flow logs have the connections.
package edge
