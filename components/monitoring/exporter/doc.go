// Package exporter are the exporters that others wrote: programs that read the state of something and show it to Prometheus.
//
//   - [NewKubeState]: kube-state-metrics, which shows the objects of the cluster.
//   - [NewNode]: node-exporter, on every node, which shows the node.
//   - [NewMongoDB]: Percona's exporter, which shows a MongoDB.
//   - [NewElasticsearch]: the Prometheus community's exporter, which shows an Elasticsearch.
//
// What they fix: the images; a Deployment of one, of which there never are two at once that would count everything twice, or a
// DaemonSet; and a headless Service of the same name with the port metrics, since Prometheus asks the pods and not their Service.
// Each is ready whether or not what it shows is there: that it isn't is what it has to say, as mongodb_up does, and no reason to
// start it again. A login is read from a Secret, into the environment: none of the two that have one reads it from a file.
//
// What varies: the namespace, on which nodes the Deployments run, and whom they ask by which login.
//
// What they refuse, before registering anything and all together: whatever is missing, a placement that is none, and a user's
// name that is empty or has white space.
//
// kube-state-metrics may list and watch what it shows and nothing else, no Secret and no ConfigMap among it. node-exporter sees the
// whole file system of its node, its processes and its network, and so runs where kube.NodeAgentsNamespace lets it; it is nobody
// there, may gain nothing and changes nothing. The login of a database needs to see and not to change: of MongoDB the roles
// clusterMonitor of admin and read of local, though the stack has but the root user to give it; of Elasticsearch the cluster's
// privilege monitor.
package exporter
