package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
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
	"fleetman/services/internal/store"
	"fleetman/services/internal/track"
)

var now = time.Date(2024, 1, 8, 10, 0, 30, 0, time.UTC)

// memory is a store that keeps the last of everything.
type memory struct {
	err       error
	steps     *[]string
	positions []position.VehiclePosition
	latest    []position.VehiclePosition
	since     time.Time
	query     store.History
}

func (m *memory) Save(_ context.Context, positions, latest []position.VehiclePosition) error {
	if m.err != nil {
		return m.err
	}
	*m.steps = append(*m.steps, "save")
	m.positions, m.latest = append(m.positions, positions...), latest
	return nil
}

func (m *memory) LatestOf(context.Context, []string) ([]position.VehiclePosition, error) {
	return nil, nil
}

func (m *memory) Latest(_ context.Context, since time.Time) ([]position.VehiclePosition, error) {
	m.since = since
	return m.latest, m.err
}

func (m *memory) Vehicle(_ context.Context, name string) (position.VehiclePosition, error) {
	for _, p := range m.latest {
		if p.Name == name {
			return p, m.err
		}
	}
	return position.VehiclePosition{}, errors.Join(store.ErrNotFound, m.err)
}

func (m *memory) History(_ context.Context, q store.History) ([]position.VehiclePosition, error) {
	m.query = q
	return m.positions, m.err
}

type bench struct {
	*Ingest
	store     *memory
	steps     []string
	published string
	err       error // of publishing
}

func newBench() *bench {
	b := &bench{}
	b.store = &memory{steps: &b.steps}
	publish := func(_ context.Context, array []byte) error {
		if b.err != nil {
			return b.err
		}
		b.steps = append(b.steps, "publish")
		b.published = string(array)
		return nil
	}
	b.Ingest = NewIngest(track.New(b.store), b.store, publish, NewMetrics(prometheus.NewRegistry()),
		func() time.Time { return now }, slog.New(slog.DiscardHandler))
	return b
}

func message(vehicle, at string) queue.Message {
	body := `{"vehicle":"` + vehicle + `","lat":53.375,"long":-1.5,"time":"2024-01-08T` + at + `Z"}`
	return queue.Message{ID: vehicle + at, Body: []byte(body)}
}

func TestABatchIsStoredThenPublished(t *testing.T) {
	b := newBench()
	rejected, err := b.Handle(t.Context(), []queue.Message{message("Van", "10:00:00"), message("Truck", "10:00:01"), message("Van", "10:00:02")})
	if err != nil || len(rejected) != 0 {
		t.Fatalf("%v, %v", rejected, err)
	}
	if got := strings.Join(b.steps, ","); got != "save,publish" {
		t.Errorf("steps %s", got)
	}
	var published []position.VehiclePosition
	if err := json.Unmarshal([]byte(b.published), &published); err != nil {
		t.Fatal(err)
	}
	if len(b.store.positions) != 3 || len(published) != 2 || published[0].Name != "Truck" || published[1].Timestamp.Second() != 2 {
		t.Errorf("stored %d, published %s", len(b.store.positions), b.published)
	}
	if got := testutil.ToFloat64(b.metrics.stored); got != 3 {
		t.Errorf("%v counted as stored", got)
	}
}

func TestOnlyWhatMovesTheLatestIsPublished(t *testing.T) {
	b := newBench()
	for _, at := range []string{"10:00:10", "10:00:05"} {
		b.published = ""
		if _, err := b.Handle(t.Context(), []queue.Message{message("Van", at)}); err != nil {
			t.Fatal(err)
		}
	}
	if b.published != "" || len(b.store.positions) != 2 {
		t.Errorf("a late report is published: %s", b.published)
	}
}

func TestTheTimeOfTheLastStoredPositionsIsKept(t *testing.T) {
	b := newBench()
	clock := now
	b.now = func() time.Time { return clock }
	last := func() float64 { return testutil.ToFloat64(b.metrics.last) }
	handle := func(m ...queue.Message) error {
		clock = clock.Add(1500 * time.Millisecond)
		_, err := b.Handle(t.Context(), m)
		return err
	}
	if got := last(); got != 0 {
		t.Errorf("%v before the first", got)
	}
	if err := handle(message("Van", "10:00:00")); err != nil || last() != float64(now.Unix())+1.5 {
		t.Errorf("%v after the first, %v", last(), err)
	}
	before := last()
	b.store.err = errors.New("away")
	if err := handle(message("Van", "10:00:02")); err == nil || last() != before {
		t.Errorf("%v after a batch that is not stored, %v", last(), err)
	}
	b.store.err = nil
	if err := handle(queue.Message{Body: []byte("rubbish")}); err != nil || last() != before {
		t.Errorf("%v after a batch of nothing to store, %v", last(), err)
	}
	b.err = errors.New("away")
	if err := handle(message("Van", "10:00:02")); err == nil || last() != before+4.5 {
		t.Errorf("%v after a batch that is stored and not published, %v", last(), err)
	}
}

func TestPoisonIsRejectedWithItsReasonAndTheRestIsStored(t *testing.T) {
	b := newBench()
	rejected, err := b.Handle(t.Context(), []queue.Message{
		{ID: "1", Body: []byte("rubbish")}, message("Van", "10:00:00"), message("Van", "11:00:00"),
	})
	if err != nil || len(rejected) != 2 || len(b.store.positions) != 1 {
		t.Fatalf("rejected %v, stored %d, %v", rejected, len(b.store.positions), err)
	}
	if !strings.Contains(rejected[0].Reason, "neither JSON nor XML") || !strings.Contains(rejected[1].Reason, "ahead") {
		t.Errorf("reasons %q and %q", rejected[0].Reason, rejected[1].Reason)
	}
	for _, reason := range []string{"invalid", "future"} {
		if got := testutil.ToFloat64(b.metrics.rejected.WithLabelValues(reason)); got != 1 {
			t.Errorf("%v counted as %s", got, reason)
		}
	}
}

func TestABatchThatIsNotStoredIsAnErrorAndNothingIsPublished(t *testing.T) {
	b := newBench()
	b.store.err = errors.New("away")
	batch := []queue.Message{message("Van", "10:00:00"), {Body: []byte("rubbish")}}
	if _, err := b.Handle(t.Context(), batch); !errors.Is(err, b.store.err) || b.published != "" {
		t.Errorf("error %v, published %q", err, b.published)
	}
	if got := testutil.ToFloat64(b.metrics.rejected.WithLabelValues("invalid")); got != 0 {
		t.Errorf("%v rejected although the batch comes again", got)
	}
	b.store.err = nil
	if _, err := b.Handle(t.Context(), batch); err != nil || b.store.positions[0].Speed != nil {
		t.Errorf("again: %v, %+v", err, b.store.positions)
	}
}

func TestABatchThatIsNotPublishedComesAgainAndIsPublishedThen(t *testing.T) {
	b := newBench()
	b.err = errors.New("away")
	batch := []queue.Message{message("Van", "10:00:00")}
	if _, err := b.Handle(t.Context(), batch); !errors.Is(err, b.err) {
		t.Fatalf("error %v", err)
	}
	b.err = nil
	if _, err := b.Handle(t.Context(), batch); err != nil || !strings.Contains(b.published, "Van") {
		t.Errorf("again: %v, published %q", err, b.published)
	}
}

func TestTheAPIAnswersAsDocumented(t *testing.T) {
	van := position.VehiclePosition{Name: "A/B Van", Lat: 1, Longitude: 2, Timestamp: position.NewTime(now)}
	const vanJSON = `{"name":"A/B Van","lat":1,"longitude":2,"timestamp":"2024-01-08T10:00:30.000+0000","speed":null,"heading":null}`
	tests := []struct {
		name, path string
		empty      bool
		err        error
		code       int
		body       string
	}{
		{"all vehicles", "/vehicles/", false, nil, 200, "[" + vanJSON + "]"},
		{"all vehicles without the slash", "/vehicles", false, nil, 200, "[" + vanJSON + "]"},
		{"no vehicles are an empty array", "/vehicles/", true, nil, 200, "[]"},
		{"a vehicle whose name has a slash and a space", "/vehicles/A%2FB%20Van", false, nil, 200, vanJSON},
		{"an unknown vehicle has no body", "/vehicles/nobody", false, nil, 404, ""},
		{"a history", "/history/A%2FB%20Van", false, nil, 200, "[" + vanJSON + "]"},
		{"an unknown vehicle's history is empty", "/history/nobody", true, nil, 200, "[]"},
		{"a bad since", "/vehicles/?since=yesterday", false, nil, 400, `{"error":"since must be a time such as 2024-01-08T10:00:00.123+0000"}`},
		{"a bad limit", "/history/a?limit=0", false, nil, 400, `{"error":"limit must be a number from 1 to 50000"}`},
		{"a database that is away", "/vehicles/", false, errors.New("away"), 503, `{"error":"the database does not answer"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &memory{err: tt.err}
			if !tt.empty {
				m.latest, m.positions = []position.VehiclePosition{van}, []position.VehiclePosition{van}
			}
			w := ask(t, m, tt.path)
			if w.Code != tt.code || strings.TrimSpace(w.Body.String()) != tt.body {
				t.Errorf("got %d %s\nwant %d %s", w.Code, w.Body, tt.code, tt.body)
			}
		})
	}
}

func ask(t *testing.T, m *memory, path string) *httptest.ResponseRecorder {
	t.Helper()
	s := service.New("test", service.Config{}, io.Discard)
	NewAPI(m, s.Log).Register(s.HTTP)
	w := httptest.NewRecorder()
	s.HTTP.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	return w
}

func TestQueriesReachTheStore(t *testing.T) {
	m := &memory{}
	ask(t, m, "/vehicles/?since=2024-01-08T10:00:00.123+0000") // the + not escaped
	if want := time.Date(2024, 1, 8, 10, 0, 0, 123e6, time.UTC); !m.since.Equal(want) {
		t.Errorf("since %s, want %s", m.since, want)
	}
	ask(t, m, "/history/Van?from=2024-01-08T10:00:00Z&to=2024-01-08T11:00:00Z&limit=7")
	if m.query.Limit != 7 || m.query.From.Hour() != 10 || m.query.To.Hour() != 11 || m.query.Vehicle != "Van" {
		t.Errorf("query %+v", m.query)
	}
	ask(t, m, "/history/Van")
	if m.query.Limit != defaultHistory || !m.query.From.IsZero() {
		t.Errorf("query %+v", m.query)
	}
}
