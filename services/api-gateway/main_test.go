package main

import (
	"context"
	"testing"
	"time"

	"fleetman/services/internal/queue"
	"fleetman/services/internal/service"
	"fleetman/services/internal/servicetest"
)

func TestTheMetricsAreThereWithoutABrokerAndATracker(t *testing.T) {
	c := config{
		Queue:      queue.Env{Addr: servicetest.Unreachable, User: "fleet", Password: "secret"},
		TrackerURL: "http://" + servicetest.Unreachable, StreamInterval: time.Second,
	}
	servicetest.Start(t, name, func(ctx context.Context, s *service.Service) error { return run(ctx, s, c) }).
		Exports("/", "fleetman_http_request_seconds",
			"fleetman_stream_clients", "fleetman_stream_events_merged_total", "fleetman_stream_clients_dropped_total",
			"fleetman_vehicles", "fleetman_vehicles_online")
}
