package dashboards

func services() dashboard {
	// A service that nobody asks has no share of errors and no time to answer. A pod is called by its Deployment, which is called by its job.
	const pods = `namespace="fleetman", pod=~"$job-.+"`
	return dashboard{
		file: "services", title: "Services", refresh: "30s", span: "1h",
		about: "The four services: how much they are asked, how often they fail, how long they take, and what they have left.",
		variables: []variable{{
			name: "job", title: "Service", metric: `fleetman_build_info{job=~"fleetman-.+"}`, label: "job",
			jobs: []string{gateway}, sample: "(" + simulator + "|" + tracker + "|" + gateway + "|" + webapp + ")",
		}},
		rows: []row{
			{
				title: "Is it fine?", height: 5, jobs: []string{gateway}, panels: []panel{
					{
						kind: stat, title: "Pods that answer", unit: number,
						about: "Of each service. With none the service is down; one of several is Kubernetes' to mend.",
						alert: "FleetServiceDown", thresholds: below(critical(1)),
						queries: of(`sum by (job) (up{job=~"$job"})`, "{{job}}"),
					},
					{
						kind: stat, title: "Errors", unit: share,
						about: "Share of a service's answers that are its own fault (5xx).",
						alert: "FleetRequestErrors", thresholds: above(warning(0.05)),
						queries: maybe(`max by (job) (job:fleetman_http_request_errors:ratio_rate5m{job=~"$job"}) >= 0`, "{{job}}"),
					},
					{
						kind: stat, title: "Time to answer, p99", unit: seconds,
						about: "Exceeded by one answer in a hundred. Streams aren't measured.",
						alert: "FleetRequestLatencyHigh", thresholds: above(warning(1)),
						queries: maybe(`max by (job) (job:fleetman_http_request_seconds:p99{job=~"$job"}) >= 0`, "{{job}}"),
					},
					{
						kind: stat, title: "Restarts, last hour", unit: number,
						about: "Of each service's containers. Why is in the workloads dashboard and in the logs of the container before.",
						queries: []query{{
							expr:   `sum by (container) (increase(kube_pod_container_status_restarts_total{` + pods + `}[1h]))`,
							legend: "{{container}}", jobs: []string{kubeState},
						}},
					},
				},
			},
			{
				title: "Requests", height: 8, jobs: []string{gateway}, panels: []panel{
					{
						kind: timeseries, title: "Rate", unit: requests,
						about:   "Requests to each service, probes and streams not counted. None at all: nobody asks it, or nobody reaches it.",
						queries: maybe(`sum by (job) (job:fleetman_http_requests:rate5m{job=~"$job"})`, "{{job}}"),
					},
					{
						kind: timeseries, title: "Errors", unit: share,
						about: "Share of a service's answers that are its own fault (5xx).",
						alert: "FleetRequestErrors", thresholds: above(warning(0.05)),
						queries: maybe(`max by (job) (job:fleetman_http_request_errors:ratio_rate5m{job=~"$job"}) >= 0`, "{{job}}"),
					},
					{
						kind: timeseries, title: "Time to answer", unit: seconds,
						about: "p99 is exceeded by one answer in a hundred, p50 by half of them.",
						alert: "FleetRequestLatencyHigh", thresholds: above(warning(1)),
						queries: []query{
							{expr: `max by (job) (job:fleetman_http_request_seconds:p99{job=~"$job"})`, legend: "{{job}} p99", quiet: true},
							{expr: `max by (job) (job:fleetman_http_request_seconds:p50{job=~"$job"})`, legend: "{{job}} p50", quiet: true},
						},
					},
				},
			},
			{
				title: "Routes", height: 8, jobs: []string{gateway}, panels: []panel{
					{
						kind: timeseries, title: "Rate by route", unit: requests,
						about:   "Which part of a service is asked.",
						queries: maybe(`sum by (job, route) (rate(fleetman_http_request_seconds_count{job=~"$job"}[$__rate_interval]))`, "{{job}} {{route}}"),
					},
					{
						kind: timeseries, title: "Errors by route and code", unit: requests,
						about:   "Answers of 400 and above. 4xx is the caller's doing, 502 and 504 that of the service behind.",
						queries: maybe(`sum by (job, route, code) (rate(fleetman_http_request_seconds_count{job=~"$job", code=~"[45].."}[$__rate_interval]))`, "{{job}} {{route}} {{code}}"),
					},
					{
						kind: timeseries, title: "Time to answer by route, p99", unit: seconds,
						about:   "Which part of a service is slow. A history is long and may take longer than the rest.",
						queries: maybe(`histogram_quantile(0.99, sum by (job, route, le) (rate(fleetman_http_request_seconds_bucket{job=~"$job"}[5m])))`, "{{job}} {{route}}"),
					},
				},
			},
			{
				title: "On their way", height: 7, panels: []panel{
					{
						kind: timeseries, title: "Time to store a batch, p99", unit: seconds,
						about:   "What the tracker waits for the database. It is where lag comes from when the queue is empty.",
						queries: []query{{expr: `max(fleet:store_batch_seconds:p99)`, legend: "p99", jobs: []string{tracker}}},
					},
					{
						kind: timeseries, title: "Reports that the broker doesn't confirm", unit: share,
						about: "Share of the vehicles' reports. What isn't confirmed may be lost.",
						alert: "FleetReportsUnconfirmed", thresholds: above(warning(0.1)),
						queries: []query{{
							expr:   `clamp_min(1 - sum(rate(fleetman_reports_confirmed_total[5m])) / sum(rate(fleetman_reports_made_total[5m])), 0)`,
							legend: "unconfirmed", jobs: []string{simulator},
						}},
					},
					{
						kind: timeseries, title: "Events merged for slow viewers", unit: rate,
						about:   "Viewers that don't keep up get several events as one. Many: their connections are slow, or the gateway is.",
						queries: []query{{expr: `sum by (pod) (rate(fleetman_stream_events_merged_total[$__rate_interval]))`, legend: "{{pod}}", jobs: []string{gateway}}},
					},
				},
			},
			{
				title: "What they have left", height: 7, panels: []panel{
					cpuOfLimit(pods), throttled(pods), memoryOfLimit(pods),
					{
						kind: timeseries, title: "Goroutines", unit: number,
						about:   "Of each pod. A line that only rises is a leak, and memory follows it.",
						queries: []query{{expr: `sum by (pod) (go_goroutines{job=~"$job"})`, legend: "{{pod}}", jobs: []string{gateway}}},
					},
				},
			},
		},
	}
}
