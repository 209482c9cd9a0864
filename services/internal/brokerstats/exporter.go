package brokerstats

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Timeout is how long a scrape waits for the broker. Prometheus gives a scrape ten seconds by default.
const Timeout = 5 * time.Second

// Exporter is a prometheus.Collector of the broker's statistics.
type Exporter struct {
	ask func(ctx context.Context) (*Statistics, error)
	log *slog.Logger

	mu      sync.Mutex
	pending *question // nil when nothing is asked
	up      *bool     // nil before the first answer
}

// question is one that several scrapes may wait for. Answer is nil when there was none; it is set before done is closed.
type question struct {
	done   chan struct{}
	answer *Statistics
}

// NewExporter returns an exporter of what ask answers. Ask must return when its context ends.
func NewExporter(ask func(ctx context.Context) (*Statistics, error), log *slog.Logger) *Exporter {
	return &Exporter{ask: ask, log: log}
}

var up = prometheus.NewDesc("activemq_up", "1 when the broker has answered this scrape, otherwise 0, and then nothing else is here.", nil, nil)

// metric is how one number is exported.
type metric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(T) float64
}

func ofBroker(name, help string, value func(*Statistics) float64) metric[*Statistics] {
	return metric[*Statistics]{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, value}
}

func ofQueue(kind prometheus.ValueType, name, help string, value func(Queue) float64) metric[Queue] {
	return metric[Queue]{prometheus.NewDesc(name, help, []string{"queue"}, nil), kind, value}
}

var (
	brokerMetrics = []metric[*Statistics]{
		ofBroker("activemq_connections", "Clients that are connected, this exporter among them.",
			func(s *Statistics) float64 { return float64(s.Connections) }),
		ofBroker("activemq_memory_used_ratio", "Memory for messages that is in use, of what the broker may use.",
			func(s *Statistics) float64 { return s.Memory.Ratio() }),
		ofBroker("activemq_store_used_ratio", "Room for persistent messages that is in use, of what the journal may use.",
			func(s *Statistics) float64 { return s.Store.Ratio() }),
		ofBroker("activemq_temp_used_ratio", "Room for messages put aside that is in use, of what the temporary store may use.",
			func(s *Statistics) float64 { return s.Temp.Ratio() }),
	}
	queueMetrics = []metric[Queue]{
		ofQueue(prometheus.GaugeValue, "activemq_queue_messages", "Messages in the queue, those in flight among them.",
			func(q Queue) float64 { return float64(q.Messages) }),
		ofQueue(prometheus.GaugeValue, "activemq_queue_consumers", "Consumers of the queue.",
			func(q Queue) float64 { return float64(q.Consumers) }),
		ofQueue(prometheus.GaugeValue, "activemq_queue_producers", "Producers that are registered for the queue; who sends by STOMP is none.",
			func(q Queue) float64 { return float64(q.Producers) }),
		ofQueue(prometheus.GaugeValue, "activemq_queue_inflight_messages", "Messages that consumers have and did not acknowledge yet.",
			func(q Queue) float64 { return float64(q.InFlight) }),
		ofQueue(prometheus.CounterValue, "activemq_queue_enqueued_total", "Messages that came into the queue since the broker's start.",
			func(q Queue) float64 { return float64(q.Enqueued) }),
		ofQueue(prometheus.CounterValue, "activemq_queue_dequeued_total", "Messages that left the queue since the broker's start.",
			func(q Queue) float64 { return float64(q.Dequeued) }),
		ofQueue(prometheus.CounterValue, "activemq_queue_expired_total", "Messages that were too old to be delivered, since the broker's start.",
			func(q Queue) float64 { return float64(q.Expired) }),
		ofQueue(prometheus.GaugeValue, "activemq_queue_memory_used_ratio", "Memory for messages that is in use, of what the queue may use.",
			func(q Queue) float64 { return q.Memory.Ratio() }),
	}
)

// Describe implements prometheus.Collector.
func (e *Exporter) Describe(descs chan<- *prometheus.Desc) {
	descs <- up
	for _, m := range brokerMetrics {
		descs <- m.desc
	}
	for _, m := range queueMetrics {
		descs <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(metrics chan<- prometheus.Metric) {
	s := e.current()
	if s == nil {
		metrics <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 0)
		return
	}
	metrics <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 1)
	for _, m := range brokerMetrics {
		metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(s))
	}
	for name, q := range s.Queues {
		for _, m := range queueMetrics {
			metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(q), name)
		}
	}
}

// current returns the answer to the question that is being asked, or to one of its own; nil is none.
func (e *Exporter) current() *Statistics {
	e.mu.Lock()
	if q := e.pending; q != nil {
		e.mu.Unlock()
		<-q.done
		return q.answer
	}
	q := &question{done: make(chan struct{})}
	e.pending = q
	e.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	answer, err := e.ask(ctx)

	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		q.answer = answer
	}
	close(q.done)
	e.pending = nil
	e.note(err)
	return q.answer
}

// note logs a change.
func (e *Exporter) note(err error) {
	now := err == nil
	changed := e.up == nil || *e.up != now
	e.up = &now
	switch {
	case !changed:
		e.log.Debug("broker asked", "error", err)
	case now:
		e.log.Info("broker answers")
	default:
		e.log.Warn("broker does not answer", "error", err)
	}
}
