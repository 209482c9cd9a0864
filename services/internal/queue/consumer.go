package queue

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/go-stomp/stomp/v3/frame"

	"fleetman/services/internal/jmsmap"
)

// HeaderReason is the header of a dead letter that says why it is one.
const HeaderReason = "fleetman-reason"

// headerTransformation asks the broker to write maps in a form, or says in which one it did.
const headerTransformation = "transformation"

// Message is a message from the broker.
type Message struct {
	ID      string
	Body    []byte
	Headers map[string]string // only of a message that Consumer hands over
	ack     string
}

// Rejection is a message that can never be handled, and why.
type Rejection struct {
	Message Message
	Reason  string
}

// Handler handles a batch. It returns the messages that can never be handled; an error means that the whole batch
// is to be tried again. It must be idempotent: a batch may come again, differently cut.
type Handler func(ctx context.Context, batch []Message) ([]Rejection, error)

// ConsumerOptions says what to consume and how.
type ConsumerOptions struct {
	Destination string        // /queue/...
	DeadLetters string        // /queue/..., where rejected messages go
	Batch       int           // most messages in a batch
	Linger      time.Duration // how long a batch waits for more
	Drain       time.Duration // how long a batch may take once Run's context has ended
}

// Consumer hands the messages of a queue to a handler, batch by batch, and acknowledges a batch after the handler
// has finished with it and its rejected messages are in the queue of dead letters.
type Consumer struct {
	cfg         Config
	opts        ConsumerOptions
	deadLetters *Producer
	handle      Handler
}

// NewConsumer returns a consumer that consumes once Run runs. Dead letters go through the producer, which must be
// running and outlive the consumer.
func NewConsumer(cfg Config, opts ConsumerOptions, deadLetters *Producer, handle Handler) *Consumer {
	return &Consumer{cfg: cfg, opts: opts, deadLetters: deadLetters, handle: handle}
}

// Run consumes until ctx ends. It finishes and acknowledges the batch that it has begun before it returns.
func (c *Consumer) Run(ctx context.Context) {
	// Twice a batch: the next one arrives while the handler works.
	prefetch := 2 * c.opts.Batch
	keepConnected(ctx, c.cfg, prefetch, func(ctx context.Context, cn *conn) error {
		err := cn.write(frame.New(frame.SUBSCRIBE, frame.Id, "0", frame.Destination, c.opts.Destination,
			frame.Ack, "client", "activemq.prefetchSize", strconv.Itoa(prefetch),
			// Without it the broker hands over a map that came as JSON with an empty body; as JSON it would turn text
			// that looks like a number into one.
			headerTransformation, jmsmap.XML))
		if err != nil {
			return err
		}
		work, cancel := outlive(ctx, c.opts.Drain)
		defer cancel()
		for {
			batch, err := c.collect(ctx, cn)
			if err != nil {
				return err
			}
			if len(batch) == 0 { // ctx has ended
				if err := cn.disconnect(work); err != nil {
					return err
				}
				return errFinished
			}
			if err := c.finish(ctx, work, cn, batch); err != nil {
				return err
			}
		}
	})
}

// outlive returns a context that ends d after parent does.
func outlive(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { stop(); cancel() }
}

// collect waits for a message, then for more until the batch is full or has lingered. It returns none once ctx
// has ended.
func (c *Consumer) collect(ctx context.Context, cn *conn) ([]Message, error) {
	if ctx.Err() != nil {
		return nil, nil
	}
	var (
		batch  []Message
		linger <-chan time.Time
	)
	for len(batch) < c.opts.Batch {
		select {
		case f := <-cn.messages:
			if batch == nil {
				batch = make([]Message, 0, c.opts.Batch)
				t := time.NewTimer(c.opts.Linger)
				defer t.Stop()
				linger = t.C
			}
			batch = append(batch, incoming(f))
		case <-linger:
			return batch, nil
		case <-cn.done:
			return nil, cn.err
		case <-ctx.Done():
			return nil, nil // what was collected is not acknowledged, so it comes again
		}
	}
	return batch, nil
}

func incoming(f *frame.Frame) Message {
	m := Message{ID: f.Header.Get(frame.MessageId), Body: f.Body, ack: f.Header.Get(frame.Ack)}
	if t := f.Header.Get(headerTransformation); t != "" {
		m.Headers = map[string]string{headerTransformation: t}
	}
	return m
}

// finish has the batch handled, again and again while that fails and the connection lasts, and acknowledges it.
func (c *Consumer) finish(ctx, work context.Context, cn *conn, batch []Message) error {
	for attempt := 1; ; attempt++ {
		err := c.attempt(work, batch)
		if err == nil {
			return cn.write(frame.New(frame.ACK, frame.Id, batch[len(batch)-1].ack))
		}
		wait := c.cfg.backoff(attempt)
		c.cfg.Log.Error("batch not handled", "for", c.cfg.Name, "messages", len(batch), "attempt", attempt, "error", err, "retry_in", wait.String())
		if ctx.Err() != nil {
			return fmt.Errorf("handle batch: %w", err) // not acknowledged, so it comes again
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done(): // one more attempt
		case <-cn.done:
			t.Stop()
			return cn.err
		}
		t.Stop()
	}
}

func (c *Consumer) attempt(ctx context.Context, batch []Message) error {
	rejected, err := c.handle(ctx, batch)
	if err != nil {
		return err
	}
	for _, r := range rejected {
		headers := []string{HeaderReason, r.Reason, "original-destination", c.opts.Destination, "original-message-id", r.Message.ID}
		m := Outgoing{Destination: c.opts.DeadLetters, Body: r.Message.Body, Headers: headers, Persistent: true}
		if err := c.deadLetters.SendAndWait(ctx, m); err != nil {
			return fmt.Errorf("send dead letter: %w", err)
		}
	}
	return nil
}
