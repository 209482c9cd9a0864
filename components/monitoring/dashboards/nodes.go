package dashboards

func nodes() dashboard {
	const (
		node = "node-exporter"
		here = `node=~"$node"`
		// File systems of disks, as in the alerts, and network devices of the node, not those of its pods.
		disks   = `node=~"$node", fstype!~"|tmpfs"`
		blocks  = `node=~"$node", device=~"(nvme|sd|vd|xvd).+"`
		devices = `node=~"$node", device!~"lo|veth.+|cali.+|eni.+|cni.+|ifb.+|dummy.+"`
	)
	return dashboard{
		file: "nodes", title: "Kubernetes nodes", refresh: "30s", span: "3h",
		about:     "The machines: whether they take part, and what they have left of processor, memory, disk and network.",
		variables: []variable{{name: "node", title: "Node", metric: "kube_node_info", label: "node", jobs: []string{kubeState}, sample: "(.+)"}},
		rows: []row{
			{
				title: "Is it fine?", height: 4, jobs: []string{node}, panels: []panel{
					{
						kind: stat, title: "Nodes not ready", unit: number,
						about: "Those that nobody has taken out of use and that don't take part. Their pods are started elsewhere, if there is an elsewhere.",
						alert: "KubeNodeNotReady", thresholds: above(warning(1)),
						queries: []query{{
							expr: `count(max by (node) (kube_node_status_condition{` + here + `, condition="Ready", status="true"} == 0` +
								` and on (node) kube_node_spec_unschedulable{` + here + `} == 0)) or vector(0)`,
							jobs: []string{kubeState},
						}},
					},
					{
						kind: stat, title: "Nodes under pressure", unit: number,
						about: "Short of memory, disk or processes: their kubelets end pods.",
						alert: "KubeNodePressure", thresholds: above(warning(1)),
						queries: []query{{
							expr: `count(max by (node) (kube_node_status_condition{` + here + `, condition=~"(Memory|Disk|PID)Pressure", status="true"} == 1)) or vector(0)`,
							jobs: []string{kubeState},
						}},
					},
					{
						kind: stat, title: "Busiest processor", unit: share,
						about:   "Of the node whose is. At 100 % everything on it gets slower; nothing ends.",
						queries: of(`max(1 - avg by (node) (rate(node_cpu_seconds_total{`+here+`, mode="idle"}[5m])))`, ""),
					},
					{
						kind: stat, title: "Fullest memory", unit: share,
						about: "Of the node whose is, without what it can give back.",
						alert: "NodeMemoryHighUtilization", thresholds: above(warning(0.9)),
						queries: of(`max(1 - node_memory_MemAvailable_bytes{`+here+`} / node_memory_MemTotal_bytes{`+here+`})`, ""),
					},
					{
						kind: stat, title: "Fullest disk, space left", unit: share,
						about: "Of the file system that has the least. Below 15 % the kubelet deletes images.",
						alert: "NodeFilesystemAlmostOutOfSpace", thresholds: below(warning(0.05), critical(0.03)),
						queries: of(`min(node_filesystem_avail_bytes{`+disks+`} / node_filesystem_size_bytes{`+disks+`})`, ""),
					},
					{
						kind: stat, title: "Busiest disk, requests waiting", unit: number,
						about: "On average over five minutes.",
						alert: "NodeDiskIOSaturation", thresholds: above(warning(10)),
						queries: of(`max(rate(node_disk_io_time_weighted_seconds_total{`+blocks+`}[5m]))`, ""),
					},
					{
						kind: stat, title: "Clock, furthest off", unit: seconds,
						about: "A wrong clock makes positions late or from the future, and certificates invalid.",
						alert: "NodeClockSkewDetected", thresholds: above(warning(0.05)),
						queries: of(`max(abs(node_timex_offset_seconds{`+here+`}))`, ""),
					},
					{
						kind: stat, title: "Nodes", unit: number,
						about:   "Those that Kubernetes knows.",
						queries: []query{{expr: `count(kube_node_info{` + here + `})`, jobs: []string{kubeState}}},
					},
				},
			},
			{
				title: "Processor and memory", height: 8, jobs: []string{node}, panels: []panel{
					{
						kind: timeseries, title: "Processor used", unit: share, full: 1,
						about:   "By each node. Full for long: pods with a limit are the last to notice, see what asks for it in the workloads.",
						queries: of(`1 - avg by (node) (rate(node_cpu_seconds_total{`+here+`, mode="idle"}[$__rate_interval]))`, "{{node}}"),
					},
					{
						kind: timeseries, title: "Waiting for something", unit: share,
						about: "Share of the time in which something on the node couldn't go on for want of processor, disk or memory.",
						queries: []query{
							{expr: `max by (node) (rate(node_pressure_cpu_waiting_seconds_total{` + here + `}[$__rate_interval]))`, legend: "{{node}} processor"},
							{expr: `max by (node) (rate(node_pressure_io_waiting_seconds_total{` + here + `}[$__rate_interval]))`, legend: "{{node}} disk"},
							{expr: `max by (node) (rate(node_pressure_memory_waiting_seconds_total{` + here + `}[$__rate_interval]))`, legend: "{{node}} memory"},
						},
					},
					{
						kind: timeseries, title: "Memory used", unit: share, full: 1,
						about: "By each node, without what it can give back. At the top the kernel ends processes.",
						alert: "NodeMemoryHighUtilization", thresholds: above(warning(0.9)),
						queries: of(`1 - max by (node) (node_memory_MemAvailable_bytes{`+here+`} / node_memory_MemTotal_bytes{`+here+`})`, "{{node}}"),
					},
				},
			},
			{
				title: "Disks", height: 8, jobs: []string{node}, panels: []panel{
					{
						kind: timeseries, title: "Space left", unit: share, full: 1,
						about: "On each disk. A disk that is mounted in ten places is one disk.",
						alert: "NodeFilesystemAlmostOutOfSpace", thresholds: below(warning(0.05), critical(0.03)),
						queries: of(`max by (node, device) (node_filesystem_avail_bytes{`+disks+`} / node_filesystem_size_bytes{`+disks+`})`, "{{node}} {{device}}"),
					},
					{
						kind: timeseries, title: "Requests waiting", unit: number,
						about: "For each disk, on average. More than it can serve: databases and etcd get slow first.",
						alert: "NodeDiskIOSaturation", thresholds: above(warning(10)),
						queries: of(`max by (node, device) (rate(node_disk_io_time_weighted_seconds_total{`+blocks+`}[5m]))`, "{{node}} {{device}}"),
					},
					{
						kind: timeseries, title: "Read and written", unit: byteRate,
						about: "By the disks of each node. A ceiling that it doesn't get through is what the volume was bought with.",
						queries: []query{
							{expr: `sum by (node) (rate(node_disk_read_bytes_total{` + blocks + `}[$__rate_interval]))`, legend: "{{node}} read"},
							{expr: `sum by (node) (rate(node_disk_written_bytes_total{` + blocks + `}[$__rate_interval]))`, legend: "{{node}} written"},
						},
					},
				},
			},
			{
				title: "Network", height: 7, jobs: []string{node}, panels: []panel{
					{
						kind: timeseries, title: "Received and sent", unit: byteRate,
						about: "By each node's own devices.",
						queries: []query{
							{expr: `sum by (node) (rate(node_network_receive_bytes_total{` + devices + `}[$__rate_interval]))`, legend: "{{node}} received"},
							{expr: `sum by (node) (rate(node_network_transmit_bytes_total{` + devices + `}[$__rate_interval]))`, legend: "{{node}} sent"},
						},
					},
					{
						kind: timeseries, title: "Lost", unit: rate,
						about: "Packets with an error, and those that were dropped.",
						queries: []query{
							{expr: `sum by (node) (rate(node_network_receive_errs_total{` + devices + `}[$__rate_interval]) + rate(node_network_receive_drop_total{` + devices + `}[$__rate_interval]))`, legend: "{{node}} received"},
							{expr: `sum by (node) (rate(node_network_transmit_errs_total{` + devices + `}[$__rate_interval]) + rate(node_network_transmit_drop_total{` + devices + `}[$__rate_interval]))`, legend: "{{node}} sent"},
						},
					},
				},
			},
			{
				title: "What Kubernetes has given away", height: 7, jobs: []string{kubeState}, panels: []panel{
					{
						kind: timeseries, title: "Pods, of those that it may run", unit: share, full: 1,
						about: "At 100 % no pod is placed there any more, whatever it asks for.",
						queries: []query{{
							expr:   `sum by (node) (kubelet_running_pods{` + here + `}) / sum by (node) (kube_node_status_allocatable{` + here + `, resource="pods"})`,
							legend: "{{node}}", jobs: []string{kubelet, kubeState},
						}},
					},
					{
						kind: timeseries, title: "Processor asked for", unit: share,
						about:   "By the pods that are placed there. At 100 % those that ask for more wait for another node.",
						queries: of(`sum by (node) (kube_pod_container_resource_requests{`+here+`, resource="cpu"}) / sum by (node) (kube_node_status_allocatable{`+here+`, resource="cpu"})`, "{{node}}"),
					},
					{
						kind: timeseries, title: "Memory asked for", unit: share,
						about:   "By the pods that are placed there. At 100 % those that ask for more wait for another node.",
						queries: of(`sum by (node) (kube_pod_container_resource_requests{`+here+`, resource="memory"}) / sum by (node) (kube_node_status_allocatable{`+here+`, resource="memory"})`, "{{node}}"),
					},
				},
			},
		},
	}
}
