// Package drive moves vehicles over a road network: each follows the quickest way to a destination chosen by
// chance, obeys the limits, slows for bends, stands there for a while, and sets off again.
//
// A fleet is a function of its seed and of the time since it began: the same seed gives the same drives, in steps
// of a fixed length, whoever asks and how often. Vehicles do not see each other. It refuses to go back in time.
package drive
