package dashboards

func logging() dashboard {
	const (
		agent = "fluentd"
		store = "elasticsearch"
		// What the variables choose. Those with :raw are a piece of the query as it is.
		chosen = `kubernetes.namespace_name:$namespace AND kubernetes.pod_name:$pod AND ${level:raw} AND ${search:raw}`
		// The services log by log/slog, whose levels are these.
		errors   = `app.level:ERROR`
		warnings = `app.level:(WARN OR ERROR)`
		diskFree = `min by (name) (elasticsearch_filesystem_data_available_bytes / elasticsearch_filesystem_data_size_bytes)`
		retries  = `sum by (node) (increase(fluentd_output_status_retry_count[10m]))`
		buffer   = `min by (node) (fluentd_output_status_buffer_available_space_ratio)`
	)
	return dashboard{
		file: "logs", title: "Logs", refresh: "30s", span: "1h",
		about: "What the containers write, and whether all of it arrives.",
		variables: []variable{
			{name: "namespace", title: "Namespace", field: "kubernetes.namespace_name", where: "*"},
			{name: "pod", title: "Pod", field: "kubernetes.pod_name", where: "kubernetes.namespace_name:$namespace"},
			{name: "level", title: "Level", choices: []string{"All", "*", "Warnings and errors", warnings, "Errors", errors}},
			{name: "search", title: "Search (* for all)", text: "*"},
		},
		rows: []row{
			{
				title: "Is it fine?", height: 4, jobs: []string{store}, panels: []panel{
					{
						kind: stat, title: "Logs in Elasticsearch", unit: plain, words: []string{"complete", "missing"},
						about: "Missing: some of them can be neither read nor written (red).",
						alert: "LogStoreRed", thresholds: above(critical(1)),
						queries: of(`max(elasticsearch_cluster_health_status{color="red"})`, ""),
					},
					{
						kind: stat, title: "Their copies", unit: plain, words: []string{"complete", "missing"},
						about: "Missing: a node that is lost takes what has no second copy with it (yellow).",
						alert: "LogStoreYellow", thresholds: above(warning(1)),
						queries: of(`max(elasticsearch_cluster_health_status{color="yellow"})`, ""),
					},
					{
						kind: stat, title: "Nodes of Elasticsearch", unit: number,
						about:   "That have found each other. Without an answer, LogStoreDown.",
						alert:   "LogStoreDown",
						queries: of(`max(elasticsearch_cluster_health_number_of_nodes)`, ""),
					},
					{
						kind: stat, title: "Least space for logs", unit: share,
						about: "Left on the fullest node. Below 5 % it takes no logs.",
						alert: "LogStoreDiskLow", thresholds: below(warning(0.15), critical(0.1)),
						queries: of(`min(`+diskFree+`)`, ""),
					},
					{
						kind: stat, title: "Nodes without Fluentd", unit: number,
						about: "What their containers write stays in files that are rotated.",
						alert: "FluentdDown", thresholds: above(warning(1)),
						queries: []query{{expr: `count(count by (node) (kube_node_info) unless on (node) (up{job="fluentd"} == 1)) or vector(0)`, jobs: []string{kubeState}}},
					},
					{
						kind: stat, title: "Least space in a buffer", unit: percent,
						about: "Of Fluentd's on a node. A full one stops the reading.",
						alert: "FluentdBufferNearlyFull", thresholds: below(warning(20), critical(5)),
						queries: []query{{expr: `min(` + buffer + `)`, jobs: []string{agent}}},
					},
					{
						kind: stat, title: "Deliveries that failed, 10 min", unit: number,
						about: "Of the Fluentd that has most. A few are what the buffer is for.",
						alert: "FluentdRetrying", thresholds: above(warning(5)),
						queries: []query{{expr: `max(` + retries + `)`, jobs: []string{agent}}},
					},
					{
						kind: stat, title: "Errors of the services", unit: number,
						about:   "Lines of the level ERROR in the time that is shown.",
						queries: []query{{logs: errors}},
					},
				},
			},
			{
				title: "Logs", height: 7, panels: []panel{
					{
						kind: timeseries, title: "Lines by namespace", unit: number, stacked: true, bars: true, width: 12,
						about:   "A flood shows here, and so does silence.",
						queries: []query{{logs: chosen, count: "kubernetes.namespace_name"}},
					},
					{
						kind: timeseries, title: "Warnings and errors of the services", unit: number, stacked: true, bars: true, width: 12,
						about:   "By pod. Other containers have no level that is known here.",
						queries: []query{{logs: warnings + ` AND kubernetes.namespace_name:$namespace AND kubernetes.pod_name:$pod`, count: "kubernetes.pod_name"}},
					},
				},
			},
			{
				title: "Lines", height: 16, panels: []panel{{
					kind: logs, title: "Lines", unit: textValue,
					about:   "The newest 500 that fit what is chosen above. A click on one shows its fields.",
					queries: []query{{logs: chosen}},
				}},
			},
			{
				title: "Fluentd", height: 7, jobs: []string{agent}, panels: []panel{
					{
						kind: timeseries, title: "Lines taken", unit: rate,
						about:   "By the Fluentd of each node, on their way to Elasticsearch.",
						queries: of(`sum by (node) (rate(fluentd_output_status_emit_records{plugin_id="elasticsearch"}[$__rate_interval]))`, "{{node}}"),
					},
					{
						kind: timeseries, title: "Waiting in the buffer", unit: bytes,
						about:   "On each node's disk. It grows while Elasticsearch doesn't take any.",
						queries: of(`sum by (node) (fluentd_output_status_buffer_total_bytes)`, "{{node}}"),
					},
					{
						kind: timeseries, title: "Space in the buffer", unit: percent, full: 100,
						about: "What is left of each node's. When there is none, logs wait in files that are rotated.",
						alert: "FluentdBufferNearlyFull", thresholds: below(warning(20), critical(5)),
						queries: of(buffer, "{{node}}"),
					},
					{
						kind: timeseries, title: "Deliveries that failed, in 10 minutes", unit: number,
						about: "Fluentd tries again for ever. Its own log says what Elasticsearch answered.",
						alert: "FluentdRetrying", thresholds: above(warning(5)),
						queries: of(retries, "{{node}}"),
					},
				},
			},
			{
				title: "Elasticsearch", height: 7, jobs: []string{store}, panels: []panel{
					{
						kind: timeseries, title: "Lines stored", unit: rate,
						about:   "By all nodes, copies counted too. Lower than what Fluentd takes for long: logs pile up in the buffers.",
						queries: of(`sum(rate(elasticsearch_indices_indexing_index_total[$__rate_interval]))`, "stored"),
					},
					{
						kind: timeseries, title: "Refused", unit: rate,
						about:   "Requests to write for which there was no room in the queue. Fluentd sends them again.",
						queries: of(`sum by (name) (rate(elasticsearch_thread_pool_rejected_count{type="write"}[$__rate_interval]))`, "{{name}}"),
					},
					// 85 % is where Elastic calls it high memory pressure (elastic.co, "High JVM memory pressure").
					{
						kind: timeseries, title: "Heap used", unit: share, full: 1,
						about:   "By each node. Rising and falling is usual; above 85 % all the time is too little memory.",
						queries: of(`max by (name) (elasticsearch_jvm_memory_used_bytes{area="heap"} / elasticsearch_jvm_memory_max_bytes{area="heap"})`, "{{name}}"),
					},
					{
						kind: timeseries, title: "Space left", unit: share, full: 1,
						about: "On each node. Retention deletes the oldest logs, if it is short enough for the volume.",
						alert: "LogStoreDiskLow", thresholds: below(warning(0.15), critical(0.1)),
						queries: of(diskFree, "{{name}}"),
					},
				},
			},
		},
	}
}
