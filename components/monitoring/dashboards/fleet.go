package dashboards

// The jobs of the fleet and of what it stands on.
const (
	simulator   = "fleetman-position-simulator"
	tracker     = "fleetman-position-tracker"
	gateway     = "fleetman-api-gateway"
	webapp      = "fleetman-webapp"
	brokerJob   = "activemq"
	databaseJob = "mongodb"
	kubelet     = "kubelet"
	kubeState   = "kube-state-metrics"
)

// The queries that more than one dashboard asks.
const (
	reportsWaiting = `max(activemq_queue_messages{queue="positionQueue"})`
	newDeadLetters = `sum(max by (queue) (activemq_queue_messages{queue=~".+[.]DLQ"})` +
		` - (max by (queue) (activemq_queue_messages{queue=~".+[.]DLQ"} offset 15m) or 0 * max by (queue) (activemq_queue_messages{queue=~".+[.]DLQ"})))`
)

func fleet() dashboard {
	return dashboard{
		file: "fleet", title: "Fleet overview", refresh: "10s", span: "1h",
		about: "Whether positions arrive, how fresh they are, who watches, and what fires.",
		rows: []row{
			{
				title: "Is it fine?", height: 4, panels: []panel{
					firing("Critical alerts", "critical", critical), firing("Warnings", "warning", warning),
					{
						kind: stat, title: "Vehicles", unit: number,
						about: "Those that reported within the last minute, and those that did within the last day.",
						queries: []query{
							{expr: `max(fleetman_vehicles_online)`, legend: "online", jobs: []string{gateway}},
							{expr: `max(fleetman_vehicles)`, legend: "known", jobs: []string{gateway}},
						},
					},
					{
						kind: stat, title: "Vehicles offline", unit: share,
						about: "Share of the known vehicles that has not reported for a minute. A few park; many at once is about us.",
						alert: "FleetVehiclesOffline", thresholds: above(warning(0.2), critical(0.5)),
						queries: []query{{expr: `max(fleet:vehicles_offline:ratio) >= 0`, jobs: []string{gateway}}},
					},
					{
						kind: stat, title: "Last position stored", unit: seconds,
						about: "How long ago. Beyond a minute the map stands still.",
						alert: "FleetPositionsStopped", thresholds: above(critical(60)),
						queries: []query{{
							expr: `time() - max(fleetman_position_stored_timestamp_seconds > 0 or process_start_time_seconds{job="fleetman-position-tracker"})`,
							jobs: []string{tracker},
						}},
					},
					{
						kind: stat, title: "Lag, p99", unit: seconds,
						about: "From a vehicle's report until it is stored, exceeded by one report in a hundred. None while nothing is stored.",
						alert: "FleetPositionLagHigh", thresholds: above(warning(10)),
						queries: []query{{expr: `max(fleet:position_lag_seconds:p99) >= 0`, jobs: []string{tracker}, quiet: true}},
					},
					{
						kind: stat, title: "Reports waiting", unit: number,
						about: "In the broker's queue for the tracker, which keeps it empty. What waits isn't lost.",
						alert: "QueueBacklog", thresholds: above(warning(1000)),
						queries: []query{{expr: reportsWaiting, jobs: []string{brokerJob}}},
					},
					{
						kind: stat, title: "New dead letters, 15 min", unit: number,
						about: "Reports that nobody can take, set aside within the last quarter of an hour.",
						alert: "QueueDeadLetters", thresholds: above(warning(1)),
						queries: []query{{expr: newDeadLetters, jobs: []string{brokerJob}, quiet: true}},
					},
				},
			},
			{
				title: "Positions", height: 8, jobs: []string{tracker}, panels: []panel{
					{
						kind: timeseries, title: "Reports, from vehicle to database", unit: rate,
						about: "The five should be one line. Where they part is where reports stay: broker, tracker, database.",
						queries: []query{
							{expr: `sum(rate(fleetman_reports_made_total[$__rate_interval]))`, legend: "made by vehicles", jobs: []string{simulator}},
							{expr: `sum(rate(fleetman_reports_confirmed_total[$__rate_interval]))`, legend: "confirmed by the broker", jobs: []string{simulator}},
							{expr: `sum(rate(fleetman_positions_received_total[$__rate_interval]))`, legend: "received by the tracker"},
							{expr: `sum(rate(fleetman_positions_rejected_total[$__rate_interval]))`, legend: "rejected", quiet: true},
							{expr: `sum(fleet:positions_stored:rate1m)`, legend: "stored"},
						},
					},
					{
						kind: timeseries, title: "Lag", unit: seconds,
						about: "From a vehicle's report until it is stored. If all three rise, it waits in the queue; if only p99, the database stutters.",
						alert: "FleetPositionLagHigh", thresholds: above(warning(10)),
						queries: []query{
							{expr: `max(fleet:position_lag_seconds:p50)`, legend: "p50"},
							{expr: `histogram_quantile(0.95, sum by (le) (rate(fleetman_position_lag_seconds_bucket[5m])))`, legend: "p95"},
							{expr: `max(fleet:position_lag_seconds:p99)`, legend: "p99"},
						},
					},
					{
						kind: timeseries, title: "Reports rejected", unit: share,
						about: "Share of the reports that are set aside as dead letters: invalid ones, and those from the future (a vehicle's clock).",
						alert: "FleetPositionsRejected", thresholds: above(warning(0.01)),
						queries: []query{
							{expr: `max(fleet:positions_rejected:ratio_rate5m)`, legend: "all", quiet: true},
							{
								expr:   `sum by (reason) (rate(fleetman_positions_rejected_total[5m])) / on () group_left () sum(rate(fleetman_positions_received_total[5m]))`,
								legend: "{{reason}}", quiet: true,
							},
						},
					},
				},
			},
			{
				title: "Vehicles and viewers", height: 7, jobs: []string{gateway}, panels: []panel{
					{
						kind: timeseries, title: "Vehicles", unit: number,
						about: "Known are those of the last day, online those of the last minute. The distance is who is offline.",
						queries: []query{
							{expr: `max(fleetman_vehicles)`, legend: "known"},
							{expr: `max(fleetman_vehicles_online)`, legend: "online"},
						},
					},
					{
						kind: timeseries, title: "Live viewers", unit: number, stacked: true,
						about:   "Browsers on the stream of positions, by gateway. All gone at once: the way to them is broken.",
						queries: of(`sum by (pod) (fleetman_stream_clients)`, "{{pod}}"),
					},
					{
						kind: timeseries, title: "Viewers dropped, in 10 minutes", unit: number,
						about: "Turned away by a gateway that is full, or cut off because they were too slow.",
						alert: "FleetStreamClientsDropped", thresholds: above(warning(10)),
						queries: of(`sum by (reason) (increase(fleetman_stream_clients_dropped_total[10m]))`, "{{reason}}"),
					},
				},
			},
			{
				title: "The queue", height: 7, jobs: []string{brokerJob}, panels: []panel{
					{
						kind: timeseries, title: "Reports waiting", unit: number,
						about: "In the queue for the tracker. It grows while the tracker or the database doesn't keep up.",
						alert: "QueueBacklog", thresholds: above(warning(1000)),
						queries: of(reportsWaiting, "positionQueue"),
					},
					{
						kind: timeseries, title: "In and out", unit: rate,
						about: "Reports that enter the queue and that leave it. In without out: the tracker has stopped.",
						queries: []query{
							{expr: `sum(queue:activemq_queue_enqueued:rate1m{queue="positionQueue"})`, legend: "in"},
							{expr: `sum(queue:activemq_queue_dequeued:rate1m{queue="positionQueue"})`, legend: "out"},
						},
					},
					{
						kind: timeseries, title: "Dead letters", unit: number,
						about:   "All that were set aside and that nobody has taken yet.",
						queries: maybe(`max by (queue) (activemq_queue_messages{queue=~".+[.]DLQ"})`, "{{queue}}"),
					},
				},
			},
			firingAlerts(),
		},
	}
}

// firing counts the alerts of a severity.
func firing(title, severity string, at func(float64) level) panel {
	return panel{
		kind: stat, title: title, unit: number, about: "Alerts of this severity that fire now. Which ones is in the last row.",
		thresholds: above(at(1)),
		queries:    of(`count(ALERTS{alertstate="firing", severity="`+severity+`"}) or vector(0)`, ""),
	}
}

// firingAlerts lists the alerts.
func firingAlerts() row {
	return row{
		title: "What fires", height: 8, panels: []panel{{
			kind: table, title: "Firing alerts", unit: textValue,
			about: "Each with its page in docs/runbooks. For is how long its condition has held.",
			queries: maybe(
				`(time() - ALERTS_FOR_STATE{severity!="none"}) and ignoring (alertstate) ALERTS{alertstate="firing", severity!="none"}`, ""),
			columns: []column{
				{of: "alertname", title: "Alert", width: 280},
				{of: "severity", title: "Severity", width: 100},
				{of: "namespace", title: "Namespace"},
				{of: "job", title: "Job"},
				{of: "pod", title: "Pod"},
				{of: "node", title: "Node"},
				{of: "queue", title: "Queue"},
				{of: "value", title: "For", unit: duration, width: 160},
			},
		}},
	}
}
