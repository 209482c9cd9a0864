//go:build integration

package brokerstats

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fleetman/services/internal/queue"
)

// realConfig connects to the broker at FLEETMAN_TEST_QUEUE_ADDR with FLEETMAN_TEST_QUEUE_USER and _PASSWORD.
func realConfig(t *testing.T) queue.Config {
	t.Helper()
	addr := os.Getenv("FLEETMAN_TEST_QUEUE_ADDR")
	if addr == "" {
		t.Fatal("FLEETMAN_TEST_QUEUE_ADDR is not set: these tests need a running broker")
	}
	return queue.Config{
		Addr: addr, User: os.Getenv("FLEETMAN_TEST_QUEUE_USER"), Password: os.Getenv("FLEETMAN_TEST_QUEUE_PASSWORD"),
		Name: "test", Log: slog.New(slog.DiscardHandler),
	}
}

func statisticsNow(t *testing.T, broker *queue.Inquirer) *Statistics {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Timeout)
	defer cancel()
	s, err := Ask(ctx, broker)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// eventually waits until the broker's statistics are so.
func eventually(t *testing.T, broker *queue.Inquirer, what string, condition func(*Statistics) bool) *Statistics {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s := statisticsNow(t, broker)
		if condition(s) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 10 s, but %+v", what, s)
		}
	}
}

func TestTheRealBrokerCountsWhatPassesThroughAQueue(t *testing.T) {
	cfg := realConfig(t)
	// A name that JSON, XML and labels have to escape, and that is unlike every other.
	name := fmt.Sprintf("test.%s.%d <&>\"\\ \x01.", t.Name(), time.Now().UnixNano())
	broker := queue.NewInquirer(cfg)
	before := statisticsNow(t, broker)
	if _, ok := before.Queues["positionQueue"]; !ok || before.Memory.Limit <= 0 || before.Store.Limit <= 0 || before.Temp.Limit <= 0 {
		t.Errorf("got %+v", before)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := queue.NewProducer(cfg)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	const n = 25
	for range n {
		if err := p.SendAndWait(t.Context(), queue.Outgoing{Destination: "/queue/" + name, Body: []byte("x"), Persistent: true}); err != nil {
			t.Fatal(err)
		}
	}
	s := eventually(t, broker, "messages wait", func(s *Statistics) bool { return s.Queues[name].Messages == n })
	if q := s.Queues[name]; q.Enqueued != n || q.Dequeued != 0 || q.Consumers != 0 || q.InFlight != 0 || q.Memory.Limit <= 0 {
		t.Errorf("with waiting messages: %+v", q)
	}
	if s.Store.Used <= 0 {
		t.Errorf("the journal is empty: %+v", s.Store)
	}

	handled, finish := make(chan struct{}), make(chan struct{})
	c := queue.NewConsumer(cfg, queue.ConsumerOptions{Destination: "/queue/" + name, Batch: n, Linger: 100 * time.Millisecond, Drain: time.Second}, p,
		func(context.Context, []queue.Message) ([]queue.Rejection, error) {
			handled <- struct{}{}
			<-finish
			return nil, nil
		})
	consuming, stop := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() { defer close(stopped); c.Run(consuming) }()
	<-handled
	s = statisticsNow(t, broker)
	if q := s.Queues[name]; q.InFlight != n || q.Messages != n || q.Consumers != 1 || q.Memory.Used <= 0 {
		t.Errorf("with messages in flight: %+v", q)
	}
	close(finish)
	eventually(t, broker, "the queue is empty", func(s *Statistics) bool {
		q := s.Queues[name]
		return q.Messages == 0 && q.Dequeued == n && q.Enqueued == n && q.InFlight == 0
	})
	stop()
	<-stopped
	closing, stopClosing := context.WithTimeout(ctx, 5*time.Second)
	defer stopClosing()
	if err := p.Close(closing); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := broker.Close(closing); err != nil {
		t.Error(err)
	}
}

func TestTheRealBrokerShowsNothingOfTheExportersOwn(t *testing.T) {
	cfg := realConfig(t)
	broker := queue.NewInquirer(cfg)
	before := statisticsNow(t, broker)
	const n = 100
	for range n {
		s := statisticsNow(t, broker)
		if s.Connections < 1 || s.Connections > before.Connections+n/2 { // others may come and go
			t.Fatalf("%d connections became %d", before.Connections, s.Connections)
		}
		for name := range s.Queues {
			if strings.HasPrefix(name, "ActiveMQ.") || strings.HasPrefix(name, "ID:") {
				t.Fatalf("%q is a queue", name)
			}
		}
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewExporter(func(ctx context.Context) (*Statistics, error) { return Ask(ctx, broker) }, cfg.Log))
	families, err := registry.Gather()
	if err != nil || len(families) != 1+len(brokerMetrics)+len(queueMetrics) {
		t.Errorf("%d metrics, %v", len(families), err)
	}
}

// The counts are exact when nobody else comes or goes.
func TestTheRealBrokerCountsEveryConnection(t *testing.T) {
	cfg := realConfig(t)
	broker := queue.NewInquirer(cfg)
	before := statisticsNow(t, broker).Connections
	const n = 50
	others := make([]*queue.Inquirer, n)
	for i := range others {
		others[i] = queue.NewInquirer(cfg)
		statisticsNow(t, others[i])
	}
	for range 20 {
		got := statisticsNow(t, broker).Connections
		if got <= n {
			t.Errorf("%d connections, and %d are this test's", got, n+1)
		}
		t.Logf("%d connections and %d more are %d", before, n, got)
	}
	for _, other := range others {
		if err := other.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	eventually(t, broker, "the connections are gone", func(s *Statistics) bool { return s.Connections < n })
}
