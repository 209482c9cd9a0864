package sse

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"
)

const (
	// MaxClients is how many clients a broker serves at a time.
	MaxClients = 10_000
	// Heartbeat is how often an idle stream carries a comment.
	Heartbeat = 15 * time.Second

	slowest = 10 * time.Second // that a client may take for one event
)

// ServeHTTP streams to one client until it goes, is too slow, or its request's context ends.
func (b *Broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !b.join(MaxClients) {
		b.metrics.dropped.WithLabelValues(reasonFull).Inc()
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many streams", http.StatusServiceUnavailable)
		return
	}
	defer b.leave()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if err := b.stream(r.Context(), w); errors.Is(err, os.ErrDeadlineExceeded) {
		b.metrics.dropped.WithLabelValues(reasonSlow).Inc()
	}
}

func (b *Broker) stream(ctx context.Context, w http.ResponseWriter) error {
	rc := http.NewResponseController(w)
	send := func(data []byte) error {
		if err := rc.SetWriteDeadline(time.Now().Add(slowest)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		return rc.Flush()
	}
	// How soon a browser comes back, in milliseconds.
	if err := send([]byte("retry: 2000\n\n")); err != nil {
		return err
	}
	idle := time.NewTimer(Heartbeat)
	defer idle.Stop()
	var seen uint64
	for {
		data, now, next := b.frame(seen)
		seen = now
		if data != nil {
			if err := send(data); err != nil {
				return err
			}
			idle.Reset(Heartbeat)
		}
		select {
		case <-next:
		case <-idle.C:
			if err := send([]byte(": alive\n\n")); err != nil {
				return err
			}
			idle.Reset(Heartbeat)
		case <-ctx.Done():
			return nil
		}
	}
}
