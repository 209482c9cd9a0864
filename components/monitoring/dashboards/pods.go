package dashboards

// The panels about a workload's pods, which a selector of labels chooses.

func cpuOfLimit(pods string) panel {
	return panel{
		kind: timeseries, title: "CPU, of its limit", unit: share,
		about: "At 100 % a container is held back.",
		queries: []query{{
			expr: `sum by (pod) (rate(container_cpu_usage_seconds_total{` + pods + `, container!=""}[$__rate_interval]))` +
				` / sum by (pod) (kube_pod_container_resource_limits{` + pods + `, resource="cpu"})`,
			legend: "{{pod}}", jobs: []string{kubelet, kubeState},
		}},
	}
}

func memoryOfLimit(pods string) panel {
	return panel{
		kind: timeseries, title: "Memory, of its limit", unit: share,
		about: "Memory that can't be given back. At 100 % a container is killed and started again (KubeContainerOOMKilled).",
		queries: []query{{
			expr: `sum by (pod) (container_memory_working_set_bytes{` + pods + `, container!=""})` +
				` / sum by (pod) (kube_pod_container_resource_limits{` + pods + `, resource="memory"})`,
			legend: "{{pod}}", jobs: []string{kubelet, kubeState},
		}},
	}
}

func throttled(pods string) panel {
	return panel{
		kind: timeseries, title: "Held back by its CPU limit", unit: share,
		about: "Share of the periods in which a container wanted to run and was stopped.",
		alert: "CPUThrottlingHigh", thresholds: above(info(0.25)),
		queries: []query{{
			expr: `sum by (pod, container) (increase(container_cpu_cfs_throttled_periods_total{` + pods + `, container!=""}[5m]))` +
				` / sum by (pod, container) (increase(container_cpu_cfs_periods_total{` + pods + `, container!=""}[5m]))`,
			legend: "{{pod}} {{container}}", jobs: []string{kubelet},
		}},
	}
}

// volumes are those of claims. A folder of the node, as Minikube and the lab give out, has no numbers of its own.
func volumes(claims string) panel {
	return panel{
		kind: timeseries, title: "Volumes, space left", unit: share, full: 1,
		about: "What is left of each volume; a folder of the node, as on Minikube, has no number of its own.",
		alert: "KubePersistentVolumeFillingUp", thresholds: below(warning(0.15), critical(0.03)),
		queries: []query{{
			expr: `max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes{` + claims + `}` +
				` / kubelet_volume_stats_capacity_bytes{` + claims + `})`,
			legend: "{{namespace}}/{{persistentvolumeclaim}}", jobs: []string{kubelet}, quiet: true,
		}},
	}
}
