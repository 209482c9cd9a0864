// Package standin serves a Pulumi plugin the way the Pulumi CLI expects: it listens on loopback, prints its port, ends with
// the engine that started it, and answers what it does not do with an error that says so.
package standin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Main serves the plugin called name until the engine is gone or the process is told to stop.
func Main(name string, register func(ctx context.Context, server *grpc.Server, engine string) error) {
	if err := run(name, register); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func run(name string, register func(ctx context.Context, server *grpc.Server, engine string) error) error {
	// The engine's address comes last, after flags such as -v=9 that only Pulumi's own plugins understand.
	engine := os.Args[len(os.Args)-1]
	if len(os.Args) < 2 || strings.HasPrefix(engine, "-") {
		return errors.New("the engine's address is missing: the Pulumi CLI starts this program")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := rpcutil.Healthcheck(ctx, engine, 10*time.Second, stop); err != nil {
		return fmt.Errorf("watch engine: %w", err)
	}
	end := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init:    func(s *grpc.Server) error { return register(ctx, s, engine) },
		Cancel:  end,
		Options: refuse(name),
	})
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	fmt.Println(handle.Port)
	go func() {
		<-ctx.Done()
		close(end)
	}()
	return <-handle.Done
}

// refuse names the stand-in in every "not implemented". The code stays, because the engine falls back on it.
func refuse(name string) []grpc.ServerOption {
	explain := func(method string, err error) error {
		if status.Code(err) != codes.Unimplemented {
			return err
		}
		return status.Errorf(codes.Unimplemented, "%s is not supported by the lab's stand-in for %s; install Pulumi's own",
			method[strings.LastIndex(method, "/")+1:], name)
	}
	return []grpc.ServerOption{
		grpc.UnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			resp, err := next(ctx, req)
			return resp, explain(info.FullMethod, err)
		}),
		grpc.StreamInterceptor(func(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return explain(info.FullMethod, next(srv, s))
		}),
	}
}
