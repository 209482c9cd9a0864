package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"fleetman/services/internal/service"
	"fleetman/services/internal/servicetest"
)

func TestTheMetricsAreThereWithoutAGateway(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "index.html"), []byte("<!doctype html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config{GatewayURL: "http://" + servicetest.Unreachable, WebRoot: root}
	servicetest.Start(t, name, func(ctx context.Context, s *service.Service) error { return run(ctx, s, c) }).
		Exports("/", "fleetman_http_request_seconds")
}
