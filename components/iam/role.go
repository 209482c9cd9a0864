package iam

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	awsiam "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RoleType is the type of a role among Pulumi's resources.
const RoleType = "fleetman:components:Role"

// PodIdentity is the service that assumes a role for a pod: a role for one service account, without a long-lived key anywhere.
const PodIdentity = "pods.eks.amazonaws.com"

// taggers are the services that pass tags with the session, which is an action of its own.
var taggers = []string{"eks.amazonaws.com", PodIdentity}

// RoleArgs are a role's.
type RoleArgs struct {
	// Description says what the role is for. Required.
	Description string
	// Service is the AWS service that assumes it, such as ec2.amazonaws.com or [PodIdentity]. Required, or Principals.
	Service string
	// Principals are the ARNs of others that may assume it. Default: none.
	Principals []string
	// Conditions are those under which the service may assume it. Default: none.
	Conditions []Condition
	// ManagedPolicies are AWS's own policies that it has, by what stands behind arn:aws:iam::aws:policy/. Default: none.
	ManagedPolicies []string
	// Policy is what else it may do. Default: nothing.
	Policy Document
}

// Role is a role with its policies.
type Role struct {
	pulumi.ResourceState

	// ARN is its ARN. Whoever is given it waits for every policy.
	ARN pulumi.StringOutput
	// Name is its name. Whoever is given it waits for every policy.
	Name pulumi.StringOutput
}

var (
	service = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com$`)
	managed = regexp.MustCompile(`^[A-Za-z0-9/_-]+$`)
	arn     = regexp.MustCompile(`^arn:aws:(iam|sts)::[0-9]{12}:.+$`)
)

// Validate reports every problem of the arguments.
func (a *RoleArgs) Validate() error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(a.Description == "", "the Description is missing: what the role is for")
	refuse(a.Service == "" && len(a.Principals) == 0, "the Service is missing, and there are no Principals: nobody could assume the role")
	refuse(a.Service != "" && !service.MatchString(a.Service), "the Service %q is none: want one such as ec2.amazonaws.com", a.Service)
	for _, principal := range a.Principals {
		refuse(!arn.MatchString(principal), "the Principals' %q is no ARN of a user, a role or an account", principal)
	}
	for _, policy := range a.ManagedPolicies {
		name := path.Base(policy)
		refuse(!managed.MatchString(policy), "the ManagedPolicies' %q is none: want what stands behind arn:aws:iam::aws:policy/", policy)
		refuse(name == "AdministratorAccess" || name == "PowerUserAccess" || strings.HasSuffix(name, "FullAccess"),
			"the ManagedPolicies' %s gives more than any role of a service needs", policy)
	}
	for i, statement := range a.Policy {
		refuse(len(statement.Actions) == 0, "the Policy's statement %d has no Actions", i)
		refuse(len(statement.Resources) == 0, "the Policy's statement %d has no Resources", i)
	}
	return errors.Join(errs...)
}

// trust is who may assume the role.
func (a *RoleArgs) trust() Document {
	var document Document
	if a.Service != "" {
		statement := Statement{Services: []string{a.Service}, Actions: []string{"sts:AssumeRole"}, Conditions: a.Conditions}
		if slices.Contains(taggers, a.Service) {
			statement.Actions = append(statement.Actions, "sts:TagSession")
		}
		document = append(document, statement)
	}
	if len(a.Principals) != 0 {
		statement := Statement{Actions: []string{"sts:AssumeRole"}}
		for _, principal := range a.Principals {
			statement.Principals = append(statement.Principals, pulumi.String(principal))
		}
		document = append(document, statement)
	}
	return document
}

// NewRole registers a role and its policies.
func NewRole(ctx *pulumi.Context, name string, args *RoleArgs, opts ...pulumi.ResourceOption) (*Role, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate role %s: %w", name, err)
	}
	role := &Role{}
	if err := ctx.RegisterComponentResource(RoleType, name, role, opts...); err != nil {
		return nil, fmt.Errorf("register role %s: %w", name, err)
	}
	childOpts := []pulumi.ResourceOption{pulumi.Parent(role)}
	made, err := awsiam.NewRole(ctx, name+"-role", &awsiam.RoleArgs{
		Description:      pulumi.String(args.Description),
		AssumeRolePolicy: args.trust().JSON(),
	}, childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register role of %s: %w", name, err)
	}
	var attached []pulumi.Resource
	for _, policy := range args.ManagedPolicies {
		attachment, err := awsiam.NewRolePolicyAttachment(ctx, name+"-"+path.Base(policy), &awsiam.RolePolicyAttachmentArgs{
			Role: made.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/" + policy),
		}, childOpts...)
		if err != nil {
			return nil, fmt.Errorf("attach %s to %s: %w", policy, name, err)
		}
		attached = append(attached, attachment)
	}
	if len(args.Policy) != 0 {
		inline, err := awsiam.NewRolePolicy(ctx, name+"-policy", &awsiam.RolePolicyArgs{Role: made.Name, Policy: args.Policy.JSON()}, childOpts...)
		if err != nil {
			return nil, fmt.Errorf("register policy of %s: %w", name, err)
		}
		attached = append(attached, inline)
	}
	// Whoever is given the role waits for what it may do. Only the order follows from that, not the value: in a preview that adds a
	// policy it stays known, where an unknown role would be another one, and replace what it is the role of.
	after := func(output pulumi.StringOutput) pulumi.StringOutput {
		return pulumi.OutputWithDependencies(ctx.Context(), output, attached...).(pulumi.StringOutput) // the type is kept
	}
	role.ARN, role.Name = after(made.Arn), after(made.Name)
	if err := ctx.RegisterResourceOutputs(role, pulumi.Map{"arn": role.ARN, "name": role.Name}); err != nil {
		return nil, fmt.Errorf("register outputs of role %s: %w", name, err)
	}
	return role, nil
}
