// Package dashboards is what Grafana shows: dashboards written as Go values and turned into the JSON that Grafana is provisioned with.
//
// What it fixes: a dashboard for each thing that somebody looks after, each with a first row that says whether it is fine; a title, a
// unit and a line for whoever was woken up on every panel; thresholds that are those of the alerts, which the panel names with their
// runbook; where a panel stands on the grid; the data sources' UIDs, prometheus and elasticsearch; and that firing alerts are drawn
// into every graph. A single number is asked for as of now: the last one of a range would go on being shown for a metric that is gone.
//
// What varies: the Parts of the stack, since a dashboard about something that isn't there only says that there is no data.
//
// The JSON is of the classic form with the schema's version 42, which is what Grafana 13 writes (packages/grafana-schema of its
// repository: src/raw/dashboard and src/raw/composable/<panel>/panelcfg). The tests hold it against files in testdata, parse every
// query, and look up every metric in the catalogue, every record and threshold in the rules.
package dashboards
