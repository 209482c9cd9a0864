package sse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

const interval = 250 * time.Millisecond

func newBroker(t *testing.T) *Broker {
	t.Helper()
	return NewBroker(interval, NewMetrics(prometheus.NewRegistry()))
}

// array is the positions of vehicles at a second.
func array(second int, names ...string) []byte {
	var parts []string
	for _, n := range names {
		parts = append(parts, fmt.Sprintf(`{"name":%q,"timestamp":"2024-01-08T10:00:%02d.000+0000","speed":null}`, n, second))
	}
	return []byte("[" + strings.Join(parts, ",") + "]")
}

type received struct {
	id, event string
	vehicles  []head
}

// parse reads one event; a comment has no id.
func parse(t *testing.T, data []byte) received {
	t.Helper()
	var r received
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch key {
		case "id":
			r.id = value
		case "event":
			r.event = value
		case "data":
			if err := json.Unmarshal([]byte(value), &r.vehicles); err != nil {
				t.Fatalf("data %q: %v", value, err)
			}
		}
	}
	return r
}

func (r received) names() string {
	var s []string
	for _, v := range r.vehicles {
		s = append(s, fmt.Sprintf("%s@%d", v.Name, v.Time.Second()))
	}
	return r.event + ":" + strings.Join(s, ",")
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASnapshotComesFirstThenWhatHasChanged(t *testing.T) {
	b := newBroker(t)
	if data, _, _ := b.frame(0); data != nil {
		t.Errorf("before a snapshot: %s", data)
	}
	do(t, b.Publish(array(1, "a")))
	b.cut()
	if data, _, _ := b.frame(0); data != nil {
		t.Errorf("before a snapshot: %s", data)
	}
	do(t, b.Load(array(1, "c", "b")))
	b.cut()
	data, seen, _ := b.frame(0)
	if got := parse(t, data).names(); got != "snapshot:a@1,b@1,c@1" {
		t.Errorf("got %s", got)
	}
	do(t, b.Publish(array(2, "c")))
	do(t, b.Publish(array(3, "c", "b")))
	b.cut()
	data, seen, _ = b.frame(seen)
	if got := parse(t, data); got.names() != "positions:b@3,c@3" || got.id != "3" {
		t.Errorf("got %s with id %s", got.names(), got.id)
	}
	if data, again, _ := b.frame(seen); data != nil || again != seen {
		t.Errorf("nothing new: %s", data)
	}
}

func TestAnOlderPositionIsNotStreamed(t *testing.T) {
	b := newBroker(t)
	do(t, b.Load(array(5, "a")))
	b.cut()
	_, seen, _ := b.frame(0)
	do(t, b.Publish(array(4, "a")))
	do(t, b.Load(array(5, "a")))
	b.cut()
	if data, _, _ := b.frame(seen); data != nil {
		t.Errorf("got %s", data)
	}
}

func TestASlowClientGetsOneEventWithTheLatestOfEach(t *testing.T) {
	b := newBroker(t)
	do(t, b.Load(array(1, "a", "b", "c")))
	b.cut()
	_, seen, _ := b.frame(0)
	for second := 2; second < 10; second++ {
		do(t, b.Publish(array(second, "a")))
		if second == 4 {
			do(t, b.Publish(array(second, "b")))
		}
		b.cut()
	}
	data, seen, _ := b.frame(seen)
	if got := parse(t, data).names(); got != "positions:a@9,b@4" {
		t.Errorf("got %s", got)
	}
	if got := testutil.ToFloat64(b.metrics.merged); got != 7 {
		t.Errorf("%v events merged, want 7", got)
	}
	if data, _, _ := b.frame(seen); data != nil {
		t.Errorf("it gets more: %s", data)
	}
}

func TestAnEventIsEncodedOnceForAll(t *testing.T) {
	b := newBroker(t)
	if !b.join(MaxClients) {
		t.Fatal("refused")
	}
	do(t, b.Load(array(1, "a")))
	b.cut()
	s1, seen, _ := b.frame(0)
	s2, _, _ := b.frame(0)
	do(t, b.Publish(array(2, "a")))
	b.cut()
	d1, _, _ := b.frame(seen)
	d2, _, _ := b.frame(seen)
	if &s1[0] != &s2[0] || &d1[0] != &d2[0] {
		t.Error("two clients have bytes of their own")
	}
}

func TestAChangeBetweenEventsReachesAClientThatJoinedMeanwhile(t *testing.T) {
	b := newBroker(t)
	do(t, b.Load(array(1, "a")))
	b.cut()
	do(t, b.Publish(array(2, "a"))) // dirty
	_, seen, _ := b.frame(0)
	b.cut()
	data, _, _ := b.frame(seen)
	if got := parse(t, data).names(); got != "positions:a@2" {
		t.Errorf("got %s", got)
	}
}

func TestMessagesThatAreNotPositionsAreRefusedAsAWhole(t *testing.T) {
	b := newBroker(t)
	for _, bad := range []string{"", "{}", `[{"name":"a"},3]`, `[{"name":"","timestamp":"2024-01-08T10:00:00Z"}]`, `[{"name":"a","timestamp":"x"}]`} {
		if err := b.Publish([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	if len(b.vehicles) != 0 {
		t.Errorf("%d vehicles", len(b.vehicles))
	}
}

func TestLineBreaksDoNotBreakAnEvent(t *testing.T) {
	b := newBroker(t)
	do(t, b.Load([]byte("[{\n\"name\":\"a\",\r\n\"timestamp\":\"2024-01-08T10:00:00Z\"}]")))
	b.cut()
	data, _, _ := b.frame(0)
	if got := parse(t, data).names(); got != "snapshot:a@0" {
		t.Errorf("got %s", got)
	}
}

// pipe is a ResponseWriter whose reader sees each write.
type pipe struct {
	header http.Header
	writes chan string
}

func (p *pipe) Header() http.Header { return p.header }
func (p *pipe) WriteHeader(int)     {}
func (p *pipe) FlushError() error   { return nil }

func (p *pipe) Write(b []byte) (int, error) {
	p.writes <- string(b)
	return len(b), nil
}

func TestEventsKeepTheIntervalAndAnIdleStreamItsHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t)
		ctx, cancel := context.WithCancel(t.Context())
		go b.Run(ctx)
		p := &pipe{header: make(http.Header), writes: make(chan string, 100)}
		ended := make(chan error, 1)
		go func() { ended <- b.stream(ctx, p) }()
		if first := <-p.writes; !strings.HasPrefix(first, "retry: ") {
			t.Errorf("first %q", first)
		}
		start := time.Now()
		for second := 1; second <= 20; second++ { // a change every 50 ms for a second
			do(t, b.Load(array(second, "a")))
			time.Sleep(50 * time.Millisecond)
		}
		synctest.Wait()
		if n := len(p.writes); n < 3 || n > 5 {
			t.Errorf("%d events in a second", n)
		}
		time.Sleep(interval)
		synctest.Wait()
		var last string
		for len(p.writes) > 0 {
			last = <-p.writes
		}
		if got := parse(t, []byte(last)).names(); got != "positions:a@20" {
			t.Errorf("last event %s after %s", got, time.Since(start))
		}
		idle := time.Now()
		if beat := <-p.writes; beat != ": alive\n\n" || time.Since(idle) > Heartbeat {
			t.Errorf("got %q after %s", beat, time.Since(idle))
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestAStreamOverHTTPHasItsHeadersAndEndsWithTheServer(t *testing.T) {
	b := newBroker(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go b.Run(ctx)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.ServeHTTP(w, r.WithContext(ctx))
	}))
	defer server.Close()
	do(t, b.Load(array(1, "a")))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	do(t, err)
	resp, err := server.Client().Do(req)
	do(t, err)
	defer func() { do(t, resp.Body.Close()) }()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "event: snapshot") {
		continue
	}
	if got := testutil.ToFloat64(b.metrics.clients); got != 1 {
		t.Errorf("%v clients", got)
	}
	cancel()
	for lines.Scan() {
		continue
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream ends with %v", err)
	}
}

type stuck struct{ pipe }

func (stuck) Write([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func TestAClientThatDoesNotReadIsDroppedAndCounted(t *testing.T) {
	b := newBroker(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	b.ServeHTTP(&stuck{pipe{header: make(http.Header)}}, r)
	if got := testutil.ToFloat64(b.metrics.dropped.WithLabelValues("slow")); got != 1 {
		t.Errorf("%v dropped", got)
	}
	if b.clients != 0 {
		t.Errorf("%d clients left", b.clients)
	}
}

func TestClientsBeyondTheLimitAreTurnedAway(t *testing.T) {
	b := newBroker(t)
	b.clients = MaxClients
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("answer %d", w.Code)
	}
}

func TestAWriteErrorEndsTheStream(t *testing.T) {
	if err := newBroker(t).stream(t.Context(), &stuck{pipe{header: make(http.Header)}}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func BenchmarkCutWithThousandVehicles(b *testing.B) {
	broker := NewBroker(interval, NewMetrics(prometheus.NewRegistry()))
	broker.clients = 1
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("Vehicle %d", i)
	}
	messages := [][]byte{array(1, names...), array(2, names...)}
	n := 0
	for b.Loop() {
		clear(broker.vehicles)
		broker.names = nil
		if err := broker.Publish(messages[n%2]); err != nil {
			b.Fatal(err)
		}
		broker.cut()
		n++
	}
}
