package registry_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/image"
	"fleetman/components/recorder"
	"fleetman/components/registry"
)

func good() registry.RegistryArgs {
	return registry.RegistryArgs{
		Images:  []*image.Image{{Service: "api-gateway"}, {Service: "webapp"}},
		Deliver: func(context.Context, ...*image.Image) error { return nil },
		Ref:     func(i *image.Image) string { return "r.io/" + i.Repository() + "@sha256:1" },
		Key:     pulumi.String("arn:aws:kms:us-east-1:1:key/1"), Protect: true,
	}
}

func record(t *testing.T, args registry.RegistryArgs, preview bool) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		made, err := registry.NewRegistry(ctx, "fleetman-registry", &args)
		if err == nil {
			ctx.Export("images", pulumi.ToStringMapOutput(made.Images))
		}
		return err
	})
}

func TestAnImageIsNamedOnceItIsPushedAndAPreviewPushesNone(t *testing.T) {
	for _, preview := range []bool{true, false} {
		var mu sync.Mutex
		var pushed []string
		args := good()
		args.Deliver = func(_ context.Context, images ...*image.Image) error {
			mu.Lock()
			defer mu.Unlock()
			for _, image := range images {
				pushed = append(pushed, image.Service)
			}
			return nil
		}
		run, err := record(t, args, preview)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(pushed)
		if want := []string{"api-gateway", "webapp"}; preview && len(pushed) != 0 || !preview && !slices.Equal(pushed, want) {
			t.Errorf("preview %t pushed %v", preview, pushed)
		}
		if got := run.Outputs["images"].(map[string]string)["webapp"]; got != "r.io/fleetman/webapp@sha256:1" {
			t.Errorf("is named %s", got)
		}
	}
}

func TestAFailedPushFailsTheUpdate(t *testing.T) {
	refused := errors.New("refused")
	args := good()
	args.Deliver = func(context.Context, ...*image.Image) error { return refused }
	if _, err := record(t, args, false); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v", err)
	}
}

func TestEachServiceHasARepositoryThatIsImmutableScannedEncryptedAndPruned(t *testing.T) {
	for _, protect := range []bool{true, false} {
		args := good()
		args.Keep, args.Protect = 7, protect
		run, err := record(t, args, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, service := range []string{"api-gateway", "webapp"} {
			repository, _ := run.Find("aws:ecr/repository:Repository", "fleetman-registry-"+service)
			for path, want := range map[string]any{
				"name": "fleetman/" + service, "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration.scanOnPush": true,
				"encryptionConfigurations.*.kmsKey": "arn:aws:kms:us-east-1:1:key/1", "forceDelete": !protect,
			} {
				if got := repository.At(path); !slices.Equal(got, []any{want}) {
					t.Errorf("the %s of %s is %v, want %v", path, service, got, want)
				}
			}
			const want = `{"rules":[{"rulePriority":1,"description":"Keep the newest 7.","selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":7},"action":{"type":"expire"}}]}`
			policy, _ := run.Find("aws:ecr/lifecyclePolicy:LifecyclePolicy", "fleetman-registry-"+service+"-lifecycle")
			if got := policy.Inputs["policy"]; got != want {
				t.Errorf("the lifecycle of %s is %v", service, got)
			}
		}
	}
}

func TestTheHostIsTheAccountsInTheRegion(t *testing.T) {
	if got := registry.Host(account.Place{Account: "123456789012", Region: "eu-west-1"}); got != "123456789012.dkr.ecr.eu-west-1.amazonaws.com" {
		t.Errorf("host %s", got)
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	want := []string{"Images are missing", "Deliver is missing", "Ref is missing", "Key is missing", "Keep is 1"}
	args := registry.RegistryArgs{Keep: 1}
	run, err := record(t, args, true)
	run.Refused(t, err, "validate registry fleetman-registry", want...)
}
