package policy

import "slices"

// signature is the name in an object that says that the object stands for another kind of value.
const signature = "4dabf18193072939515e22adb298388d"

const (
	secretSignature    = "1b47061264138c4ac30d75fd1eb44270"
	outputSignature    = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
	referenceSignature = "5cf8f73096256a8f31e491e813e4eb8e"
)

// sentinels stand for values that aren't known, one for each kind of value; the engine prints the string's for all.
var sentinels = []string{
	"04da6b54-80e4-46f7-96ec-b56ff0331ba9", // string, and any
	"1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // bool
	"3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
	"6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
	"030794c1-ac77-496b-92df-f27374a8bd58", // asset
	"e48ece36-62e2-4504-bad9-02848725956a", // archive
	"dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
}

// plain is a value of the wire as a rule sees it: secrets masked, unknown ones absent. An unknown value as such is nil.
func plain(value any) any {
	switch value := value.(type) {
	case string:
		if slices.Contains(sentinels, value) {
			return nil
		}
	case []any:
		list := []any{}
		for _, inner := range value {
			if inner := plain(inner); inner != nil {
				list = append(list, inner)
			}
		}
		return list
	case map[string]any:
		return plainObject(value)
	}
	return value
}

func plainObject(value map[string]any) any {
	switch value[signature] {
	case secretSignature:
		return Masked
	case outputSignature:
		if value["secret"] == true {
			return Masked
		}
		return plain(value["value"])
	case referenceSignature:
		return plain(value["id"])
	}
	object := map[string]any{}
	for key, inner := range value {
		if inner := plain(inner); inner != nil {
			object[key] = inner
		}
	}
	return object
}
