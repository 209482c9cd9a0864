package jmsmap

import (
	"maps"
	"strings"
	"testing"
)

func TestAMapIsReadFromBothForms(t *testing.T) {
	want := map[string]string{"name": "a<b & c", "long": "5", "double": "0.5", "flag": "true", "none": ""}
	for name, test := range map[string]struct {
		read func([]byte) (map[string]string, error)
		body string
	}{
		"JSON": {FromJSON, `{"map":{"entry":[{"string":["name","a<b & c"]},{"string":"long","long":5},{"string":"double","double":0.5},` +
			`{"string":"flag","boolean":true},{"string":["none",""]}]}}`},
		"JSON whose text was taken for numbers": {FromJSON, `{"map":{"entry":[{"string":["name","a<b & c"]},{"string":["long",5]},` +
			`{"string":["double",0.5]},{"string":["flag",true]},{"string":"none","null":""}]}}`},
		"XML": {FromXML, "<map>\n  <entry>\n    <string>name</string>\n    <string>a&lt;b &amp; c</string>\n  </entry>\n" +
			"<entry><string>long</string><long>5</long></entry><entry><string>double</string><double>0.5</double></entry>" +
			"<entry><string>flag</string><boolean>true</boolean></entry><entry><string>none</string><string/></entry></map>"},
	} {
		got, err := test.read([]byte(test.body))
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestAMapOfOneEntryNeedsNoArray(t *testing.T) {
	got, err := FromJSON([]byte(`{"map":{"entry":{"string":["a","b"]}}}`))
	if err != nil || !maps.Equal(got, map[string]string{"a": "b"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWhatIsNoMapIsRefused(t *testing.T) {
	for body, want := range map[string]string{
		``:                                     "JSON",
		`[]`:                                   "array",
		`{}`:                                   "no map",
		`null`:                                 "no map",
		`{"map":{"entry":[{"int":[1,2]}]}}`:    "no string",
		`{"map":{"entry":[{"string":["a"]}]}}`: "1 strings",
		`{"map":{"entry":[{"string":"a"}]}}`:   "entry",
		`{"map":{"entry":[{"string":"a","long":1,"int":2}]}}`:           "3 parts",
		`{"map":{"entry":[{"string":"a","map":{"entry":[]}}]}}`:         "not a string",
		`{"map":{"entry":[{"string":["a",null]}]}}`:                     "not a string",
		`{"map":{"entry":"a"}}`:                                         "entries",
		`<map><entry><string>a</string></entry></map>`:                  "1 parts",
		`<map><entry><map><entry/></map><string/></entry></map>`:        "unexpected element",
		`<map><entry><string>&#x1;</string><int>1</int></entry></map>`:  "character",
		`<map><entry><string>a</string>`:                                "ends early",
		`</map>`:                                                        "unbalanced",
		`<!DOCTYPE map [<!ENTITY a "b">]><map></map>`:                   "directives",
		`<map><entry><string>a</string><string>b</string></entry><map>`: "unexpected",
	} {
		read := FromJSON
		if strings.HasPrefix(body, "<") {
			read = FromXML
		}
		if got, err := read([]byte(body)); err == nil || got != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want an error about %q", body, got, err, want)
		}
	}
}

func FuzzMaps(f *testing.F) {
	f.Add([]byte(`{"map":{"entry":[{"string":["a","b"]},{"string":"c","long":1}]}}`))
	f.Add([]byte(`{"map":{"entry":{"string":["a","b"]}}}`))
	f.Add([]byte(`<map><entry><string>a</string><double>1</double></entry></map>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, read := range []func([]byte) (map[string]string, error){FromJSON, FromXML} {
			if got, err := read(body); (got == nil) != (err != nil) {
				t.Errorf("%q gives %q and %v", body, got, err)
			}
		}
	})
}
