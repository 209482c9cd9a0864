package nodes_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/nodes"
	"fleetman/components/recorder"
)

const (
	groupType    = "aws:eks/nodeGroup:NodeGroup"
	templateType = "aws:ec2/launchTemplate:LaunchTemplate"
)

func good() nodes.NodesArgs {
	return nodes.NodesArgs{
		Cluster: pulumi.String("fleetman-prod"), Version: pulumi.String("1.36"), Arch: "amd64",
		Zones:   []string{"us-east-1a", "us-east-1b", "us-east-1c"},
		Subnets: []pulumi.StringInput{pulumi.String("subnet-a"), pulumi.String("subnet-b"), pulumi.String("subnet-c")},
		General: nodes.Group{InstanceTypes: []string{"m7i.large", "m7a.large"}, Min: 2, Max: 6},
		Data:    nodes.Group{InstanceTypes: []string{"r7i.large"}, Max: 2},
		DiskGB:  100,
		Tags:    map[string]string{"Project": "fleetman"},
	}
}

func record(t *testing.T, preview bool, args nodes.NodesArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		made, err := nodes.NewNodes(ctx, "fleetman-nodes", &args)
		if err != nil {
			return err
		}
		for _, group := range made.GeneralGroups {
			ctx.Export("general", group)
		}
		return nil
	})
}

func TestNodesAreTheseResources(t *testing.T) {
	want := []string{
		"aws:ec2/launchTemplate:LaunchTemplate fleetman-nodes-data-template",
		"aws:ec2/launchTemplate:LaunchTemplate fleetman-nodes-general-template",
		"aws:eks/nodeGroup:NodeGroup fleetman-nodes-data-a",
		"aws:eks/nodeGroup:NodeGroup fleetman-nodes-data-b",
		"aws:eks/nodeGroup:NodeGroup fleetman-nodes-data-c",
		"aws:eks/nodeGroup:NodeGroup fleetman-nodes-general",
		"aws:iam/role:Role fleetman-nodes-role-role",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment fleetman-nodes-role-AmazonEC2ContainerRegistryPullOnly",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment fleetman-nodes-role-AmazonEKSWorkerNodePolicy",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment fleetman-nodes-role-AmazonEKS_CNI_Policy",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment fleetman-nodes-role-AmazonSSMManagedInstanceCore",
		"fleetman:components:Nodes fleetman-nodes",
		"fleetman:components:Role fleetman-nodes-role",
	}
	for _, preview := range []bool{true, false} {
		run, err := record(t, preview, good())
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if run.Registered != 3 { // the stack's, the nodes' and their role's
			t.Errorf("%d outputs registered, want 3", run.Registered)
		}
		if got := run.Outputs["general"]; got != "fleetman-nodes-general-autoscaling-group" {
			t.Errorf("the general nodes are in %v", got)
		}
		for _, resource := range run.Resources {
			parent := "::fleetman-nodes"
			switch {
			case resource.Name == "fleetman-nodes":
				continue
			case strings.HasPrefix(resource.Name, "fleetman-nodes-role-"):
				parent = "::fleetman-nodes-role"
			}
			if !strings.HasSuffix(resource.Parent, parent) {
				t.Errorf("%s is under %s, want %s", resource.Name, resource.Parent, parent)
			}
			if resource.Protect {
				t.Errorf("%s is protected", resource.Name)
			}
		}
	}
}

func TestADataGroupIsOfOneZoneAndTaintedAndTheGeneralOneOfAllAndNot(t *testing.T) {
	run, err := record(t, false, good())
	if err != nil {
		t.Fatal(err)
	}
	type expected struct {
		tier           string
		subnets, types []any
		min, max       any
		taints         []any // key, value and effect of the one
	}
	data := func(subnet string) expected {
		return expected{"data", []any{subnet}, []any{"r7i.large"}, 0.0, 2.0, []any{"fleetman.io/tier", "data", "NO_SCHEDULE"}}
	}
	for name, want := range map[string]expected{
		"fleetman-nodes-general": {"general", []any{"subnet-a", "subnet-b", "subnet-c"}, []any{"m7i.large", "m7a.large"}, 2.0, 6.0, nil},
		"fleetman-nodes-data-a":  data("subnet-a"), "fleetman-nodes-data-b": data("subnet-b"), "fleetman-nodes-data-c": data("subnet-c"),
	} {
		group := run.MustFind(t, groupType, name)
		for path, want := range map[string][]any{
			"clusterName": {"fleetman-prod"}, "version": {"1.36"}, "amiType": {"AL2023_x86_64_STANDARD"}, "capacityType": {"ON_DEMAND"},
			"nodeRoleArn": {"arn:aws:iam::123456789012:role/fleetman-nodes-role-role"},
			"subnetIds.*": want.subnets, "instanceTypes.*": want.types,
			"launchTemplate.id": {"fleetman-nodes-" + want.tier + "-template-id"}, "launchTemplate.version": {"1"},
			"scalingConfig.minSize": {want.min}, "scalingConfig.maxSize": {want.max}, "scalingConfig.desiredSize": {want.min},
			"updateConfig.maxUnavailablePercentage": {33.0}, "nodeRepairConfig.enabled": {true},
			"labels.*":     {want.tier}, // there is one
			"taints.*.key": pick(want.taints, 0), "taints.*.value": pick(want.taints, 1), "taints.*.effect": pick(want.taints, 2),
		} {
			if got := group.At(path); !slices.Equal(got, want) {
				t.Errorf("%s of %s is %v, want %v", path, name, got, want)
			}
		}
		if got := group.Inputs["labels"].(map[string]any)[nodes.TierLabel]; got != want.tier {
			t.Errorf("%s is of the tier %v, want %s", name, got, want.tier)
		}
		tags, want := group.Inputs["tags"], map[string]any{"k8s.io/cluster-autoscaler/node-template/resources/ephemeral-storage": "80Gi"}
		if !maps.Equal(tags.(map[string]any), want) {
			t.Errorf("%s tells the autoscaler %v, want %v", name, tags, want)
		}
	}
}

// pick is the element of a list that may be empty.
func pick(list []any, index int) []any {
	if len(list) == 0 {
		return nil
	}
	return list[index : index+1]
}

func TestANodeIsClosedAndItsDiskEncrypted(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	for _, tier := range []string{nodes.GeneralTier, nodes.DataTier} {
		template := run.MustFind(t, templateType, "fleetman-nodes-"+tier+"-template")
		for path, want := range map[string][]any{
			"updateDefaultVersion":         {true},
			"metadataOptions.httpEndpoint": {"enabled"}, "metadataOptions.httpTokens": {"required"},
			"metadataOptions.httpPutResponseHopLimit": {1.0}, "metadataOptions.instanceMetadataTags": {"disabled"},
			"blockDeviceMappings.*.deviceName": {"/dev/xvda"}, "blockDeviceMappings.*.ebs.encrypted": {"true"},
			"blockDeviceMappings.*.ebs.volumeType": {"gp3"}, "blockDeviceMappings.*.ebs.volumeSize": {100.0},
			"blockDeviceMappings.*.ebs.deleteOnTermination": {"true"},
			"monitoring.enabled":                            {false},
			"tagSpecifications.*.resourceType":              {"instance", "volume", "network-interface"},
			"tagSpecifications.*.tags.Name":                 {"fleetman-nodes-" + tier, "fleetman-nodes-" + tier, "fleetman-nodes-" + tier},
			"tagSpecifications.*.tags.Project":              {"fleetman", "fleetman", "fleetman"},
			"keyName":                                       nil, "vpcSecurityGroupIds": nil, "imageId": nil, "iamInstanceProfile": nil,
		} {
			if got := template.At(path); !slices.Equal(got, want) {
				t.Errorf("%s of the tier %s is %v, want %v", path, tier, got, want)
			}
		}
	}
}

func TestNoNodeComesBeforeItsRoleOrWhatItIsToComeAfter(t *testing.T) {
	run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
		network, err := eks.NewAddon(ctx, "network", &eks.AddonArgs{ClusterName: pulumi.String("fleetman-prod"), AddonName: pulumi.String("vpc-cni")})
		if err != nil {
			return err
		}
		component := &struct{ pulumi.ResourceState }{}
		if err := ctx.RegisterComponentResource("fleetman:test:Component", "component", component); err != nil {
			return err
		}
		if _, err := eks.NewAddon(ctx, "inner", &eks.AddonArgs{
			ClusterName: pulumi.String("fleetman-prod"), AddonName: pulumi.String("kube-proxy"),
		}, pulumi.Parent(component)); err != nil {
			return err
		}
		args := good()
		args.After = []pulumi.Resource{network, component}
		_, err = nodes.NewNodes(ctx, "fleetman-nodes", &args)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fleetman-nodes-general", "fleetman-nodes-data-a", "fleetman-nodes-data-b", "fleetman-nodes-data-c"} {
		group := run.MustFind(t, groupType, name)
		for _, before := range []string{
			"network", "inner", "fleetman-nodes-role-AmazonEKSWorkerNodePolicy", "fleetman-nodes-role-AmazonEKS_CNI_Policy",
			"fleetman-nodes-role-AmazonEC2ContainerRegistryPullOnly", "fleetman-nodes-role-AmazonSSMManagedInstanceCore",
		} {
			if !group.After(before) {
				t.Errorf("%s doesn't come after %s but after %v", name, before, group.DependsOn)
			}
		}
	}
}

func TestHowManyNodesThereAreIsTheAutoscalersToSay(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	ignored := map[string][]string{}
	for _, resource := range run.Resources {
		if len(resource.IgnoreChanges) != 0 {
			ignored[resource.Name] = resource.IgnoreChanges
		}
	}
	groups := []string{"fleetman-nodes-data-a", "fleetman-nodes-data-b", "fleetman-nodes-data-c", "fleetman-nodes-general"}
	if got, want := slices.Sorted(maps.Keys(ignored)), groups; !slices.Equal(got, want) {
		t.Errorf("changes of %v are ignored, want %v", got, want)
	}
	for name, got := range ignored {
		if want := []string{"scalingConfig.desiredSize"}; !slices.Equal(got, want) {
			t.Errorf("%s ignores %v, want %v", name, got, want)
		}
	}
}

func TestTheImageIsOfTheArchitecture(t *testing.T) {
	for arch, want := range map[string]string{"amd64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"} {
		args := good()
		args.Arch, args.Tags = arch, nil
		if arch == "arm64" {
			args.General.InstanceTypes, args.Data.InstanceTypes = []string{"m7g.large"}, []string{"r8gd.xlarge"}
		}
		run, err := record(t, true, args)
		if err != nil {
			t.Fatal(err)
		}
		if got := run.MustFind(t, groupType, "fleetman-nodes-general").Inputs["amiType"]; got != want {
			t.Errorf("%s: %v, want %s", arch, got, want)
		}
	}
}

func TestAFamilyIsOfOneArchitecture(t *testing.T) {
	for arch, types := range map[string][]string{
		"arm64": {
			"m7g.large", "t4g.medium", "c7gn.xlarge", "r8g.large", "m6gd.large", "x2gd.large", "im4gn.large", "is4gen.large", "g5g.xlarge",
			"i4g.large", "hpc7g.4xlarge", "m8g.metal-24xl",
		},
		"amd64": {
			"m7i.large", "m7i-flex.large", "t3a.medium", "c5.xlarge", "g4dn.xlarge", "g6.xlarge", "gr6.4xlarge", "x2iedn.xlarge",
			"u-6tb1.56xlarge", "m5zn.large", "p4de.24xlarge", "inf2.xlarge",
		},
	} {
		for _, typ := range types {
			for _, asked := range []string{"amd64", "arm64"} {
				args := good()
				args.Arch = asked
				args.General.InstanceTypes, args.Data.InstanceTypes = []string{typ}, []string{typ}
				if err := args.Validate(); (err == nil) != (asked == arch) {
					t.Errorf("%s on %s: %v", typ, asked, err)
				}
			}
		}
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*nodes.NodesArgs)
		want  []string
	}{
		"all missing": {func(a *nodes.NodesArgs) { *a = nodes.NodesArgs{} }, []string{
			"Cluster is missing", "Version is missing", `Arch "" is none`, "Zones are missing", "General's InstanceTypes are missing", "General's Max is 0",
			"Data's InstanceTypes are missing", "Data's Max is 0", "General's Min is 0",
		}},
		"architecture": {func(a *nodes.NodesArgs) { a.Arch = "x86_64" }, []string{`Arch "x86_64" is none`}},
		"zones": {
			func(a *nodes.NodesArgs) { a.Zones = []string{"us-east-1", "us-east-1a", "us-east-1a", "us-west-2b"} },
			[]string{`"us-east-1" is none`, "us-east-1a is there twice", "of 2 regions: us-east-1, us-west-2", "Subnets are 3: want one for each of the 4"},
		},
		"subnet": {func(a *nodes.NodesArgs) { a.Subnets[1] = nil }, []string{"one of the Subnets is missing"}},
		"types": {
			func(a *nodes.NodesArgs) {
				a.General.InstanceTypes, a.Data.InstanceTypes = []string{"large", "m7i.large", "m7i.large", "a1.large"}, []string{"r7g.large"}
			},
			[]string{
				`General's InstanceTypes' "large" is none`, "m7i.large is there twice", "a1.large is too old",
				"Data's InstanceTypes' r7g.large is of arm64, and the Arch is amd64",
			},
		},
		"numbers": {
			func(a *nodes.NodesArgs) {
				a.General.Min, a.General.Max, a.Data.Min, a.Data.Max = 3, 2, -1, 1
			},
			[]string{"General's Min 3 is above its Max 2", "Data's Min is -1"},
		},
		"nowhere to run": {func(a *nodes.NodesArgs) { a.General.Min = 0 }, []string{"General's Min is 0: the cluster's own services"}},
		"small disk":     {func(a *nodes.NodesArgs) { a.DiskGB = 19 }, []string{"DiskGB are 19"}},
		"large disk":     {func(a *nodes.NodesArgs) { a.DiskGB = 16385 }, []string{"DiskGB are 16385"}},
		"tags": {
			func(a *nodes.NodesArgs) { a.Tags = map[string]string{"aws:x": "", "Name": "n"} },
			[]string{"aws:x is AWS's own", "Name is set by the component"},
		},
		"after": {func(a *nodes.NodesArgs) { a.After = []pulumi.Resource{nil} }, []string{"After, is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, true, args)
			run.Refused(t, err, "validate nodes fleetman-nodes", test.want...)
		})
	}
}
