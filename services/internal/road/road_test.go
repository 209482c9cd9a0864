package road

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"testing"

	"fleetman/services/internal/geo"
)

func TestTheTownIsTheSameEverywhere(t *testing.T) {
	b, err := New(Seed).GeoJSON()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	// When the town is meant to change, so does this.
	if got, want := hex.EncodeToString(sum[:6]), "beb95116109d"; got != want {
		t.Errorf("the roads have the digest %s, want %s", got, want)
	}
}

func TestAnotherSeedIsAnotherTown(t *testing.T) {
	a, b := New(1), New(2)
	if len(a.Nodes) == len(b.Nodes) && a.Nodes[0] == b.Nodes[0] {
		t.Error("seeds 1 and 2 give the same town")
	}
}

func TestEveryTownIsPlausible(t *testing.T) {
	for seed := range uint64(20) {
		n := New(seed)
		metres := make(map[Class]float64)
		names := make(map[string]bool)
		for _, w := range n.Ways {
			metres[w.Class] += Length(w.Points)
			if names[w.Name] {
				t.Errorf("seed %d: two roads are called %s", seed, w.Name)
			}
			names[w.Name] = true
			for _, p := range w.Points {
				if d := geo.Distance(geo.Point{Lat: centreLat, Lon: centreLon}, p.Geo()); d > 6500 {
					t.Fatalf("seed %d: %s is %.0f m from the centre", seed, w.Name, d)
				}
			}
		}
		if m := metres[Motorway]; m < 33_000 || m > 42_000 {
			t.Errorf("seed %d: %.0f m of motorway", seed, m)
		}
		if m := metres[Primary]; m < 30_000 || m > 120_000 {
			t.Errorf("seed %d: %.0f m of primary roads", seed, m)
		}
		if m := metres[Residential]; m < 200_000 || m > 700_000 {
			t.Errorf("seed %d: %.0f m of streets", seed, m)
		}
		for from := range n.Nodes {
			if len(n.Edges[from]) == 0 {
				t.Errorf("seed %d: node %d has no road", seed, from)
			}
		}
	}
}

func TestEveryNodeIsReachedFromEveryOther(t *testing.T) {
	for seed := range uint64(20) {
		n := New(seed)
		seen := map[int]bool{0: true}
		for todo := []int{0}; len(todo) > 0; {
			at := todo[0]
			todo = todo[1:]
			for _, e := range n.Edges[at] {
				if !seen[e.To] {
					seen[e.To] = true
					todo = append(todo, e.To)
				}
			}
		}
		if len(seen) != len(n.Nodes) {
			t.Errorf("seed %d: %d of %d nodes are reached", seed, len(seen), len(n.Nodes))
		}
	}
}

func TestAPathIsConnectedAndTheQuickest(t *testing.T) {
	n := New(Seed)
	// Bellman-Ford from node 0, the slow and simple way.
	best := make([]float64, len(n.Nodes))
	for i := range best {
		best[i] = math.Inf(1)
	}
	best[0] = 0
	for changed := true; changed; {
		changed = false
		for _, edges := range n.Edges {
			for _, e := range edges {
				if c := best[e.From] + e.seconds(); c < best[e.To]-1e-9 {
					best[e.To], changed = c, true
				}
			}
		}
	}
	for to := 0; to < len(n.Nodes); to += 17 {
		at, cost := 0, 0.0
		for _, e := range n.Path(0, to) {
			if e.From != at || e.Points[0] != n.Nodes[e.From] || e.Points[len(e.Points)-1] != n.Nodes[e.To] {
				t.Fatalf("the path to %d jumps at %d", to, at)
			}
			at = e.To
			cost += e.seconds()
		}
		if at != to || math.Abs(cost-best[to]) > 1e-6 {
			t.Errorf("the path to %d ends at %d after %.1f s, want %.1f s", to, at, cost, best[to])
		}
	}
}

func TestTheGeoJSONHasWhatAMapNeeds(t *testing.T) {
	b, err := New(Seed).GeoJSON()
	if err != nil {
		t.Fatal(err)
	}
	var c featureCollection
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	classes := make(map[Class]int)
	for _, f := range c.Features {
		classes[f.Properties.Class]++
		if f.Properties.Name == "" || len(f.Geometry.Coordinates) < 2 || f.Geometry.Type != "LineString" || f.Type != "Feature" {
			t.Fatalf("feature %+v", f)
		}
		if p := f.Geometry.Coordinates[0]; p[0] > -1.3 || p[0] < -1.7 || p[1] < 53.2 || p[1] > 53.5 {
			t.Fatalf("%s starts at %v", f.Properties.Name, p)
		}
	}
	t.Logf("%d bytes, %v", len(b), classes)
	if classes[Motorway] == 0 || classes[Primary] < 7 || classes[Residential] < 100 {
		t.Errorf("classes %v", classes)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(Seed)
	}
}
