// Package activemq is an ActiveMQ Classic broker in a cluster, with authentication always on.
//
// What it fixes: one broker on one volume, replaced by stopping the old one first; its configuration, which is ours and not
// the image's (from 6.3 on that one opens OpenWire alone, to localhost); STOMP on 61613 and OpenWire on 61616, to the cluster
// only; a queue whose dead letters go to its own <queue>.DLQ; limits of memory, of the journal and of temporary storage that
// follow from the heap and the volume, so that a backlog fills the volume and not the machine; the plugin that answers the
// queue exporter's questions for statistics; and the login, in files that are mounted from a Secret and so can hold any character.
//
// What varies: the volume's size and storage class, whether it is protected, on which nodes it runs, the heap, the login, and the
// web console.
//
// What it refuses, before registering anything and all together: a missing namespace, storage class or password; sizes that
// aren't whole mebibytes or are too small to run with; a placement that is none; a user's name that isn't letters, digits, _
// and -; a console's node port without a console or outside of 30000-32767.
//
// The console is the image's own, off by default. Its port 8161 is in the Service either way, and answers when it is on. The
// image lets only localhost in (conf/jetty/jetty-security.xml), which is what `kubectl port-forward` arrives as. The brokers'
// ports never are on a node: a node port for the console is a second Service.
package activemq
