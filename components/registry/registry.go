package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/image"
)

// RegistryType is the type of a registry among Pulumi's resources.
const RegistryType = "fleetman:components:Registry"

// Host is the host name of the registry of an account in a region.
func Host(place account.Place) string {
	return place.Account + ".dkr.ecr." + place.Region + ".amazonaws.com"
}

// RegistryArgs are a registry's.
type RegistryArgs struct {
	// Images are the images; each has a repository of its name. At least one.
	Images []*image.Image
	// Deliver pushes the images, once their repositories are there; it isn't called in a preview. Required.
	Deliver func(ctx context.Context, images ...*image.Image) error
	// Ref is how a pod names an image. Required.
	Ref func(*image.Image) string
	// Key is the ARN of the key that encrypts the images. Required.
	Key pulumi.StringInput
	// Keep is how many images of each service are kept. Default: 30.
	Keep int
	// Protect keeps repositories from being deleted with images in them. Default: false.
	Protect bool
}

// Registry is where images are.
type Registry struct {
	pulumi.ResourceState

	// Images are the references by service, known once the images are there.
	Images map[string]pulumi.StringOutput
	// ARNs are the repositories' ARNs, in the order of the images.
	ARNs []pulumi.StringOutput
}

func (a RegistryArgs) withDefaults() RegistryArgs {
	if a.Keep == 0 {
		a.Keep = 30
	}
	return a
}

// Validate reports every problem of the arguments.
func (a *RegistryArgs) Validate() error {
	args := a.withDefaults()
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(len(args.Images) == 0, "the Images are missing")
	refuse(args.Deliver == nil, "Deliver is missing")
	refuse(args.Ref == nil, "Ref is missing")
	refuse(args.Key == nil, "the Key is missing")
	refuse(args.Keep < 2, "Keep is %d: want 2 or more, the image that runs and the one to go back to", args.Keep)
	return errors.Join(errs...)
}

// NewRegistry registers the repositories, and pushes the images into them unless this is a preview.
func NewRegistry(ctx *pulumi.Context, name string, args *RegistryArgs, opts ...pulumi.ResourceOption) (*Registry, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate registry %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args.withDefaults()}
	registry := &Registry{Images: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource(RegistryType, name, registry, opts...); err != nil {
		return nil, fmt.Errorf("register registry %s: %w", name, err)
	}
	b.childOpts = []pulumi.ResourceOption{pulumi.Parent(registry)}
	refs := pulumi.StringMap{}
	for _, image := range b.args.Images {
		repository, err := b.repository(image)
		if err != nil {
			return nil, err
		}
		registry.ARNs = append(registry.ARNs, repository.Arn)
		registry.Images[image.Service] = b.push(image, repository)
		refs[image.Service] = registry.Images[image.Service]
	}
	if err := ctx.RegisterResourceOutputs(registry, pulumi.Map{"images": refs}); err != nil {
		return nil, fmt.Errorf("register outputs of registry %s: %w", name, err)
	}
	return registry, nil
}

type builder struct {
	ctx       *pulumi.Context
	name      string
	args      RegistryArgs
	childOpts []pulumi.ResourceOption
}

func (b *builder) repository(image *image.Image) (*ecr.Repository, error) {
	name := b.name + "-" + image.Service
	repository, err := ecr.NewRepository(b.ctx, name, &ecr.RepositoryArgs{
		Name:                       pulumi.String(image.Repository()),
		ImageTagMutability:         pulumi.String("IMMUTABLE"),
		ImageScanningConfiguration: &ecr.RepositoryImageScanningConfigurationArgs{ScanOnPush: pulumi.Bool(true)},
		EncryptionConfigurations: ecr.RepositoryEncryptionConfigurationArray{&ecr.RepositoryEncryptionConfigurationArgs{
			EncryptionType: pulumi.String("KMS"), KmsKey: b.args.Key.ToStringOutput(),
		}},
		ForceDelete: pulumi.Bool(!b.args.Protect),
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register repository %s: %w", name, err)
	}
	policy, err := lifecycle(b.args.Keep)
	if err != nil {
		return nil, err
	}
	if _, err := ecr.NewLifecyclePolicy(b.ctx, name+"-lifecycle", &ecr.LifecyclePolicyArgs{
		Repository: repository.Name, Policy: pulumi.String(policy),
	}, b.childOpts...); err != nil {
		return nil, fmt.Errorf("register lifecycle of repository %s: %w", name, err)
	}
	return repository, nil
}

// lifecycle is the policy by which a repository lets go of its oldest images. Its format is that of
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html.
func lifecycle(keep int) (string, error) {
	type selection struct {
		TagStatus   string `json:"tagStatus"`
		CountType   string `json:"countType"`
		CountNumber int    `json:"countNumber"`
	}
	type rule struct {
		RulePriority int               `json:"rulePriority"`
		Description  string            `json:"description"`
		Selection    selection         `json:"selection"`
		Action       map[string]string `json:"action"`
	}
	policy, err := json.Marshal(map[string][]rule{"rules": {{
		RulePriority: 1,
		Description:  fmt.Sprintf("Keep the newest %d.", keep),
		Selection:    selection{TagStatus: "any", CountType: "imageCountMoreThan", CountNumber: keep},
		Action:       map[string]string{"type": "expire"},
	}}})
	if err != nil {
		return "", fmt.Errorf("encode lifecycle: %w", err)
	}
	return string(policy), nil
}

// push answers with the image's reference once the image is in its repository. The reference is known before that, but comes
// out of the repository, so that whoever is given it waits; in a preview it is unknown until the repository is there.
func (b *builder) push(image *image.Image, repository *ecr.Repository) pulumi.StringOutput {
	pushed := repository.RepositoryUrl.ApplyTWithContext(b.ctx.Context(), func(ctx context.Context, _ string) (string, error) {
		if !b.ctx.DryRun() {
			if err := b.args.Deliver(ctx, image); err != nil {
				return "", fmt.Errorf("deliver image: %w", err)
			}
		}
		return b.args.Ref(image), nil
	})
	return pushed.(pulumi.StringOutput) // what the function answers with
}
