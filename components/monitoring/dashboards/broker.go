package dashboards

func broker() dashboard {
	const pods = `namespace="fleetman", container="activemq"`
	return dashboard{
		file: "broker", title: "Broker (ActiveMQ)", refresh: "30s", span: "1h",
		about: "The queue between the vehicles and the tracker, and the broker that keeps it.",
		variables: []variable{{
			name: "queue", title: "Queue", metric: "activemq_queue_messages", label: "queue", jobs: []string{brokerJob}, sample: "(positionQueue)",
		}},
		rows: []row{
			{
				title: "Is it fine?", height: 4, jobs: []string{brokerJob}, panels: []panel{
					{
						kind: stat, title: "Broker", unit: plain, words: []string{"down", "up"},
						about: "Whether it answers its exporter. While it is down, vehicles keep trying and the map stands still.",
						alert: "BrokerDown", thresholds: below(critical(1)),
						queries: of(`max(activemq_up)`, ""),
					},
					{
						kind: stat, title: "Reports waiting", unit: number,
						about: "In positionQueue. What waits isn't lost.",
						alert: "QueueBacklog", thresholds: above(warning(1000)),
						queries: of(reportsWaiting, ""),
					},
					{
						kind: stat, title: "Consumers", unit: number,
						about: "Trackers that take reports from positionQueue.",
						alert: "QueueNoConsumers", thresholds: below(warning(1)),
						queries: of(`max(activemq_queue_consumers{queue="positionQueue"})`, ""),
					},
					{
						kind: stat, title: "New dead letters, 15 min", unit: number,
						about: "Reports that nobody can take; the header fleetman-reason of each says why.",
						alert: "QueueDeadLetters", thresholds: above(warning(1)),
						queries: maybe(newDeadLetters, ""),
					},
					{
						kind: stat, title: "Store used", unit: share,
						about: "Of the journal's limit. When it is full, nobody can send.",
						alert: "BrokerStoreNearlyFull", thresholds: above(warning(0.8), critical(0.95)),
						queries: of(`max(activemq_store_used_ratio)`, ""),
					},
					{
						kind: stat, title: "Memory used", unit: share,
						about: "Of the memory for messages. When it is full, producers are slowed down.",
						alert: "BrokerMemoryNearlyFull", thresholds: above(warning(0.9)),
						queries: of(`max(activemq_memory_used_ratio)`, ""),
					},
					{
						kind: stat, title: "Connections", unit: number,
						about:   "Open to the broker: simulator, trackers, gateways and the exporter.",
						queries: of(`max(activemq_connections)`, ""),
					},
					{
						kind: stat, title: "Restarts, last hour", unit: number,
						about:   "Of the broker's container. Its messages are on its volume and outlive it.",
						queries: []query{{expr: `sum(increase(kube_pod_container_status_restarts_total{` + pods + `}[1h]))`, jobs: []string{kubeState}}},
					},
				},
			},
			{
				title: "Queues", height: 8, jobs: []string{brokerJob}, panels: []panel{
					{
						kind: timeseries, title: "Waiting", unit: number, width: 6,
						about:   "Messages in each queue. It grows while what takes from it doesn't keep up.",
						queries: of(`max by (queue) (activemq_queue_messages{queue=~"$queue"})`, "{{queue}}"),
					},
					{
						kind: timeseries, title: "In and out", unit: rate, width: 6,
						about: "In without out: nobody takes. Out without in: nobody sends.",
						queries: []query{
							{expr: `sum by (queue) (queue:activemq_queue_enqueued:rate1m{queue=~"$queue"})`, legend: "{{queue}} in"},
							{expr: `sum by (queue) (queue:activemq_queue_dequeued:rate1m{queue=~"$queue"})`, legend: "{{queue}} out"},
						},
					},
					{
						kind: timeseries, title: "Given out, not yet confirmed", unit: number, width: 6,
						about:   "What consumers hold. Always at the prefetch's size: they are slow; 0 while messages wait: they are gone.",
						queries: of(`max by (queue) (activemq_queue_inflight_messages{queue=~"$queue"})`, "{{queue}}"),
					},
					{
						kind: timeseries, title: "Consumers and producers", unit: number, width: 6,
						about: "Who takes from a queue and who sends to it.",
						queries: []query{
							{expr: `max by (queue) (activemq_queue_consumers{queue=~"$queue"})`, legend: "{{queue}} consumers"},
							{expr: `max by (queue) (activemq_queue_producers{queue=~"$queue"})`, legend: "{{queue}} producers"},
						},
					},
				},
			},
			{
				title: "Limits", height: 7, jobs: []string{brokerJob}, panels: []panel{
					{
						kind: timeseries, title: "Store used", unit: share, full: 1,
						about: "Of the journal's limit. One old message keeps a whole file of it.",
						alert: "BrokerStoreNearlyFull", thresholds: above(warning(0.8), critical(0.95)),
						queries: of(`max(activemq_store_used_ratio)`, "store"),
					},
					{
						kind: timeseries, title: "Memory used", unit: share, full: 1,
						about: "Of the memory for messages, and each queue's share of its own limit.",
						alert: "BrokerMemoryNearlyFull", thresholds: above(warning(0.9)),
						queries: []query{
							{expr: `max(activemq_memory_used_ratio)`, legend: "broker"},
							{expr: `max by (queue) (activemq_queue_memory_used_ratio{queue=~"$queue"})`, legend: "{{queue}}"},
						},
					},
					{
						kind: timeseries, title: "Temporary store used", unit: share, full: 1,
						about:   "For messages that aren't kept, which the topic's are.",
						queries: of(`max(activemq_temp_used_ratio)`, "temporary store"),
					},
					{
						kind: timeseries, title: "Expired", unit: rate,
						about:   "Messages that were too old when somebody came for them.",
						queries: of(`sum by (queue) (rate(activemq_queue_expired_total{queue=~"$queue"}[$__rate_interval]))`, "{{queue}}"),
					},
				},
			},
			{
				title: "The broker's pod", height: 7, panels: []panel{
					cpuOfLimit(pods), throttled(pods), memoryOfLimit(pods), volumes(`namespace="fleetman", persistentvolumeclaim=~"fleetman-queue-.+"`),
				},
			},
		},
	}
}
