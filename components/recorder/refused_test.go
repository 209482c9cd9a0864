package recorder_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/recorder"
)

// failing keeps what a test would fail with.
type failing struct {
	testing.TB
	said []string
}

func (f *failing) Helper() {}

func (f *failing) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

func (f *failing) Fatal(args ...any) {
	f.said = append(f.said, fmt.Sprint(args...))
	runtime.Goexit()
}

func TestOnlyWhatIsWantedIsTakenForARefusal(t *testing.T) {
	both := errors.Join(errors.New("the Name is missing"), errors.New("the Port is 0"))
	for name, test := range map[string]struct {
		err       error
		registers bool
		want      []string
		fails     []string
	}{
		"as wanted": {err: fmt.Errorf("validate thing a: %w", both), want: []string{"Name", "Port"}},
		"accepted":  {want: []string{"Name"}, fails: []string{"accepted"}},
		"of another thing": {
			err: fmt.Errorf("validate thing ab: %w", both), want: []string{"Name", "Port"},
			fails: []string{`error "1 error occurred:\n\t* validate thing ab: the Name is missing\nthe Port is 0\n\n" isn't of "validate thing a"`},
		},
		"not said": {
			err: fmt.Errorf("validate thing a: %w", both), want: []string{"Name", "Host"},
			fails: []string{`error "the Name is missing\nthe Port is 0" doesn't say "Host"`},
		},
		"said by its name alone": {
			err: fmt.Errorf("validate thing a: %w", both), want: []string{"Name", "thing"},
			fails: []string{`error "the Name is missing\nthe Port is 0" doesn't say "thing"`},
		},
		"more than wanted": {
			err: fmt.Errorf("validate thing a: %w", both), want: []string{"Name"},
			fails: []string{"2 refusals, want 1: the Name is missing\nthe Port is 0"},
		},
		"fewer than wanted": {
			err: fmt.Errorf("validate thing a: %w", both), want: []string{"Name", "Port", "is missing"},
			fails: []string{"2 refusals, want 3: the Name is missing\nthe Port is 0"},
		},
		"too late": {
			err: fmt.Errorf("validate thing a: %w", both), registers: true, want: []string{"Name", "Port"},
			fails: []string{"registered [fleetman:test:Thing a]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := recorder.Record("prod", true, func(ctx *pulumi.Context) error {
				if test.registers {
					if err := ctx.RegisterComponentResource("fleetman:test:Thing", "a", &pulumi.ResourceState{}); err != nil {
						return err
					}
				}
				return test.err
			})
			tb := &failing{TB: t}
			// In a goroutine of its own, which is what Fatal ends.
			var wait sync.WaitGroup
			wait.Go(func() { run.Refused(tb, err, "validate thing a", test.want...) })
			wait.Wait()
			if !slices.Equal(tb.said, test.fails) {
				t.Errorf("fails with %q, want %q", tb.said, test.fails)
			}
		})
	}
}
