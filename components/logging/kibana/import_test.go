package kibana_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// answer is what Kibana says to one import.
type answer struct {
	status int
	body   string
}

func TestTheImportIsRepeatedUntilItSucceedsAndGivenUpWhenItCannot(t *testing.T) {
	const done = `{"successCount":3,"success":true}`
	for name, test := range map[string]struct {
		answers []answer
		good    bool
		says    string
	}{
		"at once":        {[]answer{{200, done}}, true, "everything is imported"},
		"after a while":  {[]answer{{503, "Kibana server is not ready yet"}, {401, "{}"}, {200, done}}, true, "everything is imported"},
		"one is refused": {[]answer{{200, `{"success":false,"errors":[{"id":"x"}]}`}}, false, `{"success":false`},
		"forbidden":      {[]answer{{403, "no"}}, false, "import: 403"},
		"never there":    {slices.Repeat([]answer{{503, "not ready"}}, 20), false, "import: 503 after"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, password, _ := r.BasicAuth()
				file, header, err := r.FormFile("file")
				if err != nil {
					t.Error(err)
					return
				}
				content, err := io.ReadAll(file)
				if err != nil {
					t.Error(err)
				}
				if want, err := os.ReadFile("conf/objects.ndjson"); err != nil || string(content) != string(want) || header.Filename != "objects.ndjson" {
					t.Errorf("sent %s, %d bytes, %v", header.Filename, len(content), err)
				}
				if r.Method+" "+r.URL.String() != "POST /api/saved_objects/_import?overwrite=true" || r.Header.Get("kbn-xsrf") == "" || user+":"+password != "importer:hush-hush" {
					t.Errorf("asked %s %s of %s, %v", r.Method, r.URL, user, r.Header)
				}
				answer := test.answers[asked.Add(1)-1]
				w.WriteHeader(answer.status)
				io.WriteString(w, answer.body) //nolint:errcheck // the script says if it misses anything
			}))
			defer server.Close()
			password := filepath.Join(t.TempDir(), "password")
			if err := os.WriteFile(password, []byte("hush-hush"), 0o600); err != nil {
				t.Fatal(err)
			}
			c := exec.Command("bash", "conf/import.sh")
			c.Env = append(os.Environ(), "URL="+server.URL, "USERNAME=importer", "PASSWORD="+password, "OBJECTS=conf/objects.ndjson", "DEADLINE=5")
			out, err := c.CombinedOutput()
			if (err == nil) != test.good || !strings.Contains(string(out), test.says) || strings.Contains(string(out), "hush") {
				t.Errorf("%v: %s", err, out)
			}
			if got := int(asked.Load()); test.good && got != len(test.answers) {
				t.Errorf("asked %d times", got)
			}
		})
	}
}
