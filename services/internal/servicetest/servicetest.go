// Package servicetest runs a service as its main does, for what only the whole of it shows: that it starts and ends
// without what it depends on, and which metrics it has. It refuses a metric that nobody expects.
package servicetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"fleetman/services/internal/service"
)

// Unreachable is an address where nobody listens.
const Unreachable = "127.0.0.1:1"

// Service is a service that runs until the end of its test.
type Service struct {
	t *testing.T
	s *service.Service
}

// Start starts the service. The test fails if it does not end in order.
func Start(t *testing.T, name string, run func(ctx context.Context, s *service.Service) error) *Service {
	t.Helper()
	s := service.New(name, service.Config{HTTPAddr: "127.0.0.1:0", LogLevel: "error"}, t.Output())
	ended := make(chan error, 1)
	go func() { ended <- run(t.Context(), s) }()
	t.Cleanup(func() { // the test's context has ended
		if err := <-ended; err != nil {
			t.Errorf("%s ended: %v", name, err)
		}
	})
	return &Service{t: t, s: s}
}

// Get asks the service.
func (s *Service) Get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.s.HTTP.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, http.NoBody))
	return w
}

// Exports fails the test unless the service soon has, besides those that every service has, these metrics and none
// other of the fleet's own. Path is asked for first, if there is one, because a request that nobody made is not measured.
func (s *Service) Exports(path string, want ...string) {
	s.t.Helper()
	want = append(want, "fleetman_build_info")
	slices.Sort(want)
	var own []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if path != "" {
			s.Get(path)
		}
		all := names(s.Get("/metrics"))
		own = slices.DeleteFunc(slices.Clone(all), func(name string) bool {
			return !strings.HasPrefix(name, "fleetman_") && !strings.HasPrefix(name, "activemq_")
		})
		if slices.Equal(own, want) && slices.Contains(all, "go_goroutines") && slices.Contains(all, "process_resident_memory_bytes") {
			return
		}
	}
	s.t.Errorf("it has\n%s\nwant\n%s\nand those of Go and the process", strings.Join(own, "\n"), strings.Join(want, "\n"))
}

// names are the names of the metrics in an answer of /metrics, sorted.
func names(w *httptest.ResponseRecorder) []string {
	var names []string
	for line := range strings.Lines(w.Body.String()) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "#" && f[1] == "TYPE" {
			names = append(names, f[2])
		}
	}
	slices.Sort(names)
	return names
}
