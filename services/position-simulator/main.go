// Position-simulator drives vehicles over the town's roads and reports their positions to the queue.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fleetman/services/internal/drive"
	"fleetman/services/internal/position"
	"fleetman/services/internal/queue"
	"fleetman/services/internal/road"
	"fleetman/services/internal/service"
	"fleetman/services/internal/simulator"
)

const (
	name        = "position-simulator"
	description = "Drives vehicles over the town's roads and reports their positions to the queue."
)

type config struct {
	service.Config `embed:""`
	Queue          queue.Env     `embed:""`
	Vehicles       int           `name:"fleet-vehicles" env:"FLEET_VEHICLES" default:"38" help:"How many vehicles, 1 to 20000."`
	Seed           uint64        `name:"fleet-seed" env:"FLEET_SEED" default:"1" help:"Which fleet: its names and its drives."`
	Interval       time.Duration `name:"fleet-report-interval" env:"FLEET_REPORT_INTERVAL" default:"2s" help:"How often each vehicle reports, 100ms to 10m."`
}

// Problems implements service.Checker.
func (c *config) Problems() []string {
	return append(c.Config.Problems(), service.Problems(
		service.Check("QUEUE_ADDR", c.Queue.Problem()),
		service.Check("FLEET_VEHICLES", check(c.Vehicles >= 1 && c.Vehicles <= 20_000, "must be from 1 to 20000")),
		service.Check("FLEET_REPORT_INTERVAL", check(c.Interval >= 100*time.Millisecond && c.Interval <= 10*time.Minute, "must be from 100ms to 10m")),
	)...)
}

func check(ok bool, message string) error {
	if ok {
		return nil
	}
	return errors.New(message)
}

func main() {
	var c config
	os.Exit(service.Main(name, description, &c, &c.Config, func(ctx context.Context, s *service.Service) error {
		return run(ctx, s, c)
	}))
}

func run(ctx context.Context, s *service.Service, c config) error {
	broker := func(err error) { s.Readiness.Set("broker", err) }
	broker(errors.New("not connected yet"))
	producer := queue.NewProducer(c.Queue.Config("reports", s.Log, broker))
	s.Registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "fleetman_reports_made_total", Help: "Reports that the vehicles have made.",
		}, func() float64 { return float64(producer.Accepted()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "fleetman_reports_confirmed_total", Help: "Reports that the broker has confirmed.",
		}, func() float64 { return float64(producer.Confirmed()) }),
	)
	fleet := drive.New(road.New(road.Seed), c.Seed, c.Vehicles, time.Now())
	reports := simulator.New(fleet, c.Interval, simulator.SystemClock{}, func(ctx context.Context, r position.Report) error {
		body, err := r.Encode()
		if err != nil {
			return err
		}
		return producer.Send(ctx, queue.Outgoing{
			Destination: queue.Positions, Body: body, Persistent: true,
			Headers: []string{"transformation", position.Transformation},
		})
	})
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSending()
	err := service.Together(ctx,
		s.HTTP.Run,
		func(context.Context) error { return producer.Run(sending) },
		func(ctx context.Context) error {
			defer stopSending()
			err := reports.Run(ctx)
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), service.DrainTimeout)
			defer cancel()
			return errors.Join(err, producer.Close(closing))
		},
	)
	s.Log.Info("reports", "made", producer.Accepted(), "confirmed", producer.Confirmed())
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}
