package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/state"
)

// Bootstrap is the stack that the other ones on AWS stand on: where their state is kept, and the key of their secrets.
func Bootstrap(ctx *pulumi.Context, config *Config) error {
	cloud, err := account.NewCloud(ctx, "aws", &account.CloudArgs{Place: config.AWS.place(), Offline: config.AWS.Offline})
	if err != nil {
		return err // each component says which it is
	}
	home, err := state.NewState(ctx, "fleetman-state", &state.StateArgs{Place: config.AWS.place(), Protect: config.Protect}, pulumi.Provider(cloud.Provider))
	if err != nil {
		return err
	}
	ctx.Export("backendURL", home.BackendURL)
	ctx.Export("secretsProvider", home.SecretsProvider)
	return nil
}
