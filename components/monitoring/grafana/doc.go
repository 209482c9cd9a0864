// Package grafana is a Grafana in a cluster that only shows: its data sources and its dashboards come from the program, nobody
// changes them in the browser, and there is nothing to keep.
//
// What it fixes: a Deployment of one, without a volume that outlives its pod; a Service of the same name on port 3000; one login,
// admin, whose password is mounted; data sources that are read-only; the dashboards in one folder, Fleetman, that can be neither
// saved nor deleted; no anonymous access, no sign-up, no report to anyone, no download. The image's entrypoint, /run.sh, is used as
// it is: it reads the password's file. Alerts aren't Grafana's: the rules are Prometheus's, and what is made here would go with the pod.
//
// Since version 13 the data sources are plugins of their own. The image brings them in /usr/share/grafana/data/plugins-bundled,
// and Grafana replaces them at its start by newer ones from the Internet: it stops a plugin, fails to write to the read-only root
// file system, and is left without (grafana/grafana issues 127760 and 132528). So plugins.preinstall_disabled is on and nothing may
// be mounted over that folder; and the plugins that nothing here uses, each of them a process, are off.
//
// What varies: the data sources, of Prometheus and Elasticsearch; the dashboards, which of them greets a user; the password; a port
// on the node; the URL that users see; on which nodes it runs.
//
// What it refuses, before registering anything and all together: a missing namespace or password; no data source, and one whose
// name, UID, type, URL, index or login is missing, contradicts its type or is another's too; no dashboard, and one that is no JSON, is too
// large for a ConfigMap, lacks a title or a UID or has another's, or asks a data source that there isn't; a greeting that is no
// dashboard; a port out of range; a URL that is none or has a path; a placement that is none. A password that is empty, has white
// space around it or a $ in it is refused as soon as it is known, which in a preview it is: Grafana would take its default for the
// first, cut the second, and look for a variable in the third.
//
// The names of ConfigMaps and Secrets are left to Pulumi, as in components/fleet: a changed dashboard is a new object, and rolls
// the pod. A user is logged out by it, since sessions are in the pod too.
package grafana
