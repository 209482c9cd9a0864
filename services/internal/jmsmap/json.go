package jmsmap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// JSON is the value of the header transformation that asks for, or says, the JSON form; XML is the other's.
const (
	JSON = "jms-map-json"
	XML  = "jms-map-xml"
)

// Scalar is a JSON string, number or boolean, kept as text.
type Scalar string

// UnmarshalJSON implements json.Unmarshaler.
func (s *Scalar) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		*s = Scalar(text)
		return nil
	}
	switch b[0] {
	case '{', '[', 'n':
		return fmt.Errorf("%.40s is not a string or a number", b)
	}
	*s = Scalar(b)
	return nil
}

// FromJSON reads {"map":{"entry":[...]}}.
func FromJSON(body []byte) (map[string]string, error) {
	var m struct {
		Map *struct {
			Entry json.RawMessage `json:"entry"`
		} `json:"map"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, err
	}
	if m.Map == nil {
		return nil, errors.New("no map")
	}
	return Entries(m.Map.Entry)
}

// Entries reads the entries of a map. Each is an object that maps a type ("string", "double", ...) to a value:
// {"string":["vehicle","City Truck"]} when both have one type, {"string":"lat","double":53.3} when not. A map of one
// entry may be the entry itself instead of an array of one.
func Entries(raw json.RawMessage) (map[string]string, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '{' {
		raw = append(append([]byte{'['}, raw...), ']')
	}
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, fmt.Errorf("entries of the map: %w", err)
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
		return "", "", errors.New("an entry of the map has no string")
	}
	if len(entry) == 1 {
		var pair []Scalar
		if err := json.Unmarshal(str, &pair); err != nil {
			return "", "", fmt.Errorf("an entry of the map: %w", err)
		}
		if len(pair) != 2 {
			return "", "", fmt.Errorf("an entry of the map has %d strings, want 2", len(pair))
		}
		return string(pair[0]), string(pair[1]), nil
	}
	if len(entry) != 2 {
		return "", "", fmt.Errorf("an entry of the map has %d parts, want 2", len(entry))
	}
	var k, v Scalar
	if err := json.Unmarshal(str, &k); err != nil {
		return "", "", fmt.Errorf("an entry of the map: %w", err)
	}
	for kind, raw := range entry {
		if kind == "string" {
			continue
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			return "", "", fmt.Errorf("an entry of the map: %w", err)
		}
	}
	return string(k), string(v), nil
}
