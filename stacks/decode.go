package stacks

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// keyPrefix is what the project's own keys begin with. Those of providers and of Pulumi itself aren't ours to read.
const keyPrefix = "fleetman:"

var digits = regexp.MustCompile(`^[0-9]+$`)

// decode reads the values into the configuration, on top of what it holds, and reports every unknown key, unknown field and
// value of another type.
func decode(raw Raw, config *Config) []error {
	fields := fieldsOf(reflect.ValueOf(config).Elem())
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(raw.Values)) {
		name, ours := strings.CutPrefix(key, keyPrefix)
		if !ours {
			continue
		}
		field, known := fields[name]
		if !known {
			errs = append(errs, fmt.Errorf("%s: unknown key; the keys are %s", key, lines(slices.Sorted(maps.Keys(fields)))))
			continue
		}
		if field.Kind() == reflect.String { // which Pulumi hands over as it is, and not as JSON
			field.SetString(raw.Values[key])
			continue
		}
		if field.Kind() == reflect.Bool {
			if err := decodeField(json.RawMessage(raw.Values[key]), field); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", key, err))
			}
			continue
		}
		errs = append(errs, decodeObject(key, raw.Values[key], field)...)
	}
	return errs
}

func decodeObject(key, value string, into reflect.Value) []error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(value), &object); err != nil {
		return []error{fmt.Errorf("%s: want an object; set its fields with `pulumi config set --path %s.FIELD VALUE`", key, key)}
	}
	fields := fieldsOf(into)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(object)) {
		field, known := fields[name]
		if !known {
			errs = append(errs, fmt.Errorf("%s.%s: unknown field; the fields are %s", key, name, lines(slices.Sorted(maps.Keys(fields)))))
			continue
		}
		if err := decodeField(object[name], field); err != nil {
			errs = append(errs, fmt.Errorf("%s.%s: %w", key, name, err))
		}
	}
	return errs
}

// decodeField replaces what the field holds: a list or a map that is given isn't added to the default.
func decodeField(value json.RawMessage, into reflect.Value) error {
	if text, ok := into.Addr().Interface().(encoding.TextUnmarshaler); ok {
		var s string
		if err := json.Unmarshal(value, &s); err != nil {
			s = string(value)
		}
		return text.UnmarshalText([]byte(s)) // the caller says which key
	}
	wanted := map[reflect.Kind]string{
		reflect.String: "text", reflect.Int: "a whole number", reflect.Int64: "a whole number", reflect.Float64: "a number", reflect.Bool: "true or false",
		reflect.Slice: `a list of texts such as ["a", "b"]`, reflect.Map: `texts by name such as {"a": "b"}`,
	}
	// `pulumi config set --path` makes a number of an account's.
	if into.Kind() == reflect.String && digits.Match(value) {
		into.SetString(string(value))
		return nil
	}
	if into.Kind() == reflect.Map {
		into.Set(reflect.MakeMap(into.Type()))
	}
	if string(value) == "null" || json.Unmarshal(value, into.Addr().Interface()) != nil {
		return fmt.Errorf("%s; want %s", value, wanted[into.Kind()])
	}
	return nil
}

// fieldsOf are the fields of a struct by their names in JSON.
func fieldsOf(object reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range object.NumField() {
		fields[object.Type().Field(i).Tag.Get("json")] = object.Field(i)
	}
	return fields
}
