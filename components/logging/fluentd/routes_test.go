package fluentd

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fleetman/components/logging/fluentd/conf"
)

// tagPattern is what a pattern of <match> or <filter> matches, as a regular expression (fluent/fluentd:lib/fluent/match.rb): * is a part
// between dots, ** any number of them, {a,b} either.
func tagPattern(pattern string) *regexp.Regexp {
	var all []string
	for one := range strings.FieldsSeq(pattern) {
		var re strings.Builder
		depth := 0
		for one != "" {
			switch {
			case strings.HasPrefix(one, ".**."):
				re.WriteString(`\.(?:.*\.)?`)
				one = one[4:]
			case one == ".**":
				re.WriteString(`(?:\..*)?`)
				one = ""
			case strings.HasPrefix(one, "**."):
				re.WriteString(`(?:.*\.)?`)
				one = one[3:]
			case strings.HasPrefix(one, "**"):
				re.WriteString(`.*`)
				one = one[2:]
			default:
				switch c := one[0]; {
				case c == '*':
					re.WriteString(`[^.]*`)
				case c == '{':
					re.WriteString(`(?:`)
					depth++
				case c == '}' && depth > 0:
					re.WriteString(`)`)
					depth--
				case c == ',' && depth > 0:
					re.WriteString(`|`)
				default:
					re.WriteString(regexp.QuoteMeta(string(c)))
				}
				one = one[1:]
			}
		}
		all = append(all, re.String())
	}
	return regexp.MustCompile(`^(?:` + strings.Join(all, "|") + `)$`)
}

func TestATagMatchesAsInFluentd(t *testing.T) {
	for _, test := range []struct {
		pattern, tag string
		want         bool
	}{
		{"a.b", "a.b", true},
		{"a.b", "axb", false},
		{"a.*", "a.b", true},
		{"a.*", "a.b.c", false},
		{"a.*", "a", false},
		{"a.**", "a", true},
		{"a.**", "a.b.c", true},
		{"a.**", "ab", false},
		{"a.**.c", "a.c", true},
		{"a.**.c", "a.b.b.c", true},
		{"**.c", "c", true},
		{"**", "anything.at.all", true},
		{"a.{b,c}-*.d", "a.c-x_y.d", true},
		{"a.{b,c}-*.d", "a.d-x.d", false},
		{"a b.*", "b.c", true},
	} {
		if got := tagPattern(test.pattern).MatchString(test.tag); got != test.want {
			t.Errorf("%s matches %s: %t, want %t", test.pattern, test.tag, got, test.want)
		}
	}
}

// router follows events through a configuration.
type router struct {
	labels  map[string]*conf.Section
	reached map[*conf.Section]bool
	// sinks are the ids of the outputs that an event came to.
	sinks    []string
	problems []string
}

func newRouter(root *conf.Section) *router {
	r := &router{labels: map[string]*conf.Section{"": root}, reached: map[*conf.Section]bool{}}
	for _, label := range root.All("label") {
		if _, twice := r.labels[label.Arg]; twice {
			r.problems = append(r.problems, "two labels "+label.Arg)
		}
		r.labels[label.Arg] = label
	}
	return r
}

// emit sends an event with a tag to a label; through are the labels that it has come through.
func (r *router) emit(label, tag string, through ...string) {
	section, ok := r.labels[label]
	switch {
	case !ok:
		r.problems = append(r.problems, fmt.Sprintf("there is no label %s, to which %s goes", label, tag))
		return
	case slices.Contains(through, label):
		r.problems = append(r.problems, fmt.Sprintf("%s goes round: %s", tag, strings.Join(append(through, label), " ")))
		return
	}
	through = append(slices.Clone(through), label)
	r.reached[section] = true
	// A label has one list of filters and matches, in which an event goes on until the first match takes it.
	for _, step := range section.Sections {
		if step.Name != "filter" && step.Name != "match" || !tagPattern(step.Arg).MatchString(tag) {
			continue
		}
		r.reached[step] = true
		if label != "@ERROR" { // an error in there is only logged
			r.emit("@ERROR", tag, through...)
		}
		if aside, ok := step.Get("timeout_label"); ok {
			r.emit(aside, tag, through...)
		}
		if step.Name == "filter" {
			continue
		}
		if to, ok := step.Get("@label"); ok {
			r.emit(to, tag, through...)
		} else {
			id, _ := step.Get("@id")
			r.sinks = append(r.sinks, id)
		}
		return
	}
	r.problems = append(r.problems, fmt.Sprintf("nothing in label %q takes %s", label, tag))
}

// tags are what the tail source emits for the files of testdata, and for a pod with dots in its name.
func tags(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("testdata/containers/*.log")
	if err != nil || len(found) < 5 {
		t.Fatalf("found %v, %v", found, err)
	}
	found = append(found, "kube-proxy-ip-10-0-1-2.eu-west-1.compute.internal_kube-system_kube-proxy-"+strings.Repeat("0", 64)+".log")
	for i, file := range found {
		// in_tail.rb: the path with dots for slashes, in the place of the tag's *
		found[i] = "kubernetes" + strings.ReplaceAll(logsPath+"/"+filepath.Base(file), "/", ".")
	}
	return found
}

// follow sends every tag in, and answers with what is wrong.
func follow(root *conf.Section, tags []string) []string {
	r := newRouter(root)
	for _, source := range root.All("source") {
		if _, emits := source.Get("tag"); !emits {
			continue
		}
		label, _ := source.Get("@label")
		for _, tag := range tags {
			r.sinks = nil
			r.emit(label, tag)
			slices.Sort(r.sinks)
			if got := slices.Compact(r.sinks); !slices.Equal(got, []string{"elasticsearch", "errors"}) {
				r.problems = append(r.problems, fmt.Sprintf("%s comes to %v", tag, got))
			}
		}
	}
	for name, label := range r.labels {
		if name != "" && !r.reached[label] {
			r.problems = append(r.problems, "nothing goes to label "+name)
		}
		for _, step := range label.Sections {
			if (step.Name == "filter" || step.Name == "match") && !r.reached[step] {
				r.problems = append(r.problems, fmt.Sprintf("nothing comes to <%s %s> of label %q", step.Name, step.Arg, name))
			}
		}
	}
	return r.problems
}

func TestEveryLineComesToElasticsearchOrToTheErrorsAndNoneGoesRound(t *testing.T) {
	root := rendered(t)
	for _, problem := range follow(root, tags(t)) {
		t.Error(problem)
	}
	// What Elasticsearch refuses for now is emitted again, to its own label, and has its id already.
	label := newRouter(root).labels["@ELASTICSEARCH"]
	if got := len(label.All("filter")); got != 0 || len(label.All("match")) != 1 {
		t.Errorf("a record that is sent again passes %d filters", got)
	}
}

func TestAWrongRouteIsFound(t *testing.T) {
	for wrong, test := range map[string]struct{ old, new, want string }{
		"label that isn't there":    {"@label @RECORDS\n  </match>", "@label @RECORD\n  </match>", "there is no label @RECORD"},
		"timeout to nowhere":        {"timeout_label @RECORDS", "timeout_label @NONE", "there is no label @NONE"},
		"loop":                      {"@label @ELASTICSEARCH", "@label @LINES", "goes round"},
		"errors that are sent back": {"@type exec\n    @id errors", "@type relabel\n    @id errors\n    @label @ELASTICSEARCH", "goes round"},
		"filter that nothing hits":  {"<filter kubernetes.var.log.containers.", "<filter kubernetes.var.log.pods.", "nothing comes to <filter kubernetes.var.log.pods."},
		"match that misses":         {"<match kubernetes.**>\n    @type elasticsearch", "<match kubernetes.*>\n    @type elasticsearch", `nothing in label "@ELASTICSEARCH" takes`},
		"label without an end":      {"<label @ERROR>", "<label @ERRORS>", "nothing goes to label @ERRORS"},
	} {
		t.Run(wrong, func(t *testing.T) {
			text := files(t, mustRecord(t, good()))["fluent.conf"]
			spoiled := strings.Replace(text, test.old, test.new, 1)
			if spoiled == text {
				t.Fatalf("there is no %q to spoil", test.old)
			}
			problems := follow(parsed(t, spoiled), tags(t))
			if !slices.ContainsFunc(problems, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("found %q, want %q", problems, test.want)
			}
		})
	}
}

// walk calls for every section.
func walk(section *conf.Section, visit func(*conf.Section)) {
	visit(section)
	for _, child := range section.Sections {
		walk(child, visit)
	}
}

func TestEveryPluginHasAnIDAndEveryBufferAFolderOfItsOwn(t *testing.T) {
	ids, folders := map[string]bool{}, map[string]bool{}
	walk(rendered(t), func(section *conf.Section) {
		switch section.Name {
		case "source", "filter", "match":
			id, _ := section.Get("@id")
			if id == "" || ids[id] {
				t.Errorf("line %d: <%s> has the id %q, which is none or another's", section.Line, section.Name, id)
			}
			ids[id] = true
		case "buffer":
			path, _ := section.Get("path")
			if !strings.HasPrefix(path, rootPath+"/") || folders[path] {
				t.Errorf("line %d: a buffer in %q", section.Line, path)
			}
			folders[path] = true
		}
	})
	if len(ids) != 13 || len(folders) != 2 {
		t.Errorf("%d ids and %d folders of buffers", len(ids), len(folders))
	}
}

func TestEveryPathIsOnAVolume(t *testing.T) {
	run := mustRecord(t, good())
	set := run.MustFind(t, setType, name+"-daemonset")
	writable := map[string]bool{}
	for _, mount := range set.At(container + "volumeMounts.*") {
		mount := mount.(map[string]any)
		writable[mount["mountPath"].(string)] = mount["readOnly"] != true
	}
	on := func(path string) (mount string) {
		for candidate := range writable {
			if (path == candidate || strings.HasPrefix(path, candidate+"/")) && len(candidate) > len(mount) {
				mount = candidate
			}
		}
		return mount
	}
	paths := regexp.MustCompile(`(^|[ "])(/[a-z][^ "]*)`)
	seen := 0
	walk(rendered(t), func(section *conf.Section) {
		for _, param := range section.Params {
			if param.Name == "expression" || param.Name == "app" || param.Name == "message" {
				continue
			}
			for _, match := range paths.FindAllStringSubmatch(param.Value, -1) {
				path := match[2]
				if path == "/bin/sh" { // the image's
					continue
				}
				seen++
				mount := on(path)
				read := slices.Contains([]string{"path", "exclude_path", "ca_file", "command"}, param.Name) && section.Name != "buffer" && !strings.HasPrefix(path, rootPath)
				switch {
				case mount == "":
					t.Errorf("line %d: %s is on no volume", param.Line, path)
				case writable[mount] == read:
					t.Errorf("line %d: %s is on %s, writable: %t", param.Line, path, mount, writable[mount])
				case mount == configPath && files(t, run)[strings.TrimPrefix(path, configPath+"/")] == "":
					t.Errorf("line %d: %s isn't in the ConfigMap", param.Line, path)
				}
			}
		}
	})
	if seen < 9 {
		t.Errorf("only %d paths", seen)
	}
}

func TestTheLoginComesFromTheSecretByTheEnvironment(t *testing.T) {
	run := mustRecord(t, good())
	secret := map[string]bool{} // whether a variable comes from a Secret
	for _, variable := range run.MustFind(t, setType, name+"-daemonset").At(container + "env.*") {
		variable := variable.(map[string]any)
		from, _ := variable["valueFrom"].(map[string]any)
		secret[variable["name"].(string)] = from["secretKeyRef"] != nil
	}
	env := regexp.MustCompile(`^ENV\['([A-Z_]+)'\]$`)
	used := 0
	walk(rendered(t), func(section *conf.Section) {
		for _, param := range section.Params {
			login := slices.Contains([]string{"user", "password", "api_key", "cloud_auth", "client_key_pass"}, param.Name)
			if login && (len(param.Ruby) != 1 || param.Value != "#{"+param.Ruby[0]+"}") {
				t.Errorf("line %d: %s is %s", param.Line, param.Name, param.Raw)
			}
			for _, code := range param.Ruby {
				match := env.FindStringSubmatch(code)
				if match == nil {
					t.Errorf("line %d: %s runs %s", param.Line, param.Name, code)
					continue
				}
				used++
				if from, set := secret[match[1]]; !set || from != login {
					t.Errorf("line %d: %s is %s, which is set: %t, and from a Secret: %t", param.Line, param.Name, code, set, from)
				}
			}
		}
	})
	if used != 3 {
		t.Errorf("%d variables used, want the URL, the user and the password", used)
	}
}

// What keeps a line from being lost or stored twice, beyond what the plugins demand. That it is so is in the comments of fluent.conf.
func TestNothingIsLostOrStoredTwiceByAParameter(t *testing.T) {
	byID := map[string]*conf.Section{}
	walk(rendered(t), func(section *conf.Section) {
		if id, ok := section.Get("@id"); ok {
			byID[id] = section
		}
		if section.Name == "buffer" {
			path, _ := section.Get("path")
			byID[strings.TrimPrefix(path, rootPath+"/")] = section
		}
	})
	for id, want := range map[string]map[string]string{
		"containers":           {"read_from_head": "true", "follow_inodes": "true", "emit_unmatched_lines": "true", "tag": "kubernetes.*"},
		"join":                 {"separator": "", "timeout_label": "@RECORDS", "stream_identity_key": "stream", "partial_cri_stream_key": "logtag", "partial_cri_logtag_key": "logtag"},
		"identity":             {"record_keys": "time,stream,message", "include_tag_in_seed": "true", "use_record_as_seed": "true", "hash_id_key": "id"},
		"elasticsearch":        {"write_operation": "create", "id_key": "id", "unrecoverable_error_types": "[]", "reload_connections": "false", "reload_on_failure": "false", "verify_es_version_at_startup": "false", "default_elasticsearch_version": "9", "ssl_verify": "true", "remove_keys": "time"},
		"buffer/elasticsearch": {"overflow_action": "block", "retry_forever": "true", "retry_type": "exponential_backoff", "retry_max_interval": "60s", "total_limit_size": "2048m"},
		"buffer/errors":        {"overflow_action": "drop_oldest_chunk", "total_limit_size": "64m"},
	} {
		section, ok := byID[id]
		if !ok {
			t.Errorf("there is no %s", id)
			continue
		}
		for name, value := range want {
			if got, set := section.Get(name); !set || got != value {
				t.Errorf("%s of %s is %q, want %q", name, id, got, value)
			}
		}
	}
}
