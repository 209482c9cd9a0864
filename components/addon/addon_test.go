package addon_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/addon"
	"fleetman/components/recorder"
)

const addonType = "aws:eks/addon:Addon"

var versions = map[string]string{"vpc-cni": "v1.21.1-eksbuild.3", "aws-ebs-csi-driver": "v1.64.0-eksbuild.1"}

// record records all add-ons, those after the nodes with the role that they have and a wait for what stands for the nodes.
func record(t *testing.T, preview bool) *recorder.Run {
	t.Helper()
	run, err := recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		node, err := cloudwatch.NewLogGroup(ctx, "node", nil)
		if err != nil {
			return err
		}
		if _, err := addon.NewAddons(ctx, "before", &addon.AddonsArgs{
			Cluster: pulumi.String("fleetman-prod"), Addons: addon.BeforeNodes(versions),
		}); err != nil {
			return err
		}
		role, err := addon.NewEBSRole(ctx, "driver", pulumi.String("arn:aws:kms:us-east-1:123456789012:key/data"))
		if err != nil {
			return err
		}
		_, err = addon.NewAddons(ctx, "after", &addon.AddonsArgs{
			Cluster: pulumi.String("fleetman-prod"), Addons: addon.AfterNodes(versions, role.ARN), After: []pulumi.Resource{node},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestTheAddonsAreThese(t *testing.T) {
	want := []string{
		"aws:cloudwatch/logGroup:LogGroup node",
		"aws:eks/addon:Addon after-aws-ebs-csi-driver",
		"aws:eks/addon:Addon after-coredns",
		"aws:eks/addon:Addon after-metrics-server",
		"aws:eks/addon:Addon after-snapshot-controller",
		"aws:eks/addon:Addon before-eks-pod-identity-agent",
		"aws:eks/addon:Addon before-kube-proxy",
		"aws:eks/addon:Addon before-vpc-cni",
		"aws:iam/role:Role driver-role",
		"aws:iam/rolePolicy:RolePolicy driver-policy",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment driver-AmazonEBSCSIDriverPolicyV2",
		"fleetman:components:Addons after",
		"fleetman:components:Addons before",
		"fleetman:components:Role driver",
	}
	for _, preview := range []bool{true, false} {
		run := record(t, preview)
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if run.Registered != 4 { // the stack's, both components' and the role's
			t.Errorf("%d outputs registered, want 4", run.Registered)
		}
		for _, resource := range run.Resources {
			if resource.Type != addonType {
				continue
			}
			component, name, _ := strings.Cut(resource.Name, "-")
			if !strings.HasSuffix(resource.Parent, "::"+component) {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
			want := map[string]any{
				"addonName": name, "clusterName": "fleetman-prod", "preserve": false,
				"resolveConflictsOnCreate": "OVERWRITE", "resolveConflictsOnUpdate": "OVERWRITE",
			}
			if version, ok := versions[name]; ok {
				want["addonVersion"] = version
			}
			got := maps.Clone(resource.Inputs)
			delete(got, "configurationValues")
			delete(got, "podIdentityAssociations")
			if !maps.Equal(got, want) {
				t.Errorf("%s is %v, want %v", resource.Name, got, want)
			}
		}
	}
}

func TestTheNetworkIsToldToEnforcePoliciesAndToGiveAddressesByThePrefix(t *testing.T) {
	run := record(t, true)
	for _, resource := range run.Resources {
		got, configured := resource.Inputs["configurationValues"]
		if configured != (resource.Name == "before-vpc-cni") {
			t.Errorf("%s is told %v", resource.Name, got)
		}
		const want = `{"enableNetworkPolicy":"true","env":{"ENABLE_PREFIX_DELEGATION":"true","WARM_PREFIX_TARGET":"1"}}`
		if configured && got != want {
			t.Errorf("the network is told %v, want %s", got, want)
		}
	}
}

func TestOnlyWhatRunsOnNodesWaitsForThemAndTheDriverForTheSnapshots(t *testing.T) {
	run := record(t, true)
	for _, resource := range run.Resources {
		if resource.Type != addonType {
			continue
		}
		if got, want := resource.After("node"), strings.HasPrefix(resource.Name, "after-"); got != want {
			t.Errorf("%s comes after the nodes %t, want %t", resource.Name, got, want)
		}
		if got, want := resource.After("after-snapshot-controller"), resource.Name == "after-aws-ebs-csi-driver"; got != want {
			t.Errorf("%s comes after the snapshots %t, want %t", resource.Name, got, want)
		}
	}
	for _, policy := range []string{"driver-policy", "driver-AmazonEBSCSIDriverPolicyV2"} {
		if !run.MustFind(t, addonType, "after-aws-ebs-csi-driver").After(policy) {
			t.Errorf("the driver doesn't come after %s", policy)
		}
	}
}

func TestTheDriverAloneHasARoleThatOnlyItsControllerAssumes(t *testing.T) {
	run := record(t, true)
	for _, resource := range run.Resources {
		accounts, roles := resource.At("podIdentityAssociations.*.serviceAccount"), resource.At("podIdentityAssociations.*.roleArn")
		var wantAccounts, wantRoles []any
		if resource.Name == "after-aws-ebs-csi-driver" {
			wantAccounts, wantRoles = []any{"ebs-csi-controller-sa"}, []any{"arn:aws:iam::123456789012:role/driver-role"}
		}
		if !slices.Equal(accounts, wantAccounts) || !slices.Equal(roles, wantRoles) {
			t.Errorf("%s gives %v to %v", resource.Name, roles, accounts)
		}
	}
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["pods.eks.amazonaws.com"]},` +
		`"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{` +
		`"aws:RequestTag/kubernetes-namespace":["kube-system"],"aws:RequestTag/kubernetes-service-account":["ebs-csi-controller-sa"]}}}]}`
	if got := run.MustFind(t, "aws:iam/role:Role", "driver-role").Inputs["assumeRolePolicy"]; got != trust {
		t.Errorf("trusts\n%v\nwant\n%s", got, trust)
	}
	attachment := run.MustFind(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "driver-AmazonEBSCSIDriverPolicyV2")
	if got := attachment.Inputs["policyArn"]; got != "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2" {
		t.Errorf("has %v", got)
	}
}

func TestTheDriverUsesTheOneKeyAndPassesItOnOnlyToAWS(t *testing.T) {
	run := record(t, true)
	var policy struct {
		Statement []struct {
			Action, Resource []string
			Condition        map[string]map[string][]string
		}
	}
	text := run.MustFind(t, "aws:iam/rolePolicy:RolePolicy", "driver-policy").Inputs["policy"].(string)
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, statement := range policy.Statement {
		actions = append(actions, statement.Action...)
		if !slices.Equal(statement.Resource, []string{"arn:aws:kms:us-east-1:123456789012:key/data"}) {
			t.Errorf("may %v with %v", statement.Action, statement.Resource)
		}
		grants, limit := slices.Contains(statement.Action, "kms:CreateGrant"), statement.Condition["Bool"]["kms:GrantIsForAWSResource"]
		if grants && !slices.Equal(limit, []string{"true"}) {
			t.Errorf("grants the key if %v", statement.Condition)
		}
	}
	want := []string{
		"kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant",
	}
	if !slices.Equal(actions, want) {
		t.Errorf("may %v, want %v", actions, want)
	}
}

func TestARoleWithoutAKeyIsRefused(t *testing.T) {
	run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
		_, err := addon.NewEBSRole(ctx, "driver", nil)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "the key is missing") {
		t.Errorf("error %v", err)
	}
	if names := run.Names(); len(names) != 0 {
		t.Errorf("registered %v", names)
	}
}

func TestVersionsThatWouldHaveNoEffectAreRefusedTogether(t *testing.T) {
	if err := addon.CheckVersions(versions); err != nil {
		t.Errorf("refused: %v", err)
	}
	err := addon.CheckVersions(map[string]string{"coredns": "1.13", "kube_proxy": "v1.36.0-eksbuild.1", "vpc-cni": "latest"})
	want := []string{
		`the version "1.13" of coredns is none`, `the version "latest" of vpc-cni is none`,
		`no add-on "kube_proxy": want one of vpc-cni, kube-proxy, eks-pod-identity-agent, coredns, snapshot-controller, aws-ebs-csi-driver, metrics-server`,
	}
	recorder.Refusals(t, err, want...)
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	arn := pulumi.String("arn:aws:iam::123456789012:role/r")
	for name, test := range map[string]struct {
		args addon.AddonsArgs
		want []string
	}{
		"all missing": {addon.AddonsArgs{}, []string{"Cluster is missing", "Addons are missing"}},
		"all wrong": {
			addon.AddonsArgs{
				Cluster: pulumi.String("c"), After: []pulumi.Resource{nil},
				Addons: []addon.Addon{
					{Name: "CoreDNS", Version: "1.13"},
					{Name: "a", After: []string{"b"}},
					{Name: "b", ServiceAccount: "x"},
					{Name: "b", Role: arn, After: []string{"a"}},
				},
			},
			[]string{
				`"CoreDNS" is no name`, `Version "1.13" of CoreDNS`, "a is to come after b", "ServiceAccount x of b has no Role", "b is there twice",
				"Role of b is of no ServiceAccount", "After, is missing",
			},
		},
		"driver without a role": {
			addon.AddonsArgs{Cluster: pulumi.String("c"), Addons: addon.AfterNodes(nil, nil)},
			[]string{"ServiceAccount ebs-csi-controller-sa of aws-ebs-csi-driver has no Role"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
				_, err := addon.NewAddons(ctx, "addons", &test.args)
				return err
			})
			run.Refused(t, err, "validate add-ons addons", test.want...)
		})
	}
}

func TestAConfigurationThatIsNoJSONIsNamed(t *testing.T) {
	_, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
		_, err := addon.NewAddons(ctx, "addons", &addon.AddonsArgs{
			Cluster: pulumi.String("c"), Addons: []addon.Addon{{Name: "coredns", Configuration: func() {}}},
		})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "encode configuration of coredns of addons") {
		t.Errorf("error %v", err)
	}
}
