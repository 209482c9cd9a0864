package simulator

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"fleetman/services/internal/drive"
	"fleetman/services/internal/position"
	"fleetman/services/internal/road"
)

// within runs a simulator of n vehicles for a while, in the bubble's time.
func within(t *testing.T, n int, interval, while time.Duration, send func(context.Context, position.Report) error) error {
	t.Helper()
	fleet := drive.New(road.New(road.Seed), 1, n, time.Now())
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	return New(fleet, interval, SystemClock{}, send).Run(ctx)
}

func TestEveryVehicleReportsOncePerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times := make(map[string][]time.Time)
		instants := make(map[time.Time]int)
		err := within(t, 10, 2*time.Second, 21*time.Second, func(_ context.Context, r position.Report) error {
			if err := r.Validate(); err != nil {
				t.Error(err)
			}
			times[r.Vehicle] = append(times[r.Vehicle], r.Time.Time)
			instants[r.Time.Time]++
			return nil
		})
		if err != nil || len(times) != 10 {
			t.Fatalf("%d vehicles, %v", len(times), err)
		}
		for name, at := range times {
			if len(at) < 10 || len(at) > 11 {
				t.Errorf("%s reported %d times in 21 s", name, len(at))
			}
			for i := 1; i < len(at); i++ {
				if d := at[i].Sub(at[i-1]); d != 2*time.Second {
					t.Errorf("%s reported after %s", name, d)
				}
			}
		}
		for at, n := range instants {
			if n > 1 {
				t.Errorf("%d vehicles reported at %s", n, at)
			}
		}
	})
}

func TestReportsThatWereHeldUpAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := make(map[string]time.Time)
		sent := 0
		err := within(t, 5, time.Second, time.Minute, func(_ context.Context, r position.Report) error {
			if before, ok := last[r.Vehicle]; ok && r.Time.Sub(before) < time.Second-time.Millisecond {
				t.Errorf("%s reports after %s", r.Vehicle, r.Time.Sub(before))
			}
			last[r.Vehicle] = r.Time.Time
			if sent++; sent == 7 {
				time.Sleep(50*time.Second + 300*time.Millisecond) // the broker is away
			}
			return nil
		})
		if want := 7 + 5*8; err != nil || sent < want || sent > want+5 {
			t.Errorf("%d reports, %v; want about %d", sent, err, want)
		}
	})
}

func TestAReportThatCanNeverBeSentEndsTheSimulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		err := within(t, 1, time.Second, time.Minute, func(context.Context, position.Report) error { return broken })
		if !errors.Is(err, broken) {
			t.Errorf("error is %v", err)
		}
	})
}
