package policy_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"fleetman/stacks/policy"
)

// read is a document of one statement with these parts.
func read(statement string) string {
	return `{"Version":"2012-10-17","Statement":[{` + statement + `}]}`
}

const whole = `"Effect":"Allow","Action":"s3:GetObject","Resource":"*"`

func TestADocumentIsReadWhole(t *testing.T) {
	got, err := policy.ParseDocument(`{"Version":"2012-10-17","Id":"a","Statement":{"Sid":"b","Effect":"Deny",
		"NotPrincipal":{"AWS":["arn:aws:iam::123456789012:root"],"Service":"ec2.amazonaws.com"},"NotAction":["s3:*","ec2:Describe?"],
		"NotResource":"arn:aws:s3:::a","Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"a":[1,2.5]}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Document{Version: "2012-10-17", ID: "a", Statements: []policy.Statement{{
		Sid: "b", Effect: "Deny",
		NotPrincipal: map[string][]string{"AWS": {"arn:aws:iam::123456789012:root"}, "Service": {"ec2.amazonaws.com"}},
		NotAction:    []string{"s3:*", "ec2:Describe?"},
		NotResource:  []string{"arn:aws:s3:::a"},
		Condition:    map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}, "NumericLessThan": {"a": {"1", "2.5"}}},
	}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestADocumentThatCanBeReadTwoWaysIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ document, want string }{
		"nothing":                 {"", "no JSON"},
		"something behind":        {read(whole) + "{}", "no JSON"},
		"a list":                  {"[]", "the document is no object"},
		"null":                    {"null", "the document is no object"},
		"no version":              {`{"Statement":[{` + whole + `}]}`, "its Version is"},
		"an old version":          {strings.Replace(read(whole), "2012-10-17", "2008-10-17", 1), "its Version is"},
		"a version twice":         {strings.Replace(read(whole), `"Statement"`, `"Version":"2012-10-17","Statement"`, 1), `"Version" comes twice`},
		"an effect twice":         {read(`"Effect":"Deny",` + whole), `"Effect" comes twice`},
		"the other case":          {read(strings.Replace(whole, "Effect", "effect", 1)), `unknown "effect"`},
		"another name":            {read(whole + `,"Conditions":{}`), `unknown "Conditions"`},
		"another of the document": {`{"Version":"2012-10-17","Statement":[],"a":1}`, `unknown "a"`},
		"no statement":            {`{"Version":"2012-10-17","Statement":[]}`, "no Statement"},
		"a missing statement":     {`{"Version":"2012-10-17"}`, "statement 0: it is no object"},
		"no effect":               {read(`"Action":"s3:GetObject"`), `its Effect is ""`},
		"another effect":          {read(strings.Replace(whole, "Allow", "allow", 1)), `its Effect is "allow"`},
		"no action":               {read(`"Effect":"Allow","Resource":"*"`), "both or none of Action"},
		"both actions":            {read(whole + `,"NotAction":"s3:PutObject"`), "both or none of Action"},
		"an empty list":           {read(`"Effect":"Allow","Action":[]`), "its Action is empty"},
		"an empty action":         {read(`"Effect":"Allow","Action":""`), "no string, or empty"},
		"an action that is none":  {read(`"Effect":"Allow","Action":"GetObject"`), `"GetObject" is none`},
		"any service":             {read(`"Effect":"Allow","Action":"*:Get"`), `"*:Get" is none`},
		"null for an action":      {read(`"Effect":"Allow","Action":null`), "no string, or empty"},
		"a resource that is none": {read(`"Effect":"Allow","Action":"s3:GetObject","Resource":"bucket"`), `"bucket" is none`},
		"both resources":          {read(whole + `,"NotResource":"*"`), "both Resource and"},
		"both principals":         {read(whole + `,"Principal":"*","NotPrincipal":"*"`), "both Principal and"},
		"a principal by name":     {read(whole + `,"Principal":"arn:aws:iam::123456789012:root"`), "its Principal is no object"},
		"nobody":                  {read(whole + `,"Principal":{}`), "its Principal is nobody"},
		"another kind":            {read(whole + `,"Principal":{"aws":"*"}`), `unknown "aws"`},
		"an empty condition":      {read(whole + `,"Condition":{}`), "its Condition is empty"},
		"a condition of no keys":  {read(whole + `,"Condition":{"Bool":{}}`), "Bool is empty"},
		"a condition's list":      {read(whole + `,"Condition":[]`), "its Condition is no object"},
		"no operator":             {read(whole + `,"Condition":{"=":{"a":"b"}}`), `the operator "="`},
		"a name that is none":     {read(whole + `,"Sid":1`), "its Sid is no string"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.ParseDocument(test.document)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q doesn't say %q", err, test.want)
			}
		})
	}
}

func TestEverythingWrongInADocumentIsReportedTogether(t *testing.T) {
	_, err := policy.ParseDocument(`{"Version":"1","Statement":[{"Effect":"Maybe"},{"Effect":"Allow","Action":"a","Principal":{}}]}`)
	for _, want := range []string{`Version is "1"`, `statement 0: its Effect is "Maybe"`, "statement 0: it has both", `statement 1: its Action "a"`, "statement 1: its Principal"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v doesn't say %q", err, want)
		}
	}
}

// A document that is accepted says the same when it is written and read again, and it says who, what and whether.
func FuzzParseDocument(f *testing.F) {
	for _, seed := range []string{
		read(whole), read(whole + `,"Principal":"*"`), read(`"Effect":"Deny","NotAction":"s3:*","NotResource":["arn:aws:s3:::a"],"NotPrincipal":{"AWS":["*"]}`),
		read(whole + `,"Condition":{"ForAnyValue:StringLike":{"aws:TagKeys":["a","b"]},"Bool":{"a":true}}`), "{}", "[", `{"a":{"a":{}}}`, strings.Repeat("[", 100),
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Effect":"Deny"}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		document, err := policy.ParseDocument(text)
		if err != nil {
			return
		}
		if len(document.Statements) == 0 {
			t.Error("accepted without a statement")
		}
		for _, s := range document.Statements {
			if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action)+len(s.NotAction) == 0 || len(s.Action) != 0 && len(s.NotAction) != 0 {
				t.Errorf("accepted %+v", s)
			}
		}
		encoded, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		again, err := policy.ParseDocument(string(encoded))
		if err != nil || !reflect.DeepEqual(again, document) {
			t.Errorf("%s became %s: %v", text, encoded, err)
		}
	})
}

// Whatever a stack is, the rules judge it, and the same way each time.
func FuzzCheck(f *testing.F) {
	f.Add(`{"policy":[1,{"a":[]}],"ingress":{"a":[{}]},"spec":{"template":{"spec":{"containers":[{"ports":[{"name":{}}]}]}}}}`)
	f.Add(`{"rules":[{"verbs":[{}]}],"metadata":{"labels":[]},"port":{},"vpcConfig":[],"blockDeviceMappings":[[]]}`)
	types := map[string]bool{"kubernetes:apps/v1:Deployment": true}
	for _, r := range good(f) {
		types[r.Type] = true
	}
	f.Fuzz(func(t *testing.T, inputs string) {
		var decoded map[string]any
		if json.Unmarshal([]byte(inputs), &decoded) != nil {
			return
		}
		var all []policy.Resource
		for typ := range types {
			all = append(all, policy.Resource{URN: "urn:pulumi:prod::fleetman::" + typ + "::a", Type: typ, Name: "a", Custom: true, Inputs: decoded})
		}
		if first, second := policy.Check(all), policy.Check(all); !reflect.DeepEqual(first, second) {
			t.Errorf("once %v, then %v", first, second)
		}
		policy.Unknown(all)
	})
}
