package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"fleetman/components/recorder"
)

const (
	service    = "kubernetes:core/v1:Service"
	configMap  = "kubernetes:core/v1:ConfigMap"
	secret     = "kubernetes:core/v1:Secret"
	claim      = "kubernetes:core/v1:PersistentVolumeClaim"
	podSpec    = "spec.template.spec"
	containers = podSpec + ".containers.*"
)

// workloads are the resources that have pods.
func workloads(run *recorder.Run) []recorder.Resource {
	return slices.DeleteFunc(slices.Clone(run.Resources), func(r recorder.Resource) bool { return len(r.At(podSpec)) == 0 })
}

// check is the test of one resource of a run.
type check struct {
	*testing.T
	run      *recorder.Run
	resource recorder.Resource
}

// each tests the picked resources of both stacks, and makes sure that there are some.
func each(t *testing.T, pick func(*recorder.Run) []recorder.Resource, test func(c check)) {
	t.Helper()
	for _, stack := range []string{dev, prod} {
		run := mustRecord(t, stack, true)
		resources := pick(run)
		if len(resources) == 0 {
			t.Fatalf("%s has none to check", stack)
		}
		for _, resource := range resources {
			t.Run(stack+" "+resource.Name, func(t *testing.T) { test(check{t, run, resource}) })
		}
	}
}

func ofType(typ string) func(*recorder.Run) []recorder.Resource {
	return func(run *recorder.Run) []recorder.Resource {
		return slices.DeleteFunc(slices.Clone(run.Resources), func(r recorder.Resource) bool { return r.Type != typ })
	}
}

func all(run *recorder.Run) []recorder.Resource { return run.Resources }

// one is the one value at a path; without one the test fails.
func one(tb testing.TB, resource recorder.Resource, path string) any {
	tb.Helper()
	found := resource.At(path)
	if len(found) != 1 {
		tb.Fatalf("%s has %d values at %s: %v", resource.Name, len(found), path, found)
	}
	return found[0]
}

func TestEveryURNIsUnique(t *testing.T) {
	for _, stack := range []string{dev, prod} {
		seen := map[string]bool{}
		for _, resource := range mustRecord(t, stack, true).Resources {
			if seen[resource.URN] {
				t.Errorf("%s is registered twice", resource.URN)
			}
			seen[resource.URN] = true
		}
	}
}

func TestEveryComponentRegistersItsOutputs(t *testing.T) {
	for _, stack := range []string{dev, prod} {
		run := mustRecord(t, stack, false)
		want := 1 // the stack's
		for _, resource := range run.Resources {
			if !resource.Custom {
				want++
			}
		}
		if run.Registered != want {
			t.Errorf("%s: %d outputs registered, want %d", stack, run.Registered, want)
		}
	}
}

func TestEveryObjectIsOfTheExplicitProvider(t *testing.T) {
	each(t, all, func(c check) {
		if strings.HasPrefix(c.resource.Type, "kubernetes:") && !strings.Contains(c.resource.Provider, "pulumi:providers:kubernetes::") {
			c.Errorf("its provider is %q", c.resource.Provider)
		}
		if strings.Contains(c.resource.Provider, "::default") {
			c.Errorf("its provider is a default one: %s", c.resource.Provider)
		}
	})
}

func TestEveryObjectOfANamespaceIsInOurs(t *testing.T) {
	each(t, all, func(c check) {
		if !strings.HasPrefix(c.resource.Type, "kubernetes:") || c.resource.Type == "kubernetes:core/v1:Namespace" {
			return
		}
		if got := one(c, c.resource, "metadata.namespace"); got != "fleetman" {
			c.Errorf("it is in %v", got)
		}
	})
}

func TestOnlyWhatIsMentionedByNameHasAFixedOne(t *testing.T) {
	each(t, all, func(c check) {
		if len(c.resource.At("metadata")) == 0 {
			return
		}
		named := len(c.resource.At("metadata.name")) != 0
		if want := c.resource.Type != configMap && c.resource.Type != secret; named != want {
			c.Errorf("named %t, want %t", named, want)
		}
	})
}

func TestEverySelectorMatchesItsTemplateAndHoldsNameAndInstanceOnly(t *testing.T) {
	each(t, workloads, func(c check) {
		selector := one(c, c.resource, "spec.selector.matchLabels").(map[string]any)
		if got := slices.Sorted(maps.Keys(selector)); !slices.Equal(got, []string{"app.kubernetes.io/instance", "app.kubernetes.io/name"}) {
			c.Errorf("selects by %v", got)
		}
		if labels := one(c, c.resource, "spec.template.metadata.labels").(map[string]any); !matches(selector, labels) {
			c.Errorf("selects %v, its pods are %v", selector, labels)
		}
	})
}

func matches(selector, labels map[string]any) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

func TestEveryServiceLeadsToAPortOfOneWorkload(t *testing.T) {
	each(t, ofType(service), func(c check) {
		selector := one(c, c.resource, "spec.selector").(map[string]any)
		var selected []recorder.Resource
		for _, workload := range workloads(c.run) {
			if matches(selector, one(c, workload, "spec.template.metadata.labels").(map[string]any)) {
				selected = append(selected, workload)
			}
		}
		if len(selected) != 1 {
			c.Fatalf("selects %d workloads", len(selected))
		}
		ports := selected[0].At(containers + ".ports.*.name")
		for _, target := range c.resource.At("spec.ports.*.targetPort") {
			if !slices.Contains(ports, target) {
				c.Errorf("leads to %v, its pods have %v", target, ports)
			}
		}
	})
}

func TestNodePortsAreDevsAlone(t *testing.T) {
	for stack, want := range map[string][]any{dev: {30020.0, 30080.0}, prod: nil} {
		var got []any
		for _, resource := range ofType(service)(mustRecord(t, stack, true)) {
			got = append(got, resource.At("spec.ports.*.nodePort")...)
			if stack == prod && one(t, resource, "spec.type") != "ClusterIP" {
				t.Errorf("%s in prod is a %v", resource.Name, one(t, resource, "spec.type"))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the node ports %v, want %v", stack, got, want)
		}
	}
}

func TestEveryReferenceResolves(t *testing.T) {
	each(t, workloads, func(c check) {
		for path, typ := range map[string]string{
			containers + ".envFrom.*.configMapRef.name":            configMap,
			containers + ".envFrom.*.secretRef.name":               secret,
			podSpec + ".volumes.*.configMap.name":                  configMap,
			podSpec + ".volumes.*.secret.secretName":               secret,
			podSpec + ".volumes.*.persistentVolumeClaim.claimName": claim,
		} {
			for _, name := range c.resource.At(path) {
				if !slices.ContainsFunc(ofType(typ)(c.run), func(r recorder.Resource) bool {
					return name == r.Name+"-auto" || slices.Contains(r.At("metadata.name"), name)
				}) {
					c.Errorf("mentions the %s %v, which isn't there", typ, name)
				}
			}
		}
		volumes, mounts := c.resource.At(podSpec+".volumes.*.name"), c.resource.At(containers+".volumeMounts.*.name")
		for _, mount := range mounts {
			if !slices.Contains(volumes, mount) {
				c.Errorf("mounts %v of %v", mount, volumes)
			}
		}
		for _, volume := range volumes {
			if !slices.Contains(mounts, volume) {
				c.Errorf("doesn't mount %v", volume)
			}
		}
		if set := c.resource.At("spec.serviceName"); len(set) == 1 {
			if !slices.ContainsFunc(ofType(service)(c.run), func(r recorder.Resource) bool { return slices.Contains(r.At("metadata.name"), set[0]) }) {
				c.Errorf("is governed by the Service %v, which isn't there", set[0])
			}
		}
	})
}

func TestEveryFileOfAConfigMapIsMountedFromOneThatHasIt(t *testing.T) {
	each(t, workloads, func(c check) {
		for _, volume := range c.resource.At(podSpec + ".volumes.*") {
			named, ok := volume.(map[string]any)["configMap"].(map[string]any)
			if !ok {
				continue
			}
			for _, mount := range c.resource.At(containers + ".volumeMounts.*") {
				mount := mount.(map[string]any)
				if mount["name"] != volume.(map[string]any)["name"] {
					continue
				}
				config, found := c.run.Find(configMap, strings.TrimSuffix(named["name"].(string), "-auto"))
				if !found || config.Inputs["data"].(map[string]any)[mount["subPath"].(string)] == nil {
					c.Errorf("mounts %v of %v, which doesn't have it", mount["subPath"], named["name"])
				}
			}
		}
	})
}

func TestEveryContainerHasProbesThatDiffer(t *testing.T) {
	each(t, workloads, func(c check) {
		ports := c.resource.At(containers + ".ports.*.name")
		for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
			asked := append(c.resource.At(containers+"."+probe+".httpGet.port"), c.resource.At(containers+"."+probe+".tcpSocket.port")...)
			if len(asked) != 1 || !slices.Contains(ports, asked[0]) {
				c.Errorf("its %s asks %v of %v", probe, asked, ports)
			}
		}
		if fmt.Sprint(one(c, c.resource, containers+".readinessProbe")) == fmt.Sprint(one(c, c.resource, containers+".livenessProbe")) {
			c.Error("is alive when it is ready")
		}
	})
}

func TestEveryContainerSaysWhatItNeeds(t *testing.T) {
	each(t, workloads, func(c check) {
		for _, kind := range []string{"requests", "limits"} {
			for _, resource := range []string{"cpu", "memory", "ephemeral-storage"} {
				one(c, c.resource, containers+".resources."+kind+"."+resource)
			}
		}
		if request, limit := one(c, c.resource, containers+".resources.requests.memory"), one(c, c.resource, containers+".resources.limits.memory"); request != limit {
			c.Errorf("asks for %v of memory and may take %v", request, limit)
		}
	})
}

func TestEveryImageIsPinned(t *testing.T) {
	each(t, workloads, func(c check) {
		ref := one(c, c.resource, containers+".image").(string)
		_, tag, tagged := strings.Cut(ref[strings.LastIndex(ref, "/")+1:], ":")
		if !tagged || tag == "" || tag == "latest" {
			c.Errorf("runs %s", ref)
		}
		if policy := one(c, c.resource, containers+".imagePullPolicy"); policy != "IfNotPresent" {
			c.Errorf("pulls %v", policy)
		}
	})
}

func TestEveryPodIsRestricted(t *testing.T) {
	each(t, workloads, func(c check) {
		for path, want := range map[string]any{
			podSpec + ".securityContext.runAsNonRoot":                true,
			podSpec + ".securityContext.seccompProfile.type":         "RuntimeDefault",
			podSpec + ".automountServiceAccountToken":                false,
			containers + ".securityContext.allowPrivilegeEscalation": false,
			containers + ".securityContext.readOnlyRootFilesystem":   true,
			containers + ".securityContext.runAsNonRoot":             true,
			containers + ".securityContext.privileged":               false,
			containers + ".securityContext.capabilities.drop.*":      "ALL",
		} {
			if got := one(c, c.resource, path); got != want {
				c.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		if user := one(c, c.resource, podSpec+".securityContext.runAsUser"); user == 0.0 {
			c.Error("runs as root")
		}
		for _, path := range []string{"hostNetwork", "hostPID", "hostIPC", "volumes.*.hostPath"} {
			if got := c.resource.At(podSpec + "." + path); len(got) != 0 {
				c.Errorf("%s is %v", path, got)
			}
		}
		for _, volume := range c.resource.At(podSpec + ".volumes.*") {
			for kind := range volume.(map[string]any) {
				if !slices.Contains([]string{"name", "configMap", "secret", "emptyDir", "persistentVolumeClaim"}, kind) {
					c.Errorf("has a volume of the kind %s", kind)
				}
			}
		}
	})
}

func TestTheNamespaceAdmitsOnlyRestrictedPods(t *testing.T) {
	each(t, ofType("kubernetes:core/v1:Namespace"), func(c check) {
		labels := one(c, c.resource, "metadata.labels").(map[string]any)
		if got := labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
			c.Errorf("enforces %v", got)
		}
	})
}

func TestEverySecretIsSecret(t *testing.T) {
	each(t, ofType(secret), func(c check) {
		for _, data := range c.resource.At("stringData") {
			if data == recorder.Masked {
				continue
			}
			for key, value := range data.(map[string]any) {
				if value != recorder.Masked && strings.Contains(strings.ToLower(key), "password") {
					c.Errorf("shows %s", key)
				}
			}
		}
	})
}

func TestOnlyProdsVolumesAreProtected(t *testing.T) {
	each(t, all, func(c check) {
		if want := c.resource.Type == claim && strings.Contains(c.resource.URN, ":"+prod+"::"); c.resource.Protect != want {
			c.Errorf("protected %t, want %t", c.resource.Protect, want)
		}
	})
}

func TestWorkloadsThatHoldDataAreNeverTwo(t *testing.T) {
	each(t, workloads, func(c check) {
		if len(c.resource.At(podSpec+".volumes.*.persistentVolumeClaim")) == 0 {
			return
		}
		if replicas := one(c, c.resource, "spec.replicas"); replicas != 1.0 {
			c.Errorf("%v replicas of one volume", replicas)
		}
		if strategy := c.resource.At("spec.strategy.type"); c.resource.Type == "kubernetes:apps/v1:Deployment" && !slices.Equal(strategy, []any{"Recreate"}) {
			c.Errorf("is replaced by %v", strategy)
		}
	})
}
