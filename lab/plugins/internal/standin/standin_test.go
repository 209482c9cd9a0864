package standin

import (
	"fmt"
	"strings"
	"testing"

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
