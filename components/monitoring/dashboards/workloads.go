package dashboards

func workloads() dashboard {
	const (
		here = `namespace=~"$namespace"`
		pods = `namespace=~"$namespace", pod=~"$pod"`
	)
	counted := func(what string) string { return "count(" + what + ") or vector(0)" }
	return dashboard{
		file: "workloads", title: "Kubernetes workloads", refresh: "30s", span: "1h",
		about: "What runs in the cluster, by namespace and pod: whether it runs, what it takes, what it has left.",
		variables: []variable{
			{name: "namespace", title: "Namespace", metric: "kube_pod_info", label: "namespace", jobs: []string{kubeState}, sample: "(fleetman|kube-system)"},
			{name: "pod", title: "Pod", metric: `kube_pod_info{namespace=~"$namespace"}`, label: "pod", jobs: []string{kubeState}, sample: "(.+)"},
		},
		rows: []row{
			{
				title: "Is it fine?", height: 4, jobs: []string{kubeState}, panels: []panel{
					{
						kind: stat, title: "Pods that don't run", unit: number,
						about: "Those that wait for a node, an image or a volume; Jobs' aren't counted.",
						alert: "KubePodNotReady", thresholds: above(warning(1)),
						queries: of(counted(`kube_pod_status_phase{`+here+`, phase=~"Pending|Unknown"} == 1 unless on (namespace, pod) kube_pod_owner{owner_kind="Job"}`), ""),
					},
					{
						kind: stat, title: "Containers that end again and again", unit: number,
						about: "The kubelet waits before it starts them once more.",
						alert: "KubePodCrashLooping", thresholds: above(warning(1)),
						queries: of(counted(`max_over_time(kube_pod_container_status_waiting_reason{`+here+`, reason="CrashLoopBackOff"}[5m]) >= 1`), ""),
					},
					{
						kind: stat, title: "Killed for memory, 10 min", unit: number,
						about: "Containers that went over their memory limit and were started again.",
						alert: "KubeContainerOOMKilled", thresholds: above(warning(1)),
						queries: of(counted(`increase(kube_pod_container_status_restarts_total{`+here+`}[10m]) > 0`+
							` and on (namespace, pod, container) kube_pod_container_status_last_terminated_reason{`+here+`, reason="OOMKilled"} == 1`), ""),
					},
					{
						kind: stat, title: "Deployments short", unit: number,
						about: "Of replicas that can serve. During a rollout some are, for a while.",
						alert: "KubeDeploymentReplicasMismatch", thresholds: above(warning(1)),
						queries: of(counted(`(kube_deployment_spec_replicas{`+here+`} - kube_deployment_status_replicas_available{`+here+`}) > 0`), ""),
					},
					{
						kind: stat, title: "StatefulSets short", unit: number,
						about: "Of replicas that are ready: broker, database, Prometheus and what else has a volume.",
						alert: "KubeStatefulSetReplicasMismatch", thresholds: above(warning(1)),
						queries: of(counted(`(kube_statefulset_replicas{`+here+`} - kube_statefulset_status_replicas_ready{`+here+`}) > 0`), ""),
					},
					{
						kind: stat, title: "Fullest volume, space left", unit: share,
						about: "Of the volume that has the least. A folder of the node, as on Minikube, has no number of its own.",
						alert: "KubePersistentVolumeFillingUp", thresholds: below(warning(0.15), critical(0.03)),
						queries: []query{{
							expr: `min(kubelet_volume_stats_available_bytes{` + here + `} / kubelet_volume_stats_capacity_bytes{` + here + `})`,
							jobs: []string{kubelet}, quiet: true,
						}},
					},
				},
			},
			{
				title: "Pods", height: 10, panels: []panel{{
					kind: table, title: "Pods", unit: number,
					about: "What each takes and how often it was started again within the last hour. The one at the top is the one to look at.",
					queries: []query{
						{expr: `sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{` + pods + `, container!=""}[$__rate_interval]))`, jobs: []string{kubelet}},
						{
							expr: `sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{` + pods + `, container!=""}[$__rate_interval]))` +
								` / sum by (namespace, pod) (kube_pod_container_resource_limits{` + pods + `, resource="cpu"})`,
							jobs: []string{kubelet, kubeState},
						},
						{expr: `sum by (namespace, pod) (container_memory_working_set_bytes{` + pods + `, container!=""})`, jobs: []string{kubelet}},
						{
							expr: `sum by (namespace, pod) (container_memory_working_set_bytes{` + pods + `, container!=""})` +
								` / sum by (namespace, pod) (kube_pod_container_resource_limits{` + pods + `, resource="memory"})`,
							jobs: []string{kubelet, kubeState},
						},
						{expr: `sum by (namespace, pod) (increase(kube_pod_container_status_restarts_total{` + pods + `}[1h]))`, jobs: []string{kubeState}},
					},
					columns: []column{
						{of: "namespace", title: "Namespace", width: 200},
						{of: "pod", title: "Pod"},
						{of: "value A", title: "CPU", unit: number, width: 120},
						{of: "value B", title: "CPU of limit", unit: share, width: 140},
						{of: "value C", title: "Memory", unit: bytes, width: 120},
						{of: "value D", title: "Memory of limit", unit: share, width: 150},
						{of: "value E", title: "Restarts", unit: number, width: 120},
					},
				}},
			},
			{
				title: "CPU and memory", height: 8, panels: []panel{
					cpuOfLimit(pods), memoryOfLimit(pods), throttled(pods),
				},
			},
			{
				title: "Restarts, network and volumes", height: 8, panels: []panel{
					{
						kind: timeseries, title: "Restarts, in 10 minutes", unit: number,
						about:   "Of containers. The logs of the one before say why: kubectl logs --previous.",
						queries: []query{{expr: `sum by (pod, container) (increase(kube_pod_container_status_restarts_total{` + pods + `}[10m])) > 0`, legend: "{{pod}} {{container}}", jobs: []string{kubeState}, quiet: true}},
					},
					{
						kind: timeseries, title: "Received", unit: byteRate,
						about:   "By each pod from the network.",
						queries: []query{{expr: `sum by (pod) (rate(container_network_receive_bytes_total{` + pods + `}[$__rate_interval]))`, legend: "{{pod}}", jobs: []string{kubelet}}},
					},
					{
						kind: timeseries, title: "Sent", unit: byteRate,
						about:   "By each pod to the network.",
						queries: []query{{expr: `sum by (pod) (rate(container_network_transmit_bytes_total{` + pods + `}[$__rate_interval]))`, legend: "{{pod}}", jobs: []string{kubelet}}},
					},
					volumes(here),
				},
			},
			{
				title: "Replicas", height: 7, jobs: []string{kubeState}, panels: []panel{
					{
						kind: timeseries, title: "Deployments", unit: number,
						about: "Replicas that are missing, by Deployment. A line that doesn't come down is a rollout that is stuck or a node that is full.",
						alert: "KubeDeploymentReplicasMismatch",
						queries: of(`max by (namespace, deployment) (kube_deployment_spec_replicas{`+here+`} - kube_deployment_status_replicas_available{`+here+`})`,
							"{{namespace}}/{{deployment}}"),
					},
					{
						kind: timeseries, title: "StatefulSets", unit: number,
						about: "Replicas that aren't ready, by StatefulSet.",
						alert: "KubeStatefulSetReplicasMismatch",
						queries: of(`max by (namespace, statefulset) (kube_statefulset_replicas{`+here+`} - kube_statefulset_status_replicas_ready{`+here+`})`,
							"{{namespace}}/{{statefulset}}"),
					},
					{
						kind: bargauge, title: "Claims, asked for", unit: bytes,
						about:   "What each claim of a volume asks for.",
						queries: of(`max by (namespace, persistentvolumeclaim) (kube_persistentvolumeclaim_resource_requests_storage_bytes{`+here+`})`, "{{namespace}}/{{persistentvolumeclaim}}"),
					},
				},
			},
		},
	}
}
