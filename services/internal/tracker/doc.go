// Package tracker turns the reports of a queue into stored positions, publishes those that are the latest of their
// vehicle, and answers questions about them over HTTP.
//
// A batch is stored, then published, and only then acknowledged. A report that cannot be used is rejected with a
// reason, never dropped in silence; a batch that cannot be stored is an error, so that it comes again.
package tracker
