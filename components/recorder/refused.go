package recorder

import (
	"errors"
	"strings"
	"testing"
)

// Refused fails the test unless the program registered nothing and ended in an error of what it was doing, such as
// "validate network net", whose refusals are as Refusals wants them.
func (r *Run) Refused(tb testing.TB, err error, doing string, want ...string) {
	tb.Helper()
	if names := r.Names(); len(names) != 0 {
		tb.Errorf("registered %v", names)
	}
	if err == nil {
		tb.Fatal("accepted")
	}
	// Looked for within: Pulumi puts lines of its own around a program's error, and they would be counted.
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if refusals, ok := strings.CutPrefix(inner.Error(), doing+": "); ok {
			Refusals(tb, errors.New(refusals), want...)
			return
		}
	}
	tb.Errorf("error %q isn't of %q", err, doing)
}

// Refusals fails the test unless the error says each of the wanted texts and has as many lines, one for each refusal.
func Refusals(tb testing.TB, err error, want ...string) {
	tb.Helper()
	if err == nil {
		tb.Fatal("accepted")
	}
	for _, want := range want {
		if !strings.Contains(err.Error(), want) {
			tb.Errorf("error %q doesn't say %q", err, want)
		}
	}
	if got := strings.Count(err.Error(), "\n") + 1; got != len(want) {
		tb.Errorf("%d refusals, want %d: %v", got, len(want), err)
	}
}
