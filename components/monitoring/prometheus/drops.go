package prometheus

import "regexp"

// drops are, by job, what costs the most and is asked for by nobody. An API server of 1.36 that has done nothing yet shows 23,000
// series, most of them buckets. Of a histogram that goes, sum and count stay. What kube-prometheus leaves out of its own
// (manifests/kubernetesControlPlane-serviceMonitor{Apiserver,Kubelet}.yaml) is where this began.
var drops = map[string][]drop{
	"apiserver": {
		{metrics: []string{
			"kubernetes_feature_enabled",
			"apiserver_(admission|cel|flowcontrol)_.+_bucket",
			"apiserver_(request_body_size_bytes|request_filter_duration_seconds|response_sizes)_bucket",
			"apiserver_(watch_cache_read_wait_seconds|watch_events_sizes|watch_list_duration_seconds)_bucket",
			"rest_client_(request|response)_size_bytes_bucket",
			"workqueue_work_duration_seconds_bucket",
		}},
		// Every second bucket or so. The burn rates go by 1, 5 and 30 s.
		{
			metrics: []string{"(apiserver_request|apiserver_request_sli|etcd_request)_duration_seconds_bucket"},
			label:   "le", values: []string{`0\.8`, `1\.25`, `1\.5`, `(3|4|6|8|15|20|45)(\.0)?`},
		},
	},
	"kubelet": {{metrics: []string{
		"kubernetes_feature_enabled",
		"(authentication_token_cache_request|kubelet_http_requests|kubelet_runtime_operations|storage_operation)_duration_seconds_bucket",
		"(go_gc|dra|rest_client|volume_operation|workqueue)_.+_bucket",
	}}},
	"kubelet-cadvisor": {
		{metrics: []string{
			"container_(blkio_.+|cpu_load_.+|file_descriptors|health_state|last_seen|sockets|tasks_state|threads|threads_max|ulimits_soft)",
			"container_memory_(failcnt|failures_total|kernel_usage|mapped_file|max_usage_bytes|total_.+)",
			"container_network_(tcp|tcp6|udp|udp6|advance_tcp)_.+",
			"container_spec_(cpu_period|cpu_shares|memory_reservation_limit_bytes|memory_swap_limit_bytes)",
		}},
		{metrics: []string{"container_.+"}, label: "pod", values: []string{""}}, // groups of pods: the node's own are node-exporter's
	},
	"kubelet-probes": {{metrics: []string{"prober_probe_duration_seconds_bucket"}}},
	"etcd":           {{metrics: []string{"etcd_debugging_.+"}}},
}

// Drops says whether no series of a metric is stored that the job would give, for those who write rules and dashboards. The job is
// the label of that name: a metric of the kubelet's is looked for in all three of its scrapes.
func Drops(job, metric string) bool {
	jobs := []string{job}
	if job == "kubelet" {
		jobs = append(jobs, "kubelet-cadvisor", "kubelet-probes")
	}
	for _, job := range jobs {
		for _, drop := range drops[job] {
			if drop.label == "" && regexp.MustCompile("^(?:"+alternatives(drop.metrics)+")$").MatchString(metric) {
				return true
			}
		}
	}
	return false
}
