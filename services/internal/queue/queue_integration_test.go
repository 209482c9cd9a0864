//go:build integration

package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"fleetman/services/internal/position"
)

// realConfig connects to the broker at FLEETMAN_TEST_QUEUE_ADDR with FLEETMAN_TEST_QUEUE_USER and _PASSWORD.
func realConfig(t *testing.T) Config {
	t.Helper()
	addr := os.Getenv("FLEETMAN_TEST_QUEUE_ADDR")
	if addr == "" {
		t.Fatal("FLEETMAN_TEST_QUEUE_ADDR is not set: these tests need a running backend")
	}
	return Config{
		Addr: addr, User: os.Getenv("FLEETMAN_TEST_QUEUE_USER"), Password: os.Getenv("FLEETMAN_TEST_QUEUE_PASSWORD"),
		Name: "test", Log: slog.New(slog.DiscardHandler),
	}
}

func ownQueue(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("/queue/test.%s.%d", t.Name(), time.Now().UnixNano())
}

// takeAll consumes until n messages were handled.
func takeAll(t *testing.T, cfg Config, queue string, dead *Producer, n int64, h Handler) {
	t.Helper()
	var handled atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := NewConsumer(cfg, ConsumerOptions{
		Destination: queue, DeadLetters: queue + ".DLQ", Batch: 500, Linger: 20 * time.Millisecond, Drain: 5 * time.Second,
	}, dead, func(ctx context.Context, batch []Message) ([]Rejection, error) {
		rejected, err := h(ctx, batch)
		if err == nil && handled.Add(int64(len(batch))) >= n {
			cancel()
		}
		return rejected, err
	})
	c.Run(ctx)
	if handled.Load() < n {
		t.Fatalf("%d of %d messages arrived", handled.Load(), n)
	}
}

func TestTheRealBrokerHandsOverWhatWasReported(t *testing.T) {
	cfg, queue := realConfig(t), ownQueue(t)
	p, finish := runProducer(t, cfg)
	const n = 2000
	want := make(map[string]position.Report)
	for i := range n {
		// Names that look like numbers must stay as they are.
		r := position.Report{Vehicle: fmt.Sprintf("%05d", i), Lat: 53.1 + float64(i)/1e5, Long: -1.5, Time: position.NewTime(time.Now())}
		want[r.Vehicle] = r
		body, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		err = p.Send(t.Context(), Outgoing{Destination: queue, Body: body, Persistent: true, Headers: []string{"transformation", position.Transformation}})
		if err != nil {
			t.Fatal(err)
		}
	}
	plain := `{"vehicle":"plain","lat":1,"long":"2","time":"2024-01-08T10:00:00.123+0000"}`
	if err := p.SendAndWait(t.Context(), Outgoing{Destination: queue, Body: []byte(plain), Persistent: true}); err != nil {
		t.Fatal(err)
	}
	want["plain"] = position.Report{Vehicle: "plain", Lat: 1, Long: 2, Time: position.NewTime(time.Date(2024, 1, 8, 10, 0, 0, 123e6, time.UTC))}
	takeAll(t, cfg, queue, p, n+1, func(_ context.Context, batch []Message) ([]Rejection, error) {
		for _, m := range batch {
			r, err := position.Decode(m.Body)
			if err != nil || r != want[r.Vehicle] {
				t.Errorf("got %+v, %v from %s", r, err, m.Body)
			}
			delete(want, r.Vehicle)
		}
		return nil, nil
	})
	if len(want) > 0 {
		t.Errorf("%d reports did not arrive", len(want))
	}
	if err := finish(); err != nil {
		t.Error(err)
	}
}

func TestTheRealBrokerRedeliversWhatWasNotAcknowledged(t *testing.T) {
	cfg, queue := realConfig(t), ownQueue(t)
	p, finish := runProducer(t, cfg)
	for i := range 10 {
		if err := p.SendAndWait(t.Context(), Outgoing{Destination: queue, Body: fmt.Append(nil, i), Persistent: true}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := NewConsumer(cfg, ConsumerOptions{Destination: queue, Batch: 500, Linger: 20 * time.Millisecond, Drain: time.Second}, p,
		func(context.Context, []Message) ([]Rejection, error) {
			cancel()
			return nil, errors.New("stopped before it was stored")
		})
	c.Run(ctx)
	takeAll(t, cfg, queue, p, 10, func(_ context.Context, batch []Message) ([]Rejection, error) {
		var rejected []Rejection
		for _, m := range batch {
			rejected = append(rejected, Rejection{m, "for the test"})
		}
		return rejected, nil
	})
	takeAll(t, cfg, queue+".DLQ", p, 10, func(context.Context, []Message) ([]Rejection, error) { return nil, nil })
	if err := finish(); err != nil {
		t.Error(err)
	}
}

func TestTheRealBrokerHandsOverATopic(t *testing.T) {
	cfg := realConfig(t)
	topic := fmt.Sprintf("/topic/test.%d", time.Now().UnixNano())
	p, finish := runProducer(t, cfg)
	begun, got := make(chan struct{}), make(chan string, 1)
	s := NewSubscriber(cfg, topic, func(context.Context) error { close(begun); return nil },
		func(_ context.Context, m Message) { got <- string(m.Body) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	<-begun
	if err := p.SendAndWait(t.Context(), Outgoing{Destination: topic, Body: []byte(`["zürich"]`)}); err != nil {
		t.Fatal(err)
	}
	if body := <-got; body != `["zürich"]` {
		t.Errorf("got %s", body)
	}
	cancel()
	<-ended
	if err := finish(); err != nil {
		t.Error(err)
	}
}

// BenchmarkThroughRealBroker is one producer and one consumer over a persistent queue, without a database.
func BenchmarkThroughRealBroker(b *testing.B) {
	addr := os.Getenv("FLEETMAN_TEST_QUEUE_ADDR")
	if addr == "" {
		b.Fatal("FLEETMAN_TEST_QUEUE_ADDR is not set: these tests need a running backend")
	}
	cfg := Config{
		Addr: addr, User: os.Getenv("FLEETMAN_TEST_QUEUE_USER"), Password: os.Getenv("FLEETMAN_TEST_QUEUE_PASSWORD"),
		Name: "bench", Log: slog.New(slog.DiscardHandler),
	}
	queue := fmt.Sprintf("/queue/bench.%d", time.Now().UnixNano())
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	p := NewProducer(cfg)
	go func() { _ = p.Run(ctx) }()
	r := position.Report{Vehicle: "City Truck", Lat: 53.37983, Long: -1.46665, Time: position.NewTime(time.Now())}
	body, err := r.Encode()
	if err != nil {
		b.Fatal(err)
	}
	var handled atomic.Int64
	consuming, stop := context.WithCancel(ctx)
	c := NewConsumer(cfg, ConsumerOptions{Destination: queue, Batch: 500, Linger: 20 * time.Millisecond, Drain: time.Second}, p,
		func(_ context.Context, batch []Message) ([]Rejection, error) {
			for _, m := range batch {
				if _, err := position.Decode(m.Body); err != nil {
					b.Error(err)
				}
			}
			if handled.Add(int64(len(batch))) >= int64(b.N) {
				stop()
			}
			return nil, nil
		})
	b.ResetTimer()
	go func() {
		for range b.N {
			_ = p.Send(ctx, Outgoing{Destination: queue, Body: body, Persistent: true, Headers: []string{"transformation", position.Transformation}})
		}
	}()
	c.Run(consuming)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}
