package standin

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Provider serves the resource provider that newProvider makes, in the plugin called name.
func Provider(name string, newProvider func(ctx context.Context, engine pulumirpc.EngineClient) plugin.Provider) {
	Main(name, func(ctx context.Context, s *grpc.Server, engine string) error {
		conn, err := grpc.NewClient(engine, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return fmt.Errorf("reach engine: %w", err)
		}
		p := newProvider(ctx, pulumirpc.NewEngineClient(conn))
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

// Reveal returns v without secret wrappers and nulls.
func Reveal(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return Reveal(v.SecretValue().Element)
	case v.IsOutput() && v.OutputValue().Known:
		return Reveal(v.OutputValue().Element)
	case v.IsOutput():
		return resource.MakeComputed(resource.NewProperty(""))
	case v.IsArray():
		items := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			items[i] = Reveal(item)
		}
		return resource.NewProperty(items)
	case v.IsObject():
		object := resource.PropertyMap{}
		for key, value := range v.ObjectValue() {
			if value = Reveal(value); !value.IsNull() {
				object[key] = value
			}
		}
		return resource.NewProperty(object)
	}
	return v
}
