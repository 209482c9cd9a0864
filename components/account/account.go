package account

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Place is an account and a region.
type Place struct {
	// Account is the account's number, twelve digits. Required.
	Account string
	// Region is the region, such as us-east-1. Required.
	Region string
}

var (
	number = regexp.MustCompile(`^[0-9]{12}$`)
	region = regexp.MustCompile(`^[a-z]{2}-[a-z]+-[1-9]$`)
)

// Validate reports every problem of the place.
func (p Place) Validate() error {
	return errors.Join(CheckAccount(p.Account), CheckRegion(p.Region))
}

// CheckAccount refuses what is no account's number.
func CheckAccount(account string) error {
	if !number.MatchString(account) {
		return fmt.Errorf("the Account %q is none: want twelve digits", account)
	}
	return nil
}

// CheckRegion refuses what has not the form of a region of the partition aws: in China's, which look like it, and in those of
// the US government everything is named otherwise.
func CheckRegion(name string) error {
	if !region.MatchString(name) || strings.HasPrefix(name, "cn-") {
		return fmt.Errorf("the Region %q is none: want one such as us-east-1", name)
	}
	return nil
}

// ARN is the ARN of a resource of a service in the place.
func (p Place) ARN(service, resource string) pulumi.StringInput {
	return pulumi.String("arn:aws:" + service + ":" + p.Region + ":" + p.Account + ":" + resource)
}

// CloudArgs are a cloud's.
type CloudArgs struct {
	Place

	// Offline makes a provider that asks AWS nothing and can do nothing but preview. Default: false.
	Offline bool
}

// Cloud is AWS as one stack uses it.
type Cloud struct {
	// Provider is the provider to give to the stack's components.
	Provider *aws.Provider
}

// NewCloud registers the provider of the place.
func NewCloud(ctx *pulumi.Context, name string, args *CloudArgs, opts ...pulumi.ResourceOption) (*Cloud, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate cloud %s: %w", name, err)
	}
	provider := &aws.ProviderArgs{
		Region: pulumi.String(args.Region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{
			"Project": pulumi.String(ctx.Project()), "Stack": pulumi.String(ctx.Stack()), "ManagedBy": pulumi.String("pulumi"),
		}},
	}
	if args.Offline {
		provider.AccessKey, provider.SecretKey = pulumi.String("offline"), pulumi.String("offline")
		provider.SkipCredentialsValidation, provider.SkipRequestingAccountId = pulumi.Bool(true), pulumi.Bool(true)
		provider.SkipMetadataApiCheck = pulumi.Bool(true)
	} else {
		// Whoever has another account's credentials in his environment is told so.
		provider.AllowedAccountIds = pulumi.StringArray{pulumi.String(args.Account)}
	}
	registered, err := aws.NewProvider(ctx, name, provider, opts...)
	if err != nil {
		return nil, fmt.Errorf("register provider %s: %w", name, err)
	}
	return &Cloud{Provider: registered}, nil
}
