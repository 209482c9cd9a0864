// Package road makes a town's road network out of a seed: a ring motorway, primary roads and residential streets,
// as GeoJSON for a map and as a graph for routes. The town is invented; only its place is real.
//
// The same seed gives the same network on every machine: the random numbers are PCG's, and coordinates are rounded
// to a decimetre before anything is decided by them, so the last bits of a processor's arithmetic do not matter.
// Roads run both ways. Every node can be reached from every other; New drops what cannot.
package road
