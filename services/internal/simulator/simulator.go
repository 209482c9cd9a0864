package simulator

import (
	"context"
	"time"

	"fleetman/services/internal/drive"
	"fleetman/services/internal/position"
)

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// WaitUntil returns at the time, or with an error when ctx ends first.
	WaitUntil(ctx context.Context, t time.Time) error
}

// Simulator reports for a fleet.
type Simulator struct {
	fleet    *drive.Fleet
	interval time.Duration
	clock    Clock
	send     func(ctx context.Context, r position.Report) error
}

// New returns a simulator. Send blocks when it cannot keep up, and returns an error only when it never will.
func New(fleet *drive.Fleet, interval time.Duration, clock Clock, send func(context.Context, position.Report) error) *Simulator {
	return &Simulator{fleet: fleet, interval: interval, clock: clock, send: send}
}

// Run reports until ctx ends.
func (s *Simulator) Run(ctx context.Context) error {
	n := int64(s.fleet.Len())
	begin := s.clock.Now()
	// Report k is vehicle k mod n's, and due k times an nth of the interval after the beginning.
	for k := int64(0); ; k++ {
		due := begin.Add(time.Duration(k/n)*s.interval + s.interval*time.Duration(k%n)/time.Duration(n))
		now := s.clock.Now()
		if behind := now.Sub(due); behind > s.interval {
			k += int64(float64(behind) / float64(s.interval) * float64(n))
			continue
		}
		if s.clock.WaitUntil(ctx, due) != nil {
			return nil //nolint:nilerr // ctx has ended, which is no failure
		}
		now = s.clock.Now()
		i := int(k % n)
		at := s.fleet.At(i, now)
		err := s.send(ctx, position.Report{Vehicle: s.fleet.Name(i), Lat: at.Lat, Long: at.Lon, Time: position.NewTime(now)})
		if ctx.Err() != nil {
			return nil //nolint:nilerr // as above
		}
		if err != nil {
			return err
		}
	}
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// WaitUntil implements Clock.
func (SystemClock) WaitUntil(ctx context.Context, t time.Time) error {
	d := time.Until(t)
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
