package autoscaler_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/autoscaler"
	"fleetman/components/kube"
	"fleetman/components/recorder"
)

const deploymentType = "kubernetes:apps/v1:Deployment"

func good() autoscaler.AutoscalerArgs {
	return autoscaler.AutoscalerArgs{Account: recorder.Account, Region: recorder.Region, Cluster: "fleetman-prod", Version: "1.36"}
}

// record records an autoscaler with both of its providers.
func record(t *testing.T, preview bool, args autoscaler.AutoscalerArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		cloud, err := aws.NewProvider(ctx, "cloud", nil)
		if err != nil {
			return err
		}
		group, err := cloudwatch.NewLogGroup(ctx, "cluster", &cloudwatch.LogGroupArgs{Name: pulumi.String("fleetman-prod")}, pulumi.Provider(cloud))
		if err != nil {
			return err
		}
		if args.Identity, err = autoscaler.NewIdentity(ctx, "fleetman-autoscaler", &args, group.Name, pulumi.Provider(cloud)); err != nil {
			return err
		}
		cluster, err := kubernetes.NewProvider(ctx, "cluster", nil)
		if err != nil {
			return err
		}
		made, err := autoscaler.NewAutoscaler(ctx, "fleetman-autoscaler", &args, pulumi.Provider(cluster))
		if err == nil {
			ctx.Export("namespace", made.Namespace)
		}
		return err
	})
}

func TestAnAutoscalerIsTheseResources(t *testing.T) {
	want := []string{
		"aws:cloudwatch/logGroup:LogGroup cluster", // which stands for the cluster
		"aws:eks/podIdentityAssociation:PodIdentityAssociation fleetman-autoscaler-identity",
		"aws:iam/role:Role fleetman-autoscaler-role-role",
		"aws:iam/rolePolicy:RolePolicy fleetman-autoscaler-role-policy",
		"fleetman:components:Autoscaler fleetman-autoscaler",
		"fleetman:components:Role fleetman-autoscaler-role",
		"kubernetes:apps/v1:Deployment fleetman-autoscaler-deployment",
		"kubernetes:core/v1:Namespace fleetman-autoscaler-namespace",
		"kubernetes:core/v1:ServiceAccount fleetman-autoscaler-account",
		"kubernetes:policy/v1:PodDisruptionBudget fleetman-autoscaler-budget",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole fleetman-autoscaler-cluster-role",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding fleetman-autoscaler-cluster-binding",
		"kubernetes:rbac.authorization.k8s.io/v1:Role fleetman-autoscaler-namespace-role",
		"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding fleetman-autoscaler-namespace-binding",
		"pulumi:providers:aws cloud",
		"pulumi:providers:kubernetes cluster",
	}
	for _, preview := range []bool{true, false} {
		run, err := record(t, preview, good())
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if run.Registered != 3 { // the stack's, the autoscaler's and its role's
			t.Errorf("%d outputs registered, want 3", run.Registered)
		}
		if got := run.Outputs["namespace"]; got != "cluster-autoscaler" {
			t.Errorf("it is in %v", got)
		}
		for _, resource := range run.Resources {
			if !resource.Custom || strings.HasPrefix(resource.Type, "pulumi:") {
				continue
			}
			parent, provider := "::fleetman-autoscaler", "::cluster"
			if strings.HasPrefix(resource.Type, "aws:") {
				parent, provider = "::fleetman-prod", "::cloud" // the stack
			}
			if strings.HasPrefix(resource.Type, "aws:iam/") {
				parent = "::fleetman-autoscaler-role"
			}
			if !strings.HasSuffix(resource.Parent, parent) {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
			if !strings.HasSuffix(resource.Provider, provider) {
				t.Errorf("%s is of the provider %s, want %s", resource.Name, resource.Provider, provider)
			}
		}
	}
}

func TestItIsOneInANamespaceOfItsOwn(t *testing.T) {
	run, err := record(t, false, good())
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range run.Resources {
		if !strings.HasPrefix(resource.Type, "kubernetes:") {
			continue
		}
		if got := resource.At("metadata.name"); !slices.Equal(got, []any{"cluster-autoscaler"}) {
			t.Errorf("%s is called %v", resource.Name, got)
		}
		want := []any{"cluster-autoscaler"}
		if strings.Contains(resource.Type, "Cluster") || strings.HasSuffix(resource.Type, ":Namespace") {
			want = nil
		}
		if got := resource.At("metadata.namespace"); !slices.Equal(got, want) {
			t.Errorf("%s is in %v, want %v", resource.Name, got, want)
		}
	}
	space := run.MustFind(t, "kubernetes:core/v1:Namespace", "fleetman-autoscaler-namespace")
	labels, _ := space.At("metadata.labels")[0].(map[string]any)
	for _, mode := range []string{"enforce", "warn", "audit"} {
		if got := labels["pod-security.kubernetes.io/"+mode]; got != "restricted" {
			t.Errorf("%s is %v", mode, got)
		}
	}
	deployment := run.MustFind(t, deploymentType, "fleetman-autoscaler-deployment")
	budget := run.MustFind(t, "kubernetes:policy/v1:PodDisruptionBudget", "fleetman-autoscaler-budget")
	for path, want := range map[string][]any{
		"spec.replicas":                                                          {1.0},
		"spec.template.spec.serviceAccountName":                                  {"cluster-autoscaler"},
		"spec.template.spec.automountServiceAccountToken":                        {true},
		"spec.template.spec.priorityClassName":                                   {"system-cluster-critical"},
		"spec.template.spec.enableServiceLinks":                                  {false},
		"spec.template.spec.securityContext.runAsUser":                           {65532.0},
		"spec.template.spec.securityContext.runAsNonRoot":                        {true},
		"spec.template.spec.containers.*.securityContext.readOnlyRootFilesystem": {true},
		"spec.template.spec.containers.*.resources.limits.memory":                {"512Mi"},
		"spec.template.spec.containers.*.image":                                  {"registry.k8s.io/autoscaling/cluster-autoscaler:v1.36.0"},
		"spec.template.spec.containers.*.command.*":                              {"/cluster-autoscaler"},
		"spec.template.spec.containers.*.args.*": {
			"--cloud-provider=aws", "--namespace=cluster-autoscaler",
			"--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/fleetman-prod",
			"--balance-similar-node-groups", "--expander=least-waste", "--skip-nodes-with-system-pods=false",
			"--skip-nodes-with-local-storage=false", "--leader-elect=true",
		},
		"spec.template.spec.containers.*.env.*.name":                    {"AWS_REGION"},
		"spec.template.spec.containers.*.env.*.value":                   {"us-east-1"},
		"spec.template.spec.containers.*.ports.*.containerPort":         {8085.0},
		"spec.template.spec.containers.*.startupProbe.httpGet.path":     {"/health-check"},
		"spec.template.spec.containers.*.readinessProbe.tcpSocket.port": {"http"},
		"spec.template.spec.containers.*.livenessProbe.httpGet.path":    {"/health-check"},
	} {
		if got := deployment.At(path); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]any{"spec.maxUnavailable": 1.0, "spec.unhealthyPodEvictionPolicy": "AlwaysAllow"} {
		if got := budget.At(path); !slices.Equal(got, []any{want}) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	selector := fmt.Sprint(deployment.At("spec.selector.matchLabels"))
	if got := fmt.Sprint(budget.At("spec.selector.matchLabels")); got != selector {
		t.Errorf("the budget is for %s, want %s", got, selector)
	}
	account := run.MustFind(t, "kubernetes:core/v1:ServiceAccount", "fleetman-autoscaler-account")
	if got := account.Inputs["automountServiceAccountToken"]; got != false {
		t.Errorf("every pod of the account gets its token: %v", got)
	}
}

func TestThePodWaitsForWhatItMayDo(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	deployment := run.MustFind(t, deploymentType, "fleetman-autoscaler-deployment")
	for _, name := range []string{
		"fleetman-autoscaler-identity", "fleetman-autoscaler-cluster-binding", "fleetman-autoscaler-namespace-binding",
		"fleetman-autoscaler-account",
	} {
		if !slices.ContainsFunc(deployment.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+name) }) {
			t.Errorf("doesn't wait for %s but for %v", name, deployment.DependsOn)
		}
	}
	// There has to be a cluster for it, and nothing in it: the pod must not be made at the same moment.
	identity := run.MustFind(t, "aws:eks/podIdentityAssociation:PodIdentityAssociation", "fleetman-autoscaler-identity")
	if strings.Contains(strings.Join(append(identity.DependsOn, identity.Parent), " "), "kubernetes:") || strings.Contains(identity.Parent, "components:") {
		t.Errorf("the identity waits for what is in the cluster: %v, parent %s", identity.DependsOn, identity.Parent)
	}
	for _, name := range []string{"cluster", "fleetman-autoscaler-role-policy"} {
		if !slices.ContainsFunc(identity.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+name) }) {
			t.Errorf("the identity doesn't wait for %s but for %v", name, identity.DependsOn)
		}
	}
	for key, want := range map[string]any{
		"clusterName": "fleetman-prod", "namespace": "cluster-autoscaler", "serviceAccount": "cluster-autoscaler",
		"roleArn": "arn:aws:iam::123456789012:role/fleetman-autoscaler-role-role",
	} {
		if got := identity.Inputs[key]; got != want {
			t.Errorf("%s of the identity is %v, want %v", key, got, want)
		}
	}
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

func TestInAWSItSeesGroupsAndChangesOnlyThoseOfItsCluster(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		actions, resources []string
	}{
		"See": {[]string{
			"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeLaunchConfigurations",
			"autoscaling:DescribeScalingActivities", "autoscaling:DescribeTags", "ec2:DescribeImages", "ec2:DescribeInstanceTypes",
			"ec2:DescribeLaunchTemplateVersions", "ec2:GetInstanceTypesFromInstanceRequirements",
		}, []string{"*"}},
		"SeeNodeGroups": {[]string{"eks:DescribeNodegroup"}, []string{"arn:aws:eks:us-east-1:123456789012:nodegroup/fleetman-prod/*"}},
		"Scale": {
			[]string{"autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"},
			[]string{"arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/*"},
		},
	}
	policy := parse(t, run.MustFind(t, "aws:iam/rolePolicy:RolePolicy", "fleetman-autoscaler-role-policy").Inputs["policy"])
	if len(policy.Statement) != len(want) {
		t.Errorf("%d statements, want %d", len(policy.Statement), len(want))
	}
	for _, statement := range policy.Statement {
		if want := want[statement.Sid]; !slices.Equal(statement.Action, want.actions) || !slices.Equal(statement.Resource, want.resources) {
			t.Errorf("%s: may %v on %v, want %v on %v", statement.Sid, statement.Action, statement.Resource, want.actions, want.resources)
		}
		owned := slices.Equal(statement.Condition["StringEquals"]["aws:ResourceTag/k8s.io/cluster-autoscaler/fleetman-prod"], []string{"owned"})
		if owned != (statement.Sid == "Scale") {
			t.Errorf("%s: if %v", statement.Sid, statement.Condition)
		}
	}
	trust := parse(t, run.MustFind(t, "aws:iam/role:Role", "fleetman-autoscaler-role-role").Inputs["assumeRolePolicy"])
	for tag, want := range map[string]string{
		"eks-cluster-name": "fleetman-prod", "kubernetes-namespace": "cluster-autoscaler", "kubernetes-service-account": "cluster-autoscaler",
	} {
		if got := trust.Statement[0].Condition["StringEquals"]["aws:RequestTag/"+tag]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s has to be %v, want %s", tag, got, want)
		}
	}
}

// rules are those of a role, one line each.
func rules(t *testing.T, role recorder.Resource) []string {
	t.Helper()
	var lines []string
	for _, rule := range role.At("rules.*") {
		rule := rule.(map[string]any)
		line := fmt.Sprintf("%v %v %v", rule["verbs"], rule["apiGroups"], rule["resources"])
		if names, ok := rule["resourceNames"]; ok {
			line += fmt.Sprintf(" named %v", names)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestInTheClusterItReadsEvictsAndTaintsAndKeepsItsOwnLeaseAndStatus(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		typ, name string
		want      []string
	}{
		{"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "fleetman-autoscaler-cluster-role", []string{
			"[get list watch] [] [namespaces persistentvolumeclaims persistentvolumes pods replicationcontrollers services]",
			"[get list watch] [apps] [daemonsets replicasets statefulsets]",
			"[get list watch] [batch] [jobs]",
			"[get list watch] [policy] [poddisruptionbudgets]",
			"[get list watch] [storage.k8s.io] [csidrivers csinodes csistoragecapacities storageclasses volumeattachments]",
			"[get list watch] [resource.k8s.io] [deviceclasses resourceclaims resourceslices]",
			"[update get list watch] [] [nodes]",
			"[create] [] [pods/eviction]",
			"[create patch] [] [events]",
		}},
		{"kubernetes:rbac.authorization.k8s.io/v1:Role", "fleetman-autoscaler-namespace-role", []string{
			"[create] [coordination.k8s.io] [leases]",
			"[get update] [coordination.k8s.io] [leases] named [cluster-autoscaler]",
			"[create] [] [configmaps]",
			"[delete get update] [] [configmaps] named [cluster-autoscaler-status]",
		}},
	} {
		if got := rules(t, run.MustFind(t, test.typ, test.name)); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
	for _, test := range []struct{ typ, name, kind string }{
		{"kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "fleetman-autoscaler-cluster-binding", "ClusterRole"},
		{"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "fleetman-autoscaler-namespace-binding", "Role"},
	} {
		binding := run.MustFind(t, test.typ, test.name)
		for path, want := range map[string]string{
			"roleRef.kind": test.kind, "roleRef.name": "cluster-autoscaler", "roleRef.apiGroup": "rbac.authorization.k8s.io",
			"subjects.*.kind": "ServiceAccount", "subjects.*.namespace": "cluster-autoscaler", "subjects.*.name": "cluster-autoscaler",
		} {
			if got := binding.At(path); !slices.Equal(got, []any{want}) {
				t.Errorf("%s of %s is %v, want %s", path, test.name, got, want)
			}
		}
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		args autoscaler.AutoscalerArgs
		want []string
	}{
		"all missing": {autoscaler.AutoscalerArgs{}, []string{`Account ""`, `Region ""`, `Cluster "" is no name`, `Version "" is none`, "Identity is missing"}},
		"all wrong": {
			autoscaler.AutoscalerArgs{
				Account: "1", Region: "here", Cluster: "a,b", Version: "1.36.0",
				Resources: kube.Resources{CPU: "2", CPULimit: "1", Memory: "1Mi", Scratch: "1Mi"},
			},
			[]string{`Account "1"`, `Region "here"`, `Cluster "a,b"`, `Version "1.36.0"`, "Identity is missing", "the Resources: CPU 2 is above"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
				_, identityErr := autoscaler.NewIdentity(ctx, "fleetman-autoscaler", &test.args, pulumi.String("c"))
				_, err := autoscaler.NewAutoscaler(ctx, "fleetman-autoscaler", &test.args)
				if identityErr == nil || err == nil {
					return nil
				}
				return err
			})
			run.Refused(t, err, "validate autoscaler fleetman-autoscaler", test.want...)
		})
	}
}
