package main

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	"k8s.io/client-go/dynamic/fake"

	"fleetman/lab/plugins/internal/standin"
)

type object = map[string]any

func props(o object) resource.PropertyMap { return resource.NewPropertyMapFromMap(o) }

func secret(s string) resource.PropertyValue {
	return resource.MakeSecret(resource.NewProperty(s))
}

func urn(typ, name string) resource.URN {
	return resource.NewURN("dev", "fleetman", "", tokens.Type("kubernetes:"+typ), name)
}

func mustKind(t *testing.T, typ string) kind {
	t.Helper()
	k, err := kindOf(tokens.Type("kubernetes:"+typ), nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// withoutCluster is a provider whose cluster cannot be reached.
func withoutCluster(t *testing.T) *provider {
	t.Helper()
	return &provider{ctx: t.Context(), stop: func() {}, unreachable: errors.New("configured Kubernetes cluster is unreachable: no route")}
}

// withObjects is a provider whose cluster holds the objects.
func withObjects(t *testing.T, objects ...*unstructured.Unstructured) *provider {
	t.Helper()
	p := &provider{ctx: t.Context(), stop: func() {}, mapper: testrestmapper.TestOnlyStaticRESTMapper(scheme.Scheme)}
	client := fake.NewSimpleDynamicClient(scheme.Scheme)
	for _, o := range objects {
		if err := client.Tracker().Add(o); err != nil {
			t.Fatal(err)
		}
	}
	p.objects = client
	return p
}

func check(t *testing.T, p *provider, typ string, olds, news resource.PropertyMap) plugin.CheckResponse {
	t.Helper()
	u := urn(typ, "web")
	resp, err := p.Check(t.Context(), plugin.CheckRequest{URN: u, Type: u.Type(), Olds: olds, News: news, RandomSeed: []byte("seed")})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func name(inputs resource.PropertyMap) string { return text(child(inputs, "metadata")["name"]) }

func TestANameIsMadeUpFromTheLogicalNameAndTheSeed(t *testing.T) {
	p := withoutCluster(t)
	first := check(t, p, "core/v1:ConfigMap", nil, props(object{})).Properties
	if got := name(first); !regexp.MustCompile(`^web-[0-9a-f]{8}$`).MatchString(got) {
		t.Errorf("name = %q, want web-<8 hex digits>", got)
	}
	if !autonamed(first) {
		t.Error("the object is not annotated as auto-named")
	}
	if again := check(t, p, "core/v1:ConfigMap", nil, props(object{})).Properties; name(again) != name(first) {
		t.Errorf("the same seed gave %q and %q", name(first), name(again))
	}
}

func TestNamesOnUpdate(t *testing.T) {
	made := props(object{"metadata": object{"name": "web-0badcafe", "annotations": object{autonamedAnnotation: "true"}}})
	given := props(object{"metadata": object{"name": "web"}})
	for title, tc := range map[string]struct {
		olds, news resource.PropertyMap
		want       string
	}{
		"a made-up name is kept":                     {made, props(object{}), `^web-0badcafe$`},
		"a given name wins over the made-up one":     {made, given, `^web$`},
		"a name that is no longer given is made up":  {given, props(object{}), `^web-[0-9a-f]{8}$`},
		"other metadata does not count as a name":    {made, props(object{"metadata": object{"labels": object{"a": "b"}}}), `^web-0badcafe$`},
		"an unknown name stays unknown (no guesses)": {made, props(object{"metadata": object{"name": resource.Computed{Element: resource.NewProperty("")}}}), `^$`},
	} {
		t.Run(title, func(t *testing.T) {
			if got := name(check(t, withoutCluster(t), "core/v1:ConfigMap", tc.olds, tc.news).Properties); !regexp.MustCompile(tc.want).MatchString(got) {
				t.Errorf("name = %q, want %s", got, tc.want)
			}
		})
	}
}

func TestTheNamespaceIsFilledInForNamespacedKindsOnly(t *testing.T) {
	p := withoutCluster(t)
	p.settings.namespace = "team"
	for typ, want := range map[string]string{"core/v1:ConfigMap": "team", "core/v1:Namespace": "", "example.com/v1:Thing": "team"} {
		if got := text(child(check(t, p, typ, nil, props(object{})).Properties, "metadata")["namespace"]); got != want {
			t.Errorf("%s: namespace = %q, want %q", typ, got, want)
		}
	}
}

func TestWhatIsNotSupportedIsRefused(t *testing.T) {
	for _, typ := range []string{"helm.sh/v3:Release", "yaml/v2:ConfigGroup", "yaml:ConfigFile", "kustomize/v2:Directory", "core/v1:ConfigMapList"} {
		u := urn(typ, "x")
		_, err := withoutCluster(t).Check(t.Context(), plugin.CheckRequest{URN: u, Type: u.Type(), News: props(object{})})
		if err == nil || !strings.Contains(err.Error(), "not supported by the lab's stand-in") {
			t.Errorf("%s: err = %v", typ, err)
		}
	}
	for title, tc := range map[string]struct {
		typ  string
		news object
	}{
		"generateName":         {"core/v1:Pod", object{"metadata": object{"generateName": "x-"}}},
		"a patch without name": {"core/v1:ServiceAccountPatch", object{}},
	} {
		if resp := check(t, withoutCluster(t), tc.typ, nil, props(tc.news)); len(resp.Failures) != 1 {
			t.Errorf("%s: failures = %v, want one", title, resp.Failures)
		}
	}
}

func TestProviderSettings(t *testing.T) {
	for title, tc := range map[string]struct {
		news    object
		refused []string
	}{
		"known settings pass":                 {object{"kubeconfig": "x", "context": "c", "clusterIdentifier": "fleetman", "version": "4.33.0"}, nil},
		"server-side apply cannot be off":     {object{"enableServerSideApply": "false"}, []string{"enableServerSideApply"}},
		"server-side apply may be on":         {object{"enableServerSideApply": true}, nil},
		"a setting it does not know is named": {object{"renderYamlToDirectory": "out"}, []string{"renderYamlToDirectory"}},
	} {
		t.Run(title, func(t *testing.T) {
			resp, err := withoutCluster(t).CheckConfig(t.Context(), plugin.CheckConfigRequest{News: props(tc.news)})
			if err != nil {
				t.Fatal(err)
			}
			var refused []string
			for _, f := range resp.Failures {
				refused = append(refused, string(f.Property))
			}
			if !slices.Equal(refused, tc.refused) {
				t.Errorf("refused %v, want %v", refused, tc.refused)
			}
		})
	}
}

func TestOnlyAnotherClusterReplacesTheProvider(t *testing.T) {
	kubeconfig := func(host, user string) string {
		return "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: " + user +
			"}}]\nclusters: [{name: c, cluster: {server: 'https://" + host + "'}}]\nusers: [{name: " + user + "}]\n"
	}
	unknown := resource.Computed{Element: resource.NewProperty("")}
	for title, tc := range map[string]struct {
		olds, news object
		replace    bool
	}{
		"same static identifier, other kubeconfig": {object{"clusterIdentifier": "a", "kubeconfig": kubeconfig("one", "u")}, object{"clusterIdentifier": "a", "kubeconfig": kubeconfig("two", "u")}, false},
		"same static identifier, unknown":          {object{"clusterIdentifier": "a", "kubeconfig": "x"}, object{"clusterIdentifier": "a", "kubeconfig": unknown}, false},
		"another identifier":                       {object{"clusterIdentifier": "a"}, object{"clusterIdentifier": "b"}, true},
		"a computed identifier":                    {object{"clusterIdentifier": "a"}, object{"clusterIdentifier": unknown}, true},
		"an identifier added":                      {object{"kubeconfig": "x"}, object{"kubeconfig": "x", "clusterIdentifier": "a"}, false},
		"a computed kubeconfig":                    {object{"kubeconfig": "x"}, object{"kubeconfig": unknown}, true},
		"another user of the same server":          {object{"kubeconfig": kubeconfig("one", "u")}, object{"kubeconfig": kubeconfig("one", "v")}, false},
		"another server":                           {object{"kubeconfig": kubeconfig("one", "u")}, object{"kubeconfig": kubeconfig("two", "u")}, true},
	} {
		t.Run(title, func(t *testing.T) {
			got, err := withoutCluster(t).DiffConfig(t.Context(), plugin.DiffConfigRequest{OldInputs: props(tc.olds), NewInputs: props(tc.news)})
			if err != nil {
				t.Fatal(err)
			}
			if got.Changes != plugin.DiffSome || got.Replace() != tc.replace {
				t.Errorf("changes = %v, replace = %v, want replace = %v", got.Changes, got.Replace(), tc.replace)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	named := func(more object) object {
		o := object{"metadata": object{"name": "web"}}
		maps.Copy(o, more)
		return o
	}
	auto := func(more object) object {
		o := object{"metadata": object{"name": "web-0badcafe", "annotations": object{autonamedAnnotation: "true"}}}
		maps.Copy(o, more)
		return o
	}
	spec := func(o object) object { return named(object{"spec": o}) }
	u, r := plugin.DiffUpdate, plugin.DiffUpdateReplace
	for title, tc := range map[string]struct {
		typ         string
		olds, news  object
		want        map[string]plugin.DiffKind
		deleteFirst bool
	}{
		"nothing changed":                     {"apps/v1:Deployment", spec(object{"replicas": 2}), spec(object{"replicas": 2.0}), nil, false},
		"a null is as good as nothing":        {"apps/v1:Deployment", spec(object{"replicas": nil}), spec(object{}), nil, false},
		"only secrecy changed":                {"v1:X", named(object{"data": object{"a": "b"}}), named(object{"data": object{"a": secret("b")}}), nil, false},
		"replicas are updated":                {"apps/v1:Deployment", spec(object{"replicas": 2}), spec(object{"replicas": 3}), map[string]plugin.DiffKind{"spec.replicas": u}, false},
		"replicas left out":                   {"apps/v1:Deployment", spec(object{"replicas": 2}), spec(object{}), map[string]plugin.DiffKind{"spec.replicas": plugin.DiffDelete}, false},
		"a selector replaces":                 {"apps/v1:Deployment", spec(object{"selector": object{"matchLabels": object{"a": "b"}}, "replicas": 1}), spec(object{"selector": object{"matchLabels": object{"a": "c"}}, "replicas": 2}), map[string]plugin.DiffKind{"spec.selector.matchLabels.a": r, "spec.replicas": u}, true},
		"a name replaces":                     {"core/v1:Service", object{"metadata": object{"name": "a"}}, object{"metadata": object{"name": "b"}}, map[string]plugin.DiffKind{"metadata.name": r}, false},
		"a namespace replaces":                {"core/v1:Service", object{"metadata": object{"name": "a", "namespace": "x"}}, object{"metadata": object{"name": "a", "namespace": "y"}}, map[string]plugin.DiffKind{"metadata.namespace": r}, false},
		"labels are updated":                  {"core/v1:ConfigMap", object{"metadata": object{"name": "a", "labels": object{"x.y/z": "1"}}}, object{"metadata": object{"name": "a", "labels": object{"x.y/z": "2"}}}, map[string]plugin.DiffKind{`metadata.labels["x.y/z"]`: u}, false},
		"auto-named data":                     {"core/v1:ConfigMap", auto(object{"data": object{"a.txt": "1"}}), auto(object{"data": object{"a.txt": "2"}}), map[string]plugin.DiffKind{`data["a.txt"]`: r}, false},
		"user-named data":                     {"core/v1:ConfigMap", named(object{"data": object{"a": "1"}}), named(object{"data": object{"a": "2"}}), map[string]plugin.DiffKind{"data.a": r}, true},
		"a data key removed":                  {"core/v1:ConfigMap", auto(object{"data": object{"a": "1", "b": "2"}}), auto(object{"data": object{"a": "1"}}), map[string]plugin.DiffKind{"data.b": plugin.DiffDeleteReplace}, false},
		"all data added":                      {"core/v1:Secret", auto(object{}), auto(object{"stringData": object{"a": "1"}}), map[string]plugin.DiffKind{"stringData": plugin.DiffAddReplace}, false},
		"a claim grows in place":              {"core/v1:PersistentVolumeClaim", spec(object{"resources": object{"requests": object{"storage": "1Gi"}}}), spec(object{"resources": object{"requests": object{"storage": "2Gi"}}}), map[string]plugin.DiffKind{"spec.resources.requests.storage": u}, false},
		"a claim's class":                     {"core/v1:PersistentVolumeClaim", spec(object{"storageClassName": "a"}), spec(object{"storageClassName": "b"}), map[string]plugin.DiffKind{"spec.storageClassName": r}, true},
		"a stateful set's template of claims": {"apps/v1:StatefulSet", spec(object{"volumeClaimTemplates": []any{object{"spec": object{"storageClassName": "a"}}}}), spec(object{"volumeClaimTemplates": []any{object{"spec": object{"storageClassName": "b"}}}}), map[string]plugin.DiffKind{"spec.volumeClaimTemplates[0].spec.storageClassName": r}, true},
		"a role binding's role":               {"rbac.authorization.k8s.io/v1:RoleBinding", named(object{"roleRef": object{"name": "a"}}), named(object{"roleRef": object{"name": "b"}}), map[string]plugin.DiffKind{"roleRef.name": r}, true},
		"a job's template":                    {"batch/v1:Job", auto(object{"spec": object{"template": object{"x": 1}}}), auto(object{"spec": object{"template": object{"x": 2}}}), map[string]plugin.DiffKind{"spec.template.x": r}, false},
		"an unknown value":                    {"apps/v1:Deployment", spec(object{"replicas": 2}), spec(object{"replicas": resource.Computed{Element: resource.NewProperty("")}}), map[string]plugin.DiffKind{"spec.replicas": u}, false},
		"a patch only updates":                {"core/v1:ConfigMapPatch", named(object{"data": object{"a": "1"}}), named(object{"data": object{"a": "2"}}), map[string]plugin.DiffKind{"data.a": u}, false},
	} {
		t.Run(title, func(t *testing.T) {
			k := kind{}
			if tc.typ != "v1:X" {
				k = mustKind(t, tc.typ)
			}
			got := diff(k, props(tc.olds), props(tc.news))
			kinds := map[string]plugin.DiffKind{}
			for path, d := range got.DetailedDiff {
				kinds[path] = d.Kind
			}
			if !maps.Equal(kinds, tc.want) {
				t.Errorf("diff = %v, want %v", kinds, tc.want)
			}
			if got.DeleteBeforeReplace != tc.deleteFirst {
				t.Errorf("delete before replace = %v, want %v", got.DeleteBeforeReplace, tc.deleteFirst)
			}
			if (got.Changes == plugin.DiffSome) != (len(tc.want) > 0) {
				t.Errorf("changes = %v", got.Changes)
			}
		})
	}
}

func TestSecretsStaySecret(t *testing.T) {
	live := &unstructured.Unstructured{Object: object{
		"data": object{"password": "c2VzYW1l"},
		"spec": object{"env": []any{object{"name": "A", "value": "open"}, object{"name": "B", "value": "sesame"}}},
		"metadata": object{"name": "x", "managedFields": []any{object{}}, "annotations": object{
			"kubectl.kubernetes.io/last-applied-configuration": "sesame",
		}},
	}}
	inputs := props(object{"spec": object{"env": []any{object{"name": "A", "value": "open"}, object{"name": "B", "value": secret("sesame")}}}})
	for typ, wantData := range map[string]bool{"core/v1:Secret": true, "core/v1:ConfigMap": false} {
		out := outputs(mustKind(t, typ), live, inputs, "m")
		if out["data"].ContainsSecrets() != wantData {
			t.Errorf("%s: data is secret: %v, want %v", typ, out["data"].ContainsSecrets(), wantData)
		}
		env := child(out, "spec")["env"].ArrayValue()
		if !env[1].ObjectValue()["value"].IsSecret() || env[0].ContainsSecrets() {
			t.Errorf("%s: env = %v, want only the second value secret", typ, env)
		}
		if child(out, "metadata").HasValue("managedFields") || strings.Contains(child(out, "metadata")["annotations"].String(), "sesame") {
			t.Errorf("%s: metadata = %v, want neither managed fields nor kubectl's copy", typ, out["metadata"])
		}
	}
	inputs = props(object{"spec": object{"env": []any{object{"value": secret("sesame")}}}})
	if out := outputs(mustKind(t, "core/v1:Pod"), live, inputs, ""); !child(out, "spec")["env"].IsSecret() {
		t.Error("a list that the cluster lengthened is not secret as a whole")
	}
}

func TestWholeNumbersAreSentAsIntegers(t *testing.T) {
	got := plain(standin.Reveal(resource.NewProperty(props(object{"replicas": 2, "ratio": 0.5, "port": "http", "none": nil})))).(map[string]any)
	if want := (map[string]any{"replicas": int64(2), "ratio": 0.5, "port": "http"}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestARefreshKeepsInputsThatNobodyChanged(t *testing.T) {
	input := object{"spec": object{"cpu": "0.5", "replicas": 2, "gone": "x", "list": []any{"a", "b"}}, "stringData": object{"p": secret("q")}}
	seen := object{"spec": object{"cpu": "500m", "replicas": 2, "gone": "x", "list": []any{"a", "b"}, "clusterIP": "10.0.0.1"}}
	live := object{"spec": object{"cpu": "500m", "replicas": 5, "list": []any{"a", "c"}, "clusterIP": "10.0.0.2"}}
	got := drifted(resource.NewProperty(props(input)), resource.NewProperty(props(seen)), resource.NewProperty(props(live)))
	want := resource.NewProperty(props(object{"spec": object{"cpu": "0.5", "replicas": 5, "list": []any{"a", "c"}}, "stringData": object{"p": secret("q")}}))
	if !got.DeepEquals(want) {
		t.Errorf("inputs = %v\nwant     %v", got, want)
	}
}

func TestWithoutAClusterPreviewsWorkAndTheRestFails(t *testing.T) {
	p, inputs := withoutCluster(t), props(object{"metadata": object{"name": "web", "namespace": "default"}})
	u := urn("core/v1:ConfigMap", "web")
	created, err := p.Create(t.Context(), plugin.CreateRequest{URN: u, Properties: inputs, Preview: true})
	if err != nil || !created.Properties.DeepEquals(inputs) {
		t.Errorf("preview of creation = %v, %v; want the inputs", created.Properties, err)
	}
	updated, err := p.Update(t.Context(), plugin.UpdateRequest{URN: u, NewInputs: inputs, Preview: true})
	if err != nil || !updated.Properties.DeepEquals(inputs) {
		t.Errorf("preview of update = %v, %v; want the inputs", updated.Properties, err)
	}
	remove := func() error {
		_, err := p.Delete(t.Context(), plugin.DeleteRequest{URN: u, ID: "default/web", Inputs: inputs})
		return err
	}
	for title, call := range map[string]func() error{
		"create": func() error {
			_, err := p.Create(t.Context(), plugin.CreateRequest{URN: u, Properties: inputs})
			return err
		},
		"update": func() error {
			_, err := p.Update(t.Context(), plugin.UpdateRequest{URN: u, NewInputs: inputs})
			return err
		},
		"read":   func() error { _, err := p.Read(t.Context(), plugin.ReadRequest{URN: u, ID: "default/web"}); return err },
		"delete": remove,
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "cluster is unreachable") {
			t.Errorf("%s: err = %v", title, err)
		}
	}
	if p.settings.deleteUnreachable = true; remove() != nil {
		t.Errorf("delete with deleteUnreachable: err = %v", remove())
	}
}

func TestAnExistingObjectIsNotAdopted(t *testing.T) {
	existing := &unstructured.Unstructured{Object: object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "web", "namespace": "default"},
	}}
	_, err := withObjects(t, existing).Create(t.Context(), plugin.CreateRequest{
		URN: urn("core/v1:ConfigMap", "web"), Properties: props(object{"metadata": object{"name": "web", "namespace": "default"}}),
	})
	if err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("err = %v, want already exists", err)
	}
}

func TestAnObjectThatIsGoneIsReadAsNothing(t *testing.T) {
	resp, err := withObjects(t).Read(t.Context(), plugin.ReadRequest{URN: urn("core/v1:ConfigMap", "web"), ID: "default/web"})
	if err != nil || resp.ID != "" || resp.Outputs != nil {
		t.Errorf("read = %v, %v; want nothing", resp, err)
	}
}

func TestReadiness(t *testing.T) {
	service := func(spec object) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: object{
			"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "web", "namespace": "default"}, "spec": spec,
		}}
	}
	slice := func(ready bool) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: object{
			"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
			"metadata":  object{"name": "web-1", "namespace": "default", "labels": object{"kubernetes.io/service-name": "web"}},
			"endpoints": []any{object{"conditions": object{"ready": ready}}},
		}}
	}
	claim := &unstructured.Unstructured{Object: object{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": object{"name": "data", "namespace": "default"},
		"spec": object{"storageClassName": "late"}, "status": object{"phase": "Pending"},
	}}
	class := func(mode string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: object{
			"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": object{"name": "late"}, "volumeBindingMode": mode,
		}}
	}
	selecting := object{"selector": object{"app": "web"}}
	for title, tc := range map[string]struct {
		typ     string
		live    *unstructured.Unstructured
		cluster []*unstructured.Unstructured
		ready   bool
	}{
		"a service without endpoints":         {"core/v1:Service", service(selecting), nil, false},
		"a service with an unready endpoint":  {"core/v1:Service", service(selecting), []*unstructured.Unstructured{slice(false)}, false},
		"a service with a ready endpoint":     {"core/v1:Service", service(selecting), []*unstructured.Unstructured{slice(true)}, true},
		"a headless service":                  {"core/v1:Service", service(object{"clusterIP": "None", "selector": object{"app": "web"}}), nil, true},
		"a service without selector":          {"core/v1:Service", service(object{}), nil, true},
		"a load balancer without an address":  {"core/v1:Service", service(object{"type": "LoadBalancer"}), nil, false},
		"a claim that waits for its consumer": {"core/v1:PersistentVolumeClaim", claim, []*unstructured.Unstructured{class("WaitForFirstConsumer")}, true},
		"a claim that should be bound":        {"core/v1:PersistentVolumeClaim", claim, []*unstructured.Unstructured{class("Immediate")}, false},
	} {
		t.Run(title, func(t *testing.T) {
			p := withObjects(t, tc.cluster...)
			got, err := p.condition(context.Background(), &target{kind: mustKind(t, tc.typ), object: tc.live}, tc.live)
			if err != nil || got.ready != tc.ready {
				t.Errorf("ready = %v (%v), %v; want %v", got.ready, got.reasons, err, tc.ready)
			}
			if !got.ready && len(got.reasons) == 0 {
				t.Error("not ready for no reason")
			}
		})
	}
}

func TestAPodSaysWhyItDoesNotStart(t *testing.T) {
	pod := corev1.Pod{}
	pod.Name = "web-1"
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "slow", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}},
		{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImageNeverPull", Message: "image is not present"}}},
	}
	reasons, beyondHope := troubles(pod)
	if want := []string{"pod web-1, container main: ErrImageNeverPull: image is not present"}; !slices.Equal(reasons, want) || !beyondHope {
		t.Errorf("reasons = %q, hopeless = %v; want %q, true", reasons, beyondHope, want)
	}
}

func TestOnlyAnObjectThatTheResourceItselfBeganIsTakenUp(t *testing.T) {
	live := &unstructured.Unstructured{}
	live.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubectl"}, {Manager: "pulumi-kubernetes-1234"}})
	for manager, want := range map[string]bool{"pulumi-kubernetes-1234": true, "pulumi-kubernetes-5678": false} {
		if got := (&target{manager: manager}).manages(live); got != want {
			t.Errorf("%s manages it: %t", manager, got)
		}
	}
}
