package brokerstats

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// everything is what an exporter says of example.
const everything = `
# HELP activemq_connections Clients that are connected, this exporter among them.
# TYPE activemq_connections gauge
activemq_connections 3
# HELP activemq_memory_used_ratio Memory for messages that is in use, of what the broker may use.
# TYPE activemq_memory_used_ratio gauge
activemq_memory_used_ratio 0.5
# HELP activemq_queue_consumers Consumers of the queue.
# TYPE activemq_queue_consumers gauge
activemq_queue_consumers{queue="a\"b"} 3
# HELP activemq_queue_dequeued_total Messages that left the queue since the broker's start.
# TYPE activemq_queue_dequeued_total counter
activemq_queue_dequeued_total{queue="a\"b"} 6
# HELP activemq_queue_enqueued_total Messages that came into the queue since the broker's start.
# TYPE activemq_queue_enqueued_total counter
activemq_queue_enqueued_total{queue="a\"b"} 5
# HELP activemq_queue_expired_total Messages that were too old to be delivered, since the broker's start.
# TYPE activemq_queue_expired_total counter
activemq_queue_expired_total{queue="a\"b"} 7
# HELP activemq_queue_inflight_messages Messages that consumers have and did not acknowledge yet.
# TYPE activemq_queue_inflight_messages gauge
activemq_queue_inflight_messages{queue="a\"b"} 2
# HELP activemq_queue_memory_used_ratio Memory for messages that is in use, of what the queue may use.
# TYPE activemq_queue_memory_used_ratio gauge
activemq_queue_memory_used_ratio{queue="a\"b"} 0.125
# HELP activemq_queue_messages Messages in the queue, those in flight among them.
# TYPE activemq_queue_messages gauge
activemq_queue_messages{queue="a\"b"} 1
# HELP activemq_queue_producers Producers that are registered for the queue; who sends by STOMP is none.
# TYPE activemq_queue_producers gauge
activemq_queue_producers{queue="a\"b"} 4
# HELP activemq_store_used_ratio Room for persistent messages that is in use, of what the journal may use.
# TYPE activemq_store_used_ratio gauge
activemq_store_used_ratio 0.25
# HELP activemq_temp_used_ratio Room for messages put aside that is in use, of what the temporary store may use.
# TYPE activemq_temp_used_ratio gauge
activemq_temp_used_ratio 0.75
# HELP activemq_up 1 when the broker has answered this scrape, otherwise 0, and then nothing else is here.
# TYPE activemq_up gauge
activemq_up 1
`

const nothing = `
# HELP activemq_up 1 when the broker has answered this scrape, otherwise 0, and then nothing else is here.
# TYPE activemq_up gauge
activemq_up 0
`

func example() *Statistics {
	return &Statistics{
		Connections: 3, Memory: Usage{1, 2}, Store: Usage{1, 4}, Temp: Usage{3, 4},
		Queues: map[string]Queue{`a"b`: {1, 2, 3, 4, 5, 6, 7, Usage{1, 8}}},
	}
}

// scrape compares all that the exporter says.
func scrape(t *testing.T, e *Exporter, want string) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(e)
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestABrokerThatAnswersIsExported(t *testing.T) {
	scrape(t, NewExporter(func(context.Context) (*Statistics, error) { return example(), nil }, slog.New(slog.DiscardHandler)), everything)
}

func TestABrokerThatIsAwayLeavesNothingAndIsSaidOncePerChange(t *testing.T) {
	var log bytes.Buffer
	var err error
	e := NewExporter(func(context.Context) (*Statistics, error) {
		if err != nil {
			return example(), err // even then what it says is not used
		}
		return example(), nil
	}, slog.New(slog.NewTextHandler(&log, nil)))
	for _, away := range []bool{true, true, true, false, false, true, true, false} {
		err = nil
		want := everything
		if away {
			err, want = errors.New("connection refused"), nothing
		}
		scrape(t, e, want)
	}
	if n, m := strings.Count(log.String(), "connection refused"), strings.Count(log.String(), "broker answers"); n != 2 || m != 2 {
		t.Errorf("%d times away and %d times back, want 2 and 2:\n%s", n, m, &log)
	}
}

func TestScrapesAtTheSameTimeShareAQuestionThatEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		e := NewExporter(func(ctx context.Context) (*Statistics, error) {
			asked.Add(1)
			<-ctx.Done()
			return nil, ctx.Err()
		}, slog.New(slog.DiscardHandler))
		begin := time.Now()
		done := make(chan struct{})
		for range 5 {
			go func() {
				scrape(t, e, nothing)
				done <- struct{}{}
			}()
		}
		for range 5 {
			<-done
		}
		if took := time.Since(begin); took != Timeout || asked.Load() != 1 {
			t.Errorf("took %s and asked %d times", took, asked.Load())
		}
		scrape(t, e, nothing)
		if asked.Load() != 2 {
			t.Errorf("the next scrape did not ask: asked %d times", asked.Load())
		}
	})
}
