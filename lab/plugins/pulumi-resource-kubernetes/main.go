package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"fleetman/lab/plugins/internal/standin"
)

func main() {
	standin.Provider("pulumi-resource-kubernetes", func(ctx context.Context, engine pulumirpc.EngineClient) plugin.Provider {
		p := &provider{engine: engine}
		p.ctx, p.stop = context.WithCancel(ctx)
		return p
	})
}
