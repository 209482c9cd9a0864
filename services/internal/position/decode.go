package position

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
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
		fields, err = xmlFields(body)
	case '{':
		fields, err = jsonFields(body)
	default:
		err = fmt.Errorf("%w: neither JSON nor XML", ErrInvalid)
	}
	if err != nil {
		return Report{}, fmt.Errorf("decode report: %w", err)
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

// scalar is a JSON string, number or boolean, kept as text. A broker that converts a map to JSON turns text that
// looks like a number or a boolean into one, so a vehicle called 007 may arrive as 7.
type scalar string

func (s *scalar) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		*s = scalar(text)
		return nil
	}
	switch b[0] {
	case '{', '[', 'n':
		return fmt.Errorf("%w: %.40s is not a string or a number", ErrInvalid, b)
	}
	*s = scalar(b)
	return nil
}

type jsonMap struct {
	Map *struct {
		Entry json.RawMessage `json:"entry"`
	} `json:"map"`
	Vehicle *scalar `json:"vehicle"`
	Lat     *scalar `json:"lat"`
	Long    *scalar `json:"long"`
	Time    *scalar `json:"time"`
}

func jsonFields(body []byte) (map[string]string, error) {
	var m jsonMap
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if m.Map != nil {
		return jsonEntries(m.Map.Entry)
	}
	fields := make(map[string]string, 4)
	for key, v := range map[string]*scalar{keyVehicle: m.Vehicle, keyLat: m.Lat, keyLong: m.Long, keyTime: m.Time} {
		if v != nil {
			fields[key] = string(*v)
		}
	}
	return fields, nil
}

// jsonEntries reads the entries of a JMS map. Each is an object that maps a type ("string", "double", ...) to a
// value: {"string":["vehicle","City Truck"]} when both have one type, {"string":"lat","double":53.3} when not. A
// map of one entry may be the entry itself instead of an array of one.
func jsonEntries(raw json.RawMessage) (map[string]string, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '{' {
		raw = append(append([]byte{'['}, raw...), ']')
	}
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, fmt.Errorf("%w: entries of the map: %w", ErrInvalid, err)
	}
	fields := make(map[string]string, len(entries))
	for _, entry := range entries {
		key, value, err := jsonEntry(entry)
		if err != nil {
			return nil, err
		}
		fields[key] = value
	}
	return fields, nil
}

func jsonEntry(entry map[string]json.RawMessage) (key, value string, err error) {
	str, ok := entry["string"]
	if !ok {
		return "", "", fmt.Errorf("%w: an entry of the map has no string", ErrInvalid)
	}
	if len(entry) == 1 {
		var pair []scalar
		if err := json.Unmarshal(str, &pair); err != nil {
			return "", "", fmt.Errorf("%w: an entry of the map: %w", ErrInvalid, err)
		}
		if len(pair) != 2 {
			return "", "", fmt.Errorf("%w: an entry of the map has %d strings, want 2", ErrInvalid, len(pair))
		}
		return string(pair[0]), string(pair[1]), nil
	}
	if len(entry) != 2 {
		return "", "", fmt.Errorf("%w: an entry of the map has %d parts, want 2", ErrInvalid, len(entry))
	}
	var k, v scalar
	if err := json.Unmarshal(str, &k); err != nil {
		return "", "", fmt.Errorf("%w: an entry of the map: %w", ErrInvalid, err)
	}
	for kind, raw := range entry {
		if kind == "string" {
			continue
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			return "", "", fmt.Errorf("%w: an entry of the map: %w", ErrInvalid, err)
		}
	}
	return string(k), string(v), nil
}

// xmlFields reads <map><entry><string>key</string><string>value</string></entry>...</map>; the second element of
// an entry may have any name (double, int, ...).
func xmlFields(body []byte) (map[string]string, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var (
		fields = make(map[string]string, 4)
		depth  int
		pair   []string
		text   []byte
	)
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			if want := []string{"map", "entry"}; depth > 3 || depth < 3 && t.Name.Local != want[depth-1] {
				return nil, fmt.Errorf("%w: unexpected element %.40q", ErrInvalid, t.Name.Local)
			}
			if depth == 2 {
				pair = pair[:0]
			}
			text = text[:0]
		case xml.CharData:
			if depth == 3 {
				text = append(text, t...)
			}
		case xml.EndElement:
			if depth == 3 {
				pair = append(pair, string(text))
			}
			if depth == 2 {
				if len(pair) != 2 {
					return nil, fmt.Errorf("%w: an entry of the map has %d parts, want 2", ErrInvalid, len(pair))
				}
				fields[pair[0]] = pair[1]
			}
			depth--
			if depth < 0 {
				return nil, fmt.Errorf("%w: unbalanced XML", ErrInvalid)
			}
		case xml.Directive:
			return nil, fmt.Errorf("%w: XML directives are refused", ErrInvalid)
		}
	}
	if depth != 0 {
		return nil, fmt.Errorf("%w: the XML ends early", ErrInvalid)
	}
	return fields, nil
}
