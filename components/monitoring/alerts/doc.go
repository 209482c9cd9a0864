// Package alerts holds the rules by which Prometheus alerts, one file for each thing that is watched, ready to be handed to the
// server's component.
//
// What it fixes: the rules themselves, in rules/, written for the labels that the server of this program gives (job, namespace,
// service, pod, node) and for one cluster to a server; a severity for every alert (critical, warning, info or none); and for every
// alert a summary, a description and a page in docs/runbooks. Thresholds are those of the mixins that the files name, and where one
// isn't, a comment says why. No window is shorter than four scrapes.
//
// What varies: which of the sets are asked for, since a rule about something that isn't there is silent or, worse, fires: EKS shows
// nobody its etcd, and not every stack has an ingress controller or logging.
//
// What it refuses: a set that there isn't.
//
// Every rule has a test in tests/ that sees it fire and one that sees it silent, which promtool runs. The tests of this package hold
// that none is left out, that every metric is one that somebody exports and the server keeps, and that the pages' own queries are
// right too.
package alerts
