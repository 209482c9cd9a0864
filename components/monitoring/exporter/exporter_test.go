package exporter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
	"fleetman/components/monitoring/exporter"
	"fleetman/components/recorder"
)

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	daemonType     = "kubernetes:apps/v1:DaemonSet"
	serviceType    = "kubernetes:core/v1:Service"
	secretType     = "kubernetes:core/v1:Secret"
	podOf          = "spec.template.spec."
	containerOf    = podOf + "containers.*."
)

var tier = kube.Placement{NodeSelector: map[string]string{"tier": "data"}, Tolerate: "tier=data:NoSchedule"}

// mongoDB are the arguments of a good one.
func mongoDB() exporter.MongoDBArgs {
	return exporter.MongoDBArgs{
		Namespace: pulumi.String("fleetman"), URI: pulumi.String("mongodb://fleetman-mongodb:27017/admin"), User: "fleet", Password: pulumi.String("p"),
	}
}

func elasticsearch() exporter.ElasticsearchArgs {
	return exporter.ElasticsearchArgs{
		Namespace: pulumi.String("fleetman-logging"), URL: pulumi.String("https://elasticsearch.fleetman-logging:9200"), CA: pulumi.String("PEM"),
		User: "exporter", Password: pulumi.String("p"),
	}
}

func makeState(ctx *pulumi.Context, args exporter.KubeStateArgs) error {
	_, err := exporter.NewKubeState(ctx, "kube-state-metrics", &args)
	return err
}

func makeNode(ctx *pulumi.Context, args exporter.NodeArgs) error {
	_, err := exporter.NewNode(ctx, "node-exporter", &args)
	return err
}

func makeMongoDB(ctx *pulumi.Context, args exporter.MongoDBArgs) error {
	_, err := exporter.NewMongoDB(ctx, "mongodb-exporter", &args)
	return err
}

func makeElasticsearch(ctx *pulumi.Context, args exporter.ElasticsearchArgs) error {
	_, err := exporter.NewElasticsearch(ctx, "elasticsearch-exporter", &args)
	return err
}

// makeAll makes one of each.
func makeAll(ctx *pulumi.Context) error {
	for _, err := range []error{
		makeState(ctx, exporter.KubeStateArgs{Namespace: pulumi.String("fleetman-monitoring")}),
		makeNode(ctx, exporter.NodeArgs{Namespace: pulumi.String("fleetman-agents")}),
		makeMongoDB(ctx, mongoDB()), makeElasticsearch(ctx, elasticsearch()),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func record(t *testing.T, preview bool, program pulumi.RunFunc) *recorder.Run {
	t.Helper()
	run, err := recorder.Record("dev", preview, program)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// check holds a resource's inputs against what they should be.
func check(t *testing.T, resource recorder.Resource, wanted map[string][]any) {
	t.Helper()
	for path, want := range wanted {
		if got := resource.At(path); !slices.Equal(got, want) {
			t.Errorf("%s: %s is %v, want %v", resource.Name, path, got, want)
		}
	}
}

func TestTheExportersAreTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:ElasticsearchExporter elasticsearch-exporter",
		"fleetman:components:KubeStateMetrics kube-state-metrics",
		"fleetman:components:MongoDBExporter mongodb-exporter",
		"fleetman:components:NodeExporter node-exporter",
		"kubernetes:apps/v1:DaemonSet node-exporter-daemonset",
		"kubernetes:apps/v1:Deployment elasticsearch-exporter-deployment",
		"kubernetes:apps/v1:Deployment kube-state-metrics-deployment",
		"kubernetes:apps/v1:Deployment mongodb-exporter-deployment",
		"kubernetes:core/v1:ConfigMap elasticsearch-exporter-authority",
		"kubernetes:core/v1:Secret elasticsearch-exporter-login",
		"kubernetes:core/v1:Secret mongodb-exporter-login",
		"kubernetes:core/v1:Service elasticsearch-exporter-service",
		"kubernetes:core/v1:Service kube-state-metrics-service",
		"kubernetes:core/v1:Service mongodb-exporter-service",
		"kubernetes:core/v1:Service node-exporter-service",
		"kubernetes:core/v1:ServiceAccount kube-state-metrics-account",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole kube-state-metrics-role",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding kube-state-metrics-role-binding",
	}
	for _, preview := range []bool{true, false} {
		run := record(t, preview, makeAll)
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if run.Registered != 5 { // the stack's and each component's
			t.Errorf("%d outputs registered, want 5", run.Registered)
		}
		for _, resource := range run.Resources {
			component := resource.URN[strings.LastIndex(resource.URN, "::"):]
			for _, suffix := range []string{"-daemonset", "-deployment", "-authority", "-login", "-service", "-account", "-role-binding", "-role"} {
				component = strings.TrimSuffix(component, suffix)
			}
			if resource.Custom && !strings.HasSuffix(resource.Parent, component) {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
			if resource.Protect {
				t.Errorf("%s is protected", resource.Name)
			}
		}
	}
}

func TestEachServiceFindsThePodsThemselvesByThePortMetrics(t *testing.T) {
	run := record(t, false, makeAll)
	for _, test := range []struct {
		name, namespace, workload, typ string
		names, ports                   []any
	}{
		{"kube-state-metrics", "fleetman-monitoring", "-deployment", deploymentType, []any{"metrics", "telemetry"}, []any{8080.0, 8081.0}},
		{"node-exporter", "fleetman-agents", "-daemonset", daemonType, []any{"metrics"}, []any{9100.0}},
		{"mongodb-exporter", "fleetman", "-deployment", deploymentType, []any{"metrics"}, []any{9216.0}},
		{"elasticsearch-exporter", "fleetman-logging", "-deployment", deploymentType, []any{"metrics"}, []any{9114.0}},
	} {
		workload := run.MustFind(t, test.typ, test.name+test.workload)
		check(t, run.MustFind(t, serviceType, test.name+"-service"), map[string][]any{
			"metadata.name": {test.name}, "metadata.namespace": {test.namespace}, "spec.clusterIP": {"None"},
			"spec.ports.*.name": test.names, "spec.ports.*.port": test.ports, "spec.ports.*.targetPort": test.names,
			"spec.selector.*": workload.At("spec.selector.matchLabels.*"),
		})
		check(t, workload, map[string][]any{
			"metadata.name": {test.name}, "metadata.namespace": {test.namespace},
			containerOf + "ports.*.name": test.names, containerOf + "ports.*.containerPort": test.ports,
		})
	}
}

func TestEveryPodIsRestrictedButForTheNodesOwn(t *testing.T) {
	run := record(t, false, makeAll)
	for name, test := range map[string]struct {
		typ, image, path, ready string
		user                    float64
		token, host             bool
	}{
		"kube-state-metrics-deployment":     {deploymentType, "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0", "/healthz", "/readyz", 65534, true, false},
		"node-exporter-daemonset":           {daemonType, "quay.io/prometheus/node-exporter:v1.12.1", "/", "/", 65534, false, true},
		"mongodb-exporter-deployment":       {deploymentType, "percona/mongodb_exporter:0.51.0", "/", "/", 65535, false, false},
		"elasticsearch-exporter-deployment": {deploymentType, "quay.io/prometheuscommunity/elasticsearch-exporter:v1.10.0", "/healthz", "/healthz", 65534, false, false},
	} {
		workload := run.MustFind(t, test.typ, name)
		check(t, workload, map[string][]any{
			podOf + "automountServiceAccountToken":                   {test.token},
			podOf + "enableServiceLinks":                             {false},
			podOf + "securityContext.runAsNonRoot":                   {true},
			podOf + "securityContext.runAsUser":                      {test.user},
			podOf + "securityContext.seccompProfile.type":            {"RuntimeDefault"},
			containerOf + "image":                                    {test.image},
			containerOf + "imagePullPolicy":                          {"IfNotPresent"},
			containerOf + "securityContext.readOnlyRootFilesystem":   {true},
			containerOf + "securityContext.allowPrivilegeEscalation": {false},
			containerOf + "securityContext.capabilities.drop.*":      {"ALL"},
			containerOf + "securityContext.capabilities.add.*":       nil,
			containerOf + "startupProbe.httpGet.path":                {test.path},
			containerOf + "livenessProbe.httpGet.path":               {test.path},
			containerOf + "readinessProbe.httpGet.path":              {test.ready},
			containerOf + "resources.limits.memory":                  workload.At(containerOf + "resources.requests.memory"),
			containerOf + "resources.limits.ephemeral-storage":       {"16Mi"},
			containerOf + "resources.requests.cpu":                   {"20m"},
			containerOf + "startupProbe.periodSeconds":               {2.0},
			containerOf + "volumeMounts.*.readOnly":                  allTrue(workload.At(containerOf + "volumeMounts.*")),
			podOf + "volumes.*.hostPath.path":                        onlyIf(test.host, "/", "/sys"),
			podOf + "hostNetwork":                                    onlyIf(test.host, true),
			podOf + "hostPID":                                        onlyIf(test.host, true),
			podOf + "hostIPC":                                        nil,
			podOf + "tolerations.*.operator":                         onlyIf(test.host, "Exists"),
			podOf + "priorityClassName":                              onlyIf(test.host, "system-node-critical"),
			containerOf + "volumeMounts.*.mountPropagation":          onlyIf(test.host, "HostToContainer", "HostToContainer"),
			"spec.strategy.type":                                     onlyIf(!test.host, "Recreate"),
			"spec.replicas":                                          onlyIf(!test.host, 1.0),
		})
	}
}

func allTrue(of []any) []any {
	var all []any
	for range of {
		all = append(all, true)
	}
	return all
}

func onlyIf(condition bool, values ...any) []any {
	if !condition {
		return nil
	}
	return values
}

func TestKubeStateMetricsListsWhatItShowsAndNoSecret(t *testing.T) {
	run := record(t, true, makeAll)
	deployment := run.MustFind(t, deploymentType, "kube-state-metrics-deployment")
	if !deployment.After("kube-state-metrics-role-binding") {
		t.Errorf("doesn't wait for what it may do but for %v", deployment.DependsOn)
	}
	shown := "namespaces,nodes,persistentvolumeclaims,persistentvolumes,pods,resourcequotas,services,daemonsets,deployments,replicasets," +
		"statefulsets,horizontalpodautoscalers,cronjobs,jobs,poddisruptionbudgets"
	check(t, deployment, map[string][]any{
		containerOf + "args.*": {
			"--resources=" + shown, "--host=", "--telemetry-host=", "--port=8080", "--telemetry-port=8081", "--auto-gomemlimit",
		},
		containerOf + "readinessProbe.httpGet.port": {"telemetry"},
		containerOf + "livenessProbe.httpGet.port":  {"metrics"},
		podOf + "serviceAccountName":                {"kube-state-metrics"},
	})
	var listed []string
	for _, rule := range run.MustFind(t, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "kube-state-metrics-role").At("rules.*") {
		rule := rule.(map[string]any)
		if verbs := fmt.Sprint(rule["verbs"]); verbs != "[list watch]" {
			t.Errorf("may %s %v", verbs, rule["resources"])
		}
		for _, resource := range rule["resources"].([]any) {
			listed = append(listed, resource.(string))
		}
	}
	if got := strings.Join(listed, ","); got != shown {
		t.Errorf("may list\n%s\nwant\n%s", got, shown)
	}
}

func TestNodeExporterShowsTheNodeAndNotItsContainers(t *testing.T) {
	daemons := record(t, false, makeAll).MustFind(t, daemonType, "node-exporter-daemonset")
	check(t, daemons, map[string][]any{
		containerOf + "args.*": {
			"--web.listen-address=[$(NODE_IP)]:9100", "--path.rootfs=/host/root", "--path.sysfs=/host/sys", "--path.udev.data=/host/root/run/udev/data",
			"--no-collector.btrfs", "--no-collector.hwmon", "--no-collector.wifi",
			"--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|run/(containerd|credentials|k3s/containerd)/.+|var/lib/(docker|containers/storage|kubelet/pods)/.+)($|/)",
			"--collector.netclass.ignored-devices=^(veth.*|eni.*|[a-f0-9]{15})$", "--collector.netdev.device-exclude=^(veth.*|eni.*|[a-f0-9]{15})$",
			"--log.format=json",
		},
		containerOf + "env.*.name":                         {"NODE_IP"},
		containerOf + "env.*.valueFrom.fieldRef.fieldPath": {"status.hostIP"},
		containerOf + "volumeMounts.*.mountPath":           {"/host/root", "/host/sys"},
	})
}

func TestAReplicaSetIsShownWhicheverMemberIsThePrimary(t *testing.T) {
	usual := []any{"--mongodb.global-conn-pool", "--collector.diagnosticdata", "--collector.dbstats"}
	for _, test := range []struct {
		set  bool
		want []any
	}{
		{false, usual}, {true, append(slices.Clone(usual), "--no-mongodb.direct-connect", "--collector.replicasetstatus")},
	} {
		args := mongoDB()
		args.ReplicaSet = test.set
		run := record(t, false, func(ctx *pulumi.Context) error { return makeMongoDB(ctx, args) })
		check(t, run.MustFind(t, deploymentType, "mongodb-exporter-deployment"), map[string][]any{
			containerOf + "args.*": test.want, containerOf + "env.*.value": {"mongodb://fleetman-mongodb:27017/admin"},
		})
	}
}

func TestElasticsearchIsAskedByTLSOfItsAuthority(t *testing.T) {
	run := record(t, false, makeAll)
	check(t, run.MustFind(t, deploymentType, "elasticsearch-exporter-deployment"), map[string][]any{
		containerOf + "args.*": {
			"--es.uri=https://elasticsearch.fleetman-logging:9200", "--es.ca=/etc/elasticsearch-exporter/ca.crt", "--es.all", "--log.format=json",
		},
		containerOf + "volumeMounts.*.mountPath": {"/etc/elasticsearch-exporter"},
		podOf + "volumes.*.configMap.name":       {"elasticsearch-exporter-authority-auto"},
	})
	check(t, run.MustFind(t, "kubernetes:core/v1:ConfigMap", "elasticsearch-exporter-authority"), map[string][]any{"data.*": {"PEM"}})
}

func TestAPasswordIsInASecretAndNowhereElse(t *testing.T) {
	run := record(t, false, makeAll)
	for name, variables := range map[string][]any{
		"mongodb-exporter": {"MONGODB_USER", "MONGODB_PASSWORD"}, "elasticsearch-exporter": {"ES_USERNAME", "ES_PASSWORD"},
	} {
		secret := run.MustFind(t, secretType, name+"-login")
		if got := secret.Inputs["stringData"]; got != recorder.Masked {
			t.Errorf("%s: the login is recorded as %v", name, got)
		}
		check(t, run.MustFind(t, deploymentType, name+"-deployment"), map[string][]any{
			containerOf + "env.*.valueFrom.secretKeyRef.key":  variables,
			containerOf + "env.*.valueFrom.secretKeyRef.name": {name + "-login-auto", name + "-login-auto"},
		})
	}
	for _, resource := range run.Resources {
		if resource.Type != secretType && strings.Contains(fmt.Sprint(resource.Inputs), recorder.Masked) {
			t.Errorf("%s hides something: %v", resource.Name, resource.Inputs)
		}
	}
}

func TestADeploymentRunsWhereItIsPlaced(t *testing.T) {
	for want, placement := range []kube.Placement{{}, tier} {
		run := record(t, false, func(ctx *pulumi.Context) error {
			database, search := mongoDB(), elasticsearch()
			database.Placement, search.Placement = placement, placement
			if err := makeState(ctx, exporter.KubeStateArgs{Namespace: pulumi.String("a"), Placement: placement}); err != nil {
				return err
			}
			if err := makeMongoDB(ctx, database); err != nil {
				return err
			}
			return makeElasticsearch(ctx, search)
		})
		for _, name := range []string{"kube-state-metrics", "mongodb-exporter", "elasticsearch-exporter"} {
			deployment := run.MustFind(t, deploymentType, name+"-deployment")
			selected, tolerated := deployment.At(podOf+"nodeSelector"), deployment.At(podOf+"tolerations")
			if len(selected) != want || len(tolerated) != want {
				t.Errorf("%s: placement %v selects %v, tolerates %v", name, placement, selected, tolerated)
			}
		}
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	nowhere := kube.Placement{Tolerate: "x"}
	for name, test := range map[string]struct {
		of      string
		program pulumi.RunFunc
		want    []string
	}{
		"kube-state-metrics": {
			"kube-state-metrics", func(ctx *pulumi.Context) error { return makeState(ctx, exporter.KubeStateArgs{Placement: nowhere}) },
			[]string{"the Namespace is missing", `the Placement: the Tolerate "x"`},
		},
		"node-exporter": {
			"node-exporter", func(ctx *pulumi.Context) error { return makeNode(ctx, exporter.NodeArgs{}) },
			[]string{"the Namespace is missing"},
		},
		"MongoDB, all missing": {
			"mongodb-exporter", func(ctx *pulumi.Context) error { return makeMongoDB(ctx, exporter.MongoDBArgs{Placement: nowhere}) },
			[]string{"the Namespace is missing", "the URI is missing", "the User is missing", "the Password is missing", "the Placement"},
		},
		"MongoDB, user of two": {
			"mongodb-exporter", func(ctx *pulumi.Context) error {
				args := mongoDB()
				args.User = "a b"
				return makeMongoDB(ctx, args)
			},
			[]string{`the User "a b" has white space`},
		},
		"Elasticsearch, all missing": {
			"elasticsearch-exporter", func(ctx *pulumi.Context) error {
				return makeElasticsearch(ctx, exporter.ElasticsearchArgs{Placement: nowhere})
			},
			[]string{"the Namespace is missing", "the URL is missing", "the CA is missing", "the User is missing", "the Password is missing", "the Placement"},
		},
		"Elasticsearch, user of two": {
			"elasticsearch-exporter", func(ctx *pulumi.Context) error {
				args := elasticsearch()
				args.User = "a\tb"
				return makeElasticsearch(ctx, args)
			},
			[]string{`the User "a\tb" has white space`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := recorder.Record("dev", true, test.program)
			run.Refused(t, err, "validate exporter "+test.of, test.want...)
		})
	}
}
