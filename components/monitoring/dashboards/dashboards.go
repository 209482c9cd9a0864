package dashboards

import (
	"fmt"
	"strings"
)

// Home is the file of the dashboard to begin with.
const Home = "fleet.json"

// Parts are what a stack has besides what each has.
type Parts struct {
	// Ingress is the ingress controller.
	Ingress bool
	// Logging is Fluentd and Elasticsearch. Without it no dashboard asks the data source elasticsearch.
	Logging bool
	// Etcd is an etcd that Prometheus scrapes.
	Etcd bool
}

// Files answers with the dashboards, their JSON by file name, as the Grafana component takes them.
func Files(parts Parts) (map[string]string, error) {
	files := map[string]string{}
	for _, d := range all(parts) {
		content, err := d.json()
		if err != nil {
			return nil, fmt.Errorf("render dashboard %s: %w", d.file, err)
		}
		files[d.file+".json"] = content
	}
	return files, nil
}

// all are the dashboards in the order of their importance.
func all(parts Parts) []dashboard {
	dashboards := []dashboard{
		fleet(), services(), broker(), database(), workloads(), nodes(), controlPlane(parts.Etcd), monitoring(),
	}
	if parts.Ingress {
		dashboards = append(dashboards, ingress())
	}
	if parts.Logging {
		dashboards = append(dashboards, logging())
	}
	return dashboards
}

// A Query is one that a dashboard asks of Prometheus, with what a user or Grafana would fill in.
type Query struct {
	// Dashboard is the name of its file without the ending, Panel is the panel's title, or the name of the variable.
	Dashboard, Panel string
	// Expr is PromQL.
	Expr string
	// Needs are the jobs whose metrics it asks for; none if they are of Prometheus itself.
	Needs []string
	// Quiet says that it may have no answer where all is well.
	Quiet bool
}

// Queries are all queries of all dashboards, so that a running Prometheus can be asked each of them.
func Queries(parts Parts) []Query {
	var queries []Query
	for _, d := range all(parts) {
		fill := d.filler()
		for _, v := range d.variables {
			if v.metric != "" {
				queries = append(queries, Query{
					Dashboard: d.file, Panel: v.name, Expr: fill.Replace(fmt.Sprintf("count by (%s) (%s)", v.label, v.metric)), Needs: v.jobs,
				})
			}
		}
		queries = append(queries, Query{Dashboard: d.file, Panel: alertsName, Expr: alertsExpr, Quiet: true})
		for _, r := range d.rows {
			for _, p := range r.panels {
				for _, q := range p.queries {
					if q.expr == "" {
						continue
					}
					queries = append(queries, Query{
						Dashboard: d.file, Panel: p.title, Expr: fill.Replace(q.expr), Needs: q.needs(r), Quiet: q.quiet,
					})
				}
			}
		}
	}
	return queries
}

// needs are the query's jobs, or else its row's. An empty list is no job's at all.
func (q query) needs(r row) []string {
	if q.jobs != nil {
		return q.jobs
	}
	return r.jobs
}

// filler replaces what Grafana replaces, at a span of an hour.
func (d dashboard) filler() *strings.Replacer {
	values := []string{"$__rate_interval", "1m", "$__interval", "15s", "$__range", "1h"}
	for _, v := range d.variables {
		values = append(values, "${"+v.name+"}", v.sample, "$"+v.name, v.sample)
	}
	return strings.NewReplacer(values...)
}

// uid is what a dashboard is called in links.
func (d dashboard) uid() string { return "fleetman-" + d.file }

// runbook is where the page of an alert is in the repository.
func runbook(alert string) string { return "docs/runbooks/" + alert + ".md" }

// description is what a panel says of itself.
func (p panel) description() string {
	if p.alert == "" {
		return p.about
	}
	return fmt.Sprintf("%s Alert: %s (%s).", p.about, p.alert, runbook(p.alert))
}

// source is the data source that a panel asks.
func (p panel) source() dataSource {
	if p.queries[0].logs != "" {
		return elasticsearch
	}
	return prometheus
}
