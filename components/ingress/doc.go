// Package ingress is F5's NGINX Ingress Controller in a namespace of its own, and the routes that lead from hosts to Services.
//
// What it fixes: the controller without its custom resources, telemetry and leader election; plain HTTP on one port of every node,
// where a load balancer finds it, which also ends TLS: no certificate and no key is ever in the cluster; routes on which a stream
// of events gets through at once and may be silent for an hour, as far as the load balancer lets it; two replicas on different nodes, replaced one by one and never
// fewer; and permissions as few as it runs with: it reads Ingresses, Services, their endpoints and pods in the namespaces of the
// routes alone, its own configuration, and no Secret anywhere.
//
// Behind a load balancer that speaks the PROXY protocol it knows clients by their own addresses, sends what came by the load
// balancer's port 80 on to https by the port that the protocol's header names, and has browsers come by https from then on.
//
// That redirect is a snippet of nginx's configuration, and the controller takes either none or also those that an Ingress carries.
// Whoever may write Ingresses in a route's namespace may thus configure nginx, in which there is nothing to find: no certificate,
// no Secret, and a token that reads what they can read anyway and changes nothing but the controller's own pods.
//
// What varies: the routes, the node port, how many replicas, and from where the PROXY protocol is taken.
//
// What it refuses, before registering anything and all together: no route at all; a route without a namespace or a Service, with
// a port out of range, or whose host is no name or is another route's as well; a node port that is missing or outside of
// 30000-32767; fewer than one replica; and a range of addresses that is none or is everywhere.
//
// NET_BIND_SERVICE is the one capability that is added. The image's programs have it as a file capability, and a kernel doesn't
// even start such a program where it can't be had. The controller's Ingress servers listen on port 80 whatever its flags say.
//
// Nobody waits for an Ingress to get an address: behind a node port the controller has none to give.
package ingress
