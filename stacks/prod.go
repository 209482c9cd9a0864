package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/image"
	"fleetman/components/target"
)

// Prod is the stack's half that is in the cluster: images pulled from a registry by their digests, no port of any node, the
// volumes protected. The cluster itself and the way in from outside are not its yet.
func Prod(ctx *pulumi.Context, config *Config, outside Outside) error {
	if _, err := outside.Reach(ctx.Context(), config.Target.Context); err != nil {
		return err // it says everything
	}
	images, err := deliver(ctx, config, outside, &image.Pusher{Registry: config.Images.Registry})
	if err != nil {
		return err
	}
	cluster, err := target.NewCluster(ctx, "cluster", &target.Args{Context: config.Target.Context, StorageClass: config.Target.StorageClass})
	if err != nil {
		return fmt.Errorf("declare cluster: %w", err)
	}
	return declare(ctx, config, &settings{cluster: cluster, images: images, protectData: true})
}
