package storage

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dlm"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/iam"
)

// StorageType is the type of a storage among Pulumi's resources.
const StorageType = "fleetman:components:Storage"

// Tag is the key of the tag that every volume carries; its value is the storage's.
const Tag = "fleetman.io/volumes-of"

// intervals are the hours between two snapshots that AWS takes.
var intervals = []int{1, 2, 3, 4, 6, 8, 12, 24}

// StorageArgs are a storage's.
type StorageArgs struct {
	// Account is the number of the account. Required.
	Account string
	// Class is the storage class's name. Required.
	Class string
	// VolumesOf is the value of the volumes' tag, such as the cluster's name. Required.
	VolumesOf string
	// Key is the ARN of the key that encrypts the volumes. Required.
	Key pulumi.StringInput
	// SnapshotHours are the hours from one snapshot to the next: 1, 2, 3, 4, 6, 8, 12 or 24. Default: 24.
	SnapshotHours int
	// Snapshots is how many snapshots of a volume are kept. Default: 14.
	Snapshots int
}

// Storage is where volumes come from.
type Storage struct {
	pulumi.ResourceState

	// Class is the storage class's name, known once it is there.
	Class pulumi.StringOutput
}

func (a StorageArgs) withDefaults() StorageArgs {
	if a.SnapshotHours == 0 {
		a.SnapshotHours = 24
	}
	if a.Snapshots == 0 {
		a.Snapshots = 14
	}
	return a
}

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Validate reports every problem of the arguments.
func (a *StorageArgs) Validate() error {
	args := a.withDefaults()
	errs := []error{account.CheckAccount(args.Account)}
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(!label.MatchString(args.Class), "the Class %q is no name: want small letters, digits and -", args.Class)
	refuse(!label.MatchString(args.VolumesOf), "VolumesOf %q is no name: want small letters, digits and -", args.VolumesOf)
	refuse(args.Key == nil, "the Key is missing")
	refuse(!slices.Contains(intervals, args.SnapshotHours), "the SnapshotHours are %d: AWS has %v", args.SnapshotHours, intervals)
	refuse(args.Snapshots < 1 || args.Snapshots > 1000, "the Snapshots are %d: want 1 to 1000", args.Snapshots)
	return errors.Join(errs...)
}

// NewStorage registers the storage class and the schedule of the snapshots. It wants both providers, AWS's and the cluster's.
func NewStorage(ctx *pulumi.Context, name string, args *StorageArgs, opts ...pulumi.ResourceOption) (*Storage, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate storage %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args.withDefaults()}
	storage := &Storage{}
	if err := ctx.RegisterComponentResource(StorageType, name, storage, opts...); err != nil {
		return nil, fmt.Errorf("register storage %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(storage)}
	class, err := b.class()
	if err != nil {
		return nil, err
	}
	if err := b.snapshots(); err != nil {
		return nil, err
	}
	storage.Class = class.Metadata.Name().Elem()
	if err := ctx.RegisterResourceOutputs(storage, pulumi.Map{"class": storage.Class}); err != nil {
		return nil, fmt.Errorf("register outputs of storage %s: %w", name, err)
	}
	return storage, nil
}

type builder struct {
	ctx       *pulumi.Context
	name      string
	args      StorageArgs
	childOpts []pulumi.ResourceOption
}

// class registers the storage class. Its parameters are those of the EBS CSI driver, which encrypts nothing by itself.
func (b *builder) class() (*storagev1.StorageClass, error) {
	class, err := storagev1.NewStorageClass(b.ctx, b.name+"-class", &storagev1.StorageClassArgs{
		Metadata:    &metav1.ObjectMetaArgs{Name: pulumi.String(b.args.Class)},
		Provisioner: pulumi.String("ebs.csi.aws.com"),
		Parameters: pulumi.StringMap{
			"type":                      pulumi.String("gp3"),
			"encrypted":                 pulumi.String("true"),
			"kmsKeyId":                  b.args.Key,
			"csi.storage.k8s.io/fstype": pulumi.String("xfs"), // which MongoDB's own notes on production recommend
			"tagSpecification_1":        pulumi.String(Tag + "=" + b.args.VolumesOf),
		},
		VolumeBindingMode:    pulumi.String("WaitForFirstConsumer"),
		ReclaimPolicy:        pulumi.String("Retain"),
		AllowVolumeExpansion: pulumi.Bool(true),
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register StorageClass of %s: %w", b.name, err)
	}
	return class, nil
}

func (b *builder) snapshots() error {
	role, err := iam.NewRole(b.ctx, b.name+"-snapshots-role", &iam.RoleArgs{
		Description:     "Takes and deletes the snapshots of the volumes of " + b.args.VolumesOf + ".",
		Service:         "dlm.amazonaws.com",
		Conditions:      []iam.Condition{{Test: "StringEquals", Key: "aws:SourceAccount", Values: []string{b.args.Account}}},
		ManagedPolicies: []string{"service-role/AWSDataLifecycleManagerServiceRole"},
		Policy: iam.Document{
			{
				Sid: "Snapshots", Resources: []pulumi.StringInput{b.args.Key},
				Actions: []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"},
			},
			{
				Sid: "Grants", Resources: []pulumi.StringInput{b.args.Key}, Actions: []string{"kms:CreateGrant"},
				Conditions: []iam.Condition{{Test: "Bool", Key: "kms:GrantIsForAWSResource", Values: []string{"true"}}},
			},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("make role of %s: %w", b.name, err)
	}
	if _, err := dlm.NewLifecyclePolicy(b.ctx, b.name+"-snapshots", &dlm.LifecyclePolicyArgs{
		Description:      pulumi.String("Snapshots of the volumes of " + b.args.VolumesOf),
		ExecutionRoleArn: role.ARN,
		State:            pulumi.String("ENABLED"),
		PolicyDetails: &dlm.LifecyclePolicyPolicyDetailsArgs{
			ResourceTypes: pulumi.ToStringArray([]string{"VOLUME"}),
			TargetTags:    pulumi.StringMap{Tag: pulumi.String(b.args.VolumesOf)},
			Schedules: dlm.LifecyclePolicyPolicyDetailsScheduleArray{&dlm.LifecyclePolicyPolicyDetailsScheduleArgs{
				Name:     pulumi.String("regular"),
				CopyTags: pulumi.Bool(true), // by one of them the driver may restore it
				CreateRule: &dlm.LifecyclePolicyPolicyDetailsScheduleCreateRuleArgs{
					Interval: pulumi.Int(b.args.SnapshotHours), IntervalUnit: pulumi.String("HOURS"), Times: pulumi.String("02:00"),
				},
				RetainRule: &dlm.LifecyclePolicyPolicyDetailsScheduleRetainRuleArgs{Count: pulumi.Int(b.args.Snapshots)},
			}},
		},
	}, b.childOpts...); err != nil {
		return fmt.Errorf("register snapshots of %s: %w", b.name, err)
	}
	return nil
}
