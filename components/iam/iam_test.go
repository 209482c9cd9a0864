package iam_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/iam"
	"fleetman/components/recorder"
)

func TestADocumentIsWrittenAsAWSReadsIt(t *testing.T) {
	const (
		read  = `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]}]}`
		trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:root"],"Service":["ec2.amazonaws.com"]},` +
			`"Action":["sts:AssumeRole"],"Condition":{"StringEquals":{"aws:SourceAccount":["123456789012"],"aws:x":["1","2"]}}}]}`
		deny = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":["s3:*"],"Resource":["b"]},{"Effect":"Allow","Action":["a:B"],"Resource":["c"]}]}`
	)
	for name, test := range map[string]struct {
		document iam.Document
		want     string
	}{
		"of an identity": {iam.Document{{
			Sid: "Read", Actions: []string{"s3:GetObject"},
			Resources: []pulumi.StringInput{pulumi.String("arn:aws:s3:::a/*"), pulumi.Sprintf("arn:aws:s3:::%s/*", "b")},
		}}, read},
		"of a trust": {iam.Document{{
			Services: []string{"ec2.amazonaws.com"}, Principals: []pulumi.StringInput{pulumi.String("arn:aws:iam::123456789012:root")},
			Actions: []string{"sts:AssumeRole"},
			Conditions: []iam.Condition{
				{Test: "StringEquals", Key: "aws:x", Values: []string{"1", "2"}},
				{Test: "StringEquals", Key: "aws:SourceAccount", Values: []string{"123456789012"}},
			},
		}}, trust},
		"of two statements": {iam.Document{
			{Effect: "Deny", Anyone: true, Actions: []string{"s3:*"}, Resources: []pulumi.StringInput{pulumi.String("b")}},
			{Actions: []string{"a:B"}, Resources: []pulumi.StringInput{pulumi.String("c")}},
		}, deny},
		"of none": {iam.Document{}, `{"Version":"2012-10-17","Statement":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
				ctx.Export("document", test.document.JSON())
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := run.Outputs["document"]; got != test.want {
				t.Errorf("got\n%v\nwant\n%s", got, test.want)
			}
		})
	}
}

func record(t *testing.T, args iam.RoleArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", false, func(ctx *pulumi.Context) error {
		role, err := iam.NewRole(ctx, "driver", &args)
		if err == nil {
			ctx.Export("arn", role.ARN)
			ctx.Export("name", role.Name)
		}
		return err
	})
}

func good() iam.RoleArgs {
	return iam.RoleArgs{
		Description: "The volumes' driver.", Service: iam.PodIdentity,
		ManagedPolicies: []string{"service-role/AWSDataLifecycleManagerServiceRole"},
		Policy:          iam.Document{{Actions: []string{"kms:Decrypt"}, Resources: []pulumi.StringInput{pulumi.String("arn:aws:kms:us-east-1:123456789012:key/1")}}},
	}
}

func TestARoleIsItselfItsAttachmentsAndItsPolicy(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"aws:iam/role:Role driver-role",
		"aws:iam/rolePolicy:RolePolicy driver-policy",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment driver-AWSDataLifecycleManagerServiceRole",
		"fleetman:components:Role driver",
	}
	if got := run.Names(); !slices.Equal(got, want) {
		t.Errorf("registered %v, want %v", got, want)
	}
	role, _ := run.Find("aws:iam/role:Role", "driver-role")
	if got := role.Inputs["assumeRolePolicy"]; got != `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["pods.eks.amazonaws.com"]},"Action":["sts:AssumeRole","sts:TagSession"]}]}` {
		t.Errorf("trusts %v", got)
	}
	attachment, _ := run.Find("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "driver-AWSDataLifecycleManagerServiceRole")
	if got := attachment.Inputs["policyArn"]; got != "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole" {
		t.Errorf("has %v", got)
	}
	if arn, name := run.Outputs["arn"], run.Outputs["name"]; arn == name || !strings.HasPrefix(arn.(string), "arn:aws:") {
		t.Errorf("is handed on as %v and %v", arn, name)
	}
}

func TestWhoeverIsGivenARoleWaitsForItsPolicies(t *testing.T) {
	run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
		args := good()
		role, err := iam.NewRole(ctx, "driver", &args)
		if err != nil {
			return err
		}
		_, err = iam.NewRole(ctx, "user", &iam.RoleArgs{
			Description: "Uses the other.", Service: "ec2.amazonaws.com",
			Policy: iam.Document{{Actions: []string{"iam:PassRole"}, Resources: []pulumi.StringInput{role.ARN}}},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	user, _ := run.Find("aws:iam/rolePolicy:RolePolicy", "user-policy")
	for _, name := range []string{"driver-role", "driver-policy", "driver-AWSDataLifecycleManagerServiceRole"} {
		if !slices.ContainsFunc(user.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+name) }) {
			t.Errorf("doesn't wait for %s: %v", name, user.DependsOn)
		}
	}
}

// attaching stands for an engine that previews a stack in which every role is there and every policy is new.
type attaching struct {
	policies map[string]resource.PropertyValue
}

func (*attaching) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func (a *attaching) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "aws:iam/role:Role" {
		return args.Name, resource.PropertyMap{"arn": resource.NewProperty("arn:aws:iam::123456789012:role/" + args.Name)}, nil
	}
	if policy, ok := args.Inputs["policy"]; ok {
		a.policies[args.Name] = policy
	}
	return "", args.Inputs, nil
}

func TestARoleStaysKnownInAPreviewThatAddsAPolicy(t *testing.T) {
	engine := &attaching{policies: map[string]resource.PropertyValue{}}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		args := good()
		role, err := iam.NewRole(ctx, "driver", &args)
		if err != nil {
			return err
		}
		_, err = iam.NewRole(ctx, "user", &iam.RoleArgs{
			Description: "Uses the other.", Service: "ec2.amazonaws.com",
			Policy: iam.Document{{Actions: []string{"iam:PassRole"}, Resources: []pulumi.StringInput{role.ARN}}},
		})
		return err
	}, pulumi.WithMocks("fleetman", "prod", engine), func(info *pulumi.RunInfo) { info.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	if got := engine.policies["user-policy"]; !got.IsString() || !strings.Contains(got.StringValue(), ":role/driver-role") {
		t.Errorf("is handed on as %v", got)
	}
}

func TestARoleMayTrustNamedPrincipals(t *testing.T) {
	args := good()
	args.Service, args.Principals = "", []string{"arn:aws:iam::123456789012:role/x"}
	run, err := record(t, args)
	if err != nil {
		t.Fatal(err)
	}
	role, _ := run.Find("aws:iam/role:Role", "driver-role")
	if got := role.Inputs["assumeRolePolicy"]; got != `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/x"]},"Action":["sts:AssumeRole"]}]}` {
		t.Errorf("trusts %v", got)
	}
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		args iam.RoleArgs
		want []string
	}{
		"empty": {iam.RoleArgs{}, []string{"Description is missing", "Service is missing"}},
		"all wrong": {iam.RoleArgs{
			Service: "ec2", Principals: []string{"*"}, ManagedPolicies: []string{"AdministratorAccess", "AmazonS3FullAccess", "a b"}, Policy: iam.Document{{}},
		}, []string{
			"Description is missing", `the Service "ec2"`, `the Principals' "*"`, "AdministratorAccess gives more", "AmazonS3FullAccess gives more",
			`ManagedPolicies' "a b"`, "statement 0 has no Actions", "statement 0 has no Resources",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := record(t, test.args)
			run.Refused(t, err, "validate role driver", test.want...)
		})
	}
}
