package node

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"sigs.k8s.io/yaml"
)

func newNode(t *testing.T, name string) *Node {
	t.Helper()
	n, err := New(t.TempDir(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(n.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOnlyDevAndTestAreNodes(t *testing.T) {
	for _, name := range []string{"", "prod", "../dev"} {
		if _, err := New(t.TempDir(), name); err == nil {
			t.Errorf("%q is a node", name)
		}
	}
}

func TestTheTwoNodesShareNothing(t *testing.T) {
	a, b := newNode(t, "dev"), newNode(t, "test")
	if a.IP() == b.IP() || a.link() == b.link() || a.cgroup() == b.cgroup() || a.prefix.Overlaps(b.prefix) {
		t.Errorf("dev %s %s, test %s %s", a.IP(), a.link(), b.IP(), b.link())
	}
	if !a.prefix.Contains(a.IP()) || !a.prefix.Contains(a.host()) || a.IP() == a.host() {
		t.Errorf("the ends of the wire are %s and %s in %s", a.host(), a.IP(), a.prefix)
	}
	if c := newNode(t, "dev"); c.link() == a.link() || c.cgroup() == a.cgroup() {
		t.Errorf("two work trees share %s and %s", c.link(), c.cgroup())
	}
	if len(a.link()) > 15 || len(b.link()) > 15 {
		t.Errorf("too long: %s, %s", a.link(), b.link())
	}
}

func TestAPidFileOfAnotherProcessIsNoRunningNode(t *testing.T) {
	self, err := startTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(os.Getpid())
	for name, tt := range map[string]struct {
		file    string
		running bool
	}{
		"this very process":                      {pid + " " + self + "\n", true},
		"a later process with the same number":   {pid + " 1\n", false},
		"a process that has ended":               {"4194305 " + self + "\n", false},
		"a number without the time of its start": {pid + "\n", false},
	} {
		n := newNode(t, "dev")
		if err := os.WriteFile(n.pidFile(), []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := n.pid()
		if tt.running != (err == nil) || tt.running && got != os.Getpid() || !tt.running && !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

func TestStoppingWhatDoesNotRunIsNoError(t *testing.T) {
	if err := newNode(t, "test").removeCgroups(); err != nil {
		t.Error(err)
	}
}

func TestAnArchiveIsImportedOnceAndAgainWhenItChanges(t *testing.T) {
	dir, marks := t.TempDir(), filepath.Join(t.TempDir(), "marks")
	archive := filepath.Join(dir, "a.tar")
	write := func(at time.Time) {
		if err := os.WriteFile(archive, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(archive, at, at); err != nil {
			t.Fatal(err)
		}
	}
	var loaded []string
	load := func(failing error) error {
		return importChanged(dir, marks, func(a string) error { loaded = append(loaded, filepath.Base(a)); return failing })
	}
	write(time.Unix(1000, 0))
	broken := errors.New("disk full")
	if err := load(broken); !errors.Is(err, broken) {
		t.Errorf("the failure is lost: %v", err)
	}
	for range 2 {
		if err := load(nil); err != nil {
			t.Fatal(err)
		}
	}
	write(time.Unix(2000, 0))
	if err := load(nil); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a.tar", "a.tar", "a.tar"}; !slices.Equal(loaded, want) {
		t.Errorf("loaded %v: want one failure, one success and one change", loaded)
	}
}

// TestEveryFileOfTheConfigurationHasAPlaceAndParses renders each as the supervisor does.
func TestEveryFileOfTheConfigurationHasAPlaceAndParses(t *testing.T) {
	entries, err := files.ReadDir("config")
	if err != nil {
		t.Fatal(err)
	}
	all := template.Must(template.New("").Option("missingkey=error").ParseFS(files, "config/*"))
	for _, e := range entries {
		if places[e.Name()] == "" {
			t.Errorf("%s goes nowhere", e.Name())
		}
		var out strings.Builder
		if err := all.ExecuteTemplate(&out, e.Name(), newNode(t, "dev").values()); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
		if !strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		for i, document := range strings.Split(out.String(), "\n---\n") {
			var object struct{ APIVersion, Kind string }
			if err := yaml.Unmarshal([]byte(document), &object); err != nil || object.Kind == "" {
				t.Errorf("%s, document %d: kind %q, %v", e.Name(), i, object.Kind, err)
			}
		}
	}
	if len(places) != len(entries) {
		t.Errorf("%d places for %d files", len(places), len(entries))
	}
}
