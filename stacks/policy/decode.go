package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// decode reads one JSON value and nothing behind it, and refuses a name that comes twice in an object: one reader would take
// the first, another the last.
func decode(text string) (any, error) {
	// It bounds how deep the value nests, which reading token by token doesn't.
	if !json.Valid([]byte(text)) {
		return nil, errors.New("it is no JSON")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	value, err := next(decoder)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return value, nil
}

func next(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	switch token {
	case json.Delim('{'):
		return object(decoder)
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			value, err := next(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := decoder.Token()
		return list, err
	}
	return token, nil
}

func object(decoder *json.Decoder) (any, error) {
	object := map[string]any{}
	for decoder.More() {
		key, err := next(decoder)
		if err != nil {
			return nil, err
		}
		name, _ := key.(string) // as JSON has it
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("%q comes twice", name)
		}
		if object[name], err = next(decoder); err != nil {
			return nil, err
		}
	}
	_, err := decoder.Token()
	return object, err
}

// scalar is a string, or a number or truth value as AWS takes it for one.
func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}
