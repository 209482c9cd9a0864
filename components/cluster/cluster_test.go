package cluster_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/cluster"
	"fleetman/components/recorder"
)

const clusterType = "aws:eks/cluster:Cluster"

func good() cluster.ClusterArgs {
	return cluster.ClusterArgs{
		Name: "fleetman-prod", Version: "1.36", ServiceCIDR: "172.20.0.0/16",
		Subnets:    []pulumi.StringInput{pulumi.String("subnet-a"), pulumi.String("subnet-b"), pulumi.String("subnet-c")},
		SecretsKey: pulumi.String("arn:aws:kms:us-east-1:123456789012:key/secrets"), LogKey: pulumi.String("arn:aws:kms:us-east-1:123456789012:key/logs"),
		Access: []cluster.Access{
			{Name: "admin", Principal: pulumi.String("arn:aws:iam::123456789012:role/admin"), Policy: cluster.AdminPolicy},
			{Name: "ci", Principal: pulumi.String("arn:aws:iam::123456789012:role/ci"), Policy: "AmazonEKSEditPolicy", Namespaces: []string{"fleetman"}},
		},
	}
}

// record records a cluster and a resource each that is given its name and its endpoint.
func record(t *testing.T, preview bool, args cluster.ClusterArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		made, err := cluster.NewCluster(ctx, "fleetman-cluster", &args)
		if err != nil {
			return err
		}
		for name, value := range map[string]pulumi.StringOutput{
			"name": made.Name, "arn": made.ARN, "version": made.Version, "endpoint": made.Endpoint,
			"certificateAuthority": made.CertificateAuthority, "securityGroup": made.SecurityGroup,
		} {
			ctx.Export(name, value)
		}
		for name, value := range map[string]pulumi.StringOutput{"given-name": made.Name, "given-endpoint": made.Endpoint} {
			if _, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{Name: value}); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestAClusterIsTheseResources(t *testing.T) {
	want := []string{
		"aws:cloudwatch/logGroup:LogGroup fleetman-cluster-logs",
		"aws:cloudwatch/logGroup:LogGroup given-endpoint",
		"aws:cloudwatch/logGroup:LogGroup given-name",
		"aws:eks/accessEntry:AccessEntry fleetman-cluster-entry-admin",
		"aws:eks/accessEntry:AccessEntry fleetman-cluster-entry-ci",
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation fleetman-cluster-policy-admin",
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation fleetman-cluster-policy-ci",
		"aws:eks/cluster:Cluster fleetman-cluster-cluster",
		"aws:iam/role:Role fleetman-cluster-role-role",
		"aws:iam/rolePolicy:RolePolicy fleetman-cluster-role-policy",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment fleetman-cluster-role-AmazonEKSClusterPolicy",
		"fleetman:components:Cluster fleetman-cluster",
		"fleetman:components:Role fleetman-cluster-role",
	}
	for _, preview := range []bool{true, false} {
		run, err := record(t, preview, good())
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if run.Registered != 3 { // the stack's, the cluster's and its role's
			t.Errorf("%d outputs registered, want 3", run.Registered)
		}
		for _, resource := range run.Resources {
			parent := "::fleetman-cluster"
			switch {
			case strings.HasPrefix(resource.Name, "given-") || resource.Name == "fleetman-cluster":
				continue
			case strings.HasPrefix(resource.Name, "fleetman-cluster-role-"):
				parent = "::fleetman-cluster-role"
			}
			if !strings.HasSuffix(resource.Parent, parent) {
				t.Errorf("%s is under %s, want %s", resource.Name, resource.Parent, parent)
			}
		}
		outputs := map[string]any{
			"name": "fleetman-prod", "version": "1.36",
			"arn":                  "arn:aws:eks:us-east-1:123456789012:cluster/fleetman-cluster-cluster",
			"endpoint":             "https://fleetman-cluster-cluster.eks.us-east-1.amazonaws.com",
			"certificateAuthority": "Y2VydGlmaWNhdGU=", "securityGroup": "fleetman-cluster-cluster-security-group-id",
		}
		if !maps.Equal(run.Outputs, outputs) {
			t.Errorf("outputs\n%v\nwant\n%v", run.Outputs, outputs)
		}
	}
}

func TestAControlPlaneIsClosedEncryptedAndLogged(t *testing.T) {
	run, err := record(t, false, good())
	if err != nil {
		t.Fatal(err)
	}
	made := run.MustFind(t, clusterType, "fleetman-cluster-cluster")
	for path, want := range map[string][]any{
		"name":                            {"fleetman-prod"},
		"version":                         {"1.36"},
		"roleArn":                         {"arn:aws:iam::123456789012:role/fleetman-cluster-role-role"},
		"accessConfig.authenticationMode": {"API"},
		"accessConfig.bootstrapClusterCreatorAdminPermissions": {false},
		"bootstrapSelfManagedAddons":                           {false},
		"enabledClusterLogTypes.*":                             {"api", "audit", "authenticator", "controllerManager", "scheduler"},
		"encryptionConfig.provider.keyArn":                     {"arn:aws:kms:us-east-1:123456789012:key/secrets"},
		"encryptionConfig.resources.*":                         {"secrets"},
		"kubernetesNetworkConfig.ipFamily":                     {"ipv4"},
		"kubernetesNetworkConfig.serviceIpv4Cidr":              {"172.20.0.0/16"},
		"upgradePolicy.supportType":                            {"STANDARD"},
		"vpcConfig.subnetIds.*":                                {"subnet-a", "subnet-b", "subnet-c"},
		"vpcConfig.endpointPrivateAccess":                      {true},
		"vpcConfig.endpointPublicAccess":                       {false},
		"vpcConfig.publicAccessCidrs":                          nil,
	} {
		if got := made.At(path); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	group := run.MustFind(t, "aws:cloudwatch/logGroup:LogGroup", "fleetman-cluster-logs")
	want := map[string]any{"name": "/aws/eks/fleetman-prod/cluster", "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/logs", "retentionInDays": 90.0}
	if !maps.Equal(group.Inputs, want) {
		t.Errorf("logs to %v, want %v", group.Inputs, want)
	}
}

func TestTheAPIServerIsPublicOnlyForNamedRanges(t *testing.T) {
	args := good()
	args.PublicCIDRs = []string{"203.0.113.0/24", "198.51.100.7/32"}
	run, err := record(t, true, args)
	if err != nil {
		t.Fatal(err)
	}
	made := run.MustFind(t, clusterType, "fleetman-cluster-cluster")
	for path, want := range map[string][]any{
		"vpcConfig.endpointPrivateAccess": {true}, "vpcConfig.endpointPublicAccess": {true},
		"vpcConfig.publicAccessCidrs.*": {"203.0.113.0/24", "198.51.100.7/32"},
	} {
		if got := made.At(path); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestTheControlPlaneUsesTheKeyOfSecretsAndNoOther(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct{ Action, Resource []string }
	}
	text := run.MustFind(t, "aws:iam/rolePolicy:RolePolicy", "fleetman-cluster-role-policy").Inputs["policy"].(string)
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatal(err)
	}
	if len(policy.Statement) != 1 || !slices.Equal(policy.Statement[0].Resource, []string{"arn:aws:kms:us-east-1:123456789012:key/secrets"}) {
		t.Errorf("may %s", text)
	}
}

// A cluster is deleted with its role's policies in place, and what speaks to it by its endpoint while it still may.
func TestEverythingGoesInTheReverseOrder(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ typ, name, before string }{
		{clusterType, "fleetman-cluster-cluster", "fleetman-cluster-logs"},
		{clusterType, "fleetman-cluster-cluster", "fleetman-cluster-role-AmazonEKSClusterPolicy"},
		{clusterType, "fleetman-cluster-cluster", "fleetman-cluster-role-policy"},
		{"aws:eks/accessEntry:AccessEntry", "fleetman-cluster-entry-ci", "fleetman-cluster-cluster"},
		{"aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "fleetman-cluster-policy-ci", "fleetman-cluster-entry-ci"},
		{"aws:cloudwatch/logGroup:LogGroup", "given-endpoint", "fleetman-cluster-cluster"},
		{"aws:cloudwatch/logGroup:LogGroup", "given-endpoint", "fleetman-cluster-policy-admin"},
		{"aws:cloudwatch/logGroup:LogGroup", "given-endpoint", "fleetman-cluster-policy-ci"},
		{"aws:cloudwatch/logGroup:LogGroup", "given-name", "fleetman-cluster-cluster"},
	} {
		if resource := run.MustFind(t, test.typ, test.name); !resource.After(test.before) {
			t.Errorf("%s doesn't come after %s but after %v", test.name, test.before, resource.DependsOn)
		}
	}
	if run.MustFind(t, "aws:cloudwatch/logGroup:LogGroup", "given-name").After("fleetman-cluster-policy-ci") {
		t.Error("a node would wait for somebody's access")
	}
}

func TestAccessIsForTheWholeClusterOrForNamespaces(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		principal, policy string
		scope             []any
		namespaces        []any
	}{
		"admin": {"arn:aws:iam::123456789012:role/admin", "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", []any{"cluster"}, nil},
		"ci":    {"arn:aws:iam::123456789012:role/ci", "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy", []any{"namespace"}, []any{"fleetman"}},
	} {
		entry := run.MustFind(t, "aws:eks/accessEntry:AccessEntry", "fleetman-cluster-entry-"+name)
		if got := entry.Inputs; got["principalArn"] != want.principal || got["type"] != "STANDARD" || got["clusterName"] != "fleetman-prod" {
			t.Errorf("the entry %s is %v", name, got)
		}
		policy := run.MustFind(t, "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "fleetman-cluster-policy-"+name)
		if got := policy.Inputs; got["principalArn"] != want.principal || got["policyArn"] != want.policy || got["clusterName"] != "fleetman-prod" {
			t.Errorf("the policy of %s is %v", name, got)
		}
		if got := policy.At("accessScope.type"); !slices.Equal(got, want.scope) {
			t.Errorf("%s has the scope %v, want %v", name, got, want.scope)
		}
		if got := policy.At("accessScope.namespaces.*"); !slices.Equal(got, want.namespaces) {
			t.Errorf("%s is for %v, want %v", name, got, want.namespaces)
		}
	}
}

func TestTheClusterAloneIsProtectedAndOnlyWhenAsked(t *testing.T) {
	for _, protect := range []bool{false, true} {
		args := good()
		args.Protect = protect
		run, err := record(t, true, args)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range run.Resources {
			if want := protect && resource.Type == clusterType; resource.Protect != want {
				t.Errorf("%s protected %t, want %t", resource.Name, resource.Protect, want)
			}
		}
	}
}

func TestWhatEKSDoesNotReportBackIsNoDifference(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	made := run.MustFind(t, clusterType, "fleetman-cluster-cluster")
	if want := []string{"accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"}; !slices.Equal(made.IgnoreChanges, want) {
		t.Errorf("ignores %v, want %v", made.IgnoreChanges, want)
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*cluster.ClusterArgs)
		want  []string
	}{
		"all missing": {func(a *cluster.ClusterArgs) { *a = cluster.ClusterArgs{} }, []string{
			`Name "" is none`, `Version "" is none`, "Subnets are 0", `ServiceCIDR "" is none`, "SecretsKey is missing", "LogKey is missing",
			"nobody could administer it",
		}},
		"name":             {func(a *cluster.ClusterArgs) { a.Name = "Fleetman_Prod" }, []string{`Name "Fleetman_Prod"`}},
		"version":          {func(a *cluster.ClusterArgs) { a.Version = "1.36.2" }, []string{`Version "1.36.2" is none`}},
		"old version":      {func(a *cluster.ClusterArgs) { a.Version = "1.33" }, []string{"Version 1.33 is out of EKS's standard support: want 1.34"}},
		"subnets":          {func(a *cluster.ClusterArgs) { a.Subnets = a.Subnets[:1] }, []string{"Subnets are 1"}},
		"subnet":           {func(a *cluster.ClusterArgs) { a.Subnets[1] = nil }, []string{"one of the Subnets is missing"}},
		"services of IPv6": {func(a *cluster.ClusterArgs) { a.ServiceCIDR = "fd00::/108" }, []string{`"fd00::/108" is none of IPv4`}},
		"services' form":   {func(a *cluster.ClusterArgs) { a.ServiceCIDR = "172.20.1.0/16" }, []string{"first address: want 172.20.0.0/16"}},
		"public services":  {func(a *cluster.ClusterArgs) { a.ServiceCIDR = "8.8.0.0/16" }, []string{"8.8.0.0/16 is not private"}},
		"large services":   {func(a *cluster.ClusterArgs) { a.ServiceCIDR = "10.0.0.0/8" }, []string{"wrong size: want /12 to /24"}},
		"small services":   {func(a *cluster.ClusterArgs) { a.ServiceCIDR = "10.0.0.0/25" }, []string{"wrong size"}},
		"ranges": {
			func(a *cluster.ClusterArgs) {
				a.PublicCIDRs = []string{"everybody", "0.0.0.0/0", "128.0.0.0/7", "203.0.113.1/24", "2001:db8::/32", "10.0.0.0/16", "8.0.0.0/8", "8.0.0.0/8"}
			},
			[]string{
				`"everybody" is none`, "0.0.0.0/0 is too wide", "128.0.0.0/7 is too wide", "first address: want 203.0.113.0/24", `"2001:db8::/32" is none`,
				"10.0.0.0/16 is private", "8.0.0.0/8 is there twice",
			},
		},
		"retention": {func(a *cluster.ClusterArgs) { a.LogDays = 91 }, []string{"LogDays 91 are not offered"}},
		"access": {
			func(a *cluster.ClusterArgs) {
				a.Access = append(a.Access,
					cluster.Access{Name: "ci", Policy: "AdministratorAccess", Namespaces: []string{"a b"}}, cluster.Access{Name: "A"})
			},
			[]string{
				"ci is there twice", "ci has no Principal", "ci has no Policy that is known", `namespace "a b"`,
				`"A" is no name`, "A has no Principal", "A has no Policy that is known",
			},
		},
		"no administrator": {
			func(a *cluster.ClusterArgs) { a.Access[0].Namespaces = []string{"fleetman"} },
			[]string{"no AmazonEKSClusterAdminPolicy for the whole cluster"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, true, args)
			run.Refused(t, err, "validate cluster fleetman-cluster", test.want...)
		})
	}
}

func TestTheLimitsAreStillTaken(t *testing.T) {
	for name, change := range map[string]func(*cluster.ClusterArgs){
		"oldest version":     func(a *cluster.ClusterArgs) { a.Version = "1.34" },
		"two subnets":        func(a *cluster.ClusterArgs) { a.Subnets = a.Subnets[:2] },
		"largest services":   func(a *cluster.ClusterArgs) { a.ServiceCIDR = "172.16.0.0/12" },
		"smallest services":  func(a *cluster.ClusterArgs) { a.ServiceCIDR = "192.168.255.0/24" },
		"widest public":      func(a *cluster.ClusterArgs) { a.PublicCIDRs = []string{"8.0.0.0/8"} },
		"longest retention":  func(a *cluster.ClusterArgs) { a.LogDays = 3653 },
		"shortest retention": func(a *cluster.ClusterArgs) { a.LogDays = 1 },
	} {
		args := good()
		change(&args)
		if err := args.Validate(); err != nil {
			t.Errorf("%s: refused: %v", name, err)
		}
	}
}
