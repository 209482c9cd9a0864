package servicetest

import (
	"net"
	"sync"
	"testing"

	"github.com/go-stomp/stomp/v3/frame"
)

// Broker returns the address of a broker that confirms all it gets and sends nothing. It runs until the end of the test.
func Broker(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer nc.Close()
				confirm(nc)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // it was only read from
		serving.Wait()
	})
	return l.Addr().String()
}

// confirm answers until the client goes.
func confirm(nc net.Conn) {
	r, w := frame.NewReader(nc), frame.NewWriter(nc)
	for {
		f, err := r.Read()
		if err != nil {
			return
		}
		if f == nil {
			continue // a heart-beat
		}
		var answer *frame.Frame
		if f.Command == frame.CONNECT {
			answer = frame.New(frame.CONNECTED, frame.Version, "1.2", frame.HeartBeat, "0,0")
		} else if id, ok := f.Header.Contains(frame.Receipt); ok {
			answer = frame.New(frame.RECEIPT, frame.ReceiptId, id)
		}
		if answer != nil && w.Write(answer) != nil {
			return
		}
	}
}
