package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type testConfig struct {
	Config   `embed:""`
	Required string        `name:"required" env:"TEST_REQUIRED" required:"" help:"Something needed."`
	Count    int           `name:"count" env:"TEST_COUNT" default:"3" help:"A number."`
	Wait     time.Duration `name:"wait" env:"TEST_WAIT" default:"1s" help:"A while."`
}

func (c *testConfig) Problems() []string {
	var err error
	if c.Count > 10 {
		err = errors.New("must be at most 10")
	}
	return append(c.Config.Problems(), Problems(Check("TEST_COUNT", err))...)
}

func parse(t *testing.T, env map[string]string, args ...string) (testConfig, string, error) {
	t.Helper()
	for _, name := range []string{"HTTP_ADDR", "LOG_LEVEL", "TEST_REQUIRED", "TEST_COUNT", "TEST_WAIT"} {
		t.Setenv(name, env[name])
	}
	var c testConfig
	var out bytes.Buffer
	err := Parse("test", "A test.", &c, args, &out)
	return c, out.String(), err
}

func TestTheEnvironmentFillsTheConfiguration(t *testing.T) {
	c, _, err := parse(t, map[string]string{"TEST_REQUIRED": "x", "TEST_WAIT": "2m", "LOG_LEVEL": "debug"})
	if err != nil {
		t.Fatal(err)
	}
	want := testConfig{Config: Config{HTTPAddr: ":8080", LogLevel: "debug"}, Required: "x", Count: 3, Wait: 2 * time.Minute}
	if c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
}

func TestAFlagComesBeforeTheEnvironment(t *testing.T) {
	c, _, err := parse(t, map[string]string{"TEST_COUNT": "4"}, "--required=y", "--count", "5")
	if err != nil || c.Required != "y" || c.Count != 5 {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	_, _, err := parse(t, map[string]string{"TEST_COUNT": "many", "TEST_WAIT": "soon", "LOG_LEVEL": "loud", "HTTP_ADDR": "nowhere"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"5 problems", "TEST_REQUIRED is required: Something needed.", "TEST_COUNT", "TEST_WAIT", "LOG_LEVEL", "HTTP_ADDR"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not mention %q:\n%v", want, err)
		}
	}
}

func TestAValueOutOfItsRangeIsRefused(t *testing.T) {
	_, _, err := parse(t, map[string]string{"TEST_REQUIRED": "x", "TEST_COUNT": "11"})
	if err == nil || !strings.Contains(err.Error(), "TEST_COUNT: must be at most 10") {
		t.Errorf("error is %v", err)
	}
}

func TestHelpDocumentsTheEnvironment(t *testing.T) {
	_, out, err := parse(t, nil, "-h")
	if !errors.Is(err, ErrHelp) {
		t.Fatalf("error is %v", err)
	}
	for _, want := range []string{"$HTTP_ADDR", "$TEST_REQUIRED", "Something needed", "1s"} {
		if !strings.Contains(out, want) {
			t.Errorf("help does not mention %s:\n%s", want, out)
		}
	}
}

func TestURLsAreBasesOfRequests(t *testing.T) {
	for s, want := range map[string]bool{
		"http://fleetman-api-gateway:8080": true, "https://a/b": true, "fleetman": false, "ftp://a": false,
		"http://": false, "http://u:p@a": false, "http://a?b": false,
	} {
		if err := ValidateURL(s); (err == nil) != want {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	return w
}

func TestReadinessSaysWhyNot(t *testing.T) {
	s := New("test", Config{}, io.Discard)
	s.Readiness.Set("database", errors.New("connection refused"))
	s.Readiness.Set("broker", errors.New("wrong password"))
	w := get(t, s.HTTP, "/readyz")
	var answer struct {
		Ready   bool
		Reasons []string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusServiceUnavailable || answer.Ready || strings.Join(answer.Reasons, "; ") != "broker: wrong password; database: connection refused" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.Readiness.Set("database", nil)
	s.Readiness.Set("broker", nil)
	if w := get(t, s.HTTP, "/readyz"); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `{"ready":true,"reasons":[]}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(t, s.HTTP, "/healthz"); w.Code != http.StatusOK {
		t.Errorf("healthz %d", w.Code)
	}
}

func TestRequestsAreMeasuredByRouteAndCode(t *testing.T) {
	s := New("test", Config{}, io.Discard)
	s.HTTP.Handle("GET /tea/{name}", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	get(t, s.HTTP, "/tea/green")
	metrics := get(t, s.HTTP, "/metrics").Body.String()
	for _, want := range []string{
		`fleetman_http_request_seconds_count{code="418",route="GET /tea/{name}"} 1`,
		`fleetman_build_info{go_version=`, `service="test"`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics do not have %s", want)
		}
	}
}

func TestAnOrderlyEndFinishesRequestsAndEndsStreams(t *testing.T) {
	s := New("test", Config{}, io.Discard)
	begun := make(chan string, 2)
	finish := make(chan struct{})
	s.HTTP.Handle("GET /slow", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		begun <- "slow"
		<-finish
		WriteJSON(w, http.StatusOK, "done")
	}))
	s.HTTP.HandleStream("GET /stream", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		begun <- "stream"
		<-r.Context().Done()
	}))
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.HTTP.serve(ctx, l) }()
	answers := make(chan string, 2)
	for _, path := range []string{"/slow", "/stream"} {
		go func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+path, http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				answers <- ""
				return
			}
			body, err := io.ReadAll(resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			answers <- strings.TrimSpace(string(body))
		}()
	}
	<-begun
	<-begun
	cancel()
	for len(s.Readiness.Reasons()) == 0 {
		time.Sleep(time.Millisecond)
	}
	close(finish)
	if got := <-answers + <-answers; got != `"done"` {
		t.Errorf("answers %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAnAddressInUseIsAnError(t *testing.T) {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s := New("test", Config{HTTPAddr: l.Addr().String()}, io.Discard)
	if err := s.HTTP.Run(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestTheFirstErrorEndsTheOthers(t *testing.T) {
	broken := errors.New("broken")
	err := Together(t.Context(),
		func(ctx context.Context) error { <-ctx.Done(); return nil },
		func(context.Context) error { return broken },
	)
	if !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
}

func TestTheLogIsJSONWithTheService(t *testing.T) {
	var out bytes.Buffer
	s := New("test", Config{LogLevel: "warn"}, &out)
	s.Log.Info("unheard")
	s.Log.Log(t.Context(), slog.LevelError, "heard", "why", "because")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["service"] != "test" || line["why"] != "because" {
		t.Errorf("log is %s, %v", out.String(), err)
	}
}
