package road

import (
	"math"

	"fleetman/services/internal/geo"
)

// Seed is that of the town that all services share: vehicles drive on the roads that the page shows.
const Seed = 1

// Class is what kind of road it is.
type Class string

// The classes.
const (
	Motorway    Class = "motorway"
	Primary     Class = "primary"
	Residential Class = "residential"
)

// Limit returns the speed limit of the class in metres per second.
func (c Class) Limit() float64 {
	const mph = 0.44704
	switch c {
	case Motorway:
		return 70 * mph
	case Primary:
		return 40 * mph
	default:
		return 20 * mph
	}
}

// Point is a place on the town's plane, in decimetres east and north of its centre.
type Point struct{ X, Y int32 }

// The centre of the town, and the degrees of a decimetre there.
const (
	centreLat = 53.375
	centreLon = -1.507

	latPerDecimetre = 1 / 1_112_850.0
	lonPerDecimetre = 1 / 665_050.0
)

// Geo returns the place in degrees, rounded to the sixth digit.
func (p Point) Geo() geo.Point {
	return geo.Point{
		Lat: math.Round((centreLat+float64(p.Y)*latPerDecimetre)*1e6) / 1e6,
		Lon: math.Round((centreLon+float64(p.X)*lonPerDecimetre)*1e6) / 1e6,
	}
}

// To returns the distance to q in metres.
func (p Point) To(q Point) float64 {
	dx, dy := float64(q.X-p.X), float64(q.Y-p.Y)
	return math.Sqrt(float64(dx*dx)+float64(dy*dy)) / 10
}

// Way is a named road.
type Way struct {
	Name   string
	Class  Class
	Points []Point
}

// Edge leads from one node to another.
type Edge struct {
	From, To int
	Way      int     // index into Network.Ways
	Class    Class   // of the way
	Points   []Point // from the first node to the other, both included
	Metres   float64
}

// Network is the town's roads. It is not changed after New, so it may be used by many at once.
type Network struct {
	Ways  []Way
	Nodes []Point
	Edges [][]Edge // by the node that they lead from
}

// Length returns the length of the line in metres.
func Length(points []Point) float64 {
	var metres float64
	for i := 1; i < len(points); i++ {
		metres += points[i-1].To(points[i])
	}
	return metres
}
