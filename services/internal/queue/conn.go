package queue

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/go-stomp/stomp/v3/frame"
)

// conn is one connection to the broker. Its reader runs until the connection ends; after that done is closed and
// err says why.
type conn struct {
	nc       net.Conn
	messages chan *frame.Frame // MESSAGE frames, in order
	receipts chan string       // receipt ids, in order
	done     chan struct{}

	once sync.Once
	err  error // set before done is closed

	mu   sync.Mutex // guards what follows
	buf  *bufio.Writer
	w    *frame.Writer
	last time.Time // of the last write
}

// dial connects and logs in. room is how many messages and receipts may wait to be read; the broker must not be
// allowed to send more than that unacknowledged, or heart-beats wait behind them.
func dial(ctx context.Context, cfg Config, room int) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("connect to broker: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	buf := bufio.NewWriterSize(nc, 64<<10)
	c := &conn{
		nc:       nc,
		messages: make(chan *frame.Frame, room),
		receipts: make(chan string, room),
		done:     make(chan struct{}),
		buf:      buf,
		w:        frame.NewWriter(buf),
		last:     time.Now(),
	}
	r := frame.NewReaderSize(nc, 32<<10)
	send, expect, err := c.login(cfg, r)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("log in to broker: %w", err), nc.Close())
	}
	if !stop() {
		return nil, errors.Join(fmt.Errorf("log in to broker: %w", ctx.Err()), nc.Close())
	}
	go c.read(r, expect)
	if send > 0 {
		go c.beat(send)
	}
	return c, nil
}

// login returns how often to send a heart-beat and how long to wait for one; zero means never.
func (c *conn) login(cfg Config, r *frame.Reader) (send, expect time.Duration, err error) {
	host, _, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return 0, 0, err
	}
	ms := strconv.FormatInt(cfg.heartBeat().Milliseconds(), 10)
	f := frame.New(frame.CONNECT, frame.AcceptVersion, "1.2", frame.Host, host, frame.HeartBeat, ms+","+ms)
	if cfg.User != "" {
		f.Header.Add(frame.Login, cfg.User)
		f.Header.Add(frame.Passcode, cfg.Password)
	}
	if err := c.write(f); err != nil {
		return 0, 0, err
	}
	answer, err := r.Read()
	if err != nil {
		return 0, 0, err
	}
	if answer == nil || answer.Command != frame.CONNECTED {
		return 0, 0, refusal(answer)
	}
	if v := answer.Header.Get(frame.Version); v != "1.2" {
		return 0, 0, fmt.Errorf("%w: it speaks STOMP %q, want 1.2", ErrRefused, v)
	}
	if hb, ok := answer.Header.Contains(frame.HeartBeat); ok {
		theirs, ours, err := frame.ParseHeartBeat(hb)
		if err != nil {
			return 0, 0, err
		}
		if ours > 0 {
			send = max(ours, cfg.heartBeat())
		}
		if theirs > 0 {
			expect = max(theirs, cfg.heartBeat())
		}
	}
	return send, expect, nil
}

func refusal(f *frame.Frame) error {
	if f == nil {
		return fmt.Errorf("%w: unexpected heart-beat", ErrRefused)
	}
	if f.Command != frame.ERROR {
		return fmt.Errorf("%w: unexpected %s frame", ErrRefused, f.Command)
	}
	return fmt.Errorf("%w: %.300s", ErrRefused, f.Header.Get(frame.Message))
}

// write sends the frames and flushes once.
func (c *conn) write(frames ...*frame.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return c.fail(err)
	}
	for _, f := range frames {
		if err := c.w.Write(f); err != nil {
			return c.fail(err)
		}
	}
	if err := c.buf.Flush(); err != nil {
		return c.fail(err)
	}
	c.last = time.Now()
	return nil
}

// fail ends the connection and returns why it ended, which may be an earlier reason.
func (c *conn) fail(err error) error {
	c.once.Do(func() {
		c.err = err
		_ = c.nc.Close() // the reason to close matters more
		close(c.done)
	})
	<-c.done
	return c.err
}

func (c *conn) read(r *frame.Reader, expect time.Duration) {
	for {
		if expect > 0 {
			if err := c.nc.SetReadDeadline(time.Now().Add(2 * expect)); err != nil {
				_ = c.fail(err)
				return
			}
		}
		f, err := r.Read()
		if err != nil {
			_ = c.fail(fmt.Errorf("read from broker: %w", err))
			return
		}
		if f == nil {
			continue // a heart-beat
		}
		switch f.Command {
		case frame.MESSAGE:
			select {
			case c.messages <- f:
			case <-c.done:
				return
			}
		case frame.RECEIPT:
			select {
			case c.receipts <- f.Header.Get(frame.ReceiptId):
			case <-c.done:
				return
			}
		default:
			_ = c.fail(refusal(f))
			return
		}
	}
}

func (c *conn) beat(every time.Duration) {
	t := time.NewTicker(every / 2)
	defer t.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-t.C:
		}
		c.mu.Lock()
		idle := time.Since(c.last)
		c.mu.Unlock()
		if idle < every/2 {
			continue
		}
		if c.write(nil) != nil {
			return
		}
	}
}

// awaitReceipt waits for the receipt of that id and ignores others.
func (c *conn) awaitReceipt(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, receiptTimeout)
	defer cancel()
	for {
		select {
		case got := <-c.receipts:
			if got == id {
				return nil
			}
		case <-c.done:
			return c.receiptAtLast(id)
		case <-ctx.Done():
			return c.fail(fmt.Errorf("wait for receipt: %w", ctx.Err()))
		}
	}
}

// receiptAtLast looks for the receipt among those that arrived before the connection ended.
func (c *conn) receiptAtLast(id string) error {
	for {
		select {
		case got := <-c.receipts:
			if got == id {
				return nil
			}
		default:
			return c.err
		}
	}
}

// disconnect ends the connection in order: once the broker confirms it, it has processed all that was written.
func (c *conn) disconnect(ctx context.Context) error {
	const id = "bye"
	ctx, cancel := context.WithTimeout(ctx, disconnectTimeout)
	defer cancel()
	if err := c.write(frame.New(frame.DISCONNECT, frame.Receipt, id)); err != nil {
		return err
	}
	// What still arrives is not ours any more; it must be taken so that the reader gets to the receipt.
	drained := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(drained)
		for {
			select {
			case <-c.messages:
			case <-stop:
				return
			}
		}
	}()
	err := c.awaitReceipt(ctx, id)
	close(stop)
	<-drained
	_ = c.fail(ErrClosed)
	return err
}

// pause waits for d, and returns early with an error when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
