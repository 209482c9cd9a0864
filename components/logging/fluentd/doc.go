// Package fluentd is the agent that takes the logs of every container to Elasticsearch: one Fluentd on every node.
//
// What it fixes: a DaemonSet that runs on every node, whatever its taints, and is never replaced by a second one beside it; its
// configuration, which is ours and complete, mounted over the image's; lines of containerd, with what it cut at 16 KiB joined
// again; Kubernetes' names and labels beside them; a buffer on the node, which stops the reading when it is full and is sent again for
// ever; an id of each line that follows from the line, so that nothing is stored twice; what Elasticsearch refuses for good kept on
// the node, in two files of 32 MiB; and its metrics.
//
// What varies: where Elasticsearch is, which login and which authority; the data stream; how large the buffer is; whose lines are
// parsed as JSON, which namespaces are left out, and how much it may take of its node.
//
// What it refuses, before registering anything and all together: a missing namespace, URL, authority or password; a name, a user, a
// data stream, a container or a namespace that none can have; a buffer that isn't whole mebibytes or is too small for its chunks; and
// resources that contradict themselves.
//
// It runs as root, without a single capability: the logs are root's, and so is the folder it keeps its buffer in, which is all that it
// may write to (/var/log/fluentd of the node). A namespace with that is one for node agents: kube.NodeAgentsNamespace.
//
// A document has @timestamp; message, the line as it was written; stream; kubernetes; app, the fields of a line that is an object of
// JSON, for the containers that are named; and id, which is also its _id. Fluentd has to leave it in the document
// (config/fluent.conf says why).
//
// What may still be lost: the part of a line that is waiting for the rest of it, when Fluentd is killed and not stopped; a line that is
// larger than a chunk, 8 MiB with what is made of it; and the files that kubelet rotates away while the buffer is full. What may be stored twice: a chunk that Elasticsearch took without answering, when
// the data stream has moved on to a new index before it is sent again.
//
// The container runtime has to be containerd or another that writes CRI lines to /var/log/pods. Docker isn't one (Minikube:
// --container-runtime=containerd).
package fluentd
