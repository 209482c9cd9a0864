package queue

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/go-stomp/stomp/v3/frame"
)

// The limits of a Producer.
const (
	producerQueue  = 1024 // messages that wait for their batch
	producerBatch  = 256  // messages in a transaction
	producerWindow = 4    // transactions without a receipt yet
)

// Outgoing is a message to send.
type Outgoing struct {
	Destination string // /queue/... or /topic/...
	Body        []byte
	Headers     []string // names and values, in turn
	Persistent  bool
}

// Producer sends messages. What Send has accepted is sent again after a lost connection until the broker confirms
// it. Messages that wait together go as one transaction, so the broker syncs its journal once for all of them.
type Producer struct {
	cfg       Config
	in        chan *item
	closing   chan struct{}
	closeOnce sync.Once
	finished  chan struct{}
	accepted  atomic.Int64
	confirmed atomic.Int64
}

type item struct {
	frame *frame.Frame
	done  chan struct{} // closed when confirmed; nil when nobody waits
}

type batch struct {
	receipt string
	items   []*item
}

// NewProducer returns a producer that sends once Run runs.
func NewProducer(cfg Config) *Producer {
	return &Producer{cfg: cfg, in: make(chan *item, producerQueue), closing: make(chan struct{}), finished: make(chan struct{})}
}

// Accepted returns how many messages Send and SendAndWait have taken.
func (p *Producer) Accepted() int64 { return p.accepted.Load() }

// Confirmed returns how many messages the broker has confirmed.
func (p *Producer) Confirmed() int64 { return p.confirmed.Load() }

// Send takes a message. It blocks while the producer holds as many as it may, until ctx ends.
func (p *Producer) Send(ctx context.Context, m Outgoing) error {
	return p.put(ctx, &item{frame: m.frame()})
}

// SendAndWait takes a message and returns once the broker has confirmed it. When ctx ends first, the message may
// be sent all the same.
func (p *Producer) SendAndWait(ctx context.Context, m Outgoing) error {
	it := &item{frame: m.frame(), done: make(chan struct{})}
	if err := p.put(ctx, it); err != nil {
		return err
	}
	select {
	case <-it.done:
		return nil
	case <-p.finished:
		return fmt.Errorf("send message: %w", ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("send message: %w", ctx.Err())
	}
}

func (p *Producer) put(ctx context.Context, it *item) error {
	select {
	case <-p.closing:
		return fmt.Errorf("send message: %w", ErrClosed)
	default:
	}
	select {
	case p.in <- it:
		p.accepted.Add(1)
		return nil
	case <-p.closing:
		return fmt.Errorf("send message: %w", ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("send message: %w", ctx.Err())
	}
}

func (m Outgoing) frame() *frame.Frame {
	f := frame.New(frame.SEND, frame.Destination, m.Destination)
	if m.Persistent {
		f.Header.Add("persistent", "true")
	}
	for i := 0; i+1 < len(m.Headers); i += 2 {
		f.Header.Add(m.Headers[i], m.Headers[i+1])
	}
	// With a content-length the broker makes it a BytesMessage; only a body that could not be told from the end of
	// the frame has one.
	if bytes.IndexByte(m.Body, 0) >= 0 {
		f.Header.Add(frame.ContentLength, strconv.Itoa(len(m.Body)))
	}
	f.Body = m.Body
	return f
}

// Run sends until Close has been called and everything is confirmed, or until ctx ends. It is an error to leave
// messages behind.
func (p *Producer) Run(ctx context.Context) error {
	defer close(p.finished)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go p.cancelWhenIdle(ctx, cancel)
	var open []*batch // not confirmed, oldest first
	next := 0
	keepConnected(ctx, p.cfg, producerWindow, func(ctx context.Context, c *conn) error {
		for _, b := range open {
			if err := c.write(b.frames()...); err != nil {
				return err
			}
		}
		for {
			in, closing := p.in, p.closing
			if len(open) >= producerWindow {
				in = nil
			}
			if len(open) > 0 || len(p.in) > 0 {
				closing = nil // there is still something to do
			}
			select {
			case it := <-in:
				next++
				b := &batch{receipt: "r" + strconv.Itoa(next), items: p.gather(it)}
				open = append(open, b)
				if err := c.write(b.frames()...); err != nil {
					return err
				}
			case id := <-c.receipts:
				if len(open) == 0 || open[0].receipt != id {
					return fmt.Errorf("%w: receipt %q out of turn", ErrRefused, id)
				}
				p.confirm(open[0])
				open = open[1:]
			case <-c.done:
				return c.err
			case <-ctx.Done():
				return ctx.Err()
			case <-closing:
				if err := c.disconnect(ctx); err != nil {
					p.cfg.Log.Debug("broker did not confirm the end", "for", p.cfg.Name, "error", err)
				}
				return errFinished
			}
		}
	})
	left := p.accepted.Load() - p.confirmed.Load()
	if left > 0 {
		return fmt.Errorf("send messages: %w with %d not confirmed", ErrClosed, left)
	}
	return nil
}

// cancelWhenIdle ends Run without a broker when it is closed and has nothing left to send.
func (p *Producer) cancelWhenIdle(ctx context.Context, cancel context.CancelFunc) {
	select {
	case <-p.closing:
		if p.accepted.Load() == p.confirmed.Load() {
			cancel()
		}
	case <-ctx.Done():
	}
}

// gather returns first and whatever else waits, up to a batch.
func (p *Producer) gather(first *item) []*item {
	items := append(make([]*item, 0, 1+min(len(p.in), producerBatch-1)), first)
	for len(items) < producerBatch {
		select {
		case it := <-p.in:
			items = append(items, it)
		default:
			return items
		}
	}
	return items
}

func (p *Producer) confirm(b *batch) {
	p.confirmed.Add(int64(len(b.items)))
	for _, it := range b.items {
		if it.done != nil {
			close(it.done)
		}
	}
}

// frames returns the frames of the batch: one SEND with a receipt, or a transaction whose COMMIT has it. Within a
// transaction the broker reports a failed SEND by failing the COMMIT; outside, without a receipt, it would not.
func (b *batch) frames() []*frame.Frame {
	if len(b.items) == 1 {
		f := *b.items[0].frame
		f.Header = f.Header.Clone()
		f.Header.Add(frame.Receipt, b.receipt)
		return []*frame.Frame{&f}
	}
	frames := make([]*frame.Frame, 0, len(b.items)+2)
	frames = append(frames, frame.New(frame.BEGIN, frame.Transaction, b.receipt))
	for _, it := range b.items {
		f := *it.frame
		f.Header = f.Header.Clone()
		f.Header.Add(frame.Transaction, b.receipt)
		frames = append(frames, &f)
	}
	return append(frames, frame.New(frame.COMMIT, frame.Transaction, b.receipt, frame.Receipt, b.receipt))
}

// Close lets Run finish: it sends and confirms what was accepted, refuses more, and ends. Close waits for Run, at
// most until ctx ends.
func (p *Producer) Close(ctx context.Context) error {
	p.closeOnce.Do(func() { close(p.closing) })
	select {
	case <-p.finished:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close producer: %w", ctx.Err())
	}
}
