package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"fleetman/services/internal/position"
	"fleetman/services/internal/queue"
	"fleetman/services/internal/service"
	"fleetman/services/internal/sse"
)

const vehicles = `[{"name":"Van","lat":1,"longitude":2,"timestamp":"2024-01-08T10:00:00.000+0000","speed":null,"heading":null}]`

// fakeTracker answers as the tracker does and remembers what it was asked.
func fakeTracker(t *testing.T, asked *string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = r.URL.RequestURI()
		switch {
		case r.URL.Query().Get("limit") == "0":
			service.WriteError(w, http.StatusBadRequest, "limit must be more")
		case r.URL.Path == "/vehicles/":
			_, _ = io.WriteString(w, vehicles)
		case r.URL.EscapedPath() == "/history/A%2FB%20Van":
			_, _ = io.WriteString(w, `[{"name":"A/B Van","lat":3,"longitude":4},{"name":"A/B Van","lat":1,"longitude":2}]`)
		case strings.HasPrefix(r.URL.Path, "/history/"):
			_, _ = io.WriteString(w, "[]")
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func ask(t *testing.T, base, path string) *httptest.ResponseRecorder {
	t.Helper()
	s := service.New("test", service.Config{}, io.Discard)
	tracker, err := NewTracker(base)
	if err != nil {
		t.Fatal(err)
	}
	NewAPI(tracker, http.NotFoundHandler(), s.Log).Register(s.HTTP)
	w := httptest.NewRecorder()
	s.HTTP.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("%s may be read by %q", path, got)
	}
	return w
}

func TestTheGatewayAnswersAsTheOriginal(t *testing.T) {
	var asked string
	base := fakeTracker(t, &asked).URL
	tests := []struct {
		name, path string
		code       int
		body       string
	}{
		{"a paragraph at the root", "/", 200, "<p>Fleetman API gateway</p>"},
		{"the tracker's array unchanged", "/vehicles/", 200, vehicles},
		{"the oldest place first", "/history/A%2FB%20Van", 200, `[{"lat":1,"lng":2},{"lat":3,"lng":4}]`},
		{"no history is an empty array", "/history/nobody", 200, "[]"},
		{"the tracker's refusal is passed on", "/history/a?limit=0", 400, `{"error":"limit must be more"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(t, base, tt.path)
			if w.Code != tt.code || strings.TrimSpace(w.Body.String()) != tt.body {
				t.Errorf("got %d %s\nwant %d %s", w.Code, w.Body, tt.code, tt.body)
			}
			if w.Header().Get(HeaderError) != "" {
				t.Error("it says that the tracker is unreachable")
			}
		})
	}
}

func TestOnlyKnownParametersAreForwarded(t *testing.T) {
	var asked string
	base := fakeTracker(t, &asked).URL
	ask(t, base, "/vehicles/?since=2024-01-08T10:00:00.000%2B0000&admin=1")
	if asked != "/vehicles/?since=2024-01-08T10%3A00%3A00.000%2B0000" {
		t.Errorf("asked for %s", asked)
	}
}

func TestAnUnreachableTrackerIsNotHidden(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	base := server.URL
	server.Close()
	w := ask(t, base, "/vehicles/")
	if w.Code != http.StatusOK || w.Body.String() != "[]" || w.Header().Get(HeaderError) != "tracker unreachable" {
		t.Errorf("vehicles: %d %s %q", w.Code, w.Body, w.Header().Get(HeaderError))
	}
	w = ask(t, base, "/history/Van")
	if w.Code != http.StatusBadGateway || w.Header().Get(HeaderError) != "tracker unreachable" {
		t.Errorf("history: %d %s", w.Code, w.Body)
	}
}

func TestVehiclesAreCountedByWhenTheyReportedLast(t *testing.T) {
	now := time.Date(2024, 1, 8, 10, 0, 0, 0, time.UTC)
	clock := now
	registry := prometheus.NewRegistry()
	broker := sse.NewBroker(time.Millisecond, sse.NewMetrics(prometheus.NewRegistry()))
	RegisterMetrics(registry, broker.Reported, func() time.Time { return clock })
	expect := func(vehicles, online int) {
		t.Helper()
		want := fmt.Sprintf(`
# HELP fleetman_vehicles Vehicles that have reported within the last day.
# TYPE fleetman_vehicles gauge
fleetman_vehicles %d
# HELP fleetman_vehicles_online Vehicles that have reported within the last minute.
# TYPE fleetman_vehicles_online gauge
fleetman_vehicles_online %d
`, vehicles, online)
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	}
	reports := func(ages ...time.Duration) []byte {
		var parts []string
		for i, age := range ages {
			parts = append(parts, fmt.Sprintf(`{"name":"v%d","timestamp":%q}`, i, position.NewTime(now.Add(-age))))
		}
		return []byte("[" + strings.Join(parts, ",") + "]")
	}
	expect(0, 0)
	const day = 24 * time.Hour
	if err := broker.Load(reports(0, time.Minute, time.Minute+time.Millisecond, day, day+time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	expect(4, 2)
	if err := broker.Publish(reports(-time.Second, -time.Second, -time.Second)); err != nil { // three of the five
		t.Fatal(err)
	}
	expect(4, 3)
	clock = now.Add(time.Hour)
	expect(3, 0)
}

func TestTheFeedBeginsWithASnapshotAndGoesOnWithTheTopic(t *testing.T) {
	var asked string
	tracker, err := NewTracker(fakeTracker(t, &asked).URL)
	if err != nil {
		t.Fatal(err)
	}
	s := service.New("test", service.Config{}, io.Discard)
	broker := sse.NewBroker(time.Millisecond, sse.NewMetrics(prometheus.NewRegistry()))
	go broker.Run(t.Context())
	feed := NewFeed(tracker, broker, s.Log)
	if err := feed.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(broker)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	until := func(want string) {
		t.Helper()
		var all strings.Builder
		for b := make([]byte, 1024); !strings.Contains(all.String(), want); {
			n, err := resp.Body.Read(b)
			if err != nil {
				t.Fatalf("%s is not in %q: %v", want, all.String(), err)
			}
			all.Write(b[:n])
		}
	}
	until("event: snapshot\ndata: " + vehicles)
	feed.Handle(t.Context(), queue.Message{Body: []byte("rubbish")})
	newer := strings.Replace(vehicles, "10:00:00", "10:00:02", 1)
	feed.Handle(t.Context(), queue.Message{Body: []byte(newer)})
	until("event: positions\ndata: " + newer)
}
