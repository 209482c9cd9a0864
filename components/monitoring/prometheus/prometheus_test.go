package prometheus

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"fleetman/components/kube"
	"fleetman/components/recorder"
)

var update = flag.Bool("update", false, "write testdata/prometheus.yaml")

const (
	golden       = "testdata/prometheus.yaml"
	setType      = "kubernetes:apps/v1:StatefulSet"
	configType   = "kubernetes:core/v1:ConfigMap"
	roleType     = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	containerOf  = "spec.template.spec.containers.*."
	goodRules    = "groups:\n  - name: fleet\n    rules:\n      - {record: fleet:vehicles, expr: max(fleetman_vehicles)}\n"
	ownNamespace = "fleetman-monitoring"
)

// good has one of everything.
func good() ServerArgs {
	return ServerArgs{
		Namespace: pulumi.String(ownNamespace), StorageClass: pulumi.String("standard"), Cluster: "fleetman-dev", Etcd: true,
		Rules: map[string]string{"fleet.yaml": goodRules},
		Targets: []Target{
			{Job: "fleetman-api-gateway", Namespace: "fleetman", Service: "fleetman-api-gateway", Port: "http"},
			{Job: "kube-state-metrics", Namespace: ownNamespace, Service: "kube-state-metrics", Port: "metrics", HonorLabels: true},
			{Job: "kube-state-metrics-self", Namespace: ownNamespace, Service: "kube-state-metrics", Port: "telemetry"},
			{Job: "broker", Namespace: "fleetman", Service: "fleetman-queue", Port: "console", Path: "/admin/metrics"},
		},
		Alertmanager: Target{Namespace: ownNamespace, Service: "alertmanager", Port: "http"},
	}
}

func record(t *testing.T, preview bool, args ServerArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", preview, func(ctx *pulumi.Context) error {
		server, err := NewServer(ctx, "prometheus", &args)
		if err == nil {
			ctx.Export("url", server.URL)
		}
		return err
	})
}

func mustRecord(t *testing.T, args ServerArgs) *recorder.Run {
	t.Helper()
	run, err := record(t, false, args)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// rendered is the configuration that the pod is given, as it is read.
func rendered(t *testing.T, run *recorder.Run) configuration {
	t.Helper()
	files := run.MustFind(t, configType, "prometheus-config").At("data.*")
	if len(files) != 1 {
		t.Fatalf("%d files of configuration, want 1", len(files))
	}
	var config configuration
	if err := yaml.UnmarshalStrict([]byte(files[0].(string)), &config); err != nil {
		t.Fatal(err)
	}
	return config
}

func (c configuration) job(t *testing.T, name string) scrape {
	t.Helper()
	i := slices.IndexFunc(c.Scrape, func(job scrape) bool { return job.JobName == name })
	if i < 0 {
		t.Fatalf("there is no job %s", name)
	}
	return c.Scrape[i]
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*ServerArgs)
		want  []string
	}{
		"all missing": {
			func(a *ServerArgs) { *a = ServerArgs{} },
			[]string{"Namespace is missing", "StorageClass is missing", `the Cluster "" is no label`},
		},
		"no size":          {func(a *ServerArgs) { a.Storage = "8 GB" }, []string{`the Storage: "8 GB"`}},
		"small":            {func(a *ServerArgs) { a.Storage = "512Mi" }, []string{"the Storage 512Mi is below 1024Mi"}},
		"no time":          {func(a *ServerArgs) { a.RetentionDays = -1 }, []string{"the RetentionDays -1"}},
		"nowhere":          {func(a *ServerArgs) { a.Placement.Tolerate = "x" }, []string{`the Placement: the Tolerate "x"`}},
		"half of a need":   {func(a *ServerArgs) { a.Resources.CPU = "1" }, []string{"the Resources: CPULimit: missing", "Memory: missing", "Scratch: missing"}},
		"cluster of two":   {func(a *ServerArgs) { a.Cluster = "a b" }, []string{`the Cluster "a b"`}},
		"target of none":   {func(a *ServerArgs) { a.Targets = []Target{{}} }, []string{`target 0: the Job ""`, `target 0: the Namespace ""`, `target 0: the Service ""`, `target 0: the Port ""`}},
		"no regexp":        {func(a *ServerArgs) { a.Targets[0].Service = "a.*" }, []string{`target fleetman-api-gateway: the Service "a.*"`}},
		"port of two":      {func(a *ServerArgs) { a.Targets[0].Port = "http|x" }, []string{`target fleetman-api-gateway: the Port "http|x"`}},
		"path of none":     {func(a *ServerArgs) { a.Targets[0].Path = "metrics" }, []string{`target fleetman-api-gateway: the Path "metrics"`}},
		"a job twice":      {func(a *ServerArgs) { a.Targets[2].Job = "kube-state-metrics" }, []string{"target kube-state-metrics: the Job is another's too"}},
		"the cluster's":    {func(a *ServerArgs) { a.Targets[0].Job = "kubelet-probes" }, []string{"target kubelet-probes: the Job is another's too"}},
		"told by a name":   {func(a *ServerArgs) { a.Alertmanager.Namespace = "" }, []string{`the Alertmanager: the Namespace ""`}},
		"rules of another": {func(a *ServerArgs) { a.Rules = map[string]string{"fleet.yml": goodRules} }, []string{`the Rules "fleet.yml" are no file`}},
		"rules in a folder": {
			func(a *ServerArgs) { a.Rules = map[string]string{"a/b.yaml": goodRules} }, []string{`the Rules "a/b.yaml" are no file`},
		},
		"no YAML":         {func(a *ServerArgs) { a.Rules["fleet.yaml"] = "groups:\n\t- a" }, []string{`the Rules "fleet.yaml": `}},
		"nothing in it":   {func(a *ServerArgs) { a.Rules["fleet.yaml"] = "" }, []string{`the Rules "fleet.yaml" have no groups`}},
		"more than a map": {func(a *ServerArgs) { a.Rules["fleet.yaml"] += strings.Repeat("#", 1<<20) }, []string{"a ConfigMap holds 1048576"}},
		"everything wrong": {
			func(a *ServerArgs) {
				*a = ServerArgs{
					Storage: "x", RetentionDays: -2, Placement: kube.Placement{Tolerate: "x"}, Targets: []Target{{Job: "etcd", Namespace: "a", Service: "b", Port: "c", Path: "?"}},
					Etcd: true, Rules: map[string]string{"x": "groups: [a]"}, Alertmanager: Target{Job: "alertmanager", Namespace: "a", Service: "b"},
				}
			},
			[]string{"Namespace", "the Storage", "StorageClass", "Placement", "RetentionDays", "Cluster", "another's too", "the Path", "the Alertmanager: the Port", `the Rules "x"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, true, args)
			run.Refused(t, err, "validate Prometheus prometheus", test.want...)
		})
	}
}

func TestAServerIsTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:Prometheus prometheus",
		"kubernetes:apps/v1:StatefulSet prometheus-statefulset",
		"kubernetes:core/v1:ConfigMap prometheus-config",
		"kubernetes:core/v1:ConfigMap prometheus-rules",
		"kubernetes:core/v1:PersistentVolumeClaim prometheus-data",
		"kubernetes:core/v1:Service prometheus-service",
		"kubernetes:core/v1:ServiceAccount prometheus-account",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole prometheus-role",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding prometheus-role-binding",
	}
	for _, preview := range []bool{true, false} {
		run, err := record(t, preview, good())
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := run.Outputs["url"]; got != "http://prometheus.fleetman-monitoring:9090" {
			t.Errorf("it is at %v", got)
		}
		if run.Registered != 2 { // the stack's and the component's
			t.Errorf("%d outputs registered, want 2", run.Registered)
		}
		for _, resource := range run.Resources {
			if resource.Custom && !strings.HasSuffix(resource.Parent, "::prometheus") {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
		}
	}
}

func TestThePodIsRestrictedAndWaitsForWhatItMayDo(t *testing.T) {
	set := mustRecord(t, good()).MustFind(t, setType, "prometheus-statefulset")
	for path, want := range map[string][]any{
		"metadata.name":                                                {"prometheus"},
		"spec.replicas":                                                {1.0},
		"spec.serviceName":                                             {"prometheus"},
		"spec.podManagementPolicy":                                     {"Parallel"},
		"spec.template.spec.serviceAccountName":                        {"prometheus"},
		"spec.template.spec.automountServiceAccountToken":              {true},
		"spec.template.spec.enableServiceLinks":                        {false},
		"spec.template.spec.securityContext.runAsUser":                 {65534.0},
		"spec.template.spec.securityContext.runAsNonRoot":              {true},
		"spec.template.spec.volumes.*.persistentVolumeClaim.claimName": {"prometheus-data"},
		"spec.template.spec.volumes.*.configMap.name":                  {"prometheus-config-auto", "prometheus-rules-auto"},
		containerOf + "image":                                          {"quay.io/prometheus/prometheus:v3.13.5"},
		containerOf + "securityContext.readOnlyRootFilesystem":         {true},
		containerOf + "args.*":                                         {"--config.file=/etc/prometheus/config/prometheus.yaml", "--storage.tsdb.path=/prometheus", "--log.format=json"},
		containerOf + "volumeMounts.*.mountPath":                       {"/prometheus", "/etc/prometheus/config", "/etc/prometheus/rules"},
		containerOf + "ports.*.containerPort":                          {9090.0},
		containerOf + "resources.limits.memory":                        {"512Mi"},
		containerOf + "startupProbe.httpGet.path":                      {"/-/ready"},
		containerOf + "readinessProbe.httpGet.path":                    {"/-/ready"},
		containerOf + "livenessProbe.httpGet.path":                     {"/-/healthy"},
	} {
		if got := set.At(path); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	for _, name := range []string{"prometheus-role-binding", "prometheus-data", "prometheus-config", "prometheus-rules"} {
		if !set.After(name) {
			t.Errorf("doesn't wait for %s but for %v", name, set.DependsOn)
		}
	}
}

func TestAServiceOfOneNameAndPortLeadsToIt(t *testing.T) {
	run := mustRecord(t, good())
	service := run.MustFind(t, "kubernetes:core/v1:Service", "prometheus-service")
	for path, want := range map[string][]any{
		"metadata.name": {"prometheus"}, "metadata.namespace": {ownNamespace}, "spec.type": {"ClusterIP"},
		"spec.ports.*.name": {"http"}, "spec.ports.*.port": {9090.0}, "spec.ports.*.targetPort": {"http"},
	} {
		if got := service.At(path); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	selected := fmt.Sprint(run.MustFind(t, setType, "prometheus-statefulset").At("spec.selector.matchLabels"))
	if got := fmt.Sprint(service.At("spec.selector")); got != selected {
		t.Errorf("it leads to %s, want %s", got, selected)
	}
}

func TestItReadsWhatItFindsTargetsByAndNothingElse(t *testing.T) {
	role := mustRecord(t, good()).MustFind(t, roleType, "prometheus-role")
	var got []string
	for _, rule := range role.At("rules.*") {
		rule := rule.(map[string]any)
		got = append(got, fmt.Sprintf("%v %v %v %v", rule["verbs"], rule["apiGroups"], rule["resources"], rule["nonResourceURLs"]))
	}
	want := []string{
		"[get list watch] [] [nodes pods services] <nil>",
		"[get list watch] [discovery.k8s.io] [endpointslices] <nil>",
		"[get] [] [nodes/metrics] <nil>",
		"[get] <nil> <nil> [/metrics]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("may\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheVolumeIsProtectedOnlyWhenAsked(t *testing.T) {
	for _, protect := range []bool{false, true} {
		args := good()
		args.ProtectData = protect
		for _, resource := range mustRecord(t, args).Resources {
			if want := protect && resource.Type == "kubernetes:core/v1:PersistentVolumeClaim"; resource.Protect != want {
				t.Errorf("%s protected %t, want %t", resource.Name, resource.Protect, want)
			}
		}
	}
}

func TestAServerRunsWhereItIsPlaced(t *testing.T) {
	for want, placement := range []kube.Placement{{}, {NodeSelector: map[string]string{"tier": "data"}, Tolerate: "tier=data:NoSchedule"}} {
		args := good()
		args.Placement = placement
		set := mustRecord(t, args).MustFind(t, setType, "prometheus-statefulset")
		selected, tolerated := set.At("spec.template.spec.nodeSelector"), set.At("spec.template.spec.tolerations")
		if len(selected) != want || len(tolerated) != want {
			t.Errorf("placement %v: selects %v, tolerates %v", placement, selected, tolerated)
		}
	}
}

func TestRetentionFollowsTheVolume(t *testing.T) {
	for _, test := range []struct {
		storage string
		days    int
		want    retention
	}{
		{"", 0, retention{"15d", "6553MB"}},
		{"50Gi", 30, retention{"30d", "40960MB"}},
		{"1Gi", 1, retention{"1d", "819MB"}},
	} {
		args := good()
		args.Storage, args.RetentionDays = test.storage, test.days
		if got := rendered(t, mustRecord(t, args)).Storage.TSDB.Retention; got != test.want {
			t.Errorf("%q, %d days: keeps %v, want %v", test.storage, test.days, got, test.want)
		}
	}
}

func TestTheJobsAreTheClustersAndOneForEachTarget(t *testing.T) {
	cluster := []string{"apiserver", "kubelet", "kubelet-cadvisor", "kubelet-probes", "coredns"}
	targets := []string{"fleetman-api-gateway", "kube-state-metrics", "kube-state-metrics-self", "broker"}
	for _, test := range []struct {
		etcd bool
		want []string
	}{
		{false, slices.Concat(cluster, targets)},
		{true, slices.Concat(cluster, []string{"etcd"}, targets)},
	} {
		args := good()
		args.Etcd = test.etcd
		var got []string
		for _, job := range rendered(t, mustRecord(t, args)).Scrape {
			got = append(got, job.JobName)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("etcd %t: jobs %v, want %v", test.etcd, got, test.want)
		}
	}
}

// labelled are the labels that a job gives its targets.
func (s scrape) labelled() []string {
	var labels []string
	for _, relabel := range s.Relabel {
		if relabel.Target != "" {
			labels = append(labels, relabel.Target)
		}
	}
	return labels
}

func TestATargetIsEveryPodBehindItsPort(t *testing.T) {
	config := rendered(t, mustRecord(t, good()))
	for _, test := range []struct {
		job, namespace, keep, path string
		honor                      bool
		labels                     []string
	}{
		{"fleetman-api-gateway", "fleetman", "fleetman-api-gateway;http", "/metrics", false, []string{"namespace", "service", "pod", "node"}},
		{"kube-state-metrics", ownNamespace, "kube-state-metrics;metrics", "/metrics", true, nil},
		{"kube-state-metrics-self", ownNamespace, "kube-state-metrics;telemetry", "/metrics", false, []string{"namespace", "service", "pod", "node"}},
		{"broker", "fleetman", "fleetman-queue;console", "/admin/metrics", false, []string{"namespace", "service", "pod", "node"}},
		{"coredns", "kube-system", "kube-dns;metrics", "/metrics", false, []string{"namespace", "service", "pod", "node"}},
		{"apiserver", "default", "kubernetes;https", "/metrics", false, []string{"namespace", "service", "pod", "node"}},
	} {
		job := config.job(t, test.job)
		if len(job.Discovery) != 1 || job.Discovery[0].Role != "endpointslice" || !slices.Equal(job.Discovery[0].Namespaces.Names, []string{test.namespace}) {
			t.Errorf("%s is looked for in %+v", test.job, job.Discovery)
		}
		if keep := job.Relabel[0]; keep.Action != "keep" || keep.Regex != test.keep {
			t.Errorf("%s: %s %s, want to keep %s", test.job, keep.Action, keep.Regex, test.keep)
		}
		if job.Path != test.path || job.HonorLabels != test.honor || !slices.Equal(job.labelled(), test.labels) {
			t.Errorf("%s: path %s, honours labels %t, gives %v", test.job, job.Path, job.HonorLabels, job.labelled())
		}
	}
}

func TestTheKubeletIsOneJobOfThreePaths(t *testing.T) {
	config := rendered(t, mustRecord(t, good()))
	for name, path := range map[string]string{"kubelet": "/metrics", "kubelet-cadvisor": "/metrics/cadvisor", "kubelet-probes": "/metrics/probes"} {
		job := config.job(t, name)
		if job.Path != path || job.Scheme != "https" || job.Discovery[0].Role != "node" || !job.TLS.InsecureSkipVerify {
			t.Errorf("%s is %+v", name, job)
		}
		if got := job.labelled(); !slices.Equal(got, []string{"job", "metrics_path", "node"}) || job.Relabel[0].Replacement != "kubelet" {
			t.Errorf("%s gives %v, the first of which is %s", name, got, job.Relabel[0].Replacement)
		}
		if timed := job.HonorTimestamps == nil || *job.HonorTimestamps; timed != (name != "kubelet-cadvisor") {
			t.Errorf("%s: its times are taken: %t", name, timed)
		}
	}
}

func TestOnlyKubeletsAreTrustedUnseen(t *testing.T) {
	config := rendered(t, mustRecord(t, good()))
	for _, job := range config.Scrape {
		token := job.Authorization != nil && job.Authorization.CredentialsFile == "/var/run/secrets/kubernetes.io/serviceaccount/token"
		if token != (job.Scheme == "https") {
			t.Errorf("%s: shows its token %t, by %q", job.JobName, token, job.Scheme)
		}
		if unseen := job.TLS != nil && job.TLS.InsecureSkipVerify; unseen != strings.HasPrefix(job.JobName, "kubelet") {
			t.Errorf("%s: trusted unseen %t", job.JobName, unseen)
		}
	}
	want := tlsConfig{CAFile: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", ServerName: "kubernetes"}
	if got := *config.job(t, "apiserver").TLS; got != want {
		t.Errorf("the API server is held against %+v, want %+v", got, want)
	}
}

func TestAlertsGoToEveryAlertmanagerOfTheService(t *testing.T) {
	config := rendered(t, mustRecord(t, good()))
	if got := config.Global.ExternalLabels; len(got) != 1 || got["cluster"] != "fleetman-dev" {
		t.Errorf("alerts carry %v", got)
	}
	manager := config.Alerting.Alertmanagers[0]
	if manager.Discovery[0].Namespaces.Names[0] != ownNamespace || manager.Relabel[0].Regex != "alertmanager;http" {
		t.Errorf("alerts go to %+v", manager)
	}
	args := good()
	args.Alertmanager, args.Rules = Target{}, nil
	run := mustRecord(t, args)
	if config := rendered(t, run); config.Alerting != nil || config.Rules != nil {
		t.Errorf("with neither: %+v, %v", config.Alerting, config.Rules)
	}
	if _, found := run.Find(configType, "prometheus-rules"); found {
		t.Error("there is a ConfigMap of no rules")
	}
}

func TestTheRulesAreMountedWhereTheConfigurationLooks(t *testing.T) {
	run := mustRecord(t, good())
	if got := rendered(t, run).Rules; !slices.Equal(got, []string{"/etc/prometheus/rules/*.yaml"}) {
		t.Errorf("looks for %v", got)
	}
	if got, _ := run.MustFind(t, configType, "prometheus-rules").Inputs["data"].(map[string]any); got["fleet.yaml"] != goodRules || len(got) != 1 {
		t.Errorf("the rules are %v", got)
	}
}

func TestWhatRulesGoByIsStored(t *testing.T) {
	for job, metrics := range map[string]string{
		"apiserver": `aggregator_unavailable_apiservice aggregator_unavailable_apiservice_total apiserver_audit_event_total
			apiserver_client_certificate_expiration_seconds_bucket apiserver_current_inflight_requests apiserver_request_duration_seconds_bucket
			apiserver_request_sli_duration_seconds_bucket apiserver_request_sli_duration_seconds_count apiserver_request_terminations_total
			apiserver_request_total apiserver_storage_objects apiserver_storage_size_bytes etcd_request_duration_seconds_bucket
			etcd_request_errors_total etcd_requests_total process_cpu_seconds_total rest_client_requests_total
			workqueue_adds_total workqueue_depth workqueue_queue_duration_seconds_bucket`,
		"kubelet": `container_cpu_cfs_periods_total container_cpu_cfs_throttled_periods_total container_cpu_usage_seconds_total
			container_fs_reads_bytes_total container_fs_writes_bytes_total container_memory_cache container_memory_rss
			container_memory_swap container_memory_usage_bytes container_memory_working_set_bytes container_network_receive_bytes_total
			container_network_transmit_packets_dropped_total container_oom_events_total container_spec_memory_limit_bytes
			container_start_time_seconds kubelet_certificate_manager_client_expiration_renew_errors
			kubelet_certificate_manager_client_ttl_seconds kubelet_node_name kubelet_pleg_relist_duration_seconds_bucket
			kubelet_pod_worker_duration_seconds_bucket kubelet_running_pods kubelet_volume_stats_available_bytes
			kubelet_volume_stats_capacity_bytes kubelet_volume_stats_inodes kubelet_volume_stats_used_bytes machine_memory_bytes
			prober_probe_total rest_client_requests_total`,
		"coredns": "coredns_dns_request_duration_seconds_bucket coredns_dns_responses_total",
		"etcd":    "etcd_disk_wal_fsync_duration_seconds_bucket etcd_mvcc_db_total_size_in_bytes etcd_server_has_leader grpc_server_handled_total",
	} {
		for metric := range strings.FieldsSeq(metrics) {
			if Drops(job, metric) {
				t.Errorf("%s of %s isn't stored", metric, job)
			}
		}
	}
	for job, metric := range map[string]string{
		"apiserver": "apiserver_flowcontrol_request_execution_seconds_bucket", "kubelet": "container_tasks_state", "etcd": "etcd_debugging_mvcc_keys_total",
	} {
		if !Drops(job, metric) {
			t.Errorf("%s of %s is stored", metric, job)
		}
		if Drops("fleetman-webapp", metric) {
			t.Errorf("%s of another job isn't stored", metric)
		}
	}
}

func TestBurnRatesKeepTheirBuckets(t *testing.T) {
	var dropped []string
	for _, relabel := range rendered(t, mustRecord(t, good())).job(t, "apiserver").MetricRelabel {
		if slices.Contains(relabel.Source, "le") {
			dropped = append(dropped, relabel.Regex)
		}
	}
	want := []string{`((apiserver_request|apiserver_request_sli|etcd_request)_duration_seconds_bucket);(0\.8|1\.25|1\.5|(3|4|6|8|15|20|45)(\.0)?)`}
	if !slices.Equal(dropped, want) {
		t.Errorf("drops %q, want %q", dropped, want)
	}
}

func TestTheConfigurationIsTheOneThatPromtoolChecks(t *testing.T) {
	args := good()
	got := mustRecord(t, args).MustFind(t, configType, "prometheus-config").At("data.*")[0].(string)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; if that is meant, go test -update and look at what changed:\n%s", golden, got)
	}
}
