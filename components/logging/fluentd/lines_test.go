package fluentd

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fleetman/components/logging/fluentd/conf"
)

// pipeline is what the configuration makes of lines, with its own expression, format of time, patterns and keys. What the plugins do
// with them is written here a second time, from their source: it is a model, and not Fluentd.
type pipeline struct {
	line    *regexp.Regexp
	layout  string
	keys    []string // what the id is made of
	parsed  *regexp.Regexp
	pending map[string][]document // by tag and stream
}

type document struct {
	tag, time, stream, logtag, message string
	at                                 time.Time
	id                                 string
	app                                map[string]any
}

func newPipeline(t *testing.T, root *conf.Section) *pipeline {
	t.Helper()
	p := &pipeline{pending: map[string][]document{}}
	get := func(section *conf.Section, name string) string {
		value, ok := section.Get(name)
		if !ok {
			t.Fatalf("<%s> has no %s", section.Name, name)
		}
		return value
	}
	walk(root, func(section *conf.Section) {
		switch id, _ := section.Get("@id"); {
		case section.Name == "parse":
			p.line = regexp.MustCompile(strings.Trim(get(section, "expression"), "/"))
			// Ruby's letters as Go's layout; a fraction's last zeros aren't written.
			p.layout = strings.NewReplacer("%Y", "2006", "%m", "01", "%d", "02", "%H", "15", "%M", "04", "%S", "05", ".%N", ".999999999", "%z", "Z07:00").
				Replace(get(section, "time_format"))
		case id == "identity":
			p.keys = strings.Split(get(section, "record_keys"), ",")
		case id == "fields":
			p.parsed = tagPattern(section.Arg)
		}
	})
	return p
}

// read makes documents of the lines of a file.
func (p *pipeline) read(t *testing.T, file, text string) []document {
	t.Helper()
	tag := "kubernetes" + strings.ReplaceAll(logsPath+"/"+file, "/", ".")
	var documents []document
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		match := p.line.FindStringSubmatch(line)
		if match == nil { // emit_unmatched_lines
			documents = append(documents, p.describe(document{tag: tag, time: "now", message: line}))
			continue
		}
		field := func(name string) string { return match[p.line.SubexpIndex(name)] }
		part := document{tag: tag, time: field("time"), stream: field("stream"), logtag: field("logtag"), message: field("message")}
		at, err := time.Parse(p.layout, part.time)
		if err != nil {
			t.Errorf("in_tail would lose the line %q: %v", line, err)
		}
		part.at = at
		of := tag + ":" + part.stream
		p.pending[of] = append(p.pending[of], part)
		if strings.HasPrefix(part.logtag, "F") {
			documents = append(documents, p.join(of))
		}
	}
	return documents
}

// join makes one document of what is pending.
func (p *pipeline) join(of string) document {
	joined := p.pending[of][0] // use_first_timestamp
	for _, part := range p.pending[of][1:] {
		joined.message += part.message
	}
	p.pending[of] = nil
	return p.describe(joined)
}

func (p *pipeline) describe(of document) document {
	of.message = strings.ToValidUTF8(of.message, "\uFFFD")
	seed := []string{of.tag}
	for _, key := range p.keys {
		seed = append(seed, map[string]string{"time": of.time, "stream": of.stream, "message": of.message}[key])
	}
	of.id = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(seed, "_"))))
	if p.parsed.MatchString(of.tag) && strings.HasPrefix(of.message, "{") {
		if json.Unmarshal([]byte(of.message), &of.app) != nil {
			of.app = nil
		}
	}
	return of
}

// samples are files of a node whose runtime is containerd, as they were written there.
func samples(t *testing.T) map[string]string {
	t.Helper()
	found, err := filepath.Glob("testdata/containers/*.log")
	if err != nil {
		t.Fatal(err)
	}
	samples := map[string]string{}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		samples[filepath.Base(path)] = string(text)
	}
	return samples
}

func TestEveryLineOfANodeIsOneDocument(t *testing.T) {
	ids := map[string]bool{}
	for file, text := range samples(t) {
		p := newPipeline(t, rendered(t))
		documents := p.read(t, file, text)
		if want := strings.Count(text, "\n"); len(documents) != want {
			t.Errorf("%s: %d documents of %d lines", file, len(documents), want)
		}
		for i, document := range documents {
			if ids[document.id] {
				t.Errorf("%s: the id of line %d is another line's", file, i)
			}
			ids[document.id] = true
			line := strings.Split(text, "\n")[i]
			if !strings.HasSuffix(line, document.stream+" F "+document.message) {
				t.Errorf("%s: line %q became %q", file, line, document.message)
			}
			if !strings.HasPrefix(line, document.at.Format(time.RFC3339Nano)+" ") {
				t.Errorf("%s: line %q is at %v", file, line, document.at)
			}
			own := strings.Contains(file, "_api-gateway-") || strings.Contains(file, "_position-tracker-")
			if own && document.app["msg"] == "" || !own && document.app != nil {
				t.Errorf("%s: line %q has the fields %v", file, line, document.app)
			}
		}
		if again := newPipeline(t, rendered(t)).read(t, file, text); !slices.EqualFunc(again, documents, func(a, b document) bool { return a.id == b.id }) {
			t.Errorf("%s: read again, the lines have other ids", file)
		}
	}
	if len(ids) < 30 {
		t.Errorf("only %d lines", len(ids))
	}
}

const webapp = "fleetman-webapp-8c647567c-qprp6_fleetman_webapp-f68a118ec696d4b791f7fc8639b0c21b194eac0db34f58350ad254faf310eb0a.log"

func TestWhatTheRuntimeCutIsJoinedAgain(t *testing.T) {
	// containerd cuts at 16 KiB of bytes, wherever that is: here within a character, between blanks, and with stderr in between.
	long := `{"level":"INFO","msg":"` + strings.Repeat("x", 16384-24) + "é  " + strings.Repeat(" y", 8191) + `"}`
	var text strings.Builder
	for i, rest := 0, long; rest != ""; i++ {
		n, logtag := min(16384, len(rest)), "P"
		if n == len(rest) {
			logtag = "F"
		}
		fmt.Fprintf(&text, "2026-11-24T00:52:02.11248955%dZ stdout %s %s\n", i, logtag, rest[:n])
		fmt.Fprintf(&text, "2026-11-24T00:52:02.11248955%dZ stderr F   warning\n", i)
		rest = rest[n:]
	}
	p := newPipeline(t, rendered(t))
	documents := p.read(t, webapp, text.String())
	if len(documents) != 4 {
		t.Fatalf("%d documents, want three warnings and a line of three parts", len(documents))
	}
	for i, document := range documents {
		if i == 2 {
			if document.message != long || document.time != "2026-11-24T00:52:02.112489550Z" || document.app["level"] != "INFO" {
				t.Errorf("the line became %d bytes of %s with %v", len(document.message), document.time, len(document.app))
			}
		} else if document.message != "  warning" || document.stream != "stderr" {
			t.Errorf("a warning became %q of %s", document.message, document.stream)
		}
	}
}

func TestALineThatIsNoneOfOursIsKept(t *testing.T) {
	const stamp = "2026-11-24T00:52:02.1Z stdout F "
	for line, want := range map[string]string{
		stamp:                                 "",
		stamp + "  indented  ":                "  indented  ",
		stamp + "[]":                          "[]",
		stamp + `{"a":`:                       `{"a":`,
		stamp + "{} and more":                 "{} and more",
		stamp + "caf\xe9":                     "caf\uFFFD",
		"2026-11-24T00:52:02Z stdout F whole": "2026-11-24T00:52:02Z stdout F whole",
		`{"log":"of docker\n"}`:               `{"log":"of docker\n"}`,
		"":                                    "",
	} {
		documents := newPipeline(t, rendered(t)).read(t, webapp, line+"\n")
		if len(documents) != 1 || documents[0].message != want || !utf8.ValidString(documents[0].message) || documents[0].app != nil && !strings.HasPrefix(want, `{"log"`) {
			t.Errorf("%q became %+v, want %q", line, documents, want)
		}
	}
}
