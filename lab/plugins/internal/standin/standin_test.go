package standin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func TestWhatIsNotImplementedIsRefusedByName(t *testing.T) {
	end := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: end, Options: refuse("pulumi-some-plugin"), Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, pulumirpc.UnimplementedResourceProviderServer{})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer close(end)
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", handle.Port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = pulumirpc.NewResourceProviderClient(conn).Invoke(t.Context(), &pulumirpc.InvokeRequest{})
	want := "Invoke is not supported by the lab's stand-in for pulumi-some-plugin; install Pulumi's own"
	if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), want) {
		t.Errorf("err = %v, want Unimplemented and %q", err, want)
	}
}

// differ is a provider that finds two changes: one inside a property, and one that replaces.
type differ struct{ plugin.UnimplementedProvider }

func (*differ) Diff(context.Context, plugin.DiffRequest) (plugin.DiffResponse, error) {
	return plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: map[string]plugin.PropertyDiff{
		"spec.ports[0]": {Kind: plugin.DiffUpdate}, "data": {Kind: plugin.DiffDeleteReplace},
	}}, nil
}

func TestADiffReachesTheEngineWhole(t *testing.T) {
	resp, err := server{plugin.NewProviderServer(&differ{})}.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: "urn:pulumi:dev::fleetman::a:b:C::it"})
	if err != nil {
		t.Fatal(err)
	}
	if !resp.GetHasDetailedDiff() {
		t.Error("the engine would not look at the detailed diff")
	}
	if kind := resp.GetDetailedDiff()["data"].GetKind(); kind != pulumirpc.PropertyDiff_DELETE_REPLACE {
		t.Errorf("the deletion that replaces is a %v", kind)
	}
	if got := slices.Sorted(slices.Values(resp.GetDiffs())); !slices.Equal(got, []string{"data", "spec"}) {
		t.Errorf("changed properties = %q, want data and spec", got)
	}
}
