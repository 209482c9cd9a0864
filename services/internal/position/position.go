package position

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the longest name of a vehicle, in bytes.
const MaxName = 120

// ErrInvalid says that a report or a position cannot be used as it is.
var ErrInvalid = errors.New("invalid")

// Report is what a vehicle says: where it was, and when.
type Report struct {
	Vehicle string
	Lat     float64 // degrees north, WGS84
	Long    float64 // degrees east, WGS84
	Time    Time
}

// VehiclePosition is a report with what follows from the vehicle's previous one.
type VehiclePosition struct {
	Name      string   `json:"name"`
	Lat       float64  `json:"lat"`       // degrees north, WGS84
	Longitude float64  `json:"longitude"` // degrees east, WGS84
	Timestamp Time     `json:"timestamp"`
	Speed     *float64 `json:"speed"`   // miles per hour; nil on the first report
	Heading   *float64 `json:"heading"` // degrees clockwise from north; nil when unknown
}

// Validate returns an error that wraps ErrInvalid and names everything that is wrong with the report.
func (r Report) Validate() error {
	var problems []string
	if err := ValidateName(r.Vehicle); err != nil {
		problems = append(problems, err.Error())
	}
	problems = appendRange(problems, "lat", r.Lat, 90)
	problems = appendRange(problems, "long", r.Long, 180)
	if r.Time.IsZero() {
		problems = append(problems, "time is missing")
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w: %s", ErrInvalid, strings.Join(problems, "; "))
	}
	return nil
}

// ValidateName says why name cannot be a vehicle's name, or nil.
func ValidateName(name string) error {
	switch {
	case name == "" || strings.TrimSpace(name) == "":
		return errors.New("vehicle is missing")
	case len(name) > MaxName:
		return fmt.Errorf("vehicle is longer than %d bytes", MaxName)
	case !utf8.ValidString(name):
		return errors.New("vehicle is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("vehicle contains a control character")
	}
	return nil
}

func appendRange(problems []string, key string, v, limit float64) []string {
	if math.IsNaN(v) || math.IsInf(v, 0) || v < -limit || v > limit {
		return append(problems, fmt.Sprintf("%s %v is not in -%v..%v", key, v, limit, limit))
	}
	return problems
}
