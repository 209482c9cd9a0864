package account_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/recorder"
)

var here = account.Place{Account: "123456789012", Region: "eu-west-1"}

func provider(t *testing.T, args account.CloudArgs) recorder.Resource {
	t.Helper()
	run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
		_, err := account.NewCloud(ctx, "aws", &args)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found, ok := run.Find("pulumi:providers:aws", "aws")
	if !ok {
		t.Fatalf("registered %v", run.Names())
	}
	return found
}

func TestTheProviderWorksInItsAccountAloneAndTagsEverything(t *testing.T) {
	made := provider(t, account.CloudArgs{Place: here})
	if got := made.Inputs["region"]; got != "eu-west-1" {
		t.Errorf("works in %v", got)
	}
	if got := made.At("allowedAccountIds.*"); !slices.Equal(got, []any{"123456789012"}) {
		t.Errorf("works in %v", got)
	}
	for tag, want := range map[string]string{"Project": "fleetman", "Stack": "prod", "ManagedBy": "pulumi"} {
		if got := made.At("defaultTags.tags." + tag); !slices.Equal(got, []any{want}) {
			t.Errorf("tags %s with %v", tag, got)
		}
	}
	if got := made.Inputs["skipCredentialsValidation"]; got == true {
		t.Error("skips the validation of credentials")
	}
}

func TestAnOfflineProviderAsksAWSNothing(t *testing.T) {
	made := provider(t, account.CloudArgs{Place: here, Offline: true})
	for _, skip := range []string{"skipCredentialsValidation", "skipRequestingAccountId", "skipMetadataApiCheck"} {
		if got := made.Inputs[skip]; got != true {
			t.Errorf("%s is %v", skip, got)
		}
	}
	if got, set := made.Inputs["allowedAccountIds"]; set { // it would have to ask which account it is
		t.Errorf("asks for the account: %v", got)
	}
}

func TestEveryProblemOfAPlaceIsReported(t *testing.T) {
	for name, test := range map[string]struct {
		place account.Place
		want  []string
	}{
		"a good one":     {here, nil},
		"of government":  {account.Place{Account: "123456789012", Region: "us-gov-west-1"}, []string{"the Region"}},
		"in China":       {account.Place{Account: "123456789012", Region: "cn-north-1"}, []string{"the Region"}},
		"none":           {account.Place{}, []string{`the Account ""`, `the Region ""`}},
		"a zone, dashes": {account.Place{Account: "1234-5678-9012", Region: "eu-west-1a"}, []string{`the Account "1234-`, `the Region "eu-west-1a"`}},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.place.Validate()
			if (err == nil) != (len(test.want) == 0) {
				t.Fatalf("error %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q doesn't say %q", err, want)
				}
			}
		})
	}
}
