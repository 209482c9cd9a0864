package storage_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/recorder"
	"fleetman/components/storage"
)

func good() storage.StorageArgs {
	return storage.StorageArgs{Account: recorder.Account, Class: "gp3", VolumesOf: "fleetman-prod", Key: pulumi.String("arn:aws:kms:us-east-1:1:key/1")}
}

func record(t *testing.T, args storage.StorageArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", true, func(ctx *pulumi.Context) error {
		made, err := storage.NewStorage(ctx, "fleetman-storage", &args)
		if err == nil {
			ctx.Export("class", made.Class)
		}
		return err
	})
}

func TestAStorageIsAClassAndSnapshotsWithTheirRole(t *testing.T) {
	args := good()
	args.SnapshotHours, args.Snapshots = 6, 28
	run, err := record(t, args)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"aws:dlm/lifecyclePolicy:LifecyclePolicy fleetman-storage-snapshots",
		"aws:iam/role:Role fleetman-storage-snapshots-role-role",
		"aws:iam/rolePolicy:RolePolicy fleetman-storage-snapshots-role-policy",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment fleetman-storage-snapshots-role-AWSDataLifecycleManagerServiceRole",
		"fleetman:components:Role fleetman-storage-snapshots-role",
		"fleetman:components:Storage fleetman-storage",
		"kubernetes:storage.k8s.io/v1:StorageClass fleetman-storage-class",
	}
	if got := run.Names(); !slices.Equal(got, want) {
		t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := run.Outputs["class"]; got != "gp3" {
		t.Errorf("the class is %v", got)
	}
	class, _ := run.Find("kubernetes:storage.k8s.io/v1:StorageClass", "fleetman-storage-class")
	policy, _ := run.Find("aws:dlm/lifecyclePolicy:LifecyclePolicy", "fleetman-storage-snapshots")
	for path, want := range map[string]any{
		"parameters.encrypted": "true", "parameters.kmsKeyId": "arn:aws:kms:us-east-1:1:key/1", "parameters.tagSpecification_1": "fleetman.io/volumes-of=fleetman-prod",
		"reclaimPolicy": "Retain", "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": true,
	} {
		if got := class.At(path); !slices.Equal(got, []any{want}) {
			t.Errorf("the class's %s is %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]any{
		"policyDetails.schedules.*.createRule.interval": 6.0, "policyDetails.schedules.*.retainRule.count": 28.0,
		"policyDetails.schedules.*.copyTags": true, "policyDetails.targetTags": nil,
	} {
		got := policy.At(path)
		if want == nil { // what the class's volumes carry is what the snapshots choose
			if tags := got[0].(map[string]any); tags["fleetman.io/volumes-of"] != "fleetman-prod" || len(tags) != 1 {
				t.Errorf("chooses %v", tags)
			}
		} else if !slices.Equal(got, []any{want}) {
			t.Errorf("the policy's %s is %v, want %v", path, got, want)
		}
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	want := []string{`the Account ""`, `the Class "A"`, `VolumesOf ""`, "the Key is missing", "the SnapshotHours are 5", "the Snapshots are 1001"}
	args := storage.StorageArgs{Class: "A", SnapshotHours: 5, Snapshots: 1001}
	run, err := record(t, args)
	run.Refused(t, err, "validate storage fleetman-storage", want...)
}
