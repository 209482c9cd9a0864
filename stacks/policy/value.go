package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// at answers with the values at a path: a name leads into an object, * into every element of a list or an object. It answers
// with none if the path leads nowhere.
func at(value any, path string) []any {
	return walk(value, strings.Split(path, "."))
}

func walk(value any, path []string) []any {
	if len(path) == 0 {
		return []any{value}
	}
	var found []any
	switch value := value.(type) {
	case map[string]any:
		if path[0] == "*" {
			for _, key := range slices.Sorted(maps.Keys(value)) {
				found = append(found, walk(value[key], path[1:])...)
			}
		} else if inner, ok := value[path[0]]; ok {
			found = walk(inner, path[1:])
		}
	case []any:
		if path[0] == "*" {
			for _, inner := range value {
				found = append(found, walk(inner, path[1:])...)
			}
		}
	}
	return found
}

// is says whether exactly the wanted value is at the path.
func is(value any, path string, want any) bool {
	found := at(value, path)
	return len(found) == 1 && found[0] == want
}

// on says whether the switch at the path is on; some of AWS's are strings.
func on(value any, path string) bool {
	return is(value, path, true) || is(value, path, "true")
}

// text is the string at the path, or none.
func text(value any, path string) string {
	if found := at(value, path); len(found) == 1 {
		if s, ok := found[0].(string); ok {
			return s
		}
	}
	return ""
}

// texts are the strings at the path.
func texts(value any, path string) []string {
	var found []string
	for _, one := range at(value, path) {
		if s, ok := one.(string); ok {
			found = append(found, s)
		}
	}
	return found
}

// objects are the objects at the path.
func objects(value any, path string) []map[string]any {
	var found []map[string]any
	for _, one := range at(value, path) {
		if object, ok := one.(map[string]any); ok {
			found = append(found, object)
		}
	}
	return found
}

// nested is an input of a provider. Those that are no strings travel as JSON in a string.
func nested(value any) any {
	if s, ok := value.(string); ok {
		var decoded any
		if err := json.Unmarshal([]byte(s), &decoded); err == nil {
			return plain(decoded)
		}
	}
	return value
}

// sources are the URNs that an input may come from.
func (r Resource) sources(input string) []string {
	if r.References == nil {
		return r.DependsOn
	}
	return r.References[input]
}

// from are the resources of the types that an input comes from.
func (r Resource) from(all []Resource, input string, types ...string) []Resource {
	var found []Resource
	for _, other := range all {
		if slices.Contains(types, other.Type) && slices.Contains(r.sources(input), other.URN) {
			found = append(found, other)
		}
	}
	return found
}

// partners are the resources of a type that name r in an input: by where it comes from or, when r has a fixed name, by that.
func (r Resource) partners(all []Resource, typ, input, nameInput string) []Resource {
	var found []Resource
	name := text(r.Inputs, nameInput)
	for _, other := range all {
		if other.Type != typ {
			continue
		}
		if named := text(other.Inputs, input); slices.Contains(other.sources(input), r.URN) || name != "" && named == name {
			found = append(found, other)
		}
	}
	return found
}

// label is the stack and the project that are in its URN.
func (r Resource) label() (stack, project string) {
	parts := strings.SplitN(strings.TrimPrefix(r.URN, "urn:pulumi:"), "::", 3)
	if len(parts) < 3 {
		return "", ""
	}
	return parts[0], parts[1]
}

// top is the input that a path begins in.
func top(path string) string {
	name, _, _ := strings.Cut(path, ".")
	return name
}
