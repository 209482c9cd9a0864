package dashboards

func controlPlane(etcd bool) dashboard {
	const (
		apiserver = "apiserver"
		coredns   = "coredns"
		// The quantile is of the clients' requests; where none comes with a certificate, it is no number.
		certificate = `histogram_quantile(0.01, sum by (le) (rate(apiserver_client_certificate_expiration_seconds_bucket{job="apiserver"}[5m]))) >= 0`
		etcdLatency = `histogram_quantile(0.99, sum by (le, operation) (rate(etcd_request_duration_seconds_bucket{job="apiserver", operation!~"list.*"}[5m])))`
		servfail    = `sum(rate(coredns_dns_responses_total{rcode="SERVFAIL"}[5m])) / sum(rate(coredns_dns_responses_total[5m])) >= 0`
	)
	d := dashboard{
		file: "control-plane", title: "Kubernetes control plane", refresh: "30s", span: "3h",
		about: "API server, etcd and names. What runs goes on running without them; nothing is started, moved or found.",
		rows: []row{
			{
				title: "Is it fine?", height: 4, jobs: []string{apiserver}, panels: []panel{
					{
						kind: stat, title: "API servers", unit: number,
						about: "Those that answer Prometheus.",
						alert: "KubeAPIDown", thresholds: below(critical(1)),
						queries: of(`sum(up{job="apiserver"})`, ""),
					},
					{
						kind: stat, title: "Bad requests, last hour", unit: share,
						about: "Share of the requests that failed or were slow; 1 % is what may be in the long run.",
						alert: "KubeAPIErrorBudgetBurn", thresholds: above(critical(0.144)),
						queries: maybe(`max by (verb) (apiserver_request:burnrate1h) >= 0`, "{{verb}}"),
					},
					{
						kind: stat, title: "etcd's database", unit: bytes,
						about: "EKS gives it 8 GiB and lets nobody write when they are full.",
						alert: "EtcdDatabaseNearQuota", thresholds: above(warning(6.4e9), critical(7.2e9)),
						queries: of(`max(apiserver_storage_size_bytes{job="apiserver"})`, ""),
					},
					{
						kind: stat, title: "etcd's answers, p99", unit: seconds,
						about: "Of the slowest operation, lists not counted.",
						alert: "EtcdRequestLatencyHigh", thresholds: above(warning(0.5)),
						queries: maybe(`max(`+etcdLatency+`) >= 0`, ""),
					},
					{
						kind: stat, title: "First certificate of a client to end", unit: duration,
						about: "In how long one client in a hundred is locked out, unless its certificate is renewed.",
						alert: "KubeClientCertificateExpiration", thresholds: below(warning(7*24*3600), critical(24*3600)),
						queries: maybe(certificate, ""),
					},
					{
						kind: stat, title: "APIs that don't answer", unit: number,
						about:   "Behind the API server, such as metrics-server, without which nothing is scaled.",
						alert:   "KubeAggregatedAPIDown",
						queries: of(`sum(max by (name) (aggregator_unavailable_apiservice{job="apiserver"})) or vector(0)`, ""),
					},
					{
						kind: stat, title: "CoreDNS", unit: number,
						about: "Those that answer Prometheus.",
						alert: "CoreDNSDown", thresholds: below(critical(1)),
						queries: []query{{expr: `sum(up{job="coredns"})`, jobs: []string{coredns}}},
					},
					{
						kind: stat, title: "Names not resolved", unit: share,
						about: "Share of CoreDNS's answers that say SERVFAIL. In a quiet cluster one failure is a large share.",
						alert: "CoreDNSErrorsHigh", thresholds: above(warning(0.01), critical(0.03)),
						queries: []query{{expr: servfail, jobs: []string{coredns}, quiet: true}},
					},
				},
			},
			{
				title: "API server", height: 8, jobs: []string{apiserver}, panels: []panel{
					{
						kind: timeseries, title: "Requests", unit: requests, width: 6,
						about:   "By verb. A client gone wild shows here.",
						queries: of(`sum by (verb) (rate(apiserver_request_total{job="apiserver"}[$__rate_interval]))`, "{{verb}}"),
					},
					{
						kind: timeseries, title: "Errors", unit: requests, width: 6,
						about:   "Answers that are the server's own fault (5xx), by verb and resource.",
						queries: maybe(`sum by (verb, resource, code) (rate(apiserver_request_total{job="apiserver", code=~"5.."}[$__rate_interval])) > 0`, "{{verb}} {{resource}} {{code}}"),
					},
					{
						kind: timeseries, title: "Time to answer, p99", unit: seconds, width: 6,
						about: "By verb, without what lasts on purpose: watches, logs, exec.",
						queries: of(`histogram_quantile(0.99, sum by (verb, le) (rate(apiserver_request_sli_duration_seconds_bucket{job="apiserver",`+
							` verb!~"WATCH|CONNECT", subresource!~"proxy|attach|log|exec|portforward"}[5m])))`, "{{verb}}"),
					},
					{
						kind: timeseries, title: "At work", unit: number, width: 6,
						about:   "Requests that are being answered. Reading and writing each have a limit, at which it refuses more (429).",
						queries: of(`sum by (request_kind) (apiserver_current_inflight_requests{job="apiserver"})`, "{{request_kind}}"),
					},
				},
			},
			{
				title: "Error budget", height: 7, jobs: []string{apiserver}, panels: []panel{
					{
						kind: timeseries, title: "Bad reads", unit: share,
						about: "Share of the reads that failed or were slow, over a short and two longer times. 1 % is what may be in the long run.",
						alert: "KubeAPIErrorBudgetBurn",
						queries: []query{
							{expr: `max(apiserver_request:burnrate5m{verb="read"})`, legend: "5 min"},
							{expr: `max(apiserver_request:burnrate1h{verb="read"})`, legend: "1 h"},
							{expr: `max(apiserver_request:burnrate6h{verb="read"})`, legend: "6 h"},
						},
					},
					{
						kind: timeseries, title: "Bad writes", unit: share,
						about: "Share of the writes that failed or were slow, over a short and two longer times. 1 % is what may be in the long run.",
						alert: "KubeAPIErrorBudgetBurn",
						queries: []query{
							{expr: `max(apiserver_request:burnrate5m{verb="write"})`, legend: "5 min"},
							{expr: `max(apiserver_request:burnrate1h{verb="write"})`, legend: "1 h"},
							{expr: `max(apiserver_request:burnrate6h{verb="write"})`, legend: "6 h"},
						},
					},
				},
			},
			{
				title: "etcd, as the API server sees it", height: 8, jobs: []string{apiserver}, panels: []panel{
					{
						kind: timeseries, title: "Time to answer, p99", unit: seconds,
						about: "By operation; lists take as long as they are. What is slow here is slow for every client.",
						alert: "EtcdRequestLatencyHigh", thresholds: above(warning(0.5)),
						queries: of(etcdLatency, "{{operation}}"),
					},
					{
						kind: timeseries, title: "Requests that failed", unit: share,
						about: "Share of the API server's requests to etcd.",
						alert: "EtcdRequestErrors", thresholds: above(warning(0.01)),
						queries: maybe(`sum(rate(etcd_request_errors_total{job="apiserver"}[5m])) / sum(rate(etcd_requests_total{job="apiserver"}[5m]))`, "failed"),
					},
					{
						kind: timeseries, title: "Most numerous objects", unit: number,
						about:   "The ten kinds of which there are most. Something that makes objects without end shows here.",
						queries: of(`topk(10, sum by (resource) (max by (group, resource) (apiserver_resource_objects{job="apiserver"})))`, "{{resource}}"),
					},
				},
			},
			{
				title: "Names (CoreDNS)", height: 8, jobs: []string{coredns}, panels: []panel{
					{
						kind: timeseries, title: "Answers", unit: requests,
						about:   "By kind. NXDOMAIN is usual: a short name is tried with several endings. SERVFAIL isn't.",
						queries: of(`sum by (rcode) (rate(coredns_dns_responses_total[$__rate_interval]))`, "{{rcode}}"),
					},
					{
						kind: timeseries, title: "Time to answer, p99", unit: seconds,
						about:   "By zone. Names outside the cluster wait for the servers outside.",
						queries: of(`histogram_quantile(0.99, sum by (zone, le) (rate(coredns_dns_request_duration_seconds_bucket[5m])))`, "{{zone}}"),
					},
					{
						kind: timeseries, title: "Asked of servers outside, p99", unit: seconds,
						about:   "How long they take, by address. CoreDNS can't be faster than they are.",
						queries: maybe(`histogram_quantile(0.99, sum by (to, le) (rate(coredns_proxy_request_duration_seconds_bucket[5m])))`, "{{to}}"),
					},
				},
			},
		},
	}
	if etcd {
		d.rows = append(d.rows, etcdRow())
	}
	return d
}

// etcdRow is etcd as it sees itself.
func etcdRow() row {
	return row{
		title: "etcd itself", height: 8, jobs: []string{"etcd"}, panels: []panel{
			{
				kind: stat, title: "Leader", unit: plain, words: []string{"none", "there"}, width: 4,
				about: "Whether every member has one. Without, nothing is written.",
				alert: "EtcdNoLeader", thresholds: below(critical(1)),
				queries: of(`min(etcd_server_has_leader)`, ""),
			},
			{
				kind: stat, title: "Of its quota", unit: share, width: 4,
				about: "Size of the database of the fullest member. Full, it takes no writes until it is compacted and defragmented.",
				alert: "EtcdDatabaseQuotaLowSpace", thresholds: above(critical(0.95)),
				queries: of(`max(etcd_mvcc_db_total_size_in_bytes / etcd_server_quota_backend_bytes)`, ""),
			},
			{
				kind: timeseries, title: "Log written to disk, p99", unit: seconds, width: 8,
				about: "By each member. A slow disk is etcd's most frequent trouble, and leaders are lost over it.",
				alert: "EtcdHighFsyncDurations", thresholds: above(warning(0.5), critical(1)),
				queries: of(`histogram_quantile(0.99, sum by (node, le) (rate(etcd_disk_wal_fsync_duration_seconds_bucket[5m])))`, "{{node}}"),
			},
			{
				kind: timeseries, title: "Database written to disk, p99", unit: seconds, width: 8,
				about: "By each member.",
				alert: "EtcdHighCommitDurations", thresholds: above(warning(0.25)),
				queries: of(`histogram_quantile(0.99, sum by (node, le) (rate(etcd_disk_backend_commit_duration_seconds_bucket[5m])))`, "{{node}}"),
			},
			{
				kind: timeseries, title: "Size", unit: bytes, width: 8,
				about: "On disk, and what of it is in use. The difference is what defragmenting gives back.",
				queries: []query{
					{expr: `max by (node) (etcd_mvcc_db_total_size_in_bytes)`, legend: "{{node}} on disk"},
					{expr: `max by (node) (etcd_mvcc_db_total_size_in_use_in_bytes)`, legend: "{{node}} in use"},
				},
			},
			{
				kind: timeseries, title: "Proposals", unit: rate, width: 8,
				about: "Writes that were agreed on, and those that failed, which they do without a leader.",
				queries: []query{
					{expr: `sum by (node) (rate(etcd_server_proposals_committed_total[$__rate_interval]))`, legend: "{{node}} committed"},
					{expr: `sum by (node) (rate(etcd_server_proposals_failed_total[$__rate_interval]))`, legend: "{{node}} failed"},
				},
			},
			{
				kind: timeseries, title: "Changes of leader, in an hour", unit: number, width: 8,
				about:   "More than one or two without a reason: the disk or the network between members is slow.",
				queries: of(`max(increase(etcd_server_leader_changes_seen_total[1h]))`, "changes"),
			},
		},
	}
}
