package drive

import (
	"math/rand/v2"
	"time"

	"fleetman/services/internal/geo"
	"fleetman/services/internal/road"
)

// step is how far a vehicle moves at a time.
const step = 100 * time.Millisecond

// Fleet is vehicles on a network. It is not safe for concurrent use.
type Fleet struct {
	vehicles []*vehicle
}

// New returns a fleet of n vehicles that begins at the given time.
func New(network *road.Network, seed uint64, n int, begin time.Time) *Fleet {
	f := &Fleet{vehicles: make([]*vehicle, n)}
	names := vehicleNames(rand.New(rand.NewPCG(seed, 0x6e616d65)), n) //nolint:gosec // a world, not a secret
	for i := range f.vehicles {
		f.vehicles[i] = newVehicle(network, names[i], rand.New(rand.NewPCG(seed, uint64(i))), begin) //nolint:gosec // as above
	}
	return f
}

// Len returns how many vehicles there are.
func (f *Fleet) Len() int { return len(f.vehicles) }

// Name returns the name of vehicle i.
func (f *Fleet) Name(i int) string { return f.vehicles[i].name }

// At moves vehicle i to the time and returns where it is. At an earlier time than before it stays where it was.
func (f *Fleet) At(i int, t time.Time) geo.Point {
	v := f.vehicles[i]
	for !v.clock.Add(step).After(t) {
		v.clock = v.clock.Add(step)
		v.move(step.Seconds())
	}
	return v.where()
}
