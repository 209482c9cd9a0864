package state_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/recorder"
	"fleetman/components/state"
)

var here = account.Place{Account: recorder.Account, Region: recorder.Region}

func record(t *testing.T, args state.StateArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("bootstrap", false, func(ctx *pulumi.Context) error {
		home, err := state.NewState(ctx, "fleetman-state", &args)
		if err == nil {
			ctx.Export("backendURL", home.BackendURL)
			ctx.Export("secretsProvider", home.SecretsProvider)
		}
		return err
	})
}

func TestAStatesHomeIsABucketItsPropertiesAndAKey(t *testing.T) {
	run, err := record(t, state.StateArgs{Place: here, Protect: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"aws:kms/alias:Alias fleetman-state-key-alias",
		"aws:kms/key:Key fleetman-state-key-key",
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2 fleetman-state-bucket-lifecycle",
		"aws:s3/bucketPolicy:BucketPolicy fleetman-state-bucket-policy",
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock fleetman-state-bucket-access",
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2 fleetman-state-bucket-encryption",
		"aws:s3/bucketV2:BucketV2 fleetman-state-bucket",
		"aws:s3/bucketVersioningV2:BucketVersioningV2 fleetman-state-bucket-versions",
		"fleetman:components:Key fleetman-state-key",
		"fleetman:components:State fleetman-state",
	}
	if got := run.Names(); !slices.Equal(got, want) {
		t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, want := range map[string]string{
		"backendURL":      "s3://fleetman-state-123456789012-us-east-1?region=us-east-1&awssdk=v2",
		"secretsProvider": "awskms://alias/fleetman-state?region=us-east-1",
	} {
		if got := run.Outputs[name]; got != want {
			t.Errorf("%s is %v, want %s", name, got, want)
		}
	}
	policy, _ := run.Find("aws:s3/bucketPolicy:BucketPolicy", "fleetman-state-bucket-policy")
	if !slices.ContainsFunc(policy.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "bucket-access") }) {
		t.Error("the policy doesn't wait for the access block")
	}
	encryption, _ := run.Find("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "fleetman-state-bucket-encryption")
	if got := encryption.At("rules.*.applyServerSideEncryptionByDefault.kmsMasterKeyId"); len(got) != 1 || !strings.HasPrefix(got[0].(string), "arn:aws:kms:") {
		t.Errorf("is encrypted by %v", got)
	}
}

func TestOnlyBucketAndKeyAreProtectedAndOnlyIfAsked(t *testing.T) {
	for _, protect := range []bool{true, false} {
		run, err := record(t, state.StateArgs{Place: here, Protect: protect})
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range run.Resources {
			want := protect && (resource.Type == "aws:s3/bucketV2:BucketV2" || resource.Type == "aws:kms/key:Key")
			if resource.Protect != want {
				t.Errorf("%s is protected %t, want %t", resource.Name, resource.Protect, want)
			}
		}
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	run, err := record(t, state.StateArgs{Place: account.Place{Account: "1", Region: "here"}})
	run.Refused(t, err, "validate state fleetman-state", `the Account "1"`, `the Region "here"`)
}
