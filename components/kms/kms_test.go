package kms_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/iam"
	"fleetman/components/kms"
	"fleetman/components/recorder"
)

func record(t *testing.T, args kms.KeyArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", false, func(ctx *pulumi.Context) error {
		key, err := kms.NewKey(ctx, "logs", &args)
		if err == nil {
			ctx.Export("arn", key.ARN)
		}
		return err
	})
}

func TestAKeyIsItselfAndItsAlias(t *testing.T) {
	run, err := record(t, kms.KeyArgs{
		Account: "123456789012", Alias: "fleetman-prod-logs", Description: "Logs.", Services: kms.Logs(account.Place{Account: "123456789012", Region: "us-east-1"}), Protect: true, Retain: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"aws:kms/alias:Alias logs-alias", "aws:kms/key:Key logs-key", "fleetman:components:Key logs"}
	if got := run.Names(); !slices.Equal(got, want) {
		t.Errorf("registered %v, want %v", got, want)
	}
	key, _ := run.Find("aws:kms/key:Key", "logs-key")
	if !key.RetainOnDelete {
		t.Error("goes with the stack")
	}
	if !key.Protect || key.Inputs["enableKeyRotation"] != true {
		t.Errorf("protected %t, rotated %v", key.Protect, key.Inputs["enableKeyRotation"])
	}
	const policy = `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"Account","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:root"]},"Action":["kms:*"],"Resource":["*"]},` +
		`{"Sid":"Logs","Effect":"Allow","Principal":{"Service":["logs.us-east-1.amazonaws.com"]},` +
		`"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncryptFrom","kms:ReEncryptTo","kms:GenerateDataKey","kms:GenerateDataKeyWithoutPlaintext","kms:DescribeKey"],` +
		`"Resource":["*"],"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":["arn:aws:logs:us-east-1:123456789012:log-group:*"]}}}]}`
	if got := key.Inputs["policy"]; got != policy {
		t.Errorf("policy\n%v\nwant\n%s", got, policy)
	}
	if alias, _ := run.Find("aws:kms/alias:Alias", "logs-alias"); alias.Inputs["name"] != "alias/fleetman-prod-logs" {
		t.Errorf("is known as %v", alias.Inputs["name"])
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	want := []string{`the Account "12"`, `the Alias "a b"`, "Description is missing", "statement 0 is about no service", "statement 0 has no Actions"}
	args := kms.KeyArgs{Account: "12", Alias: "a b", Services: iam.Document{{}}}
	run, err := record(t, args)
	run.Refused(t, err, "validate key logs", want...)
}
