package drive

import (
	"math"
	"math/rand/v2"
	"time"

	"fleetman/services/internal/geo"
	"fleetman/services/internal/road"
)

// How vehicles drive, in metres and seconds.
const (
	acceleration = 1.4
	braking      = 2.2
	slowest      = 2.5  // through the sharpest bend
	nearby       = 1500 // the least length of a drive
	shortRest    = 5 * time.Second
	longRest     = 45 * time.Second
)

type vehicle struct {
	network *road.Network
	name    string
	rng     *rand.Rand
	clock   time.Time
	manner  float64 // share of the limit that the driver keeps to

	node  int // where the drive ends
	route []leg
	leg   int     // that the vehicle is on
	along float64 // metres from the start of the leg
	speed float64 // metres per second
	rest  float64 // seconds left to stand
}

// leg is a straight piece of a route.
type leg struct {
	from, to road.Point
	metres   float64
	limit    float64 // metres per second
	end      float64 // metres per second at which to pass its end
}

func newVehicle(network *road.Network, name string, rng *rand.Rand, begin time.Time) *vehicle {
	v := &vehicle{
		network: network, name: name, rng: rng, clock: begin,
		manner: 0.8 + 0.25*rng.Float64(), node: rng.IntN(len(network.Nodes)),
	}
	v.depart()
	// It has been on the road for a while.
	v.leg = rng.IntN(len(v.route))
	v.speed = v.route[v.leg].limit / 2
	return v
}

// depart chooses a destination that is not too near and the way there.
func (v *vehicle) depart() {
	to := v.node
	for range 20 {
		to = v.rng.IntN(len(v.network.Nodes))
		if v.network.Nodes[v.node].To(v.network.Nodes[to]) >= nearby {
			break
		}
	}
	if to == v.node {
		to = v.network.Edges[v.node][0].To
	}
	v.route = v.legs(v.network.Path(v.node, to))
	v.node, v.leg, v.along, v.speed = to, 0, 0, 0
}

func (v *vehicle) legs(edges []road.Edge) []leg {
	var legs []leg
	for _, e := range edges {
		for i := 1; i < len(e.Points); i++ {
			legs = append(legs, leg{
				from: e.Points[i-1], to: e.Points[i],
				metres: e.Points[i-1].To(e.Points[i]),
				limit:  e.Class.Limit() * v.manner,
			})
		}
	}
	// From the end: slow enough for the bend, and able to brake for the next leg's end.
	next := 0.0 // the last leg ends standing
	for i := len(legs) - 1; i >= 0; i-- {
		legs[i].end = next
		if i > 0 {
			bend := max(slowest, 1.2*legs[i].limit*bendFactor(legs[i-1], legs[i]))
			reach := math.Sqrt(legs[i].end*legs[i].end + 2*braking*legs[i].metres)
			next = min(bend, reach, legs[i].limit, legs[i-1].limit)
		}
	}
	return legs
}

// bendFactor is 1 straight on and 0 for a turn of 60 degrees and more.
func bendFactor(a, b leg) float64 {
	ax, ay := float64(a.to.X-a.from.X), float64(a.to.Y-a.from.Y)
	bx, by := float64(b.to.X-b.from.X), float64(b.to.Y-b.from.Y)
	length := math.Hypot(ax, ay) * math.Hypot(bx, by)
	if length == 0 {
		return 1
	}
	return max(0, 2*(ax*bx+ay*by)/length-1)
}

// move drives, or stands, for some seconds.
func (v *vehicle) move(seconds float64) {
	if v.rest > 0 {
		v.rest -= seconds
		if v.rest <= 0 {
			v.depart()
		}
		return
	}
	l := v.route[v.leg]
	left := l.metres - v.along
	// The greatest speed from which the vehicle can still slow down to the end of the leg.
	allowed := min(l.limit, math.Sqrt(l.end*l.end+2*braking*left))
	switch {
	case v.speed < allowed:
		v.speed = min(allowed, v.speed+acceleration*seconds)
	default:
		v.speed = max(allowed, v.speed-2*braking*seconds)
	}
	const creep = 0.5
	v.along += max(v.speed, creep) * seconds
	for v.along >= v.route[v.leg].metres {
		v.along -= v.route[v.leg].metres
		if v.leg == len(v.route)-1 {
			v.along, v.speed = v.route[v.leg].metres, 0
			v.rest = (shortRest + time.Duration(v.rng.Int64N(int64(longRest-shortRest)))).Seconds()
			return
		}
		v.leg++
	}
}

// where returns the place in degrees.
func (v *vehicle) where() geo.Point {
	l := v.route[v.leg]
	share := 0.0
	if l.metres > 0 {
		share = min(1, v.along/l.metres)
	}
	from, to := l.from.Geo(), l.to.Geo()
	return geo.Point{
		Lat: math.Round((from.Lat+(to.Lat-from.Lat)*share)*1e6) / 1e6,
		Lon: math.Round((from.Lon+(to.Lon-from.Lon)*share)*1e6) / 1e6,
	}
}
