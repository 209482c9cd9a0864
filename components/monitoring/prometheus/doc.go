// Package prometheus is a Prometheus server in a cluster: what it scrapes, which rules it evaluates, whom it tells.
//
// What it fixes: one server on one volume, replaced by stopping the old one first; scrapes and evaluations every 15 s; the scrape
// jobs of the cluster itself, which are apiserver, kubelet (thrice: the label metrics_path is /metrics, /metrics/cadvisor and
// /metrics/probes), coredns and, where the stack says so, etcd; a job for each Target, found by the EndpointSlices of its Service;
// and that blocks are deleted before they fill more than four fifths of the volume. It may read pods, services, nodes and
// EndpointSlices and the metrics of nodes and API servers, and nothing else. Nobody can reload, stop or change it over HTTP.
//
// What varies: the volume's size and storage class, whether it is protected, on which nodes it runs, how much it asks of a node, for
// how long samples are kept, the label that the cluster's alerts carry, the Targets, whether there is an etcd to scrape, the files
// of rules, and the Alertmanager, whose replicas are each told of every alert.
//
// What it refuses, before registering anything and all together: a missing namespace, storage class or cluster's label; a volume
// below 1Gi; a retention below a day; a placement or resources that are none; a target without a name that is one of its job,
// namespace, Service or port, with a path that is none, or with another's job; an Alertmanager that is no Service; and a file of
// rules that is none of YAML, has another ending, or doesn't fit into a ConfigMap with the rest.
//
// A pod that isn't ready is scraped too: it is what one wants to know most about. A target whose labels are honoured speaks of
// others, as kube-state-metrics does: it carries neither namespace nor service, pod or node of its own, which would be added to every
// metric that has no such label, and make each a new one whenever the exporter's pod is replaced.
//
// The configuration and the rules are in ConfigMaps whose names are left to Pulumi, for the reason that package fleet gives: new
// content replaces the pod, which then reads its write-ahead log again and has lost no more than a scrape or two.
//
// testdata/prometheus.yaml is what a server with everything is given; `promtool check config --syntax-only` accepts it.
package prometheus
