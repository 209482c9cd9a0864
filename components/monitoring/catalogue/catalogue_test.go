package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryListHasItsProvenanceAndSortedUniqueNames(t *testing.T) {
	name := regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`) // a colon is a recording rule's
	for job, content := range lists() {
		if !strings.HasPrefix(content, "# ") || !strings.HasSuffix(content, "\n") {
			t.Errorf("%s starts without its provenance or ends within a line", job)
		}
		var names []string
		for line := range strings.Lines(content) {
			line = strings.TrimSuffix(line, "\n")
			switch comment := strings.HasPrefix(line, "# "); {
			case comment && names == nil:
			case name.MatchString(line):
				names = append(names, line)
			default:
				t.Errorf("%s has the line %q among its names", job, line)
			}
		}
		if len(names) == 0 {
			t.Errorf("%s has no names", job)
		}
		if !slices.IsSorted(names) {
			t.Errorf("%s isn't sorted", job)
		}
		if once := slices.Compact(slices.Clone(names)); len(once) != len(names) {
			t.Errorf("%s has %d names twice", job, len(names)-len(once))
		}
		if got := Jobs()[job]; !slices.Equal(got, names) {
			t.Errorf("Jobs has %d names of %s, the file %d", len(got), job, len(names))
		}
	}
}

func TestAHistogramIsListedAsItIsScraped(t *testing.T) {
	for job, names := range Jobs() {
		for _, name := range names {
			base, bucket := strings.CutSuffix(name, "_bucket")
			if !bucket {
				continue
			}
			for _, want := range []string{base + "_sum", base + "_count"} {
				if !slices.Contains(names, want) {
					t.Errorf("%s has %s but no %s", job, name, want)
				}
			}
		}
	}
}

func TestEveryScrapeJobIsThere(t *testing.T) {
	jobs := Jobs()
	for job, want := range map[string]string{
		"activemq":                    "activemq_queue_messages",
		"alertmanager":                "alertmanager_notifications_failed_total",
		"apiserver":                   "etcd_request_duration_seconds_bucket",
		"coredns":                     "coredns_panics_total",
		"elasticsearch":               "elasticsearch_cluster_health_status",
		"etcd":                        "etcd_server_has_leader",
		"fleetman-api-gateway":        "fleetman_vehicles_online",
		"fleetman-position-simulator": "fleetman_reports_made_total",
		"fleetman-position-tracker":   "fleetman_position_stored_timestamp_seconds",
		"fleetman-webapp":             "fleetman_http_request_seconds_bucket",
		"fluentd":                     "fluentd_output_status_buffer_available_space_ratio",
		"grafana":                     "grafana_build_info",
		"kube-state-metrics":          "kube_pod_container_status_restarts_total",
		"kube-state-metrics-self":     "kube_state_metrics_list_total",
		"kubelet":                     "kubelet_volume_stats_available_bytes",
		"mongodb":                     "mongodb_up",
		"nginx-ingress":               "nginx_ingress_controller_nginx_last_reload_status",
		"node-exporter":               "node_filesystem_avail_bytes",
		"prometheus":                  "prometheus_rule_evaluation_failures_total",
		"prometheus-itself":           "up",
	} {
		if !slices.Contains(jobs[job], want) {
			t.Errorf("%s doesn't export %s", job, want)
		}
		if !Exported()[want] {
			t.Errorf("%s isn't exported", want)
		}
		delete(jobs, job)
	}
	for job := range jobs {
		t.Errorf("%s is no scrape job", job)
	}
	if Exported()["job:made_up:rate5m"] {
		t.Error("everything is exported")
	}
}

func TestMetricsAreThoseThatAQueryNames(t *testing.T) {
	for query, want := range map[string][]string{
		`up`:                                           {"up"},
		`up{job="x"} == 0`:                             {"up"},
		`{__name__="up", job="x"}`:                     {"up"},
		`{"up"}`:                                       {"up"},
		`b + on (x) group_left a / b`:                  {"a", "b"},
		`sum by (le) (rate(a_bucket[5m]))`:             {"a_bucket"},
		`max_over_time(rate(a[1m])[1h:1m])`:            {"a"},
		`a offset 5m > a @ start()`:                    {"a"},
		`topk(3, a) unless absent(b{c="d"})`:           {"a", "b"},
		`label_replace(a, "x", "$1", "y", "(b)")`:      {"a"},
		`apiserver_request:burnrate1h > (14.4 * 0.01)`: {"apiserver_request:burnrate1h"},
		`vector(1)`:                                    nil,
	} {
		if got, err := Metrics(query); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s names %v, %v, want %v", query, got, err, want)
		}
	}
}

func TestAQueryThatCannotBeHeldAgainstAListIsRefused(t *testing.T) {
	for query, want := range map[string]string{
		`rate(a[5m]`:                   "parse query",
		`{__name__=~"a|b"}`:            "pattern of names",
		`{__name__!="a", job="x"}`:     "pattern of names",
		`sum(a) + sum({job="x"})`:      "doesn't name one metric",
		`{__name__="a", __name__="b"}`: "doesn't name one metric",
	} {
		if got, err := Metrics(query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s names %v, %v, want an error with %q", query, got, err, want)
		}
	}
}
