//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// masked is what the recorder writes for a secret.
const masked = "[secret]"

// object is one of Kubernetes's as JSON has it.
type object map[string]any

// in is the object at a key, which is made if there is none.
func (o object) in(key string) object {
	inner, ok := o[key].(map[string]any)
	if !ok {
		inner = map[string]any{}
		o[key] = inner
	}
	return inner
}

// prodAccepted sends every object of prod to the API server, which checks it as it would for good and keeps nothing: its fields,
// its values, and that its pods are as restricted as the namespace demands. A warning counts as a refusal.
func (s *story) prodAccepted(t *testing.T) {
	objects := s.prodObjects(t)
	// A pod's namespace has to be there. Prod's have another name here, since dev's may have the same one.
	names := map[string]string{}
	for _, o := range objects {
		if o["kind"] != "Namespace" {
			continue
		}
		name := o.in("metadata")["name"].(string)
		names[name] = "check-" + name
		o = clone(t, o)
		o.in("metadata")["name"] = names[name]
		if out, err := s.kubectl(o, "create", "-f", "-"); err != nil {
			t.Fatalf("create namespace like %s: %v\n%s", name, err, out)
		}
		t.Cleanup(func() { s.run(t, "kubectl", "delete", "namespace", names[name], "--timeout=60s") })
	}
	if len(names) == 0 {
		t.Fatal("prod has no namespace")
	}
	kinds, tried := map[string]int{}, false
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		o := objects[key]
		if name, ok := names[text(o.in("metadata")["namespace"])]; ok {
			o.in("metadata")["namespace"] = name
		}
		if out, err := s.check(o); err != nil {
			t.Errorf("%s: %v\n%s", key, err, out)
		}
		kinds[text(o["kind"])]++
		if o["kind"] == "Deployment" && !tried {
			tried = true
			s.brokenRefused(t, o)
		}
	}
	t.Logf("%d objects in %d namespaces: %v", len(objects), len(names), kinds)
	if !tried {
		t.Error("prod has no Deployment")
	}
}

// prodObjects are the objects of prod's golden file by type and name, as a cluster would be sent them.
func (s *story) prodObjects(t *testing.T) map[string]object {
	t.Helper()
	var golden struct {
		Resources []struct {
			Type, Name string
			Inputs     object
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(read(t, filepath.Join(s.dir, "stacks/testdata/prod.golden.json"))))
	decoder.UseNumber()
	if err := decoder.Decode(&golden); err != nil {
		t.Fatal(err)
	}
	objects := map[string]object{}
	for _, resource := range golden.Resources {
		if !strings.HasPrefix(resource.Type, "kubernetes:") {
			continue
		}
		o := resource.Inputs
		if meta := o.in("metadata"); meta["name"] == nil {
			meta["name"] = resource.Name + "-01234567" // as long as Pulumi makes it
		}
		for _, key := range []string{"data", "stringData"} {
			switch data := o[key].(type) {
			case string:
				if data == masked {
					o[key] = map[string]any{}
				}
			case map[string]any: // what is masked is no base64
				maps.DeleteFunc(data, func(_ string, value any) bool { return value == masked })
			}
		}
		objects[resource.Type+" "+resource.Name] = o
	}
	return objects
}

// brokenRefused sees to it that what is broken is noticed.
func (s *story) brokenRefused(t *testing.T, good object) {
	t.Helper()
	for want, spoil := range map[string]func(object){
		".spec.template.spec.imagine: field not declared": func(o object) { o.in("spec").in("template").in("spec")["imagine"] = 1 },
		"Invalid value":                  func(o object) { o.in("spec")["replicas"] = -1 },
		"would violate PodSecurity":      func(o object) { o.in("spec").in("template").in("spec")["hostNetwork"] = true },
		`namespaces "nowhere" not found`: func(o object) { o.in("metadata")["namespace"] = "nowhere" },
	} {
		o := clone(t, good)
		spoil(o)
		if out, err := s.check(o); err == nil || !strings.Contains(out, want) {
			t.Errorf("want a broken object refused with %q, got %v:\n%s", want, err, out)
		}
	}
}

// check sends an object as Pulumi's provider does.
func (s *story) check(o object) (string, error) {
	return s.kubectl(o, "apply", "--server-side", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "-f", "-")
}

func (s *story) kubectl(o object, args ...string) (string, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	c := exec.Command("kubectl", args...)
	c.Stdin = bytes.NewReader(text)
	out, err := c.CombinedOutput()
	return string(out), err
}

func clone(t *testing.T, o object) object {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var copied object
	if err := json.Unmarshal(text, &copied); err != nil {
		t.Fatal(err)
	}
	return copied
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
