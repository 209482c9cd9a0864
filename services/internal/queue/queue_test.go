package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3/frame"
)

func config(b *fakeBroker) Config {
	return Config{
		Addr: b.addr(), User: "fleet", Password: "secret", Name: "test", Log: slog.New(slog.DiscardHandler),
		Backoff: func(int) time.Duration { return time.Millisecond },
	}
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !condition() {
		if pause(ctx, time.Millisecond) != nil {
			t.Fatalf("%s: not within 10 s", what)
		}
	}
}

func runProducer(t *testing.T, cfg Config) (p *Producer, finish func() error) {
	t.Helper()
	p = NewProducer(cfg)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { ended <- p.Run(ctx) }()
	return p, func() error {
		closing, stop := context.WithTimeout(ctx, 5*time.Second)
		defer stop()
		err := p.Close(closing)
		cancel()
		return errors.Join(err, <-ended)
	}
}

func send(t *testing.T, p *Producer, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := p.Send(t.Context(), Outgoing{Destination: Positions, Body: fmt.Append(nil, i), Persistent: true, Headers: []string{"k", "v"}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMessagesArriveInOrderAndAreConfirmed(t *testing.T) {
	b := newFakeBroker(t)
	p, finish := runProducer(t, config(b))
	send(t, p, 0, 3000)
	if err := finish(); err != nil {
		t.Fatal(err)
	}
	bodies := b.bodies()
	if len(bodies) != 3000 || p.Confirmed() != 3000 {
		t.Fatalf("%d arrived, %d confirmed", len(bodies), p.Confirmed())
	}
	for i, body := range bodies {
		if body != strconv.Itoa(i) {
			t.Fatalf("message %d is %s", i, body)
		}
	}
	for name, want := range map[string]string{"persistent": "true", "k": "v", frame.Destination: Positions} {
		if got := b.received[0].Header.Get(name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	if _, ok := b.received[0].Header.Contains(frame.ContentLength); ok {
		t.Error("a text message has a content-length")
	}
}

func TestABodyWithAZeroByteHasALength(t *testing.T) {
	b := newFakeBroker(t)
	p, finish := runProducer(t, config(b))
	if err := p.SendAndWait(t.Context(), Outgoing{Destination: DeadLetters, Body: []byte("a\x00b")}); err != nil {
		t.Fatal(err)
	}
	if got := b.bodies(); len(got) != 1 || got[0] != "a\x00b" {
		t.Errorf("arrived: %q", got)
	}
	if err := finish(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasNotConfirmedIsSentAgain(t *testing.T) {
	b := newFakeBroker(t)
	b.silent = true // it takes messages, and its receipts are lost
	p, finish := runProducer(t, config(b))
	send(t, p, 0, 300)
	eventually(t, "a message arrives", func() bool { return len(b.bodies()) > 0 })
	if p.Confirmed() != 0 {
		t.Fatalf("%d confirmed without a receipt", p.Confirmed())
	}
	b.with(func() { b.silent = false })
	b.cut()
	if err := finish(); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, body := range b.bodies() {
		seen[body] = true
	}
	if len(seen) != 300 || p.Confirmed() != 300 {
		t.Errorf("%d different messages arrived, %d confirmed, want 300", len(seen), p.Confirmed())
	}
}

func TestTheWindowAndTheQueueBoundWhatAProducerHolds(t *testing.T) {
	b := newFakeBroker(t)
	b.silent = true
	p := NewProducer(config(b))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	const most = producerQueue + producerWindow*producerBatch
	full, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	n := 0
	for ; n < 2*most; n++ {
		if err := p.Send(full, Outgoing{Destination: Positions, Body: []byte("x")}); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error is %v", err)
			}
			break
		}
	}
	if n > most {
		t.Errorf("it took %d messages without a receipt, want at most %d", n, most)
	}
	cancel()
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("leaving messages behind gives %v", err)
	}
}

func TestAnERRORFrameEndsTheConnectionAndTheProducerTriesAgain(t *testing.T) {
	b := newFakeBroker(t)
	var refused atomic.Bool
	b.onFrame = func(nc net.Conn, f *frame.Frame) bool {
		if f.Command != frame.SEND || !refused.CompareAndSwap(false, true) {
			return false
		}
		if err := frame.NewWriter(nc).Write(frame.New(frame.ERROR, frame.Message, "no room")); err != nil {
			t.Error(err)
		}
		return true
	}
	var mu sync.Mutex
	var states []string
	cfg := config(b)
	cfg.OnState = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		states = append(states, fmt.Sprint(err))
	}
	p, finish := runProducer(t, cfg)
	send(t, p, 0, 1)
	if err := finish(); err != nil {
		t.Fatal(err)
	}
	if got := b.bodies(); len(got) != 1 {
		t.Errorf("arrived: %q", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.ContainsFunc(states, func(s string) bool { return strings.Contains(s, "no room") }) {
		t.Errorf("states %q do not say why", states)
	}
}

func TestAnIdleProducerClosesWithoutABroker(t *testing.T) {
	b := newFakeBroker(t)
	cfg := config(b)
	if err := b.listener.Close(); err != nil {
		t.Fatal(err)
	}
	p, finish := runProducer(t, cfg)
	if err := finish(); err != nil {
		t.Error(err)
	}
	if err := p.Send(t.Context(), Outgoing{}); !errors.Is(err, ErrClosed) {
		t.Errorf("sending afterwards gives %v", err)
	}
}

func TestAWrongPasswordIsSaid(t *testing.T) {
	b := newFakeBroker(t)
	b.onFrame = func(nc net.Conn, _ *frame.Frame) bool {
		if err := frame.NewWriter(nc).Write(frame.New(frame.ERROR, frame.Message, "User name or password is invalid.")); err != nil {
			t.Error(err)
		}
		return true
	}
	_, err := dial(t.Context(), config(b), 1)
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "password is invalid") {
		t.Errorf("error is %v", err)
	}
}

// consume runs a consumer over the bodies until the condition holds.
func consume(t *testing.T, b *fakeBroker, dead *Producer, h Handler, until func() bool) {
	t.Helper()
	c := NewConsumer(config(b), ConsumerOptions{
		Destination: Positions, DeadLetters: DeadLetters, Batch: 10, Linger: 5 * time.Millisecond, Drain: 5 * time.Second,
	}, dead, h)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	eventually(t, "the consumer's condition", until)
	cancel()
	<-ended
}

func (b *fakeBroker) ackedSoFar() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.acked
}

func numbers(n int) []string {
	s := make([]string, n)
	for i := range s {
		s[i] = strconv.Itoa(i)
	}
	return s
}

func TestABatchIsAcknowledgedOnlyAfterItsHandler(t *testing.T) {
	b := newFakeBroker(t)
	b.waiting = numbers(20)
	var handled []string
	consume(t, b, nil, func(_ context.Context, batch []Message) ([]Rejection, error) {
		if got := b.ackedSoFar(); got > len(handled) {
			t.Errorf("%d acknowledged when %d were handled", got, len(handled))
		}
		if len(batch) > 10 {
			t.Errorf("batch of %d", len(batch))
		}
		for _, m := range batch {
			handled = append(handled, string(m.Body))
		}
		return nil, nil
	}, func() bool { return b.ackedSoFar() == 20 })
	if !slices.Equal(handled, numbers(20)) {
		t.Errorf("handled %q", handled)
	}
}

func TestAFailedBatchIsTriedAgainAndNotAcknowledged(t *testing.T) {
	b := newFakeBroker(t)
	b.waiting = numbers(5)
	attempts := 0
	consume(t, b, nil, func(_ context.Context, _ []Message) ([]Rejection, error) {
		attempts++
		if b.ackedSoFar() != 0 {
			t.Error("acknowledged although it failed")
		}
		if attempts < 3 {
			return nil, errors.New("the database is away")
		}
		return nil, nil
	}, func() bool { return b.ackedSoFar() == 5 })
	if attempts != 3 {
		t.Errorf("%d attempts", attempts)
	}
}

func TestRejectedMessagesAreDeadLettersBeforeTheyAreAcknowledged(t *testing.T) {
	b := newFakeBroker(t)
	b.waiting = []string{"good", "bad", "good"}
	dead, finish := runProducer(t, config(b))
	consume(t, b, dead, func(_ context.Context, batch []Message) ([]Rejection, error) {
		var rejected []Rejection
		for _, m := range batch {
			if string(m.Body) == "bad" {
				rejected = append(rejected, Rejection{m, "it is bad:\nvery"})
			}
		}
		return rejected, nil
	}, func() bool { return b.ackedSoFar() == 3 })
	if err := finish(); err != nil {
		t.Fatal(err)
	}
	if len(b.received) != 1 {
		t.Fatalf("%d dead letters", len(b.received))
	}
	f := b.received[0]
	for name, want := range map[string]string{
		frame.Destination: DeadLetters, HeaderReason: "it is bad:\nvery", "persistent": "true", "original-message-id": "m2",
	} {
		if got := f.Header.Get(name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
}

func TestABatchInHandIsFinishedWhenTheConsumerStops(t *testing.T) {
	b := newFakeBroker(t)
	b.waiting = numbers(10)
	c := NewConsumer(config(b), ConsumerOptions{Destination: Positions, Batch: 10, Linger: time.Millisecond, Drain: 5 * time.Second}, nil,
		nil)
	ctx, cancel := context.WithCancel(t.Context())
	c.handle = func(work context.Context, _ []Message) ([]Rejection, error) {
		cancel() // in the middle of it
		return nil, work.Err()
	}
	c.Run(ctx)
	if got := b.ackedSoFar(); got != 10 {
		t.Errorf("%d acknowledged, want the batch of 10", got)
	}
}

func TestAConsumerComesBackAfterALostConnection(t *testing.T) {
	b := newFakeBroker(t)
	b.waiting = numbers(3)
	var lost atomic.Bool
	consume(t, b, nil, func(_ context.Context, _ []Message) ([]Rejection, error) {
		if lost.CompareAndSwap(false, true) {
			b.cut()
			return nil, errors.New("away")
		}
		return nil, nil
	}, func() bool { return b.ackedSoFar() == 3 })
	if b.logins < 2 {
		t.Errorf("%d logins", b.logins)
	}
}

func TestASubscriberBeginsEachSubscriptionAnew(t *testing.T) {
	b := newFakeBroker(t)
	b.waiting = []string{"a", "b"}
	var begun, handled atomic.Int32
	s := NewSubscriber(config(b), Latest,
		func(context.Context) error {
			if begun.Add(1) == 1 {
				return errors.New("no snapshot yet")
			}
			return nil
		},
		func(context.Context, Message) {
			if begun.Load() < 2 {
				t.Error("handled before it began")
			}
			handled.Add(1)
		})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	eventually(t, "two messages", func() bool { return handled.Load() == 2 })
	b.cut()
	eventually(t, "two more", func() bool { return handled.Load() == 4 })
	cancel()
	<-ended
	if begun.Load() != 3 {
		t.Errorf("began %d times", begun.Load())
	}
}

func TestAddressesAreHostAndPort(t *testing.T) {
	for addr, want := range map[string]bool{"broker:61613": true, "[::1]:1": true, "broker": false, ":61613": false, "broker:0": false, "broker:http": false, "broker:70000": false} {
		if err := ValidateAddr(addr); (err == nil) != want {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func TestTheBackoffGrowsAndIsBounded(t *testing.T) {
	for n := 1; n < 100; n++ {
		if d := (Config{}).backoff(n); d < 100*time.Millisecond || d > 10*time.Second {
			t.Errorf("attempt %d waits %s", n, d)
		}
	}
}
