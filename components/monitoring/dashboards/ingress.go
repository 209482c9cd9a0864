package dashboards

func ingress() dashboard {
	const (
		job  = "nginx-ingress"
		pods = `namespace="fleetman-ingress"`
	)
	return dashboard{
		file: "ingress", title: "Ingress (nginx)", refresh: "30s", span: "1h",
		about: "The way in: whether it is open, and how what is behind it answers.",
		rows: []row{
			{
				title: "Is it fine?", height: 4, jobs: []string{job}, panels: []panel{
					{
						kind: stat, title: "nginx", unit: plain, words: []string{"down", "up"},
						about: "Whether one answers its controller. If none does, nobody outside reaches the page.",
						alert: "IngressDown", thresholds: below(critical(1)),
						queries: of(`max(nginx_ingress_nginx_up)`, ""),
					},
					{
						kind: stat, title: "Configuration", unit: plain, words: []string{"refused", "loaded"},
						about: "Refused: nginx goes on with the one before, and pods that have moved since aren't found.",
						alert: "IngressConfigReloadFailed", thresholds: below(warning(1)),
						queries: of(`min(nginx_ingress_controller_nginx_last_reload_status)`, ""),
					},
					{
						kind: stat, title: "Errors", unit: share,
						about: "Share of the answers (5xx) of the resource that has most.",
						alert: "IngressErrors", thresholds: above(warning(0.05)),
						queries: maybe(`max(resource:nginx_ingress_errors:ratio_rate5m) >= 0`, ""),
					},
					{
						kind: stat, title: "Time to answer, p50", unit: seconds,
						about: "Of the slowest resource. The median: a stream is one answer that takes as long as it is open.",
						alert: "IngressLatencyHigh", thresholds: above(warning(1)),
						queries: maybe(`max(resource:nginx_ingress_latency_seconds:p50) >= 0`, ""),
					},
					{
						kind: stat, title: "Requests", unit: requests,
						about:   "From outside. None at all: nobody gets this far.",
						queries: of(`sum(rate(nginx_ingress_nginx_http_requests_total[5m]))`, ""),
					},
					{
						kind: stat, title: "Connections", unit: number,
						about:   "Open ones, those of streams among them.",
						queries: of(`sum(nginx_ingress_nginx_connections_active)`, ""),
					},
				},
			},
			{
				title: "What is behind it", height: 8, jobs: []string{job}, panels: []panel{
					{
						kind: timeseries, title: "Requests", unit: requests,
						about:   "By resource. None at all: nobody gets this far, see DNS and load balancer.",
						queries: of(`sum by (resource_namespace, resource_name) (resource:nginx_ingress_requests:rate5m)`, "{{resource_namespace}}/{{resource_name}}"),
					},
					{
						kind: timeseries, title: "Errors", unit: share,
						about: "Share of the answers (5xx), by resource.",
						alert: "IngressErrors", thresholds: above(warning(0.05)),
						queries: of(`max by (resource_namespace, resource_name) (resource:nginx_ingress_errors:ratio_rate5m)`, "{{resource_namespace}}/{{resource_name}}"),
					},
					{
						kind: timeseries, title: "Time to answer, p50", unit: seconds,
						about: "By resource. What the services themselves take is in their dashboard.",
						alert: "IngressLatencyHigh", thresholds: above(warning(1)),
						queries: maybe(`max by (resource_namespace, resource_name) (resource:nginx_ingress_latency_seconds:p50)`, "{{resource_namespace}}/{{resource_name}}"),
					},
				},
			},
			{
				title: "nginx and its controller", height: 7, jobs: []string{job}, panels: []panel{
					{
						kind: timeseries, title: "Connections", unit: number, stacked: true,
						about: "By state: writing an answer, reading a request, waiting for the next.",
						queries: []query{
							{expr: `sum(nginx_ingress_nginx_connections_writing)`, legend: "writing"},
							{expr: `sum(nginx_ingress_nginx_connections_reading)`, legend: "reading"},
							{expr: `sum(nginx_ingress_nginx_connections_waiting)`, legend: "waiting"},
						},
					},
					{
						kind: timeseries, title: "Connections refused", unit: rate,
						about:   "Accepted and not served: nginx has reached its limit of connections.",
						queries: of(`sum(rate(nginx_ingress_nginx_connections_accepted[$__rate_interval]) - rate(nginx_ingress_nginx_connections_handled[$__rate_interval]))`, "refused"),
					},
					{
						kind: timeseries, title: "Configurations, in 10 minutes", unit: number,
						about: "Loaded, and refused. Each costs nginx a new set of workers.",
						queries: []query{
							{expr: `sum(increase(nginx_ingress_controller_nginx_reloads_total[10m]))`, legend: "loaded"},
							{expr: `sum(increase(nginx_ingress_controller_nginx_reload_errors_total[10m]))`, legend: "refused"},
						},
					},
				},
			},
			{title: "Its pods", height: 7, panels: []panel{cpuOfLimit(pods), throttled(pods), memoryOfLimit(pods)}},
		},
	}
}
