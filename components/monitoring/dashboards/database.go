package dashboards

func database() dashboard {
	const pods = `namespace="fleetman", container="mongodb"`
	return dashboard{
		file: "database", title: "Database (MongoDB)", refresh: "30s", span: "1h",
		about: "Where positions are stored: whether it answers, how fast, and what it has left.",
		rows: []row{
			{
				title: "Is it fine?", height: 4, jobs: []string{databaseJob}, panels: []panel{
					{
						kind: stat, title: "Primary", unit: plain, words: []string{"none", "answers"},
						about: "Whether one answers. Without, nothing is stored and reports wait in the queue.",
						alert: "DatabaseDown", thresholds: below(critical(1)),
						queries: of(`max(mongodb_up)`, ""),
					},
					{
						kind: stat, title: "Members down", unit: number,
						about: "Of the replica set, as the others see it.",
						alert: "DatabaseMemberDown", thresholds: above(warning(1)),
						queries: of(`count(max by (member_idx) (mongodb_members_health) == 0) or vector(0)`, ""),
					},
					{
						kind: stat, title: "Replication lag", unit: seconds,
						about: "Of the member that is furthest behind the primary. Up to 10 s is none: the primary writes at least that often.",
						alert: "DatabaseReplicationLag", thresholds: above(warning(30)),
						queries: maybe(`max(member_idx:mongodb_replication_lag_seconds:max)`, ""),
					},
					{
						kind: stat, title: "Connections used", unit: share,
						about: "Of those that it accepts.",
						alert: "DatabaseConnectionsNearLimit", thresholds: above(warning(0.8)),
						queries: of(`max(namespace:mongodb_connections_used:ratio)`, ""),
					},
					{
						kind: stat, title: "Operations", unit: rate,
						about:   "Of all kinds, replication's own not counted.",
						queries: of(`sum(rate(mongodb_ss_opcounters[1m]))`, ""),
					},
					{
						kind: stat, title: "Restarts, last hour", unit: number,
						about:   "Of the members' containers.",
						queries: []query{{expr: `sum(increase(kube_pod_container_status_restarts_total{` + pods + `}[1h]))`, jobs: []string{kubeState}}},
					},
				},
			},
			{
				title: "Operations", height: 8, jobs: []string{databaseJob}, panels: []panel{
					{
						kind: timeseries, title: "Operations", unit: rate,
						about:   "By kind. The tracker's batches are updates; getmore is the members' replication.",
						queries: of(`sum by (legacy_op_type) (rate(mongodb_ss_opcounters[$__rate_interval]))`, "{{legacy_op_type}}"),
					},
					{
						kind: timeseries, title: "Time an operation takes", unit: seconds,
						about: "On average. Writes wait for the disk, reads if what they want isn't in the cache.",
						queries: []query{{
							expr: `sum by (op_type) (rate(mongodb_ss_opLatencies_latency{op_type!="transactions"}[$__rate_interval]))` +
								` / sum by (op_type) (rate(mongodb_ss_opLatencies_ops{op_type!="transactions"}[$__rate_interval])) / 1e6`,
							legend: "{{op_type}}",
						}},
					},
					{
						kind: timeseries, title: "Operations that wait", unit: number,
						about:   "For their turn. More than a few for long: the disk or the processor is too slow.",
						queries: of(`sum by (count_type) (mongodb_ss_globalLock_currentQueue{count_type!="total"})`, "{{count_type}}"),
					},
					{
						kind: timeseries, title: "Connections", unit: number,
						about:   "Open ones. Each client keeps a pool of them; a jump is a client that starts again and again.",
						queries: of(`sum(mongodb_ss_connections{conn_type="current"})`, "open"),
					},
				},
			},
			{
				title: "Documents and cache", height: 8, jobs: []string{databaseJob}, panels: []panel{
					{
						kind: timeseries, title: "Size", unit: bytes,
						about: "Data and indexes of each database on disk. Positions expire, so that it levels off.",
						queries: []query{
							{expr: `max by (database) (mongodb_dbstats_storageSize)`, legend: "{{database}} data"},
							{expr: `max by (database) (mongodb_dbstats_indexSize)`, legend: "{{database}} indexes"},
						},
					},
					{
						kind: timeseries, title: "Documents", unit: rate,
						about: "Written and given out. Expired ones are deleted once a minute.",
						queries: []query{
							{expr: `sum by (doc_op_type) (rate(mongodb_ss_metrics_document[$__rate_interval]))`, legend: "{{doc_op_type}}"},
							{expr: `sum(rate(mongodb_ss_metrics_ttl_deletedDocuments[$__rate_interval]))`, legend: "expired"},
						},
					},
					// WiredTiger's eviction_dirty_trigger is 20 % (source.wiredtiger.com, "Cache and eviction tuning").
					{
						kind: timeseries, title: "Cache", unit: share,
						about: "How full it is, and how much of it is not on disk yet. Writers are made to help from 20 % on that isn't.",
						queries: []query{
							{expr: `max(mongodb_ss_wt_cache_bytes_currently_in_the_cache / mongodb_ss_wt_cache_maximum_bytes_configured)`, legend: "used"},
							{expr: `max(mongodb_ss_wt_cache_tracked_dirty_bytes_in_the_cache / mongodb_ss_wt_cache_maximum_bytes_configured)`, legend: "not on disk yet"},
						},
					},
					{
						kind: timeseries, title: "Read into the cache", unit: byteRate,
						about:   "From disk. Much of it all the time: what is asked for doesn't fit into the cache.",
						queries: of(`sum(rate(mongodb_ss_wt_cache_bytes_read_into_cache[$__rate_interval]))`, "read"),
					},
				},
			},
			{
				title: "Replica set", height: 7, jobs: []string{databaseJob}, panels: []panel{
					{
						kind: timeseries, title: "Replication lag", unit: seconds,
						about: "How far each member is behind the primary. What it hasn't got is lost if the others are.",
						alert: "DatabaseReplicationLag", thresholds: above(warning(30)),
						queries: maybe(`max by (member_idx) (member_idx:mongodb_replication_lag_seconds:max)`, "{{member_idx}}"),
					},
					{
						kind: timeseries, title: "Members", unit: plain, full: 1, words: []string{"down", "up"},
						about:   "Whether each is reached by the others.",
						queries: of(`max by (member_idx) (mongodb_members_health)`, "{{member_idx}}"),
					},
					{
						kind: timeseries, title: "Elections", unit: number,
						about:   "In ten minutes. A primary that didn't answer in time was replaced.",
						queries: maybe(`sum(increase(mongodb_ss_electionMetrics_electionTimeout_called[10m]))`, "for want of an answer"),
					},
				},
			},
			{
				title: "The members' pods", height: 7, panels: []panel{
					cpuOfLimit(pods), throttled(pods), memoryOfLimit(pods), volumes(`namespace="fleetman", persistentvolumeclaim=~"data-fleetman-mongodb-.+"`),
				},
			},
		},
	}
}
