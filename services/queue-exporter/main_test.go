package main

import (
	"context"
	"net/http"
	"testing"

	"fleetman/services/internal/queue"
	"fleetman/services/internal/service"
	"fleetman/services/internal/servicetest"
)

func TestWithoutABrokerItIsReadyAndSaysThatTheBrokerIsAway(t *testing.T) {
	c := config{Queue: queue.Env{Addr: servicetest.Unreachable, User: "fleet", Password: "secret"}}
	s := servicetest.Start(t, name, func(ctx context.Context, s *service.Service) error { return run(ctx, s, c) })
	s.Exports("", "activemq_up")
	for _, path := range []string{"/readyz", "/healthz"} {
		if w := s.Get(path); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
