// Package brokerstats turns what the broker counts into Prometheus metrics.
//
// It asks over STOMP, as every service speaks to the broker, for what ActiveMQ's StatisticsBrokerPlugin answers. That
// plugin is a class of the broker itself and needs one line of its configuration. The other ways need more: a Java agent
// that reads JMX has to be put into the image, and Jolokia is part of the web console, which is off and lets only
// localhost in. The plugin does not count connections; these are the broker's advisories, which it repeats for every
// connection that is open to whoever begins to listen.
//
// The broker is asked when Prometheus scrapes, so no value is older than its scrape. A question lasts at most Timeout,
// and scrapes at the same time share one. When there is no complete answer, activemq_up is 0 and no other metric is
// there: a value from before would hide that the broker is away. The log says so when it changes, not at every scrape.
//
// It hides what is not a queue of somebody's: topics, temporary queues, and ActiveMQ.Statistics... itself. It refuses to
// guess: an answer without a number that it wants is no answer.
//
// STOMP knows no producers, only messages that are sent; so activemq_queue_producers counts those of other protocols,
// and is 0 for the fleet's own queues.
package brokerstats
