// Position-tracker stores the reports of the queue, publishes the latest positions, and serves them over HTTP.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"fleetman/services/internal/queue"
	"fleetman/services/internal/service"
	"fleetman/services/internal/store"
	"fleetman/services/internal/track"
	"fleetman/services/internal/tracker"
)

const (
	name        = "position-tracker"
	description = "Stores the vehicles' reports, publishes the latest positions, and serves them over HTTP."
)

// How reports are consumed.
const (
	batchSize   = 500
	batchLinger = 20 * time.Millisecond
	pingEvery   = 5 * time.Second
	pingTimeout = 4 * time.Second

	prepareTimeout = 15 * time.Second
)

type config struct {
	service.Config  `embed:""`
	Queue           queue.Env     `embed:""`
	MongoDBURI      string        `name:"mongodb-uri" env:"MONGODB_URI" required:"" help:"The database, mongodb://host:port/database, without credentials."`
	MongoDBUser     string        `name:"mongodb-user" env:"MONGODB_USER" required:"" help:"The database's login."`
	MongoDBPassword string        `name:"mongodb-password" env:"MONGODB_PASSWORD" required:"" help:"The login's password."`
	Retention       time.Duration `name:"history-retention" env:"HISTORY_RETENTION" default:"168h" help:"How long positions are kept, 1m to 87600h."`
}

// Problems implements service.Checker.
func (c *config) Problems() []string {
	var uri, retention error
	if c.MongoDBURI != "" {
		uri = store.ValidateURI(c.MongoDBURI)
	}
	if c.Retention < time.Minute || c.Retention > 87_600*time.Hour {
		retention = errors.New("must be from 1m to 87600h")
	}
	return append(c.Config.Problems(), service.Problems(
		service.Check("QUEUE_ADDR", c.Queue.Problem()),
		service.Check("MONGODB_URI", uri),
		service.Check("HISTORY_RETENTION", retention),
	)...)
}

func main() {
	var c config
	os.Exit(service.Main(name, description, &c, &c.Config, func(ctx context.Context, s *service.Service) error {
		return run(ctx, s, c)
	}))
}

func run(ctx context.Context, s *service.Service, c config) (err error) {
	db, err := store.Open(ctx, store.Config{
		URI: c.MongoDBURI, User: c.MongoDBUser, Password: c.MongoDBPassword, Retention: c.Retention,
	}, s.Log)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
		defer cancel()
		err = errors.Join(err, db.Close(closing))
	}()
	state := func(part string) func(error) {
		s.Readiness.Set(part, errors.New("not connected yet"))
		return func(err error) { s.Readiness.Set(part, err) }
	}
	s.Readiness.Set("database", errors.New("not connected yet"))

	producer := queue.NewProducer(c.Queue.Config("positions", s.Log, state("broker, to publish")))
	publish := func(ctx context.Context, array []byte) error {
		return producer.SendAndWait(ctx, queue.Outgoing{Destination: queue.Latest, Body: array})
	}
	ingest := tracker.NewIngest(track.New(db), db, publish, tracker.NewMetrics(s.Registry), time.Now, s.Log)
	consumer := queue.NewConsumer(c.Queue.Config("reports", s.Log, state("broker, to consume")), queue.ConsumerOptions{
		Destination: queue.Positions, DeadLetters: queue.DeadLetters,
		Batch: batchSize, Linger: batchLinger, Drain: service.DrainTimeout,
	}, producer, ingest.Handle)
	tracker.NewAPI(db, s.Log).Register(s.HTTP)

	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSending()
	err = service.Together(ctx,
		s.HTTP.Run,
		func(context.Context) error { return producer.Run(sending) },
		func(ctx context.Context) error {
			defer stopSending()
			if prepare(ctx, s, db) {
				go service.Every(ctx, pingEvery, func(ctx context.Context) { ping(ctx, s, db) })
				consumer.Run(ctx)
			}
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), service.CloseTimeout)
			defer cancel()
			return producer.Close(closing)
		},
	)
	if err != nil {
		return fmt.Errorf("track: %w", err)
	}
	return nil
}

// prepare prepares the database as soon as it answers. It returns false when ctx ends before.
func prepare(ctx context.Context, s *service.Service, db *store.Store) bool {
	ready, cancel := context.WithCancel(ctx)
	defer cancel()
	prepared := false
	service.Every(ready, pingEvery, func(ctx context.Context) {
		preparing, stop := context.WithTimeout(ctx, prepareTimeout)
		err := db.Prepare(preparing)
		stop()
		if ctx.Err() != nil {
			return
		}
		s.Readiness.Set("database", err)
		if err != nil {
			s.Log.Warn("database is not ready", "error", err, "retry_in", pingEvery.String())
			return
		}
		prepared = true
		cancel()
	})
	return prepared
}

func ping(ctx context.Context, s *service.Service, db *store.Store) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := db.Ping(ctx); !errors.Is(err, context.Canceled) {
		s.Readiness.Set("database", err)
	}
}
