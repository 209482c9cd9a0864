package queue

import (
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/go-stomp/stomp/v3/frame"
)

// fakeBroker is a small STOMP broker whose misbehaviour a test chooses. The one of go-stomp sends a single message
// at a time and does not know the acknowledgements of STOMP 1.2.
type fakeBroker struct {
	t        *testing.T
	listener net.Listener
	wg       sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	logins   int
	received []*frame.Frame // SEND frames whose transaction, if any, has been committed
	waiting  []string       // bodies for subscribers, not acknowledged
	acked    int            // messages
	// onFrame, if set, may take a frame over: true means that the broker does nothing more with it.
	onFrame func(nc net.Conn, f *frame.Frame) bool
	// silent swallows receipts.
	silent bool
}

func newFakeBroker(t *testing.T) *fakeBroker {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &fakeBroker{t: t, listener: l, conns: make(map[net.Conn]bool)}
	b.wg.Go(b.accept)
	t.Cleanup(func() {
		_ = l.Close()
		b.cut()
		b.wg.Wait()
	})
	return b
}

func (b *fakeBroker) addr() string { return b.listener.Addr().String() }

func (b *fakeBroker) accept() {
	for {
		nc, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.conns[nc] = true
		b.mu.Unlock()
		b.wg.Go(func() { b.serve(nc) })
	}
}

// cut ends all connections.
func (b *fakeBroker) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for nc := range b.conns {
		_ = nc.Close()
	}
	clear(b.conns)
}

// with changes the broker while it runs.
func (b *fakeBroker) with(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

func (b *fakeBroker) bodies() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var bodies []string
	for _, f := range b.received {
		bodies = append(bodies, string(f.Body))
	}
	return bodies
}

func (b *fakeBroker) serve(nc net.Conn) {
	r, w := frame.NewReader(nc), frame.NewWriter(nc)
	pending := make(map[string][]*frame.Frame)
	delivered := 0 // of waiting, on this connection
	for {
		f, err := r.Read()
		if err != nil {
			return
		}
		if f == nil {
			continue
		}
		b.mu.Lock()
		hook, silent := b.onFrame, b.silent
		b.mu.Unlock()
		if hook != nil && hook(nc, f) {
			continue
		}
		tx := f.Header.Get(frame.Transaction)
		b.mu.Lock()
		switch f.Command {
		case frame.CONNECT:
			b.logins++
			b.write(w, frame.New(frame.CONNECTED, frame.Version, "1.2", frame.HeartBeat, "0,0"))
		case frame.SEND:
			if tx != "" {
				pending[tx] = append(pending[tx], f)
			} else {
				b.received = append(b.received, f)
			}
		case frame.COMMIT:
			b.received = append(b.received, pending[tx]...)
			delete(pending, tx)
		case frame.SUBSCRIBE:
			for i, body := range b.waiting {
				id := strconv.Itoa(i + 1)
				m := frame.New(frame.MESSAGE, frame.Subscription, f.Header.Get(frame.Id), frame.MessageId, "m"+id, frame.Ack, id)
				m.Body = []byte(body)
				b.write(w, m)
			}
			delivered = len(b.waiting)
		case frame.ACK: // of that message and those before it
			n, err := strconv.Atoi(f.Header.Get(frame.Id))
			if err != nil || n > delivered {
				b.t.Errorf("ACK of %q", f.Header.Get(frame.Id))
			}
			b.acked = max(b.acked, n)
		}
		if id, ok := f.Header.Contains(frame.Receipt); ok && !silent {
			b.write(w, frame.New(frame.RECEIPT, frame.ReceiptId, id))
		}
		b.mu.Unlock()
	}
}

func (b *fakeBroker) write(w *frame.Writer, f *frame.Frame) {
	if err := w.Write(f); err != nil {
		b.t.Logf("broker: %v", err)
	}
}
