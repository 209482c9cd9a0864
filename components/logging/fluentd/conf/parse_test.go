package conf_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"fleetman/components/logging/fluentd/conf"
)

const everything = `# a comment
@include other.conf
<source>
  @type tail # of a file
  path /var/log/*.log
  format /^(?<a>[^ ]#) (.*)$/
  exclude_path ["/a b.log", "#c",
    "/d.log"]
  labels {"a": {"b": "}"}}
  bare
  empty ""
  <parse one two>
    time_format "%d\t\"#{ENV["TZ"] || '}'}\" # kept"
    single 'it''
  </parse>
</source>

<match a.** b.{c,d}>
</match>`

func TestEverythingOfTheFormatIsRead(t *testing.T) {
	text := strings.Replace(everything, "'it''", `'it\'s #{no} \n'`, 1)
	root, err := conf.Parse("fluent.conf", text, func(name string) (string, error) { return "workers 1\n", nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := root.Get("workers"); got != "1" || root.Params[0].File != "other.conf" {
		t.Errorf("included %+v", root.Params)
	}
	if len(root.Sections) != 2 || len(root.All("match")) != 1 || root.All("match")[0].Arg != "a.** b.{c,d}" || root.All("match")[0].Line != 18 {
		t.Errorf("sections %+v", root.Sections)
	}
	source := root.All("source")[0]
	for name, want := range map[string]string{
		"@type": "tail", "path": "/var/log/*.log", "format": "/^(?<a>[^ ]#) (.*)$/", "labels": `{"a": {"b": "}"}}`, "bare": "", "empty": "",
		"exclude_path": "[\"/a b.log\", \"#c\",\n    \"/d.log\"]",
	} {
		if got, set := source.Get(name); !set || got != want {
			t.Errorf("%s is %q (set %t), want %q", name, got, set, want)
		}
	}
	if _, set := source.Get("none"); set {
		t.Error("a parameter that isn't there is set")
	}
	parse := source.All("parse")[0]
	want := []conf.Param{
		{Name: "time_format", Raw: `"%d\t\"#{ENV["TZ"] || '}'}\" # kept"`, Value: "%d\t\"#{ENV[\"TZ\"] || '}'}\" # kept", Ruby: []string{`ENV["TZ"] || '}'`}, File: "fluent.conf", Line: 13},
		{Name: "single", Raw: `'it\'s #{no} \n'`, Value: `it's #{no} \n`, File: "fluent.conf", Line: 14},
	}
	if parse.Arg != "one two" || !reflect.DeepEqual(parse.Params, want) {
		t.Errorf("<parse %s> has\n%+v\nwant\n%+v", parse.Arg, parse.Params, want)
	}
}

func TestWhatFluentdWouldNotReadIsRefusedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"<a>\n":                           "f:1: <a> is never closed",
		"\n<a>\n<b>\n</a>\n</b>":          "f:4: </a> closes the <b> of line 3",
		"x 1\n</a>":                       "f:2: </a> closes nothing",
		"<a>\n</a":                        "f:2: </a has no >",
		"<a\n>\n</a>":                     "f:1: <a has no >",
		"< a>\n</a>":                      "f:1: a < without a name",
		"<a> x 1\n</a>":                   "f:1: more on the line behind <a>",
		"<a>\n</a> x":                     "f:2: more on the line behind </a>",
		"x 1\nx 2":                        "f:2: x is set twice",
		"\"x\" 1":                         "f:1: a quoted key",
		"x \"1":                           `f:1: the " of x is never closed`,
		"x '1":                            "f:1: the ' of x is never closed",
		"x \"1\" 2":                       "f:1: more on the line behind the value of x",
		`x "\q"`:                          `f:1: \q is no escape`,
		"x \"\n#{a":                       "f:2: the #{ is never closed",
		"x [1,":                           "f:1: x isn't JSON: unexpected EOF",
		"x {\"a\" # b\n: 1}":              "f:1: x isn't JSON: invalid character '#' after object key",
		"@include y":                      "f:1: @include of y: there is none here",
		"@include":                        "f:1: @include of nothing",
		strings.Repeat("<a>\n", 70):       "f:65: <a> is deeper than 64 sections",
		"x [1] 2\n":                       "f:1: more on the line behind the value of x",
		"<system>\n  a b\n</systems>\n  ": "f:3: </systems> closes the <system> of line 1",
	} {
		if _, err := conf.Parse("f", text, nil); err == nil || err.Error() != want {
			t.Errorf("%q is refused with %v, want %s", text, err, want)
		}
	}
}

func TestAnIncludeOfItselfOrOfNothingIsRefused(t *testing.T) {
	files := map[string]string{"a": "@include b", "b": "\n@include a", "c": "x 1\nx 2"}
	include := func(name string) (string, error) {
		text, ok := files[name]
		if !ok {
			return "", errors.New("not there")
		}
		return text, nil
	}
	for text, want := range map[string]string{
		"@include a": "b:2: @include of a in itself",
		"@include z": "f:1: @include of z: not there",
		"@include c": "c:2: x is set twice",
	} {
		if _, err := conf.Parse("f", text, include); err == nil || err.Error() != want {
			t.Errorf("%q is refused with %v, want %s", text, err, want)
		}
	}
}

// write writes a section as it would stand in a file.
func write(to *strings.Builder, s *conf.Section) {
	for _, p := range s.Params {
		fmt.Fprintf(to, "%s %s\n", p.Name, p.Raw)
	}
	for _, child := range s.Sections {
		fmt.Fprintf(to, "<%s %s>\n", child.Name, child.Arg)
		write(to, child)
		fmt.Fprintf(to, "</%s>\n", child.Name)
	}
}

// placeless forgets where things stand.
func placeless(s *conf.Section) *conf.Section {
	s.Line = 0
	for i := range s.Params {
		s.Params[i].Line = 0
	}
	for _, child := range s.Sections {
		placeless(child)
	}
	return s
}

// What is read is either refused, with a place, or means the same when it is written and read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{everything, "<a>\n</a>", "x \"#{a{'}'}}\"", "x [1, {}]\ny z#", "x a #b\n\ty\r\n<a b >\r\n</a>", "x '\\''"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		root, err := conf.Parse("f", text, nil)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("%q: no place in %v", text, err)
			}
			return
		}
		var written strings.Builder
		write(&written, root)
		again, err := conf.Parse("f", written.String(), nil)
		if err != nil {
			t.Fatalf("%q written as %q: %v", text, written.String(), err)
		}
		if !reflect.DeepEqual(placeless(again), placeless(root)) {
			t.Errorf("%q written as %q is read as\n%+v\nwant\n%+v", text, written.String(), again, root)
		}
	})
}
