package mongodb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/mongodb"
	"fleetman/components/recorder"
)

func good() mongodb.DatabaseArgs {
	return mongodb.DatabaseArgs{Namespace: pulumi.String("fleetman"), StorageClass: "standard", Password: pulumi.String("p")}
}

func record(t *testing.T, args mongodb.DatabaseArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", true, func(ctx *pulumi.Context) error {
		database, err := mongodb.NewDatabase(ctx, "fleetman-mongodb", &args)
		if err == nil {
			ctx.Export("address", database.Address)
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
		"no size":     {func(a *mongodb.DatabaseArgs) { a.Storage = "big" }, []string{`the Storage: "big"`}},
		"small":       {func(a *mongodb.DatabaseArgs) { a.Storage = "512Mi" }, []string{"the Storage 512Mi is below 1Gi"}},
		"small cache": {func(a *mongodb.DatabaseArgs) { a.CacheGB = 0.1 }, []string{"the CacheGB 0.1"}},
		"user":        {func(a *mongodb.DatabaseArgs) { a.User = "a b" }, []string{`the User "a b"`}},
		"all wrong": {
			func(a *mongodb.DatabaseArgs) { *a = mongodb.DatabaseArgs{Storage: "0", CacheGB: -1, User: "\n"} },
			[]string{"Namespace", "Storage:", "StorageClass", "CacheGB -1", "User", "Password"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, args)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range append(test.want, "validate MongoDB fleetman-mongodb") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q doesn't say %q", err, want)
				}
			}
			if names := run.Names(); len(names) != 0 {
				t.Errorf("registered %v", names)
			}
		})
	}
}

func TestADatabaseIsTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:MongoDB fleetman-mongodb",
		"kubernetes:apps/v1:StatefulSet fleetman-mongodb-statefulset",
		"kubernetes:core/v1:PersistentVolumeClaim fleetman-mongodb-data",
		"kubernetes:core/v1:Secret fleetman-mongodb-credentials",
		"kubernetes:core/v1:Service fleetman-mongodb-service",
	}
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	if got := run.Names(); !slices.Equal(got, want) {
		t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := run.Outputs["address"]; got != "fleetman-mongodb:27017" {
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

func TestTheVolumeIsProtectedOnlyWhenAsked(t *testing.T) {
	for _, protect := range []bool{false, true} {
		args := good()
		args.ProtectData = protect
		run, err := record(t, args)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range run.Resources {
			if want := protect && resource.Type == "kubernetes:core/v1:PersistentVolumeClaim"; resource.Protect != want {
				t.Errorf("%s protected %t, want %t", resource.Name, resource.Protect, want)
			}
		}
	}
}

func TestThePasswordIsInAFileAndNotInTheEnvironment(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := run.Find("kubernetes:core/v1:Secret", "fleetman-mongodb-credentials")
	if got := secret.At("stringData"); !slices.Equal(got, []any{recorder.Masked}) {
		t.Errorf("the Secret's data is %v", got)
	}
	set, _ := run.Find("kubernetes:apps/v1:StatefulSet", "fleetman-mongodb-statefulset")
	for _, value := range set.At("spec.template.spec.containers.*.env.*.value") {
		if !strings.HasPrefix(value.(string), "/run/secrets/mongodb/") {
			t.Errorf("the environment says %v", value)
		}
	}
	if got := set.At("spec.template.spec.volumes.*.secret.secretName"); !slices.Equal(got, []any{"fleetman-mongodb-credentials-auto"}) {
		t.Errorf("mounted from %v", got)
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
		set, _ := run.Find("kubernetes:apps/v1:StatefulSet", "fleetman-mongodb-statefulset")
		if got := set.At("spec.template.spec.containers.*.args.*"); !slices.Equal(got, []any{"--auth", "--bind_ip_all", "--wiredTigerCacheSizeGB=" + want[0]}) {
			t.Errorf("cache %g: run with %v", cache, got)
		}
		if got := set.At("spec.template.spec.containers.*.resources.limits.memory"); !slices.Equal(got, []any{want[1]}) {
			t.Errorf("cache %g: memory %v, want %s", cache, got, want[1])
		}
	}
}
