package main

import (
	"context"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type values = map[string]any

// repository is the folder of the module whose SDK the tests read: the project's own.
const repository = "../../.."

// unknown is a value that a preview doesn't know.
var unknown = resource.MakeComputed(resource.NewProperty(""))

func props(o values) resource.PropertyMap { return resource.NewPropertyMapFromMap(o) }

func urn(typ string) resource.URN {
	return resource.NewURN("prod", "fleetman", "", tokens.Type(typ), "it")
}

func reasons(t *testing.T, failures []plugin.CheckFailure) []string {
	t.Helper()
	var all []string
	for _, f := range failures {
		if f.Property != "" {
			t.Errorf("failure %v has a property, whose value the engine would print", f)
		}
		all = append(all, f.Reason)
	}
	return all
}

func TestEverythingWrongWithAResourceIsNamed(t *testing.T) {
	p := newProvider(t.Context(), repository)
	for title, tc := range map[string]struct {
		typ  string
		news values
		want []string
	}{
		"a network":                       {"aws:ec2/vpc:Vpc", values{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": true, "ipv4NetmaskLength": 20, "tags": values{"Name": "x"}}, nil},
		"a network that asks for nothing": {"aws:ec2/vpc:Vpc", values{}, nil},
		"a network with all kinds of mistakes": {
			"aws:ec2/vpc:Vpc",
			values{
				"cidrBlok": "10.0.0.0/16", "enableDnsSupport": "true", "ipv4NetmaskLength": 1.5, "ipv6CidrBlock": true,
				"tags": values{"a b": 1}, "wholly": "made up", "instanceTenancy": []any{"default"},
			},
			[]string{
				"cidrBlok is not an input; did you mean cidrBlock?",
				"enableDnsSupport must be a boolean, not a string",
				"instanceTenancy must be a string, not a list",
				"ipv4NetmaskLength must be a whole number, not a fraction",
				"ipv6CidrBlock must be a string, not a boolean",
				`tags["a b"] must be a string, not a number`,
				"wholly is not an input",
			},
		},
		"a cluster": {
			"aws:eks/cluster:Cluster",
			values{
				"roleArn": "arn:aws:iam::1:role/x", "vpcConfig": values{"subnetIds": []any{"a", "b"}, "endpointPublicAccess": false},
				"accessConfig":     values{"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": false},
				"encryptionConfig": values{"provider": values{"keyArn": "arn:aws:kms:x"}, "resources": []any{"secrets"}},
			},
			nil,
		},
		"a cluster of which little is known": {"aws:eks/cluster:Cluster", values{"roleArn": unknown, "vpcConfig": values{"subnetIds": []any{unknown}}, "accessConfig": unknown}, nil},
		"a cluster of secrets and outputs": {
			"aws:eks/cluster:Cluster",
			values{
				"roleArn":   resource.MakeSecret(resource.NewProperty("x")),
				"version":   resource.MakeOutput(resource.NewProperty("1.36")),
				"vpcConfig": resource.NewProperty(resource.Output{Element: resource.NewProperty(resource.PropertyMap{}), Known: true, Secret: true}),
			},
			nil,
		},
		"a cluster with mistakes inside": {
			"aws:eks/cluster:Cluster",
			values{
				"vpcConfig":        values{"subnetIdz": "a", "subnetIds": []any{"a", 2, nil}},
				"accessConfig":     values{"authenticationmode": "API"},
				"upgradePolicy":    "STANDARD",
				"encryptionConfig": values{"provider": values{"keyarn": "x"}},
				"version":          resource.MakeSecret(resource.NewProperty(4711.0)),
			},
			[]string{
				"accessConfig.authenticationmode is not an input; did you mean authenticationMode?",
				"encryptionConfig.provider.keyArn is missing",
				"encryptionConfig.provider.keyarn is not an input; did you mean keyArn?",
				"roleArn is missing",
				"upgradePolicy must be an object, not a string",
				"version must be a string, not a number",
				"vpcConfig.subnetIds[1] must be a string, not a number",
				"vpcConfig.subnetIds[2] must be a string, not null",
				"vpcConfig.subnetIdz is not an input; did you mean subnetIds?",
			},
		},
		"null counts as missing": {"aws:eks/cluster:Cluster", values{"roleArn": nil, "vpcConfig": values{}}, []string{"roleArn is missing"}},
		"a target group": {
			"aws:lb/targetGroup:TargetGroup",
			values{
				"port": 30443, "protocol": "TCP", "vpcId": unknown, "targetType": "instance", "proxyProtocolV2": true, "preserveClientIp": "false",
				"healthCheck": values{"protocol": "TCP", "port": "traffic-port", "interval": 10},
			},
			nil,
		},
		"a target group with mistakes": {
			"aws:lb/targetGroup:TargetGroup",
			values{
				"port": "30443", "preserveClientIp": false, "healthcheck": values{}, "stickiness": values{"enabled": true},
				"targetFailovers": []any{values{"onDeregistration": "rebalance", "onUnhealty": "rebalance"}},
			},
			[]string{
				"healthcheck is not an input; did you mean healthCheck?",
				"port must be a whole number, not a string",
				"preserveClientIp must be a string, not a boolean",
				"stickiness.type is missing",
				"targetFailovers[0].onUnhealthy is missing",
				"targetFailovers[0].onUnhealty is not an input; did you mean onUnhealthy?",
			},
		},
		"a role":                           {"aws:iam/role:Role", values{"assumeRolePolicy": "{}", "inlinePolicies": []any{values{"name": "a"}}}, nil},
		"a role whose policy is no text":   {"aws:iam/role:Role", values{"assumeRolePolicy": values{"Version": "2012-10-17"}}, nil},
		"a role that nobody may assume":    {"aws:iam/role:Role", values{"name": "x"}, []string{"assumeRolePolicy is missing"}},
		"a required list":                  {"aws:eks/nodeGroup:NodeGroup", values{"clusterName": "x", "nodeRoleArn": "x", "scalingConfig": values{"desiredSize": 1, "maxSize": 1, "minSize": 1}}, []string{"subnetIds is missing"}},
		"a function's archive":             {"aws:lambda/layerVersion:LayerVersion", values{"layerName": "x", "code": "text"}, []string{"code must be an asset or archive, not a string"}},
		"what Pulumi's own keeps for it":   {"aws:ec2/vpc:Vpc", values{"__defaults": []any{}}, nil},
		"a type whose file is in capital":  {"aws:guardduty/iPSet:IPSet", values{"activate": true, "detectorId": "x", "format": "TXT", "location": "x"}, nil},
		"no such resource":                 {"aws:ec2/vcp:Vcp", values{}, []string{"there is no resource type aws:ec2/vcp:Vcp; did you mean aws:ec2/vpc:Vpc?"}},
		"no such service":                  {"aws:ekz/cluster:Cluster", values{}, []string{"there is no resource type aws:ekz/cluster:Cluster; did you mean aws:eks/cluster:Cluster?"}},
		"a type in another case":           {"aws:eks/nodegroup:NodeGroup", values{}, []string{"there is no resource type aws:eks/nodegroup:NodeGroup; did you mean aws:eks/nodeGroup:NodeGroup?"}},
		"a token of a file that isn't one": {"aws:ec2/pulumiTypes:PulumiTypes", values{}, []string{"there is no resource type aws:ec2/pulumiTypes:PulumiTypes"}},
	} {
		t.Run(title, func(t *testing.T) {
			resp, err := p.Check(t.Context(), plugin.CheckRequest{URN: urn(tc.typ), News: props(tc.news)})
			if err != nil {
				t.Fatal(err)
			}
			got := reasons(t, resp.Failures)
			slices.Sort(got)
			if !slices.Equal(got, tc.want) {
				t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
			if len(tc.want) == 0 && !resp.Properties.DeepEquals(props(tc.news)) {
				t.Errorf("inputs became %v", resp.Properties)
			}
		})
	}
}

func TestTheProvidersOwnInputsAreCheckedAlike(t *testing.T) {
	p := newProvider(t.Context(), repository)
	for title, tc := range map[string]struct {
		news values
		want []string
	}{
		"as the program sets them": {
			values{
				"region": "eu-central-1", "accessKey": resource.MakeSecret(resource.NewProperty("x")), "skipMetadataApiCheck": true,
				"allowedAccountIds": []any{"123456789012"}, "defaultTags": values{"tags": values{"Project": "fleetman"}},
				"version": version, "__internal": values{},
			}, nil,
		},
		"with mistakes": {
			values{"regio": "x", "allowedAccountIds": "123456789012", "defaultTags": values{"Project": "fleetman"}},
			[]string{
				"allowedAccountIds must be a list, not a string",
				"defaultTags.Project is not an input",
				"regio is not an input; did you mean region?",
			},
		},
	} {
		t.Run(title, func(t *testing.T) {
			resp, err := p.CheckConfig(t.Context(), plugin.CheckConfigRequest{News: props(tc.news)})
			if err != nil {
				t.Fatal(err)
			}
			if got := reasons(t, resp.Failures); !slices.Equal(got, tc.want) {
				t.Errorf("problems = %q, want %q", got, tc.want)
			}
			if !resp.Properties.DeepEquals(props(tc.news)) {
				t.Errorf("inputs became %v", resp.Properties)
			}
		})
	}
}

// So that no part of the generated source is of a kind that nobody has thought of.
func TestTheWholeSDKIsUnderstood(t *testing.T) {
	s, err := openSDK(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	tokens := s.tokens()
	if len(tokens) < 1000 {
		t.Fatalf("the SDK has %d resources", len(tokens))
	}
	seen := map[*object]bool{}
	for _, token := range tokens {
		if o, err := s.resource(token); err != nil || o == nil {
			t.Errorf("%s: %v, %v", token, o, err)
		} else {
			understand(t, s, token, o, seen)
		}
	}
}

// understand gives every input, at every depth, a value that only an input of any type takes.
func understand(t *testing.T, s *sdk, at string, o *object, seen map[*object]bool) {
	t.Helper()
	if seen[o] {
		return
	}
	seen[o] = true
	for _, f := range o.fields {
		if f.name == "" {
			t.Errorf("%s has a field without a name", at)
		}
		c := checker{sdk: s}
		c.value(f.name, resource.NewProperty(resource.ResourceReference{}), f.typ, o.pkg)
		_, anything := f.typ.(*ast.InterfaceType)
		if len(c.errs) != 0 || len(c.problems) != 1 && !anything {
			t.Errorf("%s.%s: problems = %q, errors = %v", at, f.name, c.problems, c.errs)
		}
		ast.Inspect(f.typ, func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok && ast.IsExported(name.Name) {
				if nested, err := s.named(o.pkg, name.Name); err == nil {
					understand(t, s, at+"."+f.name, nested, seen)
				}
			}
			_, foreign := n.(*ast.SelectorExpr)
			return !foreign
		})
	}
}

func TestAPreviewAnswersWithTheInputs(t *testing.T) {
	p := newProvider(t.Context(), t.TempDir()) // needs no SDK
	in := props(values{"cidrBlock": "10.0.0.0/16", "tags": unknown})
	created, err := p.Create(t.Context(), plugin.CreateRequest{URN: urn("aws:ec2/vpc:Vpc"), Properties: in, Preview: true})
	if err != nil || created.ID != "" || !created.Properties.DeepEquals(in) {
		t.Errorf("create: %+v, %v", created, err)
	}
	updated, err := p.Update(t.Context(), plugin.UpdateRequest{URN: urn("aws:ec2/vpc:Vpc"), NewInputs: in, Preview: true})
	if err != nil || !updated.Properties.DeepEquals(in) {
		t.Errorf("update: %+v, %v", updated, err)
	}
}

func TestEverythingButPreviewsIsRefused(t *testing.T) {
	p, u := newProvider(t.Context(), t.TempDir()), urn("aws:ec2/vpc:Vpc")
	for what, do := range map[string]func(context.Context) error{
		"create it": func(ctx context.Context) error { _, err := p.Create(ctx, plugin.CreateRequest{URN: u}); return err },
		"update it": func(ctx context.Context) error { _, err := p.Update(ctx, plugin.UpdateRequest{URN: u}); return err },
		"delete it": func(ctx context.Context) error { _, err := p.Delete(ctx, plugin.DeleteRequest{URN: u}); return err },
		"read it":   func(ctx context.Context) error { _, err := p.Read(ctx, plugin.ReadRequest{URN: u}); return err },
		"call aws:index/x:x": func(ctx context.Context) error {
			_, err := p.Invoke(ctx, plugin.InvokeRequest{Tok: "aws:index/x:x"})
			return err
		},
		"call aws:y/y:y": func(ctx context.Context) error {
			_, err := p.Call(ctx, plugin.CallRequest{Tok: "aws:y/y:y"})
			return err
		},
	} {
		err := do(t.Context())
		if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), what+": nothing was done") ||
			!strings.Contains(err.Error(), "pulumi plugin install resource aws v"+version) {
			t.Errorf("%s: err = %v", what, err)
		}
	}
}

func TestADiffHasTheChangedKeysAlone(t *testing.T) {
	p := newProvider(t.Context(), t.TempDir())
	olds := values{"a": "x", "b": values{"c": 1, "d": 2}, "secret": resource.MakeSecret(resource.NewProperty("s")), "gone": true, "__defaults": []any{}}
	for title, tc := range map[string]struct {
		news values
		want []string
	}{
		"nothing":    {values{"a": "x", "b": values{"c": 1, "d": 2}, "secret": "s", "gone": true}, nil},
		"everything": {values{"a": "y", "b": values{"c": 1, "d": unknown}, "secret": "t", "new": 1}, []string{"a", "b.d", "gone", "new", "secret"}},
	} {
		t.Run(title, func(t *testing.T) {
			resp, err := p.Diff(t.Context(), plugin.DiffRequest{OldInputs: props(olds), NewInputs: props(tc.news)})
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(maps.Keys(resp.DetailedDiff)); !slices.Equal(got, tc.want) || (resp.Changes == plugin.DiffSome) != (tc.want != nil) {
				t.Errorf("changes = %v, %v, want %v", resp.Changes, got, tc.want)
			}
			if len(resp.ReplaceKeys) != 0 {
				t.Errorf("replaces for %v", resp.ReplaceKeys)
			}
		})
	}
}

func TestAProgramWithoutTheSDKIsToldWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module program\n\ngo 1.26\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := newProvider(t.Context(), dir).Check(t.Context(), plugin.CheckRequest{URN: urn("aws:ec2/vpc:Vpc")})
	if err == nil || !strings.Contains(err.Error(), module) {
		t.Errorf("err = %v", err)
	}
}

// The version is part of the folder in which the engine looks, and scripts/tools takes it from go.mod.
func TestTheVersionIsTheSDKs(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(module+" v"+version) + `( |$)`).Match(mod) {
		t.Errorf("go.mod does not require %s v%s", module, version)
	}
}
