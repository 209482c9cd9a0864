//go:build integration

package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"fleetman/services/internal/position"
)

// open returns a store in a database of its own. FLEETMAN_TEST_MONGODB_URI is mongodb://host:port, the login is in
// FLEETMAN_TEST_MONGODB_USER and _PASSWORD.
func open(t *testing.T) *Store {
	t.Helper()
	uri := os.Getenv("FLEETMAN_TEST_MONGODB_URI")
	if uri == "" {
		t.Fatal("FLEETMAN_TEST_MONGODB_URI is not set: these tests need a running backend")
	}
	ctx := t.Context()
	db := fmt.Sprintf("fleetman_test_%d", time.Now().UnixNano())
	s, err := Open(ctx, Config{
		URI: uri + "/" + db, Retention: 24 * time.Hour,
		User: os.Getenv("FLEETMAN_TEST_MONGODB_USER"), Password: os.Getenv("FLEETMAN_TEST_MONGODB_PASSWORD"),
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		if err := s.Drop(ctx); err != nil {
			t.Error(err)
		}
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := s.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

func pos(name string, second int, speed *float64) position.VehiclePosition {
	return position.VehiclePosition{
		Name: name, Lat: 53 + float64(second)/1000, Longitude: -1.5,
		Timestamp: position.NewTime(time.Now().Truncate(time.Hour).Add(time.Duration(second) * time.Second)), Speed: speed,
	}
}

func TestSavingTwiceLeavesOnePosition(t *testing.T) {
	s := open(t)
	fast := 30.5
	batch := []position.VehiclePosition{pos("City/Truck 1", 0, nil), pos("City/Truck 1", 2, &fast), pos("Van", 1, nil)}
	latest := batch[1:]
	for range 2 {
		if err := s.Save(t.Context(), batch, latest); err != nil {
			t.Fatal(err)
		}
	}
	// A batch of which a part is there already stores the rest.
	if err := s.Save(t.Context(), append([]position.VehiclePosition{pos("Van", 5, &fast)}, batch...), nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"City/Truck 1": 2, "Van": 2, "nobody": 0} {
		got, err := s.History(t.Context(), History{Vehicle: name, Limit: 100})
		if err != nil || len(got) != want || got == nil {
			t.Errorf("%s has %d positions (%v), want %d", name, len(got), err, want)
		}
	}
}

func TestHistoryIsNewestFirstWithinItsBounds(t *testing.T) {
	s := open(t)
	var batch []position.VehiclePosition
	for i := range 50 {
		batch = append(batch, pos("Van", i, nil), pos("Other", i, nil))
	}
	if err := s.Save(t.Context(), batch, nil); err != nil {
		t.Fatal(err)
	}
	q := History{Vehicle: "Van", From: pos("", 10, nil).Timestamp.Time, To: pos("", 30, nil).Timestamp.Time, Limit: 5}
	got, err := s.History(t.Context(), q)
	if err != nil || len(got) != 5 {
		t.Fatalf("got %d positions, %v", len(got), err)
	}
	for i, p := range got {
		if want := pos("Van", 30-i, nil); p.Timestamp != want.Timestamp || p.Name != "Van" || p.Lat != want.Lat {
			t.Errorf("position %d is %+v, want %+v", i, p, want)
		}
	}
	if _, err := s.History(t.Context(), History{Vehicle: "Van"}); err == nil {
		t.Error("a history without a limit is not refused")
	}
}

func TestAnOlderPositionNeverReplacesTheLatest(t *testing.T) {
	s := open(t)
	for _, second := range []int{5, 3, 9, 9, 1} {
		if err := s.Save(t.Context(), nil, []position.VehiclePosition{pos("Van", second, nil)}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Vehicle(t.Context(), "Van")
	if err != nil || got.Timestamp != pos("Van", 9, nil).Timestamp {
		t.Errorf("latest is %+v, %v", got, err)
	}
	if _, err := s.Vehicle(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown vehicle gives %v", err)
	}
}

func TestManyVehiclesAreSavedAtOnce(t *testing.T) {
	s := open(t)
	var batch []position.VehiclePosition
	for i := range 500 {
		batch = append(batch, pos(fmt.Sprintf("Van %03d", i), i%60, nil))
	}
	start := time.Now()
	if err := s.Save(t.Context(), batch, batch); err != nil {
		t.Fatal(err)
	}
	t.Logf("saved 500 in %s", time.Since(start))
	got, err := s.Latest(t.Context(), time.Time{})
	if err != nil || len(got) != 500 || got[7].Name != "Van 007" || got[7].Timestamp != batch[7].Timestamp {
		t.Errorf("%d latest, %v", len(got), err)
	}
}

func TestLatestIsSortedAndKnowsSince(t *testing.T) {
	s := open(t)
	if err := s.Save(t.Context(), nil, []position.VehiclePosition{pos("c", 1, nil), pos("a", 3, nil), pos("b", 2, nil)}); err != nil {
		t.Fatal(err)
	}
	names := func(ps []position.VehiclePosition, err error) string {
		if err != nil || ps == nil {
			t.Errorf("got %v, %v", ps, err)
		}
		var s strings.Builder
		for _, p := range ps {
			s.WriteString(p.Name)
		}
		return s.String()
	}
	if got := names(s.Latest(t.Context(), time.Time{})); got != "abc" {
		t.Errorf("all: %q", got)
	}
	if got := names(s.Latest(t.Context(), pos("", 1, nil).Timestamp.Time)); got != "ab" {
		t.Errorf("since: %q", got)
	}
	if got := names(s.Latest(t.Context(), time.Now().Add(time.Hour*2))); got != "" {
		t.Errorf("since the future: %q", got)
	}
	if got := names(s.LatestOf(t.Context(), []string{"b", "x"})); got != "b" {
		t.Errorf("of b and x: %q", got)
	}
}

func TestPreparingAgainChangesTheExpiry(t *testing.T) {
	s := open(t)
	s.retention = 48 * time.Hour
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	cursor, err := s.positions.Indexes().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var indexes []bson.M
	if err := cursor.All(t.Context(), &indexes); err != nil {
		t.Fatal(err)
	}
	for _, index := range indexes {
		if index["name"] == expiryIndex && fmt.Sprint(index["expireAfterSeconds"]) != "172800" {
			t.Errorf("expiry is %v", index["expireAfterSeconds"])
		}
		t.Log(index)
	}
}
