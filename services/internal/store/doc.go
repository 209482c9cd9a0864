// Package store keeps vehicle positions in MongoDB: their history in the collection positions, one document per
// vehicle and millisecond, and the latest of each vehicle in the collection vehicles.
//
// Saving is idempotent: a position that is already there is left as it is, and an older one never replaces a newer
// latest one. Every query is bounded by an index, a projection and a limit. It does not compute anything about
// positions, and it refuses credentials within the URI.
package store
