package stacks

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fleetman/components/recorder"
)

const (
	service    = "kubernetes:core/v1:Service"
	configMap  = "kubernetes:core/v1:ConfigMap"
	secret     = "kubernetes:core/v1:Secret"
	claim      = "kubernetes:core/v1:PersistentVolumeClaim"
	job        = "kubernetes:batch/v1:Job"
	podSpec    = "spec.template.spec"
	containers = podSpec + ".containers.*"
)

// workloads are the resources that have pods.
func workloads(run *recorder.Run) []recorder.Resource {
	return slices.DeleteFunc(slices.Clone(run.Resources), func(r recorder.Resource) bool { return len(r.At(podSpec)) == 0 })
}

// servers are the workloads that run until they are told to stop.
func servers(run *recorder.Run) []recorder.Resource {
	return slices.DeleteFunc(workloads(run), func(r recorder.Resource) bool { return r.Type == job })
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

func TestEverySelectorMatchesItsTemplateAndHoldsNameAndInstanceOnly(t *testing.T) {
	each(t, servers, func(c check) {
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
		for _, workload := range servers(c.run) {
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
		volumes := append(c.resource.At(podSpec+".volumes.*.name"), c.resource.At("spec.volumeClaimTemplates.*.metadata.name")...)
		mounts := append(c.resource.At(containers+".volumeMounts.*.name"), c.resource.At(podSpec+".initContainers.*.volumeMounts.*.name")...)
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
			config, found := c.run.Find(configMap, strings.TrimSuffix(named["name"].(string), "-auto"))
			for _, mount := range c.resource.At(containers + ".volumeMounts.*") {
				mount := mount.(map[string]any)
				file, single := mount["subPath"].(string)
				if single && mount["name"] == volume.(map[string]any)["name"] && (!found || config.Inputs["data"].(map[string]any)[file] == nil) {
					c.Errorf("mounts %v of %v, which doesn't have it", file, named["name"])
				}
			}
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

func TestOnlyWhatIsMentionedByNameHasAFixedOne(t *testing.T) {
	auto := []string{configMap, secret, job} // new content is a new object
	each(t, all, func(c check) {
		if len(c.resource.At("metadata")) == 0 {
			return
		}
		named := len(c.resource.At("metadata.name")) != 0
		if want := !slices.Contains(auto, c.resource.Type); named != want {
			c.Errorf("named %t, want %t", named, want)
		}
	})
}

func TestNodePortsAreDevsAndTheIngressControllers(t *testing.T) {
	for stack, want := range map[string][]any{dev: {30020.0, 30080.0, 30030.0}, prod: {30080.0}} {
		var got []any
		for _, resource := range ofType(service)(mustRecord(t, stack, true)) {
			ports := resource.At("spec.ports.*.nodePort")
			got = append(got, ports...)
			if stack == prod && len(ports) != 0 && !strings.HasPrefix(resource.Name, "fleetman-ingress") {
				t.Errorf("%s in prod has the node ports %v", resource.Name, ports)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the node ports %v, want %v", stack, got, want)
		}
	}
}

// keepsakes are the types of what can't be made again.
var keepsakes = []string{
	claim, "aws:ec2/vpc:Vpc", "aws:eks/cluster:Cluster", "aws:kms/key:Key", "aws:lb/loadBalancer:LoadBalancer", "aws:s3/bucketV2:BucketV2",
}

func TestWhatCantBeMadeAgainIsProtectedUntilProtectionIsOff(t *testing.T) {
	for _, stack := range []string{dev, prod, bootstrap} {
		for _, protect := range []bool{true, false} {
			raw := values(t, stack)
			raw.Values["fleetman:protect"] = strconv.FormatBool(protect)
			run, err := record(t, newWorld(t), raw, true)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, resource := range run.Resources {
				keepsake := slices.Contains(keepsakes, resource.Type)
				found = found || keepsake
				if want := protect && keepsake; resource.Protect != want {
					t.Errorf("%s %s is protected %t, want %t", stack, resource.Name, resource.Protect, want)
				}
			}
			if !found {
				t.Errorf("%s has nothing to protect", stack)
			}
		}
	}
}

func TestOnlyDevIsUnprotectedByItsFile(t *testing.T) {
	for stack, want := range map[string]string{dev: "false", prod: "true", bootstrap: "true"} {
		if got := stackValues(t, stack)["fleetman:protect"]; got != want {
			t.Errorf("%s is protected %s, want %s", stack, got, want)
		}
	}
}

func TestWhatHasAVolumeRunsOnItsOwnNodesInProd(t *testing.T) {
	var held []string
	for _, workload := range workloads(mustRecord(t, prod, true)) {
		holds := len(workload.At(podSpec+".volumes.*.persistentVolumeClaim")) + len(workload.At("spec.volumeClaimTemplates.*"))
		selects := slices.Contains(workload.At(podSpec+".nodeSelector"), nil)
		for _, selector := range workload.At(podSpec + ".nodeSelector") {
			selects = selector.(map[string]any)["fleetman.io/tier"] == "data"
		}
		if holds != 0 {
			held = append(held, workload.Name)
			if tolerated := workload.At(podSpec + ".tolerations.*.value"); !selects || !slices.Equal(tolerated, []any{"data"}) {
				t.Errorf("%s runs anywhere, tolerating %v", workload.Name, tolerated)
			}
		}
	}
	want := []string{"alertmanager-statefulset", "elasticsearch-statefulset", "fleetman-mongodb-statefulset", "fleetman-queue-deployment", "prometheus-statefulset"}
	if slices.Sort(held); !slices.Equal(held, want) {
		t.Errorf("%v have volumes, want %v", held, want)
	}
}
