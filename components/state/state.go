package state

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/iam"
	"fleetman/components/kms"
)

// StateType is the type of a state's home among Pulumi's resources.
const StateType = "fleetman:components:State"

// Alias is the name of the key.
const Alias = "fleetman-state"

// keepDays is how long an overwritten or deleted version of the state can still be fetched.
const keepDays = 90

// Bucket is the name of the bucket of an account in a region. Bucket names are the world's, so it holds both.
func Bucket(place account.Place) string {
	return "fleetman-state-" + place.Account + "-" + place.Region
}

// StateArgs are a state's.
type StateArgs struct {
	account.Place

	// Protect keeps Pulumi from deleting bucket and key. Default: false.
	Protect bool
}

// State is where states are kept.
type State struct {
	pulumi.ResourceState

	// BackendURL is what `pulumi login` takes.
	BackendURL pulumi.StringOutput
	// SecretsProvider is what `pulumi stack init --secrets-provider` takes.
	SecretsProvider pulumi.StringOutput
}

// NewState registers the bucket and the key.
func NewState(ctx *pulumi.Context, name string, args *StateArgs, opts ...pulumi.ResourceOption) (*State, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate state %s: %w", name, err)
	}
	state := &State{}
	if err := ctx.RegisterComponentResource(StateType, name, state, opts...); err != nil {
		return nil, fmt.Errorf("register state %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: *args, childOpts: []pulumi.ResourceOption{pulumi.Parent(state)}}
	key, err := kms.NewKey(ctx, name+"-key", &kms.KeyArgs{
		Account: args.Account, Alias: Alias, Description: "The state of Fleetman's stacks, and the secrets in it.", Protect: args.Protect,
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("make key of %s: %w", name, err)
	}
	bucket, err := b.bucket(key)
	if err != nil {
		return nil, err
	}
	state.BackendURL = pulumi.Sprintf("s3://%s?region=%s&awssdk=v2", bucket.Bucket, args.Region)
	state.SecretsProvider = key.ARN.ApplyT(func(string) string {
		return "awskms://alias/" + Alias + "?region=" + args.Region
	}).(pulumi.StringOutput) // what the function answers with
	if err := ctx.RegisterResourceOutputs(state, pulumi.Map{
		"backendURL": state.BackendURL, "secretsProvider": state.SecretsProvider,
	}); err != nil {
		return nil, fmt.Errorf("register outputs of state %s: %w", name, err)
	}
	return state, nil
}

type builder struct {
	ctx       *pulumi.Context
	name      string
	args      StateArgs
	childOpts []pulumi.ResourceOption
}

// bucket registers the bucket and, one by one as the provider has them, its properties.
func (b *builder) bucket(key *kms.Key) (*s3.BucketV2, error) {
	name := b.name + "-bucket"
	bucket, err := s3.NewBucketV2(b.ctx, name, &s3.BucketV2Args{
		Bucket: pulumi.String(Bucket(b.args.Place)),
	}, append(b.childOpts, pulumi.Protect(b.args.Protect))...)
	if err != nil {
		return nil, fmt.Errorf("register bucket of %s: %w", b.name, err)
	}
	_, versions := s3.NewBucketVersioningV2(b.ctx, name+"-versions", &s3.BucketVersioningV2Args{
		Bucket:                  bucket.Bucket,
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, b.childOpts...)
	_, encryption := s3.NewBucketServerSideEncryptionConfigurationV2(b.ctx, name+"-encryption", &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key.ARN,
			},
			BucketKeyEnabled: pulumi.Bool(true),
		}},
	}, b.childOpts...)
	private, access := s3.NewBucketPublicAccessBlock(b.ctx, name+"-access", &s3.BucketPublicAccessBlockArgs{
		Bucket: bucket.Bucket, BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, b.childOpts...)
	_, lifecycle := s3.NewBucketLifecycleConfigurationV2(b.ctx, name+"-lifecycle", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: s3.BucketLifecycleConfigurationV2RuleArray{&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id: pulumi.String("old-versions"), Status: pulumi.String("Enabled"), Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
			NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{NoncurrentDays: pulumi.Int(keepDays)},
		}},
	}, b.childOpts...)
	if err := errors.Join(versions, encryption, access, lifecycle); err != nil {
		return nil, fmt.Errorf("register properties of bucket of %s: %w", b.name, err)
	}
	// AWS changes one of the two that speak about access at a time.
	_, err = s3.NewBucketPolicy(b.ctx, name+"-policy", &s3.BucketPolicyArgs{Bucket: bucket.Bucket, Policy: encrypted(bucket).JSON()},
		append(b.childOpts, pulumi.DependsOn([]pulumi.Resource{private}))...)
	if err != nil {
		return nil, fmt.Errorf("register policy of bucket of %s: %w", b.name, err)
	}
	return bucket, nil
}

// encrypted denies everybody everything that doesn't come over TLS.
func encrypted(bucket *s3.BucketV2) iam.Document {
	return iam.Document{{
		Sid: "TLSOnly", Effect: "Deny", Anyone: true, Actions: []string{"s3:*"},
		Resources:  []pulumi.StringInput{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
		Conditions: []iam.Condition{{Test: "Bool", Key: "aws:SecureTransport", Values: []string{"false"}}},
	}}
}
