package elasticsearch_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/keyring"
	"fleetman/components/kube"
	"fleetman/components/logging/elasticsearch"
	"fleetman/components/recorder"
)

const (
	statefulSet = "kubernetes:apps/v1:StatefulSet"
	job         = "kubernetes:batch/v1:Job"
	claim       = "kubernetes:core/v1:PersistentVolumeClaim"
	configMap   = "kubernetes:core/v1:ConfigMap"
	secret      = "kubernetes:core/v1:Secret"
	service     = "kubernetes:core/v1:Service"
	pod         = "spec.template.spec."
)

func good() elasticsearch.ClusterArgs {
	return elasticsearch.ClusterArgs{
		Namespace: pulumi.String("fleetman-logging"), StorageClass: pulumi.String("standard"),
		Keys: keyring.New(pulumi.String(strings.Repeat("seed", 8)), time.Unix(0, 0)),
	}
}

func three() elasticsearch.ClusterArgs {
	args := good()
	args.Nodes = 3
	return args
}

func record(t *testing.T, args elasticsearch.ClusterArgs) (*recorder.Run, error) {
	t.Helper()
	return recordIn(t, args, true)
}

func recordIn(t *testing.T, args elasticsearch.ClusterArgs, preview bool) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", preview, func(ctx *pulumi.Context) error {
		cluster, err := elasticsearch.NewCluster(ctx, "elasticsearch", &args)
		if err != nil {
			return err
		}
		for name, output := range map[string]pulumi.StringOutput{
			"url": cluster.URL, "ca": cluster.CA, "fluentd": cluster.FluentdPassword, "kibana": cluster.KibanaPassword,
			"monitor": cluster.MonitorPassword, "viewer": cluster.ViewerPassword,
		} {
			ctx.Export(name, output)
		}
		ctx.Export("users", pulumi.String(strings.Join([]string{cluster.FluentdUser, cluster.MonitorUser, cluster.ViewerUser}, " ")))
		return nil
	})
}

func mustRecord(t *testing.T, args elasticsearch.ClusterArgs) *recorder.Run {
	t.Helper()
	run, err := record(t, args)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*elasticsearch.ClusterArgs)
		want  []string
	}{
		"all missing": {
			func(a *elasticsearch.ClusterArgs) { *a = elasticsearch.ClusterArgs{} },
			[]string{"Namespace is missing", "StorageClass is missing", "Keys are missing"},
		},
		"two nodes":    {func(a *elasticsearch.ClusterArgs) { a.Nodes = 2 }, []string{"the Nodes are 2: want 1 or 3"}},
		"no size":      {func(a *elasticsearch.ClusterArgs) { a.Storage = "big" }, []string{`the Storage: "big"`}},
		"small":        {func(a *elasticsearch.ClusterArgs) { a.Storage = "512Mi" }, []string{"the Storage 512Mi is below 1Gi"}},
		"no heap":      {func(a *elasticsearch.ClusterArgs) { a.Heap = "1.5" }, []string{`the Heap: "1.5"`}},
		"small heap":   {func(a *elasticsearch.ClusterArgs) { a.Heap = "256Mi" }, []string{"the Heap 256Mi isn't 512Mi to 31Gi"}},
		"large heap":   {func(a *elasticsearch.ClusterArgs) { a.Heap = "32Gi" }, []string{"the Heap 32Gi isn't 512Mi to 31Gi"}},
		"nothing kept": {func(a *elasticsearch.ClusterArgs) { a.RetentionDays = -1 }, []string{"the RetentionDays are -1: want 1 or more"}},
		"nowhere":      {func(a *elasticsearch.ClusterArgs) { a.Placement.Tolerate = "x" }, []string{`the Placement: the Tolerate "x"`}},
		"all wrong": {
			func(a *elasticsearch.ClusterArgs) {
				*a = elasticsearch.ClusterArgs{Nodes: -1, Storage: "0", Heap: "0", RetentionDays: -1, Placement: kube.Placement{Tolerate: "x"}}
			},
			[]string{"Namespace", "Nodes are -1", "Storage:", "StorageClass", "Placement", "Heap:", "RetentionDays", "Keys"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, args)
			run.Refused(t, err, "validate Elasticsearch elasticsearch", test.want...)
		})
	}
}

func TestAClusterIsTheseResources(t *testing.T) {
	one := []string{
		"fleetman:components:Elasticsearch elasticsearch",
		statefulSet + " elasticsearch-statefulset",
		job + " elasticsearch-setup",
		configMap + " elasticsearch-authority",
		configMap + " elasticsearch-config",
		configMap + " elasticsearch-setup",
		claim + " elasticsearch-data-0",
		secret + " elasticsearch-certificates",
		secret + " elasticsearch-elastic",
		secret + " elasticsearch-passwords",
		service + " elasticsearch-nodes",
		service + " elasticsearch-service",
	}
	for name, test := range map[string]struct {
		args elasticsearch.ClusterArgs
		want []string
	}{
		"one node": {good(), one},
		"three nodes": {three(), append([]string{
			claim + " elasticsearch-data-1", claim + " elasticsearch-data-2",
			"kubernetes:policy/v1:PodDisruptionBudget elasticsearch-budget",
		}, one...)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, preview := range []bool{true, false} {
				run, err := recordIn(t, test.args, preview)
				if err != nil {
					t.Fatal(err)
				}
				slices.Sort(test.want)
				if got := run.Names(); !slices.Equal(got, test.want) {
					t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				}
				if run.Registered != 2 { // the stack's and the component's
					t.Errorf("%d outputs registered, want 2", run.Registered)
				}
				for _, resource := range run.Resources {
					if resource.Custom && !strings.HasSuffix(resource.Parent, "::elasticsearch") {
						t.Errorf("%s is under %s", resource.Name, resource.Parent)
					}
				}
			}
		})
	}
}

func TestOthersAreToldWhereItIsAndWhoTheyAre(t *testing.T) {
	for _, preview := range []bool{true, false} {
		run, err := recordIn(t, good(), preview)
		if err != nil {
			t.Fatal(err)
		}
		for output, want := range map[string]any{
			"url": "https://elasticsearch.fleetman-logging:9200", "users": "fluentd monitor fleetman",
			"fluentd": recorder.Masked, "kibana": recorder.Masked, "monitor": recorder.Masked, "viewer": recorder.Masked,
		} {
			if got := run.Outputs[output]; got != want {
				t.Errorf("%s is %v, want %v", output, got, want)
			}
		}
		if ca, _ := run.Outputs["ca"].(string); !strings.HasPrefix(ca, "-----BEGIN CERTIFICATE-----") {
			t.Errorf("the authority is %q", ca)
		}
	}
}

func TestTheVolumesAreProtectedOnlyWhenAsked(t *testing.T) {
	for _, protect := range []bool{false, true} {
		args := three()
		args.ProtectData = protect
		for _, resource := range mustRecord(t, args).Resources {
			if want := protect && resource.Type == claim; resource.Protect != want {
				t.Errorf("%s protected %t, want %t", resource.Name, resource.Protect, want)
			}
		}
	}
}

func TestTheStatefulSetTakesTheClaimsForItsOwnAndNeverMindsTheirGrowing(t *testing.T) {
	args := three()
	args.Storage = "7Gi"
	run := mustRecord(t, args)
	set := run.MustFind(t, statefulSet, "elasticsearch-statefulset")
	if want := []string{"spec.volumeClaimTemplates"}; !slices.Equal(set.IgnoreChanges, want) {
		t.Errorf("ignores changes of %v, want %v", set.IgnoreChanges, want)
	}
	template, name := set.At("spec.volumeClaimTemplates.*.metadata.name"), set.At("metadata.name")
	for _, ordinal := range []string{"0", "1", "2"} {
		volume := run.MustFind(t, claim, "elasticsearch-data-"+ordinal)
		if got := volume.At("metadata.name"); !slices.Equal(got, []any{template[0].(string) + "-" + name[0].(string) + "-" + ordinal}) {
			t.Errorf("claim %s is called %v", ordinal, got)
		}
		if got := volume.At("spec.resources.requests.storage"); !slices.Equal(got, []any{"7Gi"}) {
			t.Errorf("claim %s has %v", ordinal, got)
		}
		if !set.After("elasticsearch-data-" + ordinal) {
			t.Errorf("the StatefulSet doesn't wait for claim %s", ordinal)
		}
	}
}

// Kubernetes changes none of these: a StatefulSet with others is another one, for whose pods all nodes would stop at once.
func TestGrowingFromOneNodeToThreeKeepsTheStatefulSet(t *testing.T) {
	fixed := func(args elasticsearch.ClusterArgs) []any {
		set := mustRecord(t, args).MustFind(t, statefulSet, "elasticsearch-statefulset")
		var values []any
		for _, field := range []string{"metadata.name", "spec.serviceName", "spec.podManagementPolicy", "spec.selector.matchLabels.*", "spec.volumeClaimTemplates.*.metadata.name"} {
			values = append(values, set.At(field)...)
		}
		if len(values) != 6 || !slices.Contains(values, any("Parallel")) {
			t.Fatalf("only %v is said", values)
		}
		return values
	}
	if one, three := fixed(good()), fixed(three()); !slices.Equal(one, three) {
		t.Errorf("one node: %v; three: %v", one, three)
	}
}

func environment(resource recorder.Resource, containers string) map[string]any {
	values := map[string]any{}
	for _, variable := range resource.At(pod + containers + ".*.env.*") {
		variable := variable.(map[string]any)
		values[variable["name"].(string)] = variable["value"]
	}
	return values
}

func TestNodesLookForThoseThatThereAre(t *testing.T) {
	for name, test := range map[string]struct {
		args         elasticsearch.ClusterArgs
		seeds, nodes string
	}{
		"one":   {good(), "elasticsearch-nodes", "elasticsearch-0"},
		"three": {three(), "elasticsearch-nodes", "elasticsearch-0,elasticsearch-1,elasticsearch-2"},
	} {
		run := mustRecord(t, test.args)
		env := environment(run.MustFind(t, statefulSet, "elasticsearch-statefulset"), "initContainers")
		if env["SEED_HOSTS"] != test.seeds || env["NODES"] != test.nodes {
			t.Errorf("%s: looks for %v among %v", name, env["NODES"], env["SEED_HOSTS"])
		}
		headless := run.MustFind(t, service, "elasticsearch-nodes")
		if got := slices.Concat(headless.At("metadata.name"), headless.At("spec.clusterIP"), headless.At("spec.publishNotReadyAddresses")); !slices.Equal(got, []any{"elasticsearch-nodes", "None", true}) {
			t.Errorf("%s: the nodes' Service is %v", name, got)
		}
	}
}

func TestNoPasswordIsInAnEnvironmentOrAnArgument(t *testing.T) {
	run := mustRecord(t, three())
	for _, name := range []string{"elasticsearch-certificates", "elasticsearch-elastic", "elasticsearch-passwords"} {
		if got := run.MustFind(t, secret, name).At("stringData"); !slices.Equal(got, []any{recorder.Masked}) {
			t.Errorf("the data of %s is %v", name, got)
		}
	}
	for typ, name := range map[string]string{statefulSet: "elasticsearch-statefulset", job: "elasticsearch-setup"} {
		resource := run.MustFind(t, typ, name)
		encoded, err := json.Marshal(resource.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(encoded), recorder.Masked) {
			t.Errorf("%s has a secret: %s", name, encoded)
		}
		if strings.Contains(string(encoded), "secretKeyRef") {
			t.Errorf("%s has a secret in its environment", name)
		}
	}
	set := run.MustFind(t, statefulSet, "elasticsearch-statefulset")
	if got := environment(set, "containers")["ELASTIC_PASSWORD_FILE"]; got != environment(set, "initContainers")["PASSWORD"] {
		t.Errorf("the entry point reads %v, which nobody writes", got)
	}
	if got := set.At(pod + "volumes.*.emptyDir.medium"); !slices.Equal(got, []any{"Memory"}) {
		t.Errorf("the password is copied to %v", got)
	}
}

func TestTheHeapIsHalfOfTheMemory(t *testing.T) {
	for heap, want := range map[string][2]string{"": {"1024", "2048Mi"}, "1536Mi": {"1536", "3072Mi"}} {
		args := good()
		args.Heap = heap
		set := mustRecord(t, args).MustFind(t, statefulSet, "elasticsearch-statefulset")
		options := environment(set, "containers")["ES_JAVA_OPTS"].(string)
		if !strings.HasPrefix(options, "-Xms"+want[0]+"m -Xmx"+want[0]+"m -Xlog:disable ") {
			t.Errorf("heap %q: run with %s", heap, options)
		}
		if got := set.At(pod + "containers.*.resources.limits.memory"); !slices.Equal(got, []any{want[1]}) {
			t.Errorf("heap %q: memory %v, want %s", heap, got, want[1])
		}
	}
}

func TestEachProbeAsksThePortThatSaysIt(t *testing.T) {
	set := mustRecord(t, good()).MustFind(t, statefulSet, "elasticsearch-statefulset")
	ports := set.At(pod + "containers.*.ports.*.name")
	for probe, want := range map[string]string{"startupProbe": "https", "readinessProbe": "ready", "livenessProbe": "transport"} {
		if got := set.At(pod + "containers.*." + probe + ".tcpSocket.port"); !slices.Equal(got, []any{want}) || !slices.Contains(ports, any(want)) {
			t.Errorf("the %s asks %v of %v", probe, got, ports)
		}
	}
	settings := file(t, "elasticsearch.yml")
	for _, port := range []string{"http.port: 9200", "transport.port: 9300", "readiness.port: 8080"} {
		if !strings.Contains(settings, "\n"+port+"\n") {
			t.Errorf("the settings don't say %s", port)
		}
	}
}

func TestNodesAreInThreeZonesAndLoseOneAtATime(t *testing.T) {
	run := mustRecord(t, three())
	set := run.MustFind(t, statefulSet, "elasticsearch-statefulset")
	spread := set.At(pod + "topologySpreadConstraints.*")
	if len(spread) != 1 {
		t.Fatalf("spread by %v", spread)
	}
	for key, want := range map[string]any{
		"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1.0, "minDomains": 3.0, "whenUnsatisfiable": "DoNotSchedule",
	} {
		if got := spread[0].(map[string]any)[key]; got != want {
			t.Errorf("spread: %s is %v, want %v", key, got, want)
		}
	}
	if got := set.At("spec.minReadySeconds"); !slices.Equal(got, []any{30.0}) {
		t.Errorf("a node has %v to get its replicas", got)
	}
	if got := set.At(pod + "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.*.topologyKey"); !slices.Equal(got, []any{"kubernetes.io/hostname"}) {
		t.Errorf("apart by %v", got)
	}
	budget := run.MustFind(t, "kubernetes:policy/v1:PodDisruptionBudget", "elasticsearch-budget")
	if got := slices.Concat(budget.At("spec.maxUnavailable"), budget.At("spec.unhealthyPodEvictionPolicy")); !slices.Equal(got, []any{1.0, "AlwaysAllow"}) {
		t.Errorf("the budget is %v", got)
	}
}

func TestTheJobWaitsForTheNodesAndIsNotTakenForOne(t *testing.T) {
	run := mustRecord(t, three())
	setup := run.MustFind(t, job, "elasticsearch-setup")
	for _, name := range []string{"elasticsearch-statefulset", "elasticsearch-service"} {
		if !setup.After(name) {
			t.Errorf("it doesn't wait for %s", name)
		}
	}
	labels := setup.At("spec.template.metadata.labels")[0].(map[string]any)
	for _, name := range []string{"elasticsearch-nodes", "elasticsearch-service"} {
		selector := run.MustFind(t, service, name).At("spec.selector")[0].(map[string]any)
		if len(selector) == 0 || labels["app.kubernetes.io/instance"] == selector["app.kubernetes.io/instance"] {
			t.Errorf("%s selects the Job's pod by %v", name, selector)
		}
	}
	if got := setup.At("spec.ttlSecondsAfterFinished"); len(got) != 0 {
		t.Errorf("it goes away after %v, and Pulumi would make it again", got)
	}
}

func TestTheJobIsGivenWhatItSends(t *testing.T) {
	args := good()
	args.RetentionDays = 3
	run := mustRecord(t, args)
	env := environment(run.MustFind(t, job, "elasticsearch-setup"), "containers")
	for name, want := range map[string]any{
		"URL": "https://elasticsearch.fleetman-logging:9200", "RETENTION": "3d", "STREAM": elasticsearch.DataStream,
		"ROLES": "fluentd monitor fleetman importer",
	} {
		if env[name] != want {
			t.Errorf("%s is %v, want %v", name, env[name], want)
		}
	}
	data := run.MustFind(t, configMap, "elasticsearch-setup").At("data")[0].(map[string]any)
	if got := data["setup.sh"]; got != file(t, "setup.sh") {
		t.Errorf("the script is %v", got)
	}
	for user := range strings.FieldsSeq(env["ROLES"].(string)) {
		var role map[string]any
		if err := json.Unmarshal([]byte(data["role-"+user+".json"].(string)), &role); err != nil || len(role) == 0 {
			t.Errorf("role of %s: %v, %v", user, role, err)
		}
	}
}

func file(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile("conf/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheTemplateIsForTheStreamAloneAndItsMappingNeverGrows(t *testing.T) {
	var template struct {
		Patterns []string       `json:"index_patterns"`
		Stream   map[string]any `json:"data_stream"`
		Priority int            `json:"priority"`
		Template struct {
			Lifecycle map[string]string `json:"lifecycle"`
			Mappings  struct {
				Dynamic    any                       `json:"dynamic"`
				Properties map[string]map[string]any `json:"properties"`
			} `json:"mappings"`
		} `json:"template"`
	}
	if err := json.Unmarshal([]byte(file(t, "template.json")), &template); err != nil {
		t.Fatal(err)
	}
	// The built-in templates' priorities end at 200.
	if !slices.Equal(template.Patterns, []string{elasticsearch.DataStream}) || template.Stream == nil || template.Priority <= 200 {
		t.Errorf("it is for %v, %v, with priority %d", template.Patterns, template.Stream, template.Priority)
	}
	if got := template.Template.Lifecycle["data_retention"]; got != "${RETENTION}" || !strings.Contains(file(t, "setup.sh"), `'${RETENTION}'/$RETENTION}`) {
		t.Errorf("the retention is %q, and the script's is another", got)
	}
	if template.Template.Mappings.Dynamic != false {
		t.Errorf("unknown fields are %v", template.Template.Mappings.Dynamic)
	}
	for field, want := range map[string]string{"@timestamp": "date_nanos", "message": "text", "app": "flattened"} {
		if got := template.Template.Mappings.Properties[field]["type"]; got != want {
			t.Errorf("%s is %v, want %s", field, got, want)
		}
	}
}

func TestFluentdMayAddDocumentsToTheStreamAndNothingElse(t *testing.T) {
	var role struct {
		Cluster []string
		Indices []struct{ Names, Privileges []string }
	}
	if err := json.Unmarshal([]byte(file(t, "role-fluentd.json")), &role); err != nil {
		t.Fatal(err)
	}
	if len(role.Cluster) != 0 || len(role.Indices) != 1 || !slices.Equal(role.Indices[0].Names, []string{elasticsearch.DataStream}) || !slices.Equal(role.Indices[0].Privileges, []string{"create_doc"}) {
		t.Errorf("it may %v", role)
	}
}

func TestAPlacementIsTheNodesAndNotTheJobs(t *testing.T) {
	args := three()
	args.Placement = kube.Placement{NodeSelector: map[string]string{"tier": "data"}, Tolerate: "tier=data:NoSchedule"}
	run := mustRecord(t, args)
	for typ, name := range map[string]string{statefulSet: "elasticsearch-statefulset", job: "elasticsearch-setup"} {
		resource := run.MustFind(t, typ, name)
		want := 0
		if typ == statefulSet {
			want = 1
		}
		if selected, tolerated := len(resource.At(pod+"nodeSelector.tier")), len(resource.At(pod+"tolerations.*")); selected != want || tolerated != want {
			t.Errorf("%s: %d labels, %d taints; want %d each", name, selected, tolerated, want)
		}
	}
}
