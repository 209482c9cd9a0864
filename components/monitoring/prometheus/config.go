package prometheus

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"fleetman/components/kube"
)

// What of https://prometheus.io/docs/prometheus/3.13/configuration/configuration/ is used, by its names there.
type (
	configuration struct {
		Global   global    `json:"global"`
		Storage  storage   `json:"storage"`
		Rules    []string  `json:"rule_files,omitempty"`
		Alerting *alerting `json:"alerting,omitempty"`
		Scrape   []scrape  `json:"scrape_configs"`
	}
	global struct {
		ScrapeInterval     string            `json:"scrape_interval"`
		EvaluationInterval string            `json:"evaluation_interval"`
		ExternalLabels     map[string]string `json:"external_labels"`
	}
	storage struct {
		TSDB tsdb `json:"tsdb"`
	}
	tsdb struct {
		Retention retention `json:"retention"`
	}
	retention struct {
		Time string `json:"time"`
		Size string `json:"size"`
	}
	alerting struct {
		Alertmanagers []alertmanagers `json:"alertmanagers"`
	}
	alertmanagers struct {
		Discovery []discovery `json:"kubernetes_sd_configs"`
		Relabel   []relabel   `json:"relabel_configs"`
	}
	scrape struct {
		JobName         string         `json:"job_name"`
		HonorLabels     bool           `json:"honor_labels,omitempty"`
		HonorTimestamps *bool          `json:"honor_timestamps,omitempty"`
		Scheme          string         `json:"scheme,omitempty"`
		Path            string         `json:"metrics_path,omitempty"`
		TLS             *tlsConfig     `json:"tls_config,omitempty"`
		Authorization   *authorization `json:"authorization,omitempty"`
		Discovery       []discovery    `json:"kubernetes_sd_configs"`
		Relabel         []relabel      `json:"relabel_configs,omitempty"`
		MetricRelabel   []relabel      `json:"metric_relabel_configs,omitempty"`
	}
	tlsConfig struct {
		CAFile             string `json:"ca_file,omitempty"`
		ServerName         string `json:"server_name,omitempty"`
		InsecureSkipVerify bool   `json:"insecure_skip_verify,omitempty"`
	}
	authorization struct {
		CredentialsFile string `json:"credentials_file"`
	}
	discovery struct {
		Role       string      `json:"role"`
		Namespaces *namespaces `json:"namespaces,omitempty"`
		Selectors  []selector  `json:"selectors,omitempty"`
	}
	namespaces struct {
		Names []string `json:"names"`
	}
	selector struct {
		Role  string `json:"role"`
		Label string `json:"label"`
	}
	relabel struct {
		Action      string   `json:"action,omitempty"`
		Source      []string `json:"source_labels,omitempty"`
		Regex       string   `json:"regex,omitempty"`
		Target      string   `json:"target_label,omitempty"`
		Replacement string   `json:"replacement,omitempty"`
	}
)

const (
	interval    = "15s"
	identity    = "/var/run/secrets/kubernetes.io/serviceaccount/" // where the pod's account is
	serviceMeta = "__meta_kubernetes_service_name"
	portMeta    = "__meta_kubernetes_endpointslice_port_name"
	podMeta     = "__meta_kubernetes_pod_name"
)

// configuration answers with the server's configuration.
func (a ServerArgs) configuration() (string, error) {
	storageSize, err := kube.ParseMebibytes(a.Storage)
	if err != nil {
		return "", fmt.Errorf("parse storage: %w", err)
	}
	config := configuration{
		Global: global{ScrapeInterval: interval, EvaluationInterval: interval, ExternalLabels: map[string]string{"cluster": a.Cluster}},
		Storage: storage{tsdb{retention{
			Time: fmt.Sprintf("%dd", a.RetentionDays),
			// The rest is for the blocks that a compaction is writing while those that they replace are still there. Prometheus calls
			// mebibytes MB.
			Size: fmt.Sprintf("%dMB", storageSize*4/5),
		}}},
		Scrape: a.clusterJobs(),
	}
	if len(a.Rules) != 0 {
		config.Rules = []string{rulesPath + "/*.yaml"}
	}
	if a.Alertmanager != (Target{}) {
		// Each replica by itself and not by their Service: they tell each other what they have sent, but not what they were told.
		config.Alerting = &alerting{[]alertmanagers{{Discovery: endpoints(a.Alertmanager.Namespace), Relabel: []relabel{a.Alertmanager.keep()}}}}
	}
	for _, target := range a.Targets {
		config.Scrape = append(config.Scrape, target.scrape())
	}
	rendered, err := yaml.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("render configuration: %w", err)
	}
	return string(rendered), nil
}

// endpoints finds what is behind the Services of a namespace. Jobs of one namespace share what they watch, since they ask for the
// same: a selector of each one's own would make it watch for itself.
func endpoints(namespace string) []discovery {
	return []discovery{{Role: "endpointslice", Namespaces: &namespaces{[]string{namespace}}}}
}

// keep keeps, of what is found, what is behind the target's port, ready or not.
func (t Target) keep() relabel {
	return relabel{Action: "keep", Source: []string{serviceMeta, portMeta}, Regex: t.Service + ";" + t.Port}
}

func copied(from, to string) relabel { return relabel{Source: []string{from}, Target: to} }

// scrape is the job of a target.
func (t Target) scrape() scrape {
	job := scrape{JobName: t.Job, HonorLabels: t.HonorLabels, Path: t.Path, Discovery: endpoints(t.Namespace), Relabel: []relabel{t.keep()}}
	if !t.HonorLabels {
		job.Relabel = append(job.Relabel,
			copied("__meta_kubernetes_namespace", "namespace"), copied(serviceMeta, "service"), copied(podMeta, "pod"),
			copied("__meta_kubernetes_endpointslice_endpoint_node_name", "node"))
	}
	return job
}

// clusterJobs are the jobs of the cluster itself.
func (a ServerArgs) clusterJobs() []scrape {
	jobs := []scrape{
		apiserver(),
		kubelet("kubelet", "/metrics"), kubelet("kubelet-cadvisor", "/metrics/cadvisor"), kubelet("kubelet-probes", "/metrics/probes"),
		Target{Job: "coredns", Namespace: "kube-system", Service: "kube-dns", Port: "metrics", Path: "/metrics"}.scrape(),
	}
	if a.Etcd {
		jobs = append(jobs, etcd())
	}
	for i := range jobs {
		for _, drop := range drops[jobs[i].JobName] {
			jobs[i].MetricRelabel = append(jobs[i].MetricRelabel, drop.relabel())
		}
	}
	return jobs
}

// apiserver scrapes each API server by its own address, which its certificate need not name.
func apiserver() scrape {
	job := Target{Job: "apiserver", Namespace: "default", Service: "kubernetes", Port: "https", Path: "/metrics"}.scrape()
	job.Scheme = "https"
	job.TLS = &tlsConfig{CAFile: identity + "ca.crt", ServerName: "kubernetes"}
	job.Authorization = &authorization{identity + "token"}
	return job
}

// kubelet scrapes the kubelets. They are one job, whichever name the scrapes go by.
func kubelet(name, path string) scrape {
	job := scrape{
		JobName: name, Path: path, Scheme: "https",
		HonorLabels: true, // what it says of a namespace or a pod is of its own pods
		// The certificate of a kubelet is its own work where nobody approves requests for another, as on EKS, on Minikube and after
		// kubeadm: there is nothing to hold it against.
		TLS:           &tlsConfig{InsecureSkipVerify: true},
		Authorization: &authorization{identity + "token"},
		Discovery:     []discovery{{Role: "node"}},
		Relabel: []relabel{
			{Target: "job", Replacement: "kubelet"},
			copied("__metrics_path__", "metrics_path"), copied("__meta_kubernetes_node_name", "node"),
		},
	}
	if path == "/metrics/cadvisor" {
		// A series with a time of its own isn't known to have ended, so containers that are gone would be counted for minutes.
		honor := false
		job.HonorTimestamps = &honor
	}
	return job
}

// etcd finds etcd by its pods, which are kubeadm's and Minikube's: not every control plane's node has a label to know it by.
func etcd() scrape {
	return scrape{
		JobName: "etcd",
		Discovery: []discovery{{
			Role: "pod", Namespaces: &namespaces{[]string{"kube-system"}}, Selectors: []selector{{Role: "pod", Label: "component=etcd"}},
		}},
		Relabel: []relabel{
			{Source: []string{"__meta_kubernetes_pod_ip"}, Target: "__address__", Replacement: "$1:2381"},
			copied("__meta_kubernetes_namespace", "namespace"), copied(podMeta, "pod"), copied("__meta_kubernetes_pod_node_name", "node"),
		},
	}
}

// A drop is a kind of series that isn't stored: those whose labels have the values, the metric's name being the first.
type drop struct {
	metrics []string // regular expressions
	label   string   // or none
	values  []string // of the label, regular expressions
}

func (d drop) relabel() relabel {
	dropped := relabel{Action: "drop", Source: []string{"__name__"}, Regex: alternatives(d.metrics)}
	if d.label != "" {
		dropped.Source, dropped.Regex = append(dropped.Source, d.label), dropped.Regex+";"+alternatives(d.values)
	}
	return dropped
}

func alternatives(of []string) string { return "(" + strings.Join(of, "|") + ")" }
