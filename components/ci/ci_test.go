package ci_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/ci"
	"fleetman/components/recorder"
)

func good() ci.DeployerArgs {
	return ci.DeployerArgs{
		Place:  account.Place{Account: recorder.Account, Region: recorder.Region},
		Bucket: "states", KeyAlias: "state", Repositories: "fleetman/", Cluster: "prod", Namespace: "ci", ServiceAccount: "jenkins",
	}
}

func record(t *testing.T, args ci.DeployerArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", true, func(ctx *pulumi.Context) error {
		_, err := ci.NewDeployer(ctx, "fleetman-ci", &args)
		return err
	})
}

type document struct {
	Statement []struct {
		Sid              string
		Action, Resource []string
		Condition        map[string]map[string][]string
	}
}

func parse(t *testing.T, text any) document {
	t.Helper()
	var parsed document
	if err := json.Unmarshal([]byte(text.(string)), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// reads are the prefixes of actions that change nothing.
var reads = []string{"Describe", "Get", "List", "BatchGet", "BatchCheck"}

func TestADeployerWritesStateAndImagesAndNothingElse(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	policy, _ := run.Find("aws:iam/rolePolicy:RolePolicy", "fleetman-ci-policy")
	for _, statement := range parse(t, policy.Inputs["policy"]).Statement {
		for _, action := range statement.Action {
			_, verb, _ := strings.Cut(action, ":")
			if slices.ContainsFunc(reads, func(prefix string) bool { return strings.HasPrefix(verb, prefix) }) {
				continue
			}
			if !slices.Contains([]string{"StateObjects", "Secrets", "Images"}, statement.Sid) {
				t.Errorf("%s may %s", statement.Sid, action)
			}
			if slices.Contains(statement.Resource, "*") {
				t.Errorf("%s may %s everything", statement.Sid, action)
			}
		}
	}
}

func TestADeployersPolicyNamesItsBucketKeyAndRepositories(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	policy, _ := run.Find("aws:iam/rolePolicy:RolePolicy", "fleetman-ci-policy")
	resources := map[string][]string{}
	for _, statement := range parse(t, policy.Inputs["policy"]).Statement {
		resources[statement.Sid] = statement.Resource
		if statement.Sid == "Secrets" && !slices.Equal(statement.Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"], []string{"alias/state"}) {
			t.Errorf("uses the keys %v", statement.Condition)
		}
	}
	for sid, want := range map[string]string{
		"State": "arn:aws:s3:::states", "StateObjects": "arn:aws:s3:::states/*", "Images": "arn:aws:ecr:us-east-1:123456789012:repository/fleetman/*",
	} {
		if got := resources[sid]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is about %v, want %s", sid, got, want)
		}
	}
}

func TestOnlyThePipelinesPodsOfThisClusterAssumeTheRole(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	role, _ := run.Find("aws:iam/role:Role", "fleetman-ci-role")
	trust := parse(t, role.Inputs["assumeRolePolicy"])
	if len(trust.Statement) != 1 {
		t.Fatalf("trusts %v", trust)
	}
	for tag, want := range map[string]string{"eks-cluster-name": "prod", "kubernetes-namespace": "ci", "kubernetes-service-account": "jenkins"} {
		if got := trust.Statement[0].Condition["StringEquals"]["aws:RequestTag/"+tag]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s has to be %v, want %s", tag, got, want)
		}
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	want := []string{"Account", "Region", "Bucket is missing", "KeyAlias is", "Repositories is", "Cluster is", "Namespace is", "ServiceAccount is"}
	args := ci.DeployerArgs{}
	run, err := record(t, args)
	run.Refused(t, err, "validate deployer fleetman-ci", want...)
}
