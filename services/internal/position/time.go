package position

import (
	"fmt"
	"strings"
	"time"
)

// TimeLayout is how a time is written: milliseconds, and an offset without a colon.
const TimeLayout = "2006-01-02T15:04:05.000-0700"

// The years a report may lie in. BSON and JSON could carry more; a tracker has no use for them.
const (
	minYear = 1970
	maxYear = 2200
)

// Time is an instant with a precision of a millisecond, always in UTC.
type Time struct{ time.Time }

// NewTime returns t in UTC, cut to the millisecond.
func NewTime(t time.Time) Time {
	return Time{t.UTC().Truncate(time.Millisecond)}
}

// ParseTime reads a time in TimeLayout or in RFC 3339.
func ParseTime(s string) (Time, error) {
	const longest = 40
	if len(s) > longest {
		return Time{}, fmt.Errorf("parse time: %w: longer than %d characters", ErrInvalid, longest)
	}
	for _, layout := range []string{TimeLayout, time.RFC3339Nano} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		t = t.UTC()
		if t.Year() < minYear || t.Year() > maxYear {
			return Time{}, fmt.Errorf("parse time: %w: year %d is not in %d..%d", ErrInvalid, t.Year(), minYear, maxYear)
		}
		return NewTime(t), nil
	}
	return Time{}, fmt.Errorf("parse time: %w: %q is neither %s nor RFC 3339", ErrInvalid, s, TimeLayout)
}

// String returns the time in TimeLayout.
func (t Time) String() string { return t.Format(TimeLayout) }

// AppendText appends the time in TimeLayout.
func (t Time) AppendText(b []byte) ([]byte, error) { return t.AppendFormat(b, TimeLayout), nil }

// MarshalText returns the time in TimeLayout.
func (t Time) MarshalText() ([]byte, error) { return t.AppendText(make([]byte, 0, len(TimeLayout))) }

// UnmarshalText reads what ParseTime reads.
func (t *Time) UnmarshalText(b []byte) error {
	parsed, err := ParseTime(string(b))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// MarshalJSON returns the time in TimeLayout, quoted.
func (t Time) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(TimeLayout)+2)
	b = append(b, '"')
	b = t.AppendFormat(b, TimeLayout)
	return append(b, '"'), nil
}

// UnmarshalJSON reads a quoted time.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' || strings.ContainsRune(s, '\\') {
		return fmt.Errorf("parse time: %w: %.40s is not a string", ErrInvalid, s)
	}
	return t.UnmarshalText(b[1 : len(b)-1])
}
