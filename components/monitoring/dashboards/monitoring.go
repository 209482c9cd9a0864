package dashboards

func monitoring() dashboard {
	const (
		server       = "prometheus"
		alertmanager = "alertmanager"
		grafana      = "grafana"
		undelivered  = `sum by (integration) (rate(alertmanager_notifications_failed_total[15m])) / sum by (integration) (rate(alertmanager_notifications_total[15m]))`
	)
	return dashboard{
		file: "monitoring", title: "Monitoring itself", refresh: "30s", span: "3h",
		about: "Prometheus, Alertmanager, Grafana and the exporters: whether what the other dashboards say is true, and whether anybody is told.",
		rows: []row{
			{
				title: "Is it fine?", height: 4, jobs: []string{server}, panels: []panel{
					{
						kind: stat, title: "Targets that don't answer", unit: number,
						about: "What they measure isn't known, and alerts about it are silent.",
						alert: "TargetDown", thresholds: above(warning(1)),
						queries: []query{{expr: `count(up == 0) or vector(0)`, jobs: []string{}}},
					},
					{
						kind: stat, title: "Rules that failed, 5 min", unit: number,
						about: "An alert among them can't fire.",
						alert: "PrometheusRuleFailures", thresholds: above(critical(1)),
						queries: of(`sum(increase(prometheus_rule_evaluation_failures_total[5m]))`, ""),
					},
					{
						kind: stat, title: "Configuration of Prometheus", unit: plain, words: []string{"refused", "loaded"},
						about: "Refused: it goes on with the one before.",
						alert: "PrometheusBadConfig", thresholds: below(critical(1)),
						queries: of(`min(prometheus_config_last_reload_successful)`, ""),
					},
					{
						kind: stat, title: "Alertmanagers found", unit: number,
						about: "By Prometheus. Without one, nobody is told of anything.",
						alert: "PrometheusNotConnectedToAlertmanagers", thresholds: below(warning(1)),
						queries: of(`min(prometheus_notifications_alertmanagers_discovered)`, ""),
					},
					{
						kind: stat, title: "Configuration of Alertmanager", unit: plain, words: []string{"refused", "loaded"},
						about: "Refused: it goes on with the one before, or without any if it is started again.",
						alert: "AlertmanagerFailedReload", thresholds: below(critical(1)),
						queries: []query{{expr: `min(alertmanager_config_last_reload_successful)`, jobs: []string{alertmanager}}},
					},
					{
						kind: stat, title: "Notifications not delivered", unit: share,
						about: "Share of those of the last quarter of an hour, of the way by which most failed.",
						alert: "AlertmanagerFailedToSendAlerts", thresholds: above(warning(0.01)),
						queries: []query{{expr: `max(` + undelivered + `) >= 0`, jobs: []string{alertmanager}, quiet: true}},
					},
					{
						kind: stat, title: "Kubernetes' lists that failed", unit: share,
						about: "Of kube-state-metrics, of the kind that failed most. Alerts about that kind are silent or about the past.",
						alert: "KubeStateMetricsListErrors", thresholds: above(critical(0.01)),
						queries: []query{{
							expr: `max(sum by (resource) (rate(kube_state_metrics_list_total{result="error"}[5m])) / sum by (resource) (rate(kube_state_metrics_list_total[5m]))) >= 0`,
							jobs: []string{"kube-state-metrics-self"}, quiet: true,
						}},
					},
					{
						kind: stat, title: "Samples kept, of what may be", unit: share,
						about:   "At 100 % the oldest are deleted, before their time.",
						queries: of(`max(prometheus_tsdb_storage_blocks_bytes / (prometheus_tsdb_retention_limit_bytes > 0))`, ""),
					},
				},
			},
			{
				title: "Targets", height: 9, panels: []panel{
					{
						kind: table, title: "Targets", unit: number, width: 10,
						about: "Of each job: how many there are, how many don't answer, how many samples they give and how long that takes.",
						queries: []query{
							{expr: `count by (job) (up)`},
							{expr: `sum by (job) (scrape_samples_post_metric_relabeling)`},
							{expr: `max by (job) (scrape_duration_seconds)`},
							{expr: `count by (job) (up) - sum by (job) (up)`},
						},
						columns: []column{
							{of: "job", title: "Job"},
							{of: "value A", title: "Targets", width: 90},
							{of: "value B", title: "Samples", unit: number, width: 100},
							{of: "value C", title: "Slowest", unit: seconds, width: 100},
							{of: "value D", title: "Down", width: 80, thresholds: above(warning(1))},
						},
					},
					{
						kind: timeseries, title: "Down", unit: number, width: 7,
						about:   "Targets that don't answer, by job.",
						queries: maybe(`count by (job) (up == 0)`, "{{job}}"),
						alert:   "TargetDown",
					},
					{
						kind: timeseries, title: "Time of a scrape", unit: seconds, width: 7,
						about:   "The slowest of each job. From 10 s on a scrape is given up, and its target counts as down.",
						queries: of(`topk(10, max by (job) (scrape_duration_seconds))`, "{{job}}"),
					},
				},
			},
			{
				title: "Rules", height: 7, jobs: []string{server}, panels: []panel{
					{
						kind: timeseries, title: "Time of the slowest groups", unit: seconds,
						about:   "The ten slowest. Beyond the interval of 15 s (the API server's: a minute) evaluations are left out.",
						queries: of(`topk(10, max by (rule_group) (prometheus_rule_group_last_duration_seconds))`, "{{rule_group}}"),
					},
					{
						kind: timeseries, title: "Evaluations left out, in 10 minutes", unit: number,
						about:   "Because the one before wasn't done: Prometheus lacks processor, or a rule asks for too much.",
						queries: maybe(`sum by (rule_group) (increase(prometheus_rule_group_iterations_missed_total[10m])) > 0`, "{{rule_group}}"),
					},
					{
						kind: timeseries, title: "Alerts that fire", unit: number, stacked: true,
						about:   "By severity; none is Watchdog's, which always fires.",
						queries: []query{{expr: `count by (severity) (ALERTS{alertstate="firing"})`, legend: "{{severity}}", jobs: []string{}}},
					},
				},
			},
			{
				title: "Notifications", height: 7, jobs: []string{alertmanager}, panels: []panel{
					{
						kind: timeseries, title: "Alerts in Alertmanager", unit: number,
						about:   "Active ones are told of; suppressed ones are silenced or held back by another alert.",
						queries: of(`max by (state) (alertmanager_alerts)`, "{{state}}"),
					},
					{
						kind: timeseries, title: "Notifications, in 10 minutes", unit: number,
						about:   "By the way that they take. With a dead man's switch there is always one of Watchdog.",
						queries: maybe(`sum by (integration) (increase(alertmanager_notifications_total[10m])) > 0`, "{{integration}}"),
					},
					{
						kind: timeseries, title: "Not delivered", unit: share,
						about: "Share of the notifications. Alertmanager tries again, and gives up after a while.",
						alert: "AlertmanagerFailedToSendAlerts", thresholds: above(warning(0.01)),
						queries: maybe(undelivered, "{{integration}}"),
					},
					{
						kind: timeseries, title: "Time to deliver, p99", unit: seconds,
						about:   "What the receiver takes.",
						queries: maybe(`histogram_quantile(0.99, sum by (integration, le) (rate(alertmanager_notification_latency_seconds_bucket[15m]))) > 0`, "{{integration}}"),
					},
				},
			},
			{
				title: "Prometheus", height: 7, jobs: []string{server}, panels: []panel{
					{
						kind: timeseries, title: "Series", unit: number,
						about:   "Those that are being written. Memory goes with them; a jump is a new job, or a label with too many values.",
						queries: of(`max(prometheus_tsdb_head_series)`, "series"),
					},
					{
						kind: timeseries, title: "Samples", unit: rate,
						about:   "That are stored.",
						queries: of(`sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval]))`, "samples"),
					},
					{
						kind: timeseries, title: "Kept", unit: bytes, stacked: true,
						about: "On the volume: blocks, and the log of what isn't in one yet.",
						queries: []query{
							{expr: `max(prometheus_tsdb_storage_blocks_bytes)`, legend: "blocks"},
							{expr: `max(prometheus_tsdb_wal_storage_size_bytes)`, legend: "log"},
						},
					},
					{
						kind: timeseries, title: "Trouble with its data, in 3 hours", unit: number,
						about: "Blocks that it could neither write nor read.",
						alert: "PrometheusTSDBCompactionsFailing",
						queries: []query{
							{expr: `max(increase(prometheus_tsdb_compactions_failed_total[3h]))`, legend: "not written"},
							{expr: `max(increase(prometheus_tsdb_reloads_failures_total[3h]))`, legend: "not read"},
						},
					},
				},
			},
			{
				title: "Grafana", height: 7, jobs: []string{grafana}, panels: []panel{
					{
						kind: timeseries, title: "Requests", unit: requests,
						about:   "By code. Those of an open dashboard among them.",
						queries: of(`sum by (status_code) (rate(grafana_http_request_duration_seconds_count[$__rate_interval]))`, "{{status_code}}"),
					},
					{
						kind: timeseries, title: "Requests that fail", unit: share,
						about: "Share of each kind of request, those that only pass on what a data source says left out.",
						alert: "GrafanaRequestsFailing", thresholds: above(warning(0.5)),
						queries: maybe(`sum by (handler) (rate(grafana_http_request_duration_seconds_count{handler!~"/api/datasources/proxy/.*|/api/ds/query", status_code=~"5.."}[5m]))`+
							` / sum by (handler) (rate(grafana_http_request_duration_seconds_count{handler!~"/api/datasources/proxy/.*|/api/ds/query"}[5m]))`, "{{handler}}"),
					},
					{
						kind: timeseries, title: "Time to answer, p99", unit: seconds,
						about:   "By what is asked; /api/ds/query is the panels' queries.",
						queries: of(`topk(5, histogram_quantile(0.99, sum by (handler, le) (rate(grafana_http_request_duration_seconds_bucket[5m]))))`, "{{handler}}"),
					},
				},
			},
			firingAlerts(),
		},
	}
}
