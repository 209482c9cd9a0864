package mongodb_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
	"fleetman/components/mongodb"
	"fleetman/components/recorder"
)

const (
	statefulSet = "kubernetes:apps/v1:StatefulSet"
	job         = "kubernetes:batch/v1:Job"
	claim       = "kubernetes:core/v1:PersistentVolumeClaim"
	pod         = "spec.template.spec."
)

func good() mongodb.DatabaseArgs {
	return mongodb.DatabaseArgs{Namespace: pulumi.String("fleetman"), StorageClass: pulumi.String("standard"), Password: pulumi.String("p")}
}

func three() mongodb.DatabaseArgs {
	args := good()
	args.Members, args.Keyfile = 3, pulumi.String("a2V5ZmlsZQ==\n")
	return args
}

func record(t *testing.T, args mongodb.DatabaseArgs) (*recorder.Run, error) {
	t.Helper()
	return recordIn(t, args, true)
}

func recordIn(t *testing.T, args mongodb.DatabaseArgs, preview bool) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", preview, func(ctx *pulumi.Context) error {
		database, err := mongodb.NewDatabase(ctx, "fleetman-mongodb", &args)
		if err == nil {
			ctx.Export("uri", database.URI("fleetman"))
		}
		return err
	})
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*mongodb.DatabaseArgs)
		want  []string
	}{
		"all missing": {
			func(a *mongodb.DatabaseArgs) { *a = mongodb.DatabaseArgs{} },
			[]string{"Namespace is missing", "StorageClass is missing", "Password is missing"},
		},
		"two members":       {func(a *mongodb.DatabaseArgs) { a.Members = 2 }, []string{"the Members are 2: want 1 or 3"}},
		"three without key": {func(a *mongodb.DatabaseArgs) { a.Members = 3 }, []string{"the Keyfile is missing, by which 3 Members"}},
		"one with key":      {func(a *mongodb.DatabaseArgs) { a.Keyfile = pulumi.String("k") }, []string{"the Keyfile is of no use"}},
		"no size":           {func(a *mongodb.DatabaseArgs) { a.Storage = "big" }, []string{`the Storage: "big"`}},
		"small":             {func(a *mongodb.DatabaseArgs) { a.Storage = "512Mi" }, []string{"the Storage 512Mi is below 1Gi"}},
		"small cache":       {func(a *mongodb.DatabaseArgs) { a.CacheGB = 0.1 }, []string{"the CacheGB 0.1"}},
		"user":              {func(a *mongodb.DatabaseArgs) { a.User = "a b" }, []string{`the User "a b"`}},
		"nowhere":           {func(a *mongodb.DatabaseArgs) { a.Placement.Tolerate = "x" }, []string{`the Placement: the Tolerate "x"`}},
		"all wrong": {
			func(a *mongodb.DatabaseArgs) {
				*a = mongodb.DatabaseArgs{Members: -1, Storage: "0", CacheGB: -1, User: "\n", Placement: kube.Placement{Tolerate: "x"}}
			},
			[]string{"Namespace", "Members are -1", "Storage:", "StorageClass", "Placement", "CacheGB -1", "User", "Password"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, args)
			run.Refused(t, err, "validate MongoDB fleetman-mongodb", test.want...)
		})
	}
}

func TestAKeyfileThatMongodWouldRefuseIsRefusedAndNotShown(t *testing.T) {
	for keyfile, good := range map[string]bool{
		"abcdef": true, "abc\ndef\n": true, " abcdef ": true, "- abcdef\n- ghijkl\n": true, strings.Repeat("a", 1024): true,
		"": false, "abcde": false, "abc-def": false, "- abcdef\n- ghi": false, strings.Repeat("a", 1025): false,
	} {
		args := three()
		args.Keyfile = pulumi.String(keyfile)
		_, err := record(t, args)
		if (err == nil) != good {
			t.Errorf("keyfile %q: %v", keyfile, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "no keyfile; want") || keyfile != "" && strings.Contains(err.Error(), keyfile)) {
			t.Errorf("keyfile %q: the error says %q", keyfile, err)
		}
	}
}

func TestADatabaseIsTheseResources(t *testing.T) {
	one := []string{
		"fleetman:components:MongoDB fleetman-mongodb",
		"kubernetes:apps/v1:StatefulSet fleetman-mongodb-statefulset",
		"kubernetes:core/v1:PersistentVolumeClaim fleetman-mongodb-data-0",
		"kubernetes:core/v1:Secret fleetman-mongodb-credentials",
		"kubernetes:core/v1:Service fleetman-mongodb-members",
		"kubernetes:core/v1:Service fleetman-mongodb-service",
	}
	for name, test := range map[string]struct {
		args mongodb.DatabaseArgs
		want []string
		uri  string
	}{
		"one member": {good(), one, "mongodb://fleetman-mongodb:27017/fleetman"},
		"three members": {three(), append([]string{
			"kubernetes:batch/v1:Job fleetman-mongodb-initiate",
			"kubernetes:core/v1:ConfigMap fleetman-mongodb-initiate",
			"kubernetes:core/v1:PersistentVolumeClaim fleetman-mongodb-data-1",
			"kubernetes:core/v1:PersistentVolumeClaim fleetman-mongodb-data-2",
			"kubernetes:core/v1:Secret fleetman-mongodb-keyfile",
			"kubernetes:policy/v1:PodDisruptionBudget fleetman-mongodb-budget",
		}, one...), "mongodb://fleetman-mongodb-0.fleetman-mongodb-members.fleetman.svc:27017," +
			"fleetman-mongodb-1.fleetman-mongodb-members.fleetman.svc:27017," +
			"fleetman-mongodb-2.fleetman-mongodb-members.fleetman.svc:27017/fleetman?replicaSet=rs0"},
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
				if got := run.Outputs["uri"]; got != test.uri {
					t.Errorf("it is at %v", got)
				}
				if run.Registered != 2 { // the stack's and the component's
					t.Errorf("%d outputs registered, want 2", run.Registered)
				}
				for _, resource := range run.Resources {
					if resource.Custom && !strings.HasSuffix(resource.Parent, "::fleetman-mongodb") {
						t.Errorf("%s is under %s", resource.Name, resource.Parent)
					}
				}
			}
		})
	}
}

func TestTheVolumesAreProtectedOnlyWhenAsked(t *testing.T) {
	for _, protect := range []bool{false, true} {
		args := three()
		args.ProtectData = protect
		run, err := record(t, args)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range run.Resources {
			if want := protect && resource.Type == claim; resource.Protect != want {
				t.Errorf("%s protected %t, want %t", resource.Name, resource.Protect, want)
			}
		}
	}
}

func TestTheStatefulSetTakesTheClaimsForItsOwnAndNeverMindsTheirGrowing(t *testing.T) {
	args := three()
	args.Storage = "5Gi"
	run, err := record(t, args)
	if err != nil {
		t.Fatal(err)
	}
	set := run.MustFind(t, statefulSet, "fleetman-mongodb-statefulset")
	if want := []string{"spec.volumeClaimTemplates"}; !slices.Equal(set.IgnoreChanges, want) {
		t.Errorf("ignores changes of %v, want %v", set.IgnoreChanges, want)
	}
	template, name := set.At("spec.volumeClaimTemplates.*.metadata.name"), set.At("metadata.name")
	for i, suffix := range []string{"0", "1", "2"} {
		volume, found := run.Find(claim, "fleetman-mongodb-data-"+suffix)
		if !found || !slices.Equal(volume.At("metadata.name"), []any{template[0].(string) + "-" + name[0].(string) + "-" + suffix}) {
			t.Errorf("claim %d is called %v", i, volume.At("metadata.name"))
		}
		if got := volume.At("spec.resources.requests.storage"); !slices.Equal(got, []any{"5Gi"}) {
			t.Errorf("claim %d has %v", i, got)
		}
		if !slices.Contains(set.DependsOn, volume.URN) {
			t.Errorf("the StatefulSet doesn't wait for claim %d", i)
		}
	}
	if got := set.At(pod + "containers.*.volumeMounts.*.name"); !slices.Contains(got, template[0]) {
		t.Errorf("mounts %v, and not %v", got, template)
	}
}

// Kubernetes changes none of these: a StatefulSet with others is another one, for whose pods all members would stop at once.
func TestGrowingFromOneMemberToThreeKeepsTheStatefulSet(t *testing.T) {
	fixed := func(args mongodb.DatabaseArgs) []any {
		run, err := record(t, args)
		if err != nil {
			t.Fatal(err)
		}
		set, _ := run.Find(statefulSet, "fleetman-mongodb-statefulset")
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
		t.Errorf("one member: %v; three: %v", one, three)
	}
}

func TestThePasswordIsInAFileAndNotInTheEnvironment(t *testing.T) {
	run, err := record(t, three())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fleetman-mongodb-credentials", "fleetman-mongodb-keyfile"} {
		secret, _ := run.Find("kubernetes:core/v1:Secret", name)
		if got := secret.At("stringData"); !slices.Equal(got, []any{recorder.Masked}) {
			t.Errorf("the data of %s is %v", name, got)
		}
	}
	set, _ := run.Find(statefulSet, "fleetman-mongodb-statefulset")
	for _, value := range set.At(pod + "containers.*.env.*.value") {
		if !strings.HasPrefix(value.(string), "/run/secrets/mongodb/") {
			t.Errorf("the environment says %v", value)
		}
	}
	if got := set.At(pod + "volumes.*.secret.secretName"); !slices.Equal(got, []any{"fleetman-mongodb-credentials-auto", "fleetman-mongodb-keyfile-auto"}) {
		t.Errorf("mounted from %v", got)
	}
	initiate, _ := run.Find(job, "fleetman-mongodb-initiate")
	if got := initiate.At(pod + "volumes.*.secret.secretName"); !slices.Equal(got, []any{"fleetman-mongodb-credentials-auto"}) {
		t.Errorf("the Job mounts %v", got)
	}
	if got := initiate.At(pod + "containers.*.env.*.name"); !slices.Equal(got, []any{"REPLICA_SET", "MEMBERS", "CREDENTIALS", "HOME"}) {
		t.Errorf("the Job's environment is %v", got)
	}
}

func TestTheServerIsToldItsCacheAndGetsTheMemoryForIt(t *testing.T) {
	for cache, want := range map[float64][2]string{0: {"0.25", "768Mi"}, 0.25: {"0.25", "768Mi"}, 1.5: {"1.5", "3328Mi"}} {
		args := good()
		args.CacheGB = cache
		run, err := record(t, args)
		if err != nil {
			t.Fatal(err)
		}
		set, _ := run.Find(statefulSet, "fleetman-mongodb-statefulset")
		if got := set.At(pod + "containers.*.args.*"); !slices.Equal(got, []any{"--auth", "--bind_ip_all", "--wiredTigerCacheSizeGB=" + want[0]}) {
			t.Errorf("cache %g: run with %v", cache, got)
		}
		if got := set.At(pod + "containers.*.resources.limits.memory"); !slices.Equal(got, []any{want[1]}) {
			t.Errorf("cache %g: memory %v, want %s", cache, got, want[1])
		}
	}
}

func TestAMemberReadsAKeyfileThatNobodyElseMay(t *testing.T) {
	run, err := record(t, three())
	if err != nil {
		t.Fatal(err)
	}
	set, _ := run.Find(statefulSet, "fleetman-mongodb-statefulset")
	for path, want := range map[string][]any{
		"containers.*.args.*": {
			"--auth", "--bind_ip_all", "--wiredTigerCacheSizeGB=0.25", "--replSet=rs0", "--keyFile=/run/mongodb/keyfile",
		},
		"initContainers.*.command.*":                              {"install", "-m", "400", "/run/secrets/mongodb-keyfile/keyfile", "/run/mongodb/keyfile"},
		"volumes.*.emptyDir.medium":                               {"Memory"},
		"initContainers.*.image":                                  {mongodb.Image},
		"initContainers.*.securityContext.readOnlyRootFilesystem": {true},
	} {
		if got := set.At(pod + path); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestMembersAreInThreeZonesAndLoseOneAtATime(t *testing.T) {
	run, err := record(t, three())
	if err != nil {
		t.Fatal(err)
	}
	set, _ := run.Find(statefulSet, "fleetman-mongodb-statefulset")
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
		t.Errorf("a member has %v to catch up", got)
	}
	if got := set.At(pod + "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.*.topologyKey"); !slices.Equal(got, []any{"kubernetes.io/hostname"}) {
		t.Errorf("apart by %v", got)
	}
	budget, _ := run.Find("kubernetes:policy/v1:PodDisruptionBudget", "fleetman-mongodb-budget")
	if unavailable, policy := budget.At("spec.maxUnavailable"), budget.At("spec.unhealthyPodEvictionPolicy"); !slices.Equal(slices.Concat(unavailable, policy), []any{1.0, "AlwaysAllow"}) {
		t.Errorf("the budget is %v, %v", unavailable, policy)
	}
}

func TestTheJobWaitsForTheMembersAndIsNotTakenForOne(t *testing.T) {
	run, err := record(t, three())
	if err != nil {
		t.Fatal(err)
	}
	set, _ := run.Find(statefulSet, "fleetman-mongodb-statefulset")
	headless, _ := run.Find("kubernetes:core/v1:Service", "fleetman-mongodb-members")
	initiate, _ := run.Find(job, "fleetman-mongodb-initiate")
	for _, urn := range []string{set.URN, headless.URN} {
		if !slices.Contains(initiate.DependsOn, urn) {
			t.Errorf("it doesn't wait for %s", urn)
		}
	}
	labels := initiate.At("spec.template.metadata.labels")[0].(map[string]any)
	for _, service := range []string{"fleetman-mongodb-members", "fleetman-mongodb-service"} {
		resource, _ := run.Find("kubernetes:core/v1:Service", service)
		selector := resource.At("spec.selector")[0].(map[string]any)
		if maps.Equal(selector, map[string]any{}) || labels["app.kubernetes.io/instance"] == selector["app.kubernetes.io/instance"] {
			t.Errorf("%s selects the Job's pod by %v", service, selector)
		}
	}
	if got := headless.At("spec.publishNotReadyAddresses"); !slices.Equal(got, []any{true}) {
		t.Errorf("members that aren't ready are published: %v", got)
	}
	if got := initiate.At("spec.ttlSecondsAfterFinished"); len(got) != 0 {
		t.Errorf("it goes away after %v, and Pulumi would make it again", got)
	}
	uris := strings.TrimPrefix(run.Outputs["uri"].(string), "mongodb://")
	if members := initiate.At(pod + "containers.*.env.*.value")[1].(string); !strings.HasPrefix(uris, members+"/") {
		t.Errorf("it makes a set of %s, and clients ask %s", members, uris)
	}
}

func TestAPlacementIsTheMembersAndNotTheJobs(t *testing.T) {
	args := three()
	args.Placement = kube.Placement{NodeSelector: map[string]string{"tier": "data"}, Tolerate: "tier=data:NoSchedule"}
	run, err := record(t, args)
	if err != nil {
		t.Fatal(err)
	}
	for typ, name := range map[string]string{statefulSet: "fleetman-mongodb-statefulset", job: "fleetman-mongodb-initiate"} {
		resource, _ := run.Find(typ, name)
		want := 0
		if typ == statefulSet {
			want = 1
		}
		if selected, tolerated := len(resource.At(pod+"nodeSelector.tier")), len(resource.At(pod+"tolerations.*")); selected != want || tolerated != want {
			t.Errorf("%s: %d labels, %d taints; want %d each", name, selected, tolerated, want)
		}
	}
}
