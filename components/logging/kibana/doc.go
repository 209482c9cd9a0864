// Package kibana is a Kibana over the logs in Elasticsearch.
//
// What it fixes: one Kibana in a restricted pod, whose state is all in Elasticsearch, replaced by stopping the old one first, since
// two versions may not share that state; its settings, which are two files and neither the environment nor arguments, of which the
// one with the password and the three encryption keys is a Secret's; TLS to Elasticsearch by its authority; no telemetry and no
// news; a Service of the same name on port 5601, plain, behind which people log in. Nothing in front of it encrypts: it is reached by
// kubectl port-forward, or in dev by a node port.
//
// A Job saves a data view, a search and a dashboard as the user importer, who may save objects and do nothing else. It runs again
// when they change, over what has their ids; what people saved besides stays.
//
// What varies: where it runs, the Elasticsearch it asks, the keyring, a node port, the address that its links begin with.
//
// What it refuses, before registering anything and all together: a missing namespace, address, authority, password or keyring; a node
// port out of range; a placement that is none; and an address for links that isn't http or https, has no host, or ends in /.
package kibana
