// Api-gateway serves vehicles, histories and the live stream to browsers.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"fleetman/services/internal/gateway"
	"fleetman/services/internal/queue"
	"fleetman/services/internal/service"
	"fleetman/services/internal/sse"
)

const (
	name        = "api-gateway"
	description = "Serves the vehicles, their histories and the live stream."
)

type config struct {
	service.Config `embed:""`
	Queue          queue.Env     `embed:""`
	TrackerURL     string        `name:"tracker-url" env:"TRACKER_URL" required:"" help:"The position tracker, such as http://fleetman-position-tracker:8080."`
	StreamInterval time.Duration `name:"stream-interval" env:"STREAM_INTERVAL" default:"250ms" help:"The least time between two events on a stream, 10ms to 1m."`
}

// Problems implements service.Checker.
func (c *config) Problems() []string {
	var tracker, interval error
	if c.TrackerURL != "" {
		tracker = service.ValidateURL(c.TrackerURL)
	}
	if c.StreamInterval < 10*time.Millisecond || c.StreamInterval > time.Minute {
		interval = errors.New("must be from 10ms to 1m")
	}
	return append(c.Config.Problems(), service.Problems(
		service.Check("QUEUE_ADDR", c.Queue.Problem()),
		service.Check("TRACKER_URL", tracker),
		service.Check("STREAM_INTERVAL", interval),
	)...)
}

func main() {
	var c config
	os.Exit(service.Main(name, description, &c, &c.Config, func(ctx context.Context, s *service.Service) error {
		return run(ctx, s, c)
	}))
}

func run(ctx context.Context, s *service.Service, c config) error {
	tracker, err := gateway.NewTracker(c.TrackerURL)
	if err != nil {
		return err
	}
	stream := sse.NewBroker(c.StreamInterval, sse.NewMetrics(s.Registry))
	gateway.RegisterMetrics(s.Registry, stream.Reported, time.Now)
	feed := gateway.NewFeed(tracker, stream, s.Log)
	state := func(err error) { s.Readiness.Set("stream", err) }
	state(errors.New("not connected yet"))
	subscriber := queue.NewSubscriber(c.Queue.Config("stream", s.Log, state), queue.Latest, feed.Begin, feed.Handle)
	gateway.NewAPI(tracker, stream, s.Log).Register(s.HTTP)
	err = service.Together(ctx,
		s.HTTP.Run,
		func(ctx context.Context) error { subscriber.Run(ctx); return nil },
		func(ctx context.Context) error { stream.Run(ctx); return nil },
	)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
