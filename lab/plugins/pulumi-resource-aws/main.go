package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"fleetman/lab/plugins/internal/standin"
)

func main() {
	standin.Provider("pulumi-resource-aws", func(ctx context.Context, _ pulumirpc.EngineClient) plugin.Provider {
		return newProvider(ctx, ".") // the engine starts plugins in the folder of the program
	})
}
