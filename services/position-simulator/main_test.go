package main

import (
	"context"
	"testing"
	"time"

	"fleetman/services/internal/queue"
	"fleetman/services/internal/service"
	"fleetman/services/internal/servicetest"
)

func TestItHasItsMetricsAndEndsWithAllReportsConfirmed(t *testing.T) {
	c := config{
		Queue:    queue.Env{Addr: servicetest.Broker(t), User: "fleet", Password: "secret"},
		Vehicles: 3, Seed: 1, Interval: 100 * time.Millisecond,
	}
	servicetest.Start(t, name, func(ctx context.Context, s *service.Service) error { return run(ctx, s, c) }).
		Exports("", "fleetman_reports_made_total", "fleetman_reports_confirmed_total")
}
