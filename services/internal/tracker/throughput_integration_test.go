//go:build integration

package tracker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fleetman/services/internal/position"
	"fleetman/services/internal/queue"
	"fleetman/services/internal/store"
	"fleetman/services/internal/track"
)

// TestEveryConfirmedReportIsStored sends reports of 38 vehicles through the real broker into the real database, and
// logs how many a second that was. FLEETMAN_TEST_QUEUE_ADDR, _USER, _PASSWORD and FLEETMAN_TEST_MONGODB_URI, _USER,
// _PASSWORD say where they are.
func TestEveryConfirmedReportIsStored(t *testing.T) {
	addr, uri := os.Getenv("FLEETMAN_TEST_QUEUE_ADDR"), os.Getenv("FLEETMAN_TEST_MONGODB_URI")
	if addr == "" || uri == "" {
		t.Fatal("FLEETMAN_TEST_QUEUE_ADDR or FLEETMAN_TEST_MONGODB_URI is not set: this test needs running backends")
	}
	const (
		vehicles = 38
		each     = 200
	)
	id := time.Now().UnixNano()
	log := slog.New(slog.DiscardHandler)
	cfg := queue.Config{
		Addr: addr, User: os.Getenv("FLEETMAN_TEST_QUEUE_USER"), Password: os.Getenv("FLEETMAN_TEST_QUEUE_PASSWORD"), Name: "test", Log: log,
	}
	db, err := store.Open(t.Context(), store.Config{
		URI: fmt.Sprintf("%s/fleetman_test_%d", uri, id), Retention: time.Hour,
		User: os.Getenv("FLEETMAN_TEST_MONGODB_USER"), Password: os.Getenv("FLEETMAN_TEST_MONGODB_PASSWORD"),
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx := context.WithoutCancel(t.Context())
		if err := errors.Join(db.Drop(ctx), db.Close(ctx)); err != nil {
			t.Error(err)
		}
	}()
	if err := db.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	producer := queue.NewProducer(cfg)
	go func() { _ = producer.Run(ctx) }()
	source := fmt.Sprintf("/queue/test.throughput.%d", id)
	var handled atomic.Int64
	consuming, stop := context.WithCancel(ctx)
	defer stop()
	ingest := NewIngest(track.New(db), db, func(ctx context.Context, array []byte) error {
		return producer.SendAndWait(ctx, queue.Outgoing{Destination: fmt.Sprintf("/topic/test.%d", id), Body: array})
	}, NewMetrics(prometheus.NewRegistry()), time.Now, log)
	consumer := queue.NewConsumer(cfg, queue.ConsumerOptions{
		Destination: source, DeadLetters: source + ".DLQ", Batch: 500, Linger: 20 * time.Millisecond, Drain: 5 * time.Second,
	}, producer, func(ctx context.Context, batch []queue.Message) ([]queue.Rejection, error) {
		rejected, err := ingest.Handle(ctx, batch)
		if err == nil && handled.Add(int64(len(batch))) >= vehicles*each {
			stop()
		}
		return rejected, err
	})
	start := time.Now()
	go func() {
		for i := range each {
			for v := range vehicles {
				r := position.Report{
					Vehicle: fmt.Sprintf("Van %d", v), Lat: 53 + float64(i)/1e4, Long: -1.5,
					Time: position.NewTime(start.Add(time.Duration(i-each) * time.Second)),
				}
				body, err := r.Encode()
				if err != nil {
					t.Error(err)
					return
				}
				err = producer.Send(ctx, queue.Outgoing{
					Destination: source, Body: body, Persistent: true, Headers: []string{"transformation", position.Transformation},
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	consumer.Run(consuming)
	took := time.Since(start)
	t.Logf("%d reports stored in %s: %.0f/s", handled.Load(), took, float64(handled.Load())/took.Seconds())
	for v := range vehicles {
		history, err := db.History(t.Context(), store.History{Vehicle: fmt.Sprintf("Van %d", v), Limit: 2 * each})
		if err != nil || len(history) != each {
			t.Fatalf("vehicle %d has %d positions of %d, %v", v, len(history), each, err)
		}
		for i, p := range history {
			if (p.Speed == nil) != (i == each-1) {
				t.Fatalf("vehicle %d, position %d has speed %v", v, i, p.Speed)
			}
		}
	}
}
