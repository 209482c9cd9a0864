package position

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"fleetman/services/internal/jmsmap"
)

// MaxMessage is the longest message that Decode looks at, in bytes.
const MaxMessage = 16 << 10

// The four keys of a report.
const (
	keyVehicle = "vehicle"
	keyLat     = "lat"
	keyLong    = "long"
	keyTime    = "time"
)

// Decode reads a report from a message's body, whichever of the three forms it has, and validates it. Every error
// wraps ErrInvalid.
func Decode(body []byte) (Report, error) {
	if len(body) > MaxMessage {
		return Report{}, fmt.Errorf("decode report: %w: longer than %d bytes", ErrInvalid, MaxMessage)
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return Report{}, fmt.Errorf("decode report: %w: empty message", ErrInvalid)
	}
	var (
		fields map[string]string
		err    error
	)
	switch body[0] {
	case '<':
		fields, err = jmsmap.FromXML(body)
	case '{':
		fields, err = jsonFields(body)
	default:
		err = errors.New("neither JSON nor XML")
	}
	if err != nil {
		return Report{}, fmt.Errorf("decode report: %w: %w", ErrInvalid, err)
	}
	r, err := fromFields(fields)
	if err != nil {
		return Report{}, fmt.Errorf("decode report: %w", err)
	}
	return r, nil
}

func fromFields(fields map[string]string) (Report, error) {
	r := Report{Vehicle: fields[keyVehicle]}
	var errs []error
	read := func(key string, set func(string) error) {
		text, ok := fields[key]
		if !ok {
			errs = append(errs, fmt.Errorf("%w: %s is missing", ErrInvalid, key))
			return
		}
		if err := set(text); err != nil {
			errs = append(errs, err)
		}
	}
	read(keyLat, func(s string) (err error) { r.Lat, err = parseDegrees(keyLat, s); return err })
	read(keyLong, func(s string) (err error) { r.Long, err = parseDegrees(keyLong, s); return err })
	read(keyTime, func(s string) (err error) { r.Time, err = ParseTime(s); return err })
	if len(errs) > 0 {
		return Report{}, errors.Join(errs...)
	}
	if err := r.Validate(); err != nil {
		return Report{}, err
	}
	return r, nil
}

func parseDegrees(key, s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %s %.40q is not a number", ErrInvalid, key, s)
	}
	return v, nil
}

type jsonReport struct {
	Map *struct {
		Entry json.RawMessage `json:"entry"`
	} `json:"map"`
	Vehicle *jmsmap.Scalar `json:"vehicle"`
	Lat     *jmsmap.Scalar `json:"lat"`
	Long    *jmsmap.Scalar `json:"long"`
	Time    *jmsmap.Scalar `json:"time"`
}

// jsonFields reads a JMS map, or a plain object of the four keys.
func jsonFields(body []byte) (map[string]string, error) {
	var r jsonReport
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	if r.Map != nil {
		return jmsmap.Entries(r.Map.Entry)
	}
	fields := make(map[string]string, 4)
	for key, v := range map[string]*jmsmap.Scalar{keyVehicle: r.Vehicle, keyLat: r.Lat, keyLong: r.Long, keyTime: r.Time} {
		if v != nil {
			fields[key] = string(*v)
		}
	}
	return fields, nil
}
