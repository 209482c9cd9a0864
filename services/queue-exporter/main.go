// Queue-exporter serves the broker's statistics to Prometheus.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"fleetman/services/internal/brokerstats"
	"fleetman/services/internal/queue"
	"fleetman/services/internal/service"
)

const (
	name        = "queue-exporter"
	description = "Serves the broker's statistics to Prometheus."
)

type config struct {
	service.Config `embed:""`
	Queue          queue.Env `embed:""`
}

// Problems implements service.Checker.
func (c *config) Problems() []string {
	return append(c.Config.Problems(), service.Problems(service.Check("QUEUE_ADDR", c.Queue.Problem()))...)
}

func main() {
	var c config
	os.Exit(service.Main(name, description, &c, &c.Config, func(ctx context.Context, s *service.Service) error {
		return run(ctx, s, c)
	}))
}

// run is ready without a broker: that one is away is what the exporter is there to say.
func run(ctx context.Context, s *service.Service, c config) error {
	broker := queue.NewInquirer(c.Queue.Config("statistics", s.Log, nil))
	s.Registry.MustRegister(brokerstats.NewExporter(func(ctx context.Context) (*brokerstats.Statistics, error) {
		return brokerstats.Ask(ctx, broker)
	}, s.Log))
	err := s.HTTP.Run(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), service.CloseTimeout)
	defer cancel()
	if err := errors.Join(err, broker.Close(closing)); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}
