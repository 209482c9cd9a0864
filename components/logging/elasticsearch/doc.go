// Package elasticsearch is an Elasticsearch for the logs, of one node or of three that are one cluster, with security always on.
//
// What it fixes: a StatefulSet in restricted pods, whose volumes are claims of their own for the reasons that components/mongodb
// gives; TLS between the nodes and for clients, with one certificate of an authority of this cluster; the password of the user
// elastic, which the image wants in a file and its entry point puts into the server's environment, and which is used by nothing but
// the Job that sets up the rest; a
// Service of the same name on port 9200, and a headless one, <name>-nodes, by which the nodes find each other.
//
// The Job gives kibana_system its password and makes four users, each with a role of its own: fluentd, who adds documents to the
// logs and can neither read nor change any; monitor, who reads what elasticsearch_exporter reads; fleetman, who reads the logs,
// also through Kibana; and importer, who saves objects in Kibana. It makes the logs one data stream, fleetman-logs, with a template
// whose mapping never grows: what it doesn't name isn't indexed, and the services' own fields are one flattened field, app, in
// which every value is found as a keyword. The whole line is in message. The Job runs again when anything that it sets changes.
//
// A document is identified by who sends it: to create one whose _id is there already is a conflict, so a repeated request adds
// nothing. This holds within the stream's current index; a request that is repeated after a rollover adds its documents again.
//
// What three nodes have besides: one zone each, and never one host; a disruption budget; and a replica of each shard.
//
// What varies: how many nodes, the volumes' size and storage class, whether they are protected, on which nodes they are, the heap,
// how long logs are kept, and the keyring.
//
// What it refuses, before registering anything and all together: a missing namespace, storage class or keyring; another number of
// nodes; a size that is no whole number of mebibytes or below 1Gi; a heap that is none, below 512Mi or above 31Gi; a placement that
// is none; and logs that are kept for less than a day.
//
// A new seed of the keyring is a new password of elastic as well: it is only in each node's keystore, as long as nobody changes it
// by the API. The pods are then replaced and the Job runs again. It is a new authority too, which a node with the old one doesn't
// trust: of three nodes, delete all pods at once during that update. And what Kibana had saved under its old key is unreadable.
//
// From one node to three: the node keeps its data, and the new ones join it before it is replaced. From three to one isn't
// supported: a node that knew two others waits for one of them.
package elasticsearch
