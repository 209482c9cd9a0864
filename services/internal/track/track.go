package track

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"fleetman/services/internal/geo"
	"fleetman/services/internal/position"
)

const (
	// MaxAhead is how far a report's time may be ahead of the clock. A later one would stay the latest for that long.
	MaxAhead = 5 * time.Minute

	remembered  = 8      // positions of a vehicle
	maxVehicles = 50_000 // remembered at a time
	lookup      = 500    // vehicles asked for at a time
	standing    = 1.0    // metres; a vehicle that moved less keeps its heading
)

// Source knows the latest positions that are stored.
type Source interface {
	LatestOf(ctx context.Context, names []string) ([]position.VehiclePosition, error)
}

// Tracker plans what to store. It is not safe for concurrent use.
type Tracker struct {
	source   Source
	vehicles map[string][]position.VehiclePosition // oldest first
}

// New returns a tracker that remembers nothing yet.
func New(source Source) *Tracker {
	return &Tracker{source: source, vehicles: make(map[string][]position.VehiclePosition)}
}

// Plan is what follows from some reports.
type Plan struct {
	Positions []position.VehiclePosition // to store, each vehicle and time once
	Latest    []position.VehiclePosition // those that are now the latest of their vehicle, by name

	tracker  *Tracker
	vehicles map[string][]position.VehiclePosition
}

// CheckTime returns an error that wraps position.ErrInvalid when the report is from the future.
func CheckTime(r position.Report, now time.Time) error {
	if ahead := r.Time.Sub(now); ahead > MaxAhead {
		return fmt.Errorf("%w: time is %s ahead", position.ErrInvalid, ahead.Round(time.Second))
	}
	return nil
}

// Plan derives positions from valid reports, in the order given. Call Remember once they are stored.
func (t *Tracker) Plan(ctx context.Context, reports []position.Report) (*Plan, error) {
	p := &Plan{tracker: t, vehicles: make(map[string][]position.VehiclePosition)}
	if err := p.load(ctx, reports); err != nil {
		return nil, fmt.Errorf("plan positions: %w", err)
	}
	type key struct {
		name string
		at   int64
	}
	planned := make(map[key]bool, len(reports))
	for _, r := range reports {
		k := key{r.Vehicle, r.Time.UnixMilli()}
		if planned[k] {
			continue
		}
		planned[k] = true
		p.Positions = append(p.Positions, p.add(r))
	}
	for name, known := range p.vehicles {
		last := known[len(known)-1]
		if planned[key{name, last.Timestamp.UnixMilli()}] {
			p.Latest = append(p.Latest, last)
		}
	}
	slices.SortFunc(p.Latest, func(a, b position.VehiclePosition) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return p, nil
}

// load copies what is known of the reports' vehicles.
func (p *Plan) load(ctx context.Context, reports []position.Report) error {
	var unknown []string
	for _, r := range reports {
		if _, ok := p.vehicles[r.Vehicle]; ok {
			continue
		}
		known, ok := p.tracker.vehicles[r.Vehicle]
		if !ok {
			unknown = append(unknown, r.Vehicle)
		}
		p.vehicles[r.Vehicle] = slices.Clone(known)
	}
	for names := range slices.Chunk(unknown, lookup) {
		found, err := p.tracker.source.LatestOf(ctx, names)
		if err != nil {
			return err
		}
		for _, v := range found {
			p.vehicles[v.Name] = []position.VehiclePosition{v}
		}
	}
	return nil
}

// add places the report among what is known of its vehicle and returns its position.
func (p *Plan) add(r position.Report) position.VehiclePosition {
	known := p.vehicles[r.Vehicle]
	i, found := slices.BinarySearchFunc(known, r.Time, func(v position.VehiclePosition, t position.Time) int {
		return v.Timestamp.Compare(t.Time)
	})
	if found {
		return known[i]
	}
	v := position.VehiclePosition{Name: r.Vehicle, Lat: r.Lat, Longitude: r.Long, Timestamp: r.Time}
	if i > 0 {
		measure(&v, known[i-1])
	}
	if i == 0 && len(known) >= remembered {
		return v // older than everything remembered
	}
	known = slices.Insert(known, i, v)
	if len(known) > remembered {
		known = slices.Delete(known, 0, len(known)-remembered)
	}
	p.vehicles[r.Vehicle] = known
	return v
}

// measure sets the speed and the heading of v from the earlier position before.
func measure(v *position.VehiclePosition, before position.VehiclePosition) {
	from, to := geo.Point{Lat: before.Lat, Lon: before.Longitude}, geo.Point{Lat: v.Lat, Lon: v.Longitude}
	metres := geo.Distance(from, to)
	speed := round(geo.SpeedMPH(metres, v.Timestamp.Sub(before.Timestamp.Time)), 100)
	v.Speed = &speed
	if metres < standing {
		v.Heading = before.Heading
		return
	}
	heading := math.Mod(round(geo.Bearing(from, to), 10), 360)
	v.Heading = &heading
}

func round(v, parts float64) float64 { return math.Round(v*parts) / parts }

// Remember takes over what the plan has derived. Of very many vehicles some are forgotten, to be asked for again.
func (p *Plan) Remember() {
	t := p.tracker
	maps.Copy(t.vehicles, p.vehicles)
	for name := range t.vehicles {
		if len(t.vehicles) <= maxVehicles {
			break
		}
		if _, fresh := p.vehicles[name]; !fresh {
			delete(t.vehicles, name)
		}
	}
}
