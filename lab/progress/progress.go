// Package progress tells a waiting user what is going on: one line when a step begins, one every fifteen seconds while it
// lasts, one when it ends, each with the time it took. It prints plain lines, so that a log reads as the terminal did.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const heartbeat = 15 * time.Second

// Log writes steps to one writer, from any number of goroutines.
type Log struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

// New starts the clock.
func New(w io.Writer) *Log { return &Log{w: w, start: time.Now()} }

// Say prints one line with the time since the start.
func (l *Log) Say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%6s  %s\n", time.Since(l.start).Round(time.Second), fmt.Sprintf(format, args...))
}

// Step runs f and reports it; the error comes back with the step's name before it.
func (l *Log) Step(name string, f func() error) error {
	began := time.Now()
	l.Say("%s ...", name)
	done := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() {
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				l.Say("  still: %s (%s)", name, time.Since(began).Round(time.Second))
			}
		}
	})
	err := f()
	close(done)
	beats.Wait()
	if err != nil {
		l.Say("%s FAILED after %s", name, time.Since(began).Round(time.Second))
		return fmt.Errorf("%s: %w", name, err)
	}
	l.Say("%s: done in %s", name, time.Since(began).Round(100*time.Millisecond))
	return nil
}
