package drive

import (
	"math/rand/v2"
	"testing"
	"time"

	"fleetman/services/internal/geo"
	"fleetman/services/internal/road"
)

var begin = time.Date(2024, 1, 8, 10, 0, 0, 0, time.UTC)

func TestTheSameSeedDrivesTheSame(t *testing.T) {
	network := road.New(road.Seed)
	a, b, other := New(network, 7, 20, begin), New(network, 7, 20, begin), New(network, 8, 20, begin)
	for second := range 600 { // b is asked every second, a once
		for i := range b.Len() {
			b.At(i, begin.Add(time.Duration(second)*time.Second))
		}
	}
	end := begin.Add(10 * time.Minute)
	same := 0
	for i := range a.Len() {
		if p, q := a.At(i, end), b.At(i, end); p != q || a.Name(i) != b.Name(i) {
			t.Errorf("%s is at %v and at %v", a.Name(i), p, q)
		}
		if a.At(i, end) == other.At(i, end) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d vehicles of another seed are at the same place", same)
	}
}

func TestVehiclesKeepToPlausibleSpeedsAndMove(t *testing.T) {
	f := New(road.New(road.Seed), 1, 38, begin)
	const tick = 2 * time.Second
	for i := range f.Len() {
		at := f.At(i, begin)
		var total, fastest float64
		for n := 1; n <= 1800; n++ {
			next := f.At(i, begin.Add(time.Duration(n)*tick))
			metres := geo.Distance(at, next)
			total += metres
			fastest = max(fastest, geo.SpeedMPH(metres, tick))
			at = next
		}
		if fastest > 75 || fastest < 15 {
			t.Errorf("%s drove at most %.1f mph", f.Name(i), fastest)
		}
		if total < 5000 || total > 100_000 {
			t.Errorf("%s drove %.0f m in an hour", f.Name(i), total)
		}
	}
}

func TestVehiclesStayOnTheRoads(t *testing.T) {
	network := road.New(road.Seed)
	onRoad := func(p geo.Point) bool {
		for _, w := range network.Ways {
			for i := 1; i < len(w.Points); i++ {
				a, b := w.Points[i-1].Geo(), w.Points[i].Geo()
				if geo.Distance(a, p)+geo.Distance(p, b)-geo.Distance(a, b) < 0.2 {
					return true
				}
			}
		}
		return false
	}
	f := New(network, 3, 5, begin)
	for i := range f.Len() {
		for minute := range 5 {
			if p := f.At(i, begin.Add(time.Duration(minute)*time.Minute)); !onRoad(p) {
				t.Errorf("%s is at %v, off the road", f.Name(i), p)
			}
		}
	}
}

func TestNoTwoVehiclesShareAName(t *testing.T) {
	seen := make(map[string]bool)
	for _, name := range vehicleNames(rand.New(rand.NewPCG(1, 1)), 5000) {
		if seen[name] {
			t.Fatalf("%s twice", name)
		}
		seen[name] = true
	}
}

func TestTimeDoesNotGoBack(t *testing.T) {
	f := New(road.New(road.Seed), 1, 1, begin)
	p := f.At(0, begin.Add(time.Minute))
	if q := f.At(0, begin); p != q {
		t.Errorf("went from %v back to %v", p, q)
	}
}

func BenchmarkAt(b *testing.B) {
	f := New(road.New(road.Seed), 1, 1, begin)
	t := begin
	for b.Loop() {
		t = t.Add(2 * time.Second)
		f.At(0, t)
	}
}
