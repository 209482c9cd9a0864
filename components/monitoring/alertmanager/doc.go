// Package alertmanager is an Alertmanager in a cluster: what Prometheus finds wrong, told to people once, in one place, and told
// again when it is over.
//
// What it fixes: one replica on one volume, so that silences and what was already told outlive a pod; no cluster of its own. Alerts
// of one name in one namespace are one message; resolved ones are told as well. Critical alerts are repeated more often. A critical
// alert silences the warning of its name in its namespace; a broker, a database or a node that is down silences what only follows
// from it; InfoInhibitor silences information until there is something worse to go with it. Watchdog, which always fires, goes to the
// dead-man's switch once a minute, and to nobody else. A message says how many, what, how bad and where; of each alert the summary,
// the description, since when, and its runbook; of many alerts the first few, and how many more.
//
// What varies: Slack's webhook and the dead-man's switch, either or none; the timing; the volume, its protection and on which nodes
// it runs; and where the runbooks are.
//
// What it refuses, before registering anything and all together: a missing namespace or storage class; a size that isn't whole
// mebibytes or below 64Mi; a placement that is none; a timing that isn't whole seconds, goes backwards, or is longer than what
// was told is remembered; and runbooks that are no URL. A webhook or a switch that is no URL is refused as soon as it is known,
// without being repeated in the error.
//
// Without a SlackWebhook alerts reach nobody: they are grouped, inhibited and shown on its page, and sent to no one. Without a
// DeadMansSwitch nobody hears that monitoring itself has died.
//
// The two URLs are all that it takes to write to the channel and to keep the switch quiet. So they are in a Secret, mounted as files,
// which the configuration names; a new one is a new Secret, and the pod is rolled.
package alertmanager
