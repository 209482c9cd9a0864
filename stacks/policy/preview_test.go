package policy_test

import (
	"reflect"
	"strings"
	"testing"

	"fleetman/stacks/policy"
)

const (
	sentinel  = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	signature = "4dabf18193072939515e22adb298388d"
)

// stepOf is a step of a preview.
func stepOf(op, urn, rest string) string {
	return `{"op":"` + op + `","urn":"` + urn + `","newState":{"urn":"` + urn + `","type":"a:b:C","custom":true` + rest + `}}`
}

func previewOf(steps ...string) string {
	return `{"steps":[` + strings.Join(steps, ",") + `],"changeSummary":{"same":1}}`
}

const aURN, bURN = "urn:pulumi:prod::fleetman::a:b:C::a", "urn:pulumi:prod::fleetman::x$a:b:C::b"

func TestAPreviewIsReadAsTheEnginePrintsIt(t *testing.T) {
	preview, err := policy.ReadPreview([]byte(previewOf(
		stepOf("same", aURN, `,"protect":true,"provider":"p::id","dependencies":["z","y"],"propertyDependencies":{"k":["z"]},"inputs":{
			"k":"`+sentinel+`","list":["`+sentinel+`",1,{"x":null,"y":true}],"secret":"[secret]",
			"sealed":{"`+signature+`":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"x"},
			"output":{"`+signature+`":"d0e6a833031e9bbcd3f4e8bde6ca49a4","value":"v"},
			"sealedOutput":{"`+signature+`":"d0e6a833031e9bbcd3f4e8bde6ca49a4","value":"v","secret":true},
			"unknownOutput":{"`+signature+`":"d0e6a833031e9bbcd3f4e8bde6ca49a4"},
			"reference":{"`+signature+`":"5cf8f73096256a8f31e491e813e4eb8e","urn":"u","id":"i"},
			"bool":"1c4a061d-8072-4f0a-a4cb-0ff528b18fe7"}`),
		stepOf("create-replacement", bURN, ""), stepOf("replace", bURN, ""),
		`{"op":"delete","urn":"urn:pulumi:prod::fleetman::a:b:C::old","oldState":{}}`,
		`{"op":"same","urn":"s","newState":{"urn":"s","type":"pulumi:pulumi:Stack"}}`,
	)))
	if err != nil {
		t.Fatal(err)
	}
	want := &policy.Preview{Stack: "prod", Resources: []policy.Resource{
		{
			URN: aURN, Type: "a:b:C", Name: "a", Provider: "p::id", Custom: true, Protect: true,
			DependsOn: []string{"y", "z"}, References: map[string][]string{"k": {"z"}},
			Inputs: map[string]any{
				"list": []any{1.0, map[string]any{"y": true}}, "secret": policy.Masked, "sealed": policy.Masked,
				"output": "v", "sealedOutput": policy.Masked, "reference": "i",
			},
		},
		{URN: bURN, Type: "a:b:C", Name: "b", Custom: true, References: map[string][]string{}, Inputs: map[string]any{}},
	}}
	if !reflect.DeepEqual(preview, want) {
		t.Errorf("got\n%#v\nwant\n%#v", preview, want)
	}
}

func TestAPreviewThatDoesntShowTheWholeStackIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ printed, want string }{
		"no JSON":      {"error: no stack", "read preview"},
		"empty":        {"{}", "has no resources"},
		"a list":       {"[]", "read preview"},
		"a stack only": {previewOf(`{"op":"create","urn":"s","newState":{"urn":"s","type":"pulumi:pulumi:Stack"}}`), "has no resources"},
		"failed": {
			`{"steps":[` + stepOf("create", aURN, "") + `],"diagnostics":[{"severity":"warning","message":"w"},{"severity":"error","message":"broken\n"}]}`,
			"the preview failed: broken",
		},
		"changes alone": {previewOf(stepOf("update", aURN, "")), "--show-sames"},
		"two stacks":    {previewOf(stepOf("same", aURN, ""), stepOf("same", "urn:pulumi:dev::fleetman::a:b:C::a", "")), `isn't of the stack "prod"`},
		"no URN":        {previewOf(stepOf("same", "a", "")), `isn't of the stack`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.ReadPreview([]byte(test.printed))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v doesn't say %q", err, test.want)
			}
		})
	}
}
