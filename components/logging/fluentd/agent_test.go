package fluentd

import (
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
	"fleetman/components/recorder"
)

var update = flag.Bool("update", false, "write testdata/fluent.conf")

const (
	name       = "fluentd"
	setType    = "kubernetes:apps/v1:DaemonSet"
	configType = "kubernetes:core/v1:ConfigMap"
	podSpec    = "spec.template.spec."
	container  = podSpec + "containers.*."
)

func good() AgentArgs {
	return AgentArgs{
		Namespace: pulumi.String("fleetman-agents"), URL: pulumi.String("https://elasticsearch.fleetman-logging:9200"),
		CA: pulumi.String("the authority"), Password: pulumi.String("pässword"), ExcludeNamespaces: []string{"noisy"},
	}
}

func record(t *testing.T, preview bool, args AgentArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", preview, func(ctx *pulumi.Context) error {
		agent, err := NewAgent(ctx, name, &args)
		if err == nil {
			ctx.Export("name", agent.Name)
		}
		return err
	})
}

func mustRecord(t *testing.T, args AgentArgs) *recorder.Run {
	t.Helper()
	run, err := record(t, false, args)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// files are the agent's configuration, as the ConfigMap has it.
func files(t *testing.T, run *recorder.Run) map[string]string {
	t.Helper()
	files := map[string]string{}
	for file, content := range run.MustFind(t, configType, name+"-config").Inputs["data"].(map[string]any) {
		files[file] = content.(string)
	}
	return files
}

func TestEveryRefusalIsReportedTogetherAndNothingIsRegistered(t *testing.T) {
	for of, test := range map[string]struct {
		spoil func(*AgentArgs)
		want  []string
	}{
		"all missing":  {func(a *AgentArgs) { *a = AgentArgs{} }, []string{"Namespace is missing", "URL is missing", "CA is missing", "Password is missing"}},
		"no names":     {func(a *AgentArgs) { a.User, a.Index = "a b", "Logs" }, []string{`the User "a b" is none`, `the Index "Logs" is none`}},
		"no buffer":    {func(a *AgentArgs) { a.BufferLimit = "2G" }, []string{`the BufferLimit: "2G" is not a whole number`}},
		"small buffer": {func(a *AgentArgs) { a.BufferLimit = "64Mi" }, []string{"the BufferLimit 64Mi is below 128Mi"}},
		"no labels": {
			func(a *AgentArgs) { a.Parsed, a.ExcludeNamespaces = []string{"a,b"}, []string{"ok", "*", "x_y"} },
			[]string{`the Parsed' "a,b"`, `the ExcludeNamespaces' "*"`, `the ExcludeNamespaces' "x_y"`},
		},
		"no resources": {func(a *AgentArgs) { a.Resources = kube.Resources{CPU: "1", CPULimit: "1", Memory: "1Mi"} }, []string{"the Resources: Scratch: missing"}},
		"everything wrong": {
			func(a *AgentArgs) {
				*a = AgentArgs{User: "é", Index: "-", BufferLimit: "x", Parsed: []string{""}, Resources: kube.Resources{CPU: "x", CPULimit: "1", Memory: "1Mi", Scratch: "1Mi"}}
			},
			[]string{"Namespace", "URL", "CA", "Password", "User", "Index", "BufferLimit", "Parsed", "Resources"},
		},
	} {
		t.Run(of, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			for _, preview := range []bool{true, false} {
				run, err := record(t, preview, args)
				run.Refused(t, err, "validate log agent fluentd", test.want...)
			}
		})
	}
}

func TestAnAgentIsTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:Fluentd fluentd",
		"kubernetes:apps/v1:DaemonSet fluentd-daemonset",
		"kubernetes:core/v1:ConfigMap fluentd-config",
		"kubernetes:core/v1:Secret fluentd-login",
		"kubernetes:core/v1:Service fluentd-service",
		"kubernetes:core/v1:ServiceAccount fluentd-account",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole fluentd-role",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding fluentd-role-binding",
	}
	for _, preview := range []bool{true, false} {
		run, err := record(t, preview, good())
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if run.Registered != 2 { // the stack's and the component's
			t.Errorf("%d outputs registered, want 2", run.Registered)
		}
		if got := run.Outputs["name"]; got != name {
			t.Errorf("the Service is %v", got)
		}
		for _, resource := range run.Resources {
			if resource.Custom && !strings.HasSuffix(resource.Parent, "::"+name) {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
		}
	}
}

func TestItRunsOnEveryNodeOnceAndGoesLast(t *testing.T) {
	set := mustRecord(t, good()).MustFind(t, setType, name+"-daemonset")
	for path, want := range map[string]any{
		podSpec + "tolerations.*.operator":                     "Exists",
		podSpec + "priorityClassName":                          "system-node-critical",
		podSpec + "terminationGracePeriodSeconds":              float64(60),
		"spec.updateStrategy.type":                             "RollingUpdate",
		"spec.updateStrategy.rollingUpdate.maxSurge":           float64(0),
		podSpec + "serviceAccountName":                         name,
		podSpec + "automountServiceAccountToken":               true,
		container + "image":                                    Image,
		container + "readinessProbe.httpGet.path":              "/metrics",
		container + "livenessProbe.httpGet.port":               "metrics",
		container + "ports.*.containerPort":                    float64(MetricsPort),
		container + "startupProbe.failureThreshold":            float64(36),
		container + "resources.limits.memory":                  "512Mi",
		container + "resources.requests.memory":                "512Mi",
		podSpec + "enableServiceLinks":                         false,
		"metadata.namespace":                                   "fleetman-agents",
		container + "resources.requests.cpu":                   "100m",
		container + "imagePullPolicy":                          "IfNotPresent",
		podSpec + "securityContext.seccompProfile":             map[string]any{"type": "RuntimeDefault"},
		container + "securityContext.capabilities":             map[string]any{"drop": []any{"ALL"}},
		container + "securityContext.privileged":               false,
		podSpec + "securityContext.runAsUser":                  float64(0),
		container + "securityContext.runAsNonRoot":             false,
		container + "securityContext.readOnlyRootFilesystem":   true,
		container + "securityContext.allowPrivilegeEscalation": false,
	} {
		if got := set.At(path); len(got) != 1 || !equal(got[0], want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if got := set.At(podSpec + "tolerations.*.key"); len(got) != 0 {
		t.Errorf("it tolerates only %v", got)
	}
	if !set.After(name + "-role-binding") {
		t.Errorf("a pod may start before it may watch pods: it is after %v", set.DependsOn)
	}
}

// equal compares what came out of JSON.
func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	default:
		return a == b
	}
}

func TestOfTheNodeItWritesToItsOwnFolderOnly(t *testing.T) {
	set := mustRecord(t, good()).MustFind(t, setType, name+"-daemonset")
	onNode := map[string]string{}
	for _, volume := range set.At(podSpec + "volumes.*") {
		volume := volume.(map[string]any)
		if host, ok := volume["hostPath"].(map[string]any); ok {
			onNode[volume["name"].(string)] = host["path"].(string)
		}
	}
	want := map[string]string{"containers": "/var/log/containers", "pods": "/var/log/pods", "root": "/var/log/fluentd"}
	if !maps.Equal(onNode, want) {
		t.Errorf("it sees %v of the node, want %v", onNode, want)
	}
	for _, mount := range set.At(container + "volumeMounts.*") {
		mount := mount.(map[string]any)
		volume := mount["name"].(string)
		if path, ok := onNode[volume]; ok && mount["mountPath"] != path {
			t.Errorf("%s is at %v, where the links of /var/log/containers don't lead", path, mount["mountPath"])
		}
		if readOnly := mount["readOnly"] == true; readOnly == slices.Contains([]string{"root", "tmp"}, volume) {
			t.Errorf("%s is read-only: %t", volume, readOnly)
		}
	}
}

func TestThePasswordIsInTheSecretOnly(t *testing.T) {
	run := mustRecord(t, good())
	for _, resource := range run.Resources {
		all := strings.Join(leaves(resource.Inputs), "\n")
		if strings.Contains(all, "pässword") {
			t.Errorf("%s holds the password in the open", resource.Name)
		}
		if masked := strings.Contains(all, recorder.Masked); masked != (resource.Name == name+"-login") {
			t.Errorf("%s holds a secret: %t", resource.Name, masked)
		}
	}
}

// leaves are all the strings of some inputs.
func leaves(value any) []string {
	var all []string
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			all = append(all, leaves(value[key])...)
		}
	case []any:
		for _, inner := range value {
			all = append(all, leaves(inner)...)
		}
	case string:
		all = append(all, value)
	}
	return all
}

func TestItsAccountMayLookAtPodsAndNamespacesOnly(t *testing.T) {
	role := mustRecord(t, good()).MustFind(t, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", name+"-role")
	for path, want := range map[string][]any{"rules.*.resources.*": {"namespaces", "pods"}, "rules.*.verbs.*": {"get", "list", "watch"}, "rules.*.apiGroups.*": {""}} {
		if got := role.At(path); !slices.Equal(got, want) {
			t.Errorf("%s are %v, want %v", path, got, want)
		}
	}
}

func TestPrometheusFindsEveryAgentByTheService(t *testing.T) {
	service := mustRecord(t, good()).MustFind(t, "kubernetes:core/v1:Service", name+"-service")
	for path, want := range map[string]any{"spec.clusterIP": "None", "spec.ports.*.name": "metrics", "spec.ports.*.port": float64(MetricsPort), "metadata.name": name} {
		if got := service.At(path); !slices.Equal(got, []any{want}) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestTheConfigurationIsTheGoldenOne(t *testing.T) {
	const golden = "testdata/fluent.conf"
	got := files(t, mustRecord(t, good()))
	if *update {
		if err := os.WriteFile(golden, []byte(got["fluent.conf"]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got["fluent.conf"] != string(want) {
		t.Errorf("fluent.conf is\n%s\nwant %s, or -update", got["fluent.conf"], golden)
	}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"ca.crt", "fluent.conf", "keep.sh"}) {
		t.Errorf("the ConfigMap holds %v", names)
	}
}

func TestWhatVariesIsInTheConfiguration(t *testing.T) {
	args := good()
	args.Index, args.BufferLimit, args.Parsed, args.ExcludeNamespaces = "other", "256Mi", []string{}, nil
	conf := files(t, mustRecord(t, args))["fluent.conf"]
	for _, want := range []string{"index_name other\n", "total_limit_size 256m\n", `exclude_path ["/var/log/containers/fluentd-*_*_fluentd-*.log"]` + "\n"} {
		if !strings.Contains(conf, want) {
			t.Errorf("no %q in\n%s", want, conf)
		}
	}
	if strings.Contains(conf, "@id fields") {
		t.Errorf("it parses JSON of no container:\n%s", conf)
	}
}

func TestWhatIsRefusedForGoodIsKeptInTwoFilesOfALimit(t *testing.T) {
	folder := t.TempDir()
	chunk, kept := filepath.Join(folder, "buffer.1.log"), filepath.Join(folder, "errors")
	script := filepath.Join(folder, "keep.sh")
	if err := os.WriteFile(script, []byte(keepScript), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"errors.log: 1", "errors.log: 12", "errors.1.log: 123", "errors.1.log: 123 errors.log: 4", "errors.1.log: 123 errors.log: 45", "errors.1.log: 456"} {
		if err := os.WriteFile(chunk, []byte(string(rune('1'+i))), 0o600); err != nil {
			t.Fatal(err)
		}
		if output, err := exec.Command("/bin/sh", script, kept, "2", chunk).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		entries, err := os.ReadDir(kept)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, entry := range entries {
			content, err := os.ReadFile(filepath.Join(kept, entry.Name()))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, entry.Name()+": "+string(content))
			if info, err := entry.Info(); err != nil || info.Mode() != 0o600 {
				t.Errorf("%s has mode %v, %v", entry.Name(), info.Mode(), err)
			}
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("after %d chunks: %s, want %s", i+1, joined, want)
		}
	}
	if err := exec.Command("/bin/sh", script, kept, "2", chunk+"x").Run(); err == nil {
		t.Error("a chunk that isn't there counts as kept")
	}
}
