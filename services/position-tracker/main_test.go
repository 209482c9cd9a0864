package main

import (
	"context"
	"testing"
	"time"

	"fleetman/services/internal/queue"
	"fleetman/services/internal/service"
	"fleetman/services/internal/servicetest"
)

func TestTheMetricsAreThereWithoutABrokerAndADatabase(t *testing.T) {
	c := config{
		Queue:      queue.Env{Addr: servicetest.Unreachable, User: "fleet", Password: "secret"},
		MongoDBURI: "mongodb://" + servicetest.Unreachable + "/fleetman", MongoDBUser: "fleet", MongoDBPassword: "secret",
		Retention: time.Hour,
	}
	servicetest.Start(t, name, func(ctx context.Context, s *service.Service) error { return run(ctx, s, c) }).
		Exports("/vehicles/?since=never", "fleetman_http_request_seconds",
			"fleetman_positions_received_total", "fleetman_positions_stored_total", "fleetman_positions_rejected_total",
			"fleetman_store_batch_seconds", "fleetman_position_lag_seconds", "fleetman_position_stored_timestamp_seconds")
}
