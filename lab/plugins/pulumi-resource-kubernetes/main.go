package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"fleetman/lab/plugins/internal/standin"
)

func main() {
	standin.Main("pulumi-resource-kubernetes", func(ctx context.Context, s *grpc.Server, engine string) error {
		conn, err := grpc.NewClient(engine, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return fmt.Errorf("reach engine: %w", err)
		}
		p := &provider{engine: pulumirpc.NewEngineClient(conn)}
		p.ctx, p.stop = context.WithCancel(ctx)
		pulumirpc.RegisterResourceProviderServer(s, server{plugin.NewProviderServer(p)})
		return nil
	})
}

// server mends what the SDK's server loses between a provider's Diff and the engine: that there is a detailed diff, which of
// its deletions replace, and the top-level properties, by which the engine's short form names changes.
type server struct {
	pulumirpc.ResourceProviderServer
}

func (s server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	resp, err := s.ResourceProviderServer.Diff(ctx, req)
	if err != nil {
		return nil, err
	}
	resp.HasDetailedDiff = true
	for _, path := range resp.GetReplaces() {
		if d := resp.GetDetailedDiff()[path]; d.GetKind() == pulumirpc.PropertyDiff_DELETE {
			d.Kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		}
	}
	for i, path := range resp.GetDiffs() {
		resp.Diffs[i], _, _ = strings.Cut(path, ".")
		resp.Diffs[i], _, _ = strings.Cut(resp.Diffs[i], "[")
	}
	return resp, nil
}
