// Package track derives the speed and the heading of a vehicle from its previous report.
//
// It remembers the last few positions of each vehicle and asks a Source for vehicles that it does not remember. A
// plan works on copies: nothing is remembered until what the plan says has been stored, so planning the same
// reports again gives the same positions. A late report is measured from the report before it, as far as that is
// remembered, and never becomes the latest. A report with the time of a known one is that one, whatever else it
// says. It refuses reports that claim to come from the future.
package track
