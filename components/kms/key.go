package kms

import (
	"errors"
	"fmt"
	"regexp"

	awskms "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/iam"
)

// KeyType is the type of a key among Pulumi's resources.
const KeyType = "fleetman:components:Key"

// everyKey stands for the key itself in its own policy.
const everyKey = pulumi.String("*")

// KeyArgs are a key's.
type KeyArgs struct {
	// Account is the number of the account, whose IAM decides who may use the key. Required.
	Account string
	// Alias is the key's name, without the word alias, such as fleetman-prod-data. Required.
	Alias string
	// Description says what the key encrypts. Required.
	Description string
	// Services are the statements for AWS services that use the key by themselves; their resource is the key. Default: none.
	Services iam.Document
	// Retain leaves the key in the account when the stack goes: what it has encrypted may outlive the stack. Default: false.
	Retain bool
	// Protect keeps Pulumi from deleting it. Default: false.
	Protect bool
}

// Key is a key of the stack's own.
type Key struct {
	pulumi.ResourceState

	// ARN is its ARN.
	ARN pulumi.StringOutput
}

var alias = regexp.MustCompile(`^[A-Za-z0-9/_-]+$`)

// Validate reports every problem of the arguments.
func (a *KeyArgs) Validate() error {
	errs := []error{account.CheckAccount(a.Account)}
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(!alias.MatchString(a.Alias), "the Alias %q is none: want letters, digits, / _ and -", a.Alias)
	refuse(a.Description == "", "the Description is missing: what the key encrypts")
	for i, statement := range a.Services {
		refuse(len(statement.Services) == 0, "the Services' statement %d is about no service", i)
		refuse(len(statement.Actions) == 0, "the Services' statement %d has no Actions", i)
	}
	return errors.Join(errs...)
}

// Logs are the statement by which CloudWatch Logs encrypts the log groups of the account and region, and nothing else.
// The condition is that of https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
func Logs(place account.Place) iam.Document {
	return iam.Document{{
		Sid:      "Logs",
		Services: []string{"logs." + place.Region + ".amazonaws.com"},
		Actions:  []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"},
		Conditions: []iam.Condition{{
			Test: "ArnLike", Key: "kms:EncryptionContext:aws:logs:arn", Values: []string{"arn:aws:logs:" + place.Region + ":" + place.Account + ":log-group:*"},
		}},
	}}
}

// policy is who may use the key: whom the account's IAM lets, and the services.
func (a *KeyArgs) policy() iam.Document {
	document := iam.Document{{
		Sid:        "Account",
		Principals: []pulumi.StringInput{pulumi.String("arn:aws:iam::" + a.Account + ":root")},
		Actions:    []string{"kms:*"},
		Resources:  []pulumi.StringInput{everyKey},
	}}
	for _, statement := range a.Services {
		statement.Resources = []pulumi.StringInput{everyKey}
		document = append(document, statement)
	}
	return document
}

// NewKey registers a key and its alias.
func NewKey(ctx *pulumi.Context, name string, args *KeyArgs, opts ...pulumi.ResourceOption) (*Key, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate key %s: %w", name, err)
	}
	key := &Key{}
	if err := ctx.RegisterComponentResource(KeyType, name, key, opts...); err != nil {
		return nil, fmt.Errorf("register key %s: %w", name, err)
	}
	childOpts := []pulumi.ResourceOption{pulumi.Parent(key)}
	made, err := awskms.NewKey(ctx, name+"-key", &awskms.KeyArgs{
		Description:          pulumi.String(args.Description),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		Policy:               args.policy().JSON(),
	}, append(childOpts, pulumi.Protect(args.Protect), pulumi.RetainOnDelete(args.Retain))...)
	if err != nil {
		return nil, fmt.Errorf("register key of %s: %w", name, err)
	}
	if _, err := awskms.NewAlias(ctx, name+"-alias", &awskms.AliasArgs{
		Name: pulumi.String("alias/" + args.Alias), TargetKeyId: made.KeyId,
	}, childOpts...); err != nil {
		return nil, fmt.Errorf("register alias of %s: %w", name, err)
	}
	key.ARN = made.Arn
	if err := ctx.RegisterResourceOutputs(key, pulumi.Map{"arn": key.ARN}); err != nil {
		return nil, fmt.Errorf("register outputs of key %s: %w", name, err)
	}
	return key, nil
}
