package dashboards

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"fleetman/components/monitoring/alerts"
	"fleetman/components/monitoring/catalogue"
	server "fleetman/components/monitoring/prometheus"
)

// A rule is one of the rules' files.
type rule struct {
	Record, Alert, Expr string
	Labels              map[string]string
}

// rules are all rules of the sets that go with all parts.
func rules(t *testing.T) []rule {
	t.Helper()
	files, err := alerts.Files(alerts.Fleet, alerts.Queue, alerts.Database, alerts.Kubernetes, alerts.Nodes, alerts.APIServer, alerts.Etcd,
		alerts.Ingress, alerts.Monitoring, alerts.Logging)
	if err != nil {
		t.Fatal(err)
	}
	var all []rule
	for name, content := range files {
		var file struct{ Groups []struct{ Rules []rule } }
		if err := yaml.Unmarshal([]byte(content), &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, group := range file.Groups {
			all = append(all, group.Rules...)
		}
	}
	return all
}

func parse(t *testing.T, expr string) parser.Expr {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return parsed
}

// What Prometheus says of its targets and alerts, whosever they are.
const itself = "prometheus-itself"

// metrics are what a query asks for in the end: those of records are what the records are made of.
func metrics(t *testing.T, expr string, records map[string][]string) []string {
	t.Helper()
	names, err := catalogue.Metrics(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	var found []string
	for _, name := range names {
		if !strings.Contains(name, ":") {
			found = append(found, name)
			continue
		}
		if records[name] == nil {
			t.Errorf("no rule records %s", name)
		}
		for _, of := range records[name] {
			found = append(found, metrics(t, of, records)...)
		}
	}
	return found
}

func TestEveryMetricIsOneThatTheJobsOfItsQueryExport(t *testing.T) {
	records := map[string][]string{}
	for _, r := range rules(t) {
		if r.Record != "" {
			records[r.Record] = append(records[r.Record], r.Expr)
		}
	}
	jobs := catalogue.Jobs()
	for _, q := range Queries(everything) {
		where := fmt.Sprintf("%s: %s", q.Dashboard, q.Panel)
		asked := map[string]bool{}
		for _, metric := range metrics(t, q.Expr, records) {
			exported := slices.Contains(jobs[itself], metric)
			for _, job := range q.Needs {
				if slices.Contains(jobs[job], metric) {
					exported, asked[job] = true, true
					if server.Drops(job, metric) {
						t.Errorf("%s: the server doesn't keep %s of %s", where, metric, job)
					}
				}
			}
			if !exported {
				t.Errorf("%s: no job of %v exports %s", where, q.Needs, metric)
			}
		}
		for _, job := range q.Needs {
			if !asked[job] && !strings.Contains(q.Expr, job) { // up{job="x"} is about x, and not of its own metrics
				t.Errorf("%s: it asks nothing of %s", where, job)
			}
		}
	}
}

// counters are those that their names don't show: fields of serverStatus that only grow (mongodb.com, "serverStatus"), what Fluentd
// counts (fluent-plugin-prometheus, in_prometheus_output_monitor.rb) and nginx's stub_status (nginx.org).
var counters = []string{
	"mongodb_ss_opcounters", "mongodb_ss_opLatencies_latency", "mongodb_ss_opLatencies_ops", "mongodb_ss_metrics_document",
	"mongodb_ss_metrics_ttl_deletedDocuments", "mongodb_ss_wt_cache_bytes_read_into_cache", "mongodb_ss_electionMetrics_electionTimeout_called",
	"fluentd_output_status_emit_records", "nginx_ingress_nginx_connections_accepted", "nginx_ingress_nginx_connections_handled",
}

var counterName = regexp.MustCompile(`_(total|count|sum|bucket)$`)

func TestRatesAreOfCountersAndQuantilesOfBuckets(t *testing.T) {
	for _, q := range Queries(everything) {
		where := fmt.Sprintf("%s: %s: %s", q.Dashboard, q.Panel, q.Expr)
		parser.Inspect(parse(t, q.Expr), func(node parser.Node, _ []parser.Node) error {
			call, ok := node.(*parser.Call)
			if !ok {
				return nil
			}
			switch call.Func.Name {
			case "rate", "irate", "increase":
				window, ok := call.Args[0].(*parser.MatrixSelector)
				if !ok {
					t.Errorf("%s: %s isn't of a metric", where, call)
					return nil
				}
				name := window.VectorSelector.(*parser.VectorSelector).Name // it can't be another's
				if !counterName.MatchString(name) && !slices.Contains(counters, name) {
					t.Errorf("%s: %s is no counter", where, name)
				}
				if window.Range < time.Minute {
					t.Errorf("%s: %s is shorter than four scrapes", where, window.Range)
				}
			case "histogram_quantile":
				sum, ok := call.Args[1].(*parser.AggregateExpr)
				if !ok || sum.Op != parser.SUM || sum.Without || !slices.Contains(sum.Grouping, "le") {
					t.Errorf("%s: %s doesn't keep le", where, call.Args[1])
				} else if names, err := catalogue.Metrics(sum.String()); err != nil || len(names) != 1 || !strings.HasSuffix(names[0], "_bucket") {
					t.Errorf("%s: %v (%v) aren't buckets", where, names, err)
				}
			}
			return nil
		})
	}
}

// labels are those that the answer to a query has, and false if it can't be said.
func labels(expr parser.Expr) ([]string, bool) {
	switch expr := expr.(type) {
	case *parser.ParenExpr:
		return labels(expr.Expr)
	case *parser.AggregateExpr:
		if expr.Op == parser.TOPK || expr.Op == parser.BOTTOMK {
			return labels(expr.Expr)
		}
		return expr.Grouping, !expr.Without
	case *parser.Call:
		for _, arg := range expr.Args {
			if arg.Type() == parser.ValueTypeVector {
				found, ok := labels(arg)
				return slices.DeleteFunc(slices.Clone(found), func(l string) bool { return l == "le" }), ok
			}
		}
	case *parser.BinaryExpr:
		if expr.LHS.Type() == parser.ValueTypeVector {
			return labels(expr.LHS)
		}
		return labels(expr.RHS)
	}
	return nil, false
}

var labelIn = regexp.MustCompile(`\{\{(\w+)\}\}`)

func TestLegendsNameAllLabelsOfTheAnswer(t *testing.T) {
	for _, d := range all(everything) {
		fill := d.filler()
		for _, r := range d.rows {
			for _, p := range r.panels {
				for _, q := range p.queries {
					if q.expr == "" || p.kind == table {
						continue
					}
					var named []string
					for _, match := range labelIn.FindAllStringSubmatch(q.legend, -1) {
						named = append(named, match[1])
					}
					got, _ := labels(parse(t, fill.Replace(q.expr)))
					if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(named))) {
						t.Errorf("%s: %s: the answer has the labels %v, the legend %q", d.file, p.title, got, q.legend)
					}
					if p.kind == timeseries && q.legend == "" {
						t.Errorf("%s: %s: a line without a name", d.file, p.title)
					}
				}
			}
		}
	}
}

func TestColumnsAreLabelsOrValuesOfTheAnswers(t *testing.T) {
	for _, d := range all(everything) {
		fill := d.filler()
		for _, r := range d.rows {
			for _, p := range r.panels {
				if (p.kind == table) != (p.columns != nil) {
					t.Errorf("%s: %s: columns are for tables", d.file, p.title)
				}
				if p.kind != table {
					continue
				}
				there := []string{"value"}
				if len(p.queries) > 1 {
					there = nil
				}
				for i, q := range p.queries {
					got, known := labels(parse(t, fill.Replace(q.expr)))
					if !known { // those of an alert are the alert's
						got = []string{"alertname", "severity", "namespace", "job", "pod", "node", "queue"}
					}
					there = append(there, got...)
					if len(p.queries) > 1 {
						there = append(there, "value "+string(rune('A'+i)))
					}
				}
				for _, c := range p.columns {
					if !slices.Contains(there, c.of) {
						t.Errorf("%s: %s: there is no %q to show among %v", d.file, p.title, c.of, there)
					}
				}
			}
		}
	}
}

// A comparison is what an alert fires at.
type comparison struct {
	op    parser.ItemType
	value float64
}

// comparisonOf is the first comparison with a number in what an alert asks, from the outside and from the left.
func comparisonOf(expr parser.Expr) (comparison, bool) {
	switch expr := expr.(type) {
	case *parser.ParenExpr:
		return comparisonOf(expr.Expr)
	case *parser.AggregateExpr:
		return comparisonOf(expr.Expr)
	case *parser.Call:
		if expr.Func.Name == "absent" {
			return comparison{parser.EQLC, 0}, true // none is there
		}
	case *parser.BinaryExpr:
		if value, ok := constant(expr.RHS); ok && expr.Op.IsComparisonOperator() {
			return comparison{expr.Op, value}, true
		}
		if expr.Op.IsSetOperator() {
			if c, ok := comparisonOf(expr.LHS); ok {
				return c, true
			}
			return comparisonOf(expr.RHS)
		}
	}
	return comparison{}, false
}

func constant(expr parser.Expr) (float64, bool) {
	switch expr := expr.(type) {
	case *parser.NumberLiteral:
		return expr.Val, true
	case *parser.ParenExpr:
		return constant(expr.Expr)
	case *parser.UnaryExpr:
		value, ok := constant(expr.Expr)
		return -value, ok && expr.Op == parser.SUB
	case *parser.BinaryExpr:
		left, ok := constant(expr.LHS)
		right, too := constant(expr.RHS)
		return left * right, ok && too && expr.Op == parser.MUL
	}
	return 0, false
}

// agrees says whether a threshold's colour begins where the alert does. Numbers of things are whole, and so is a panel that counts
// what fires.
func (c comparison) agrees(value float64, below, counts bool) bool {
	same := func(a, b float64) bool { return math.Abs(a-b) < 1e-9*math.Max(1, math.Abs(a)) }
	if counts {
		return !below && value == 1
	}
	switch c.op {
	case parser.GTR:
		return !below && (same(value, c.value) || c.value == 0 && value == 1)
	case parser.GTE:
		return !below && same(value, c.value)
	case parser.LSS, parser.LTE:
		return below && same(value, c.value)
	case parser.EQLC:
		return below && c.value == 0 && value == 1 || !below && c.value == 1 && value == 1
	}
	return false
}

func TestThresholdsAreThoseOfTheAlerts(t *testing.T) {
	fires := map[string]map[string][]comparison{} // by alert and severity; some can't be told
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if fires[r.Alert] == nil {
			fires[r.Alert] = map[string][]comparison{}
		}
		severity := r.Labels["severity"]
		fires[r.Alert][severity] = append(fires[r.Alert][severity], func() []comparison {
			if c, ok := comparisonOf(parse(t, r.Expr)); ok {
				return []comparison{c}
			}
			return nil
		}()...)
	}
	for _, d := range all(everything) {
		for _, r := range d.rows {
			for _, p := range r.panels {
				where := fmt.Sprintf("%s: %s", d.file, p.title)
				counts := len(p.queries) == 1 && strings.HasPrefix(p.queries[0].expr, "count")
				switch {
				case p.alert == "" && !p.thresholds.none():
					counted := strings.HasPrefix(p.queries[0].expr, "count(ALERTS")
					if !counted {
						t.Errorf("%s: its thresholds are of no alert", where)
					}
					continue
				case p.alert == "":
					continue
				case fires[p.alert] == nil:
					t.Errorf("%s: there is no alert %s", where, p.alert)
					continue
				}
				for severity, value := range map[string]*float64{"info": p.thresholds.info, "warning": p.thresholds.warning, "critical": p.thresholds.critical} {
					if value != nil && !slices.ContainsFunc(fires[p.alert][severity], func(c comparison) bool {
						return c.agrees(*value, p.thresholds.below, counts)
					}) {
						t.Errorf("%s: %s doesn't begin to be %s at %v, but at %+v", where, p.alert, severity, *value, fires[p.alert][severity])
					}
				}
			}
		}
	}
}
