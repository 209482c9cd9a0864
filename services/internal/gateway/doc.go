// Package gateway is what browsers talk to: the vehicles and their histories, which it asks the tracker for, and
// the stream, which it feeds from the topic of positions.
//
// It begins each subscription to the topic with a snapshot from the tracker, so nothing that was published while
// it was away is missed. It keeps no history. It refuses to hide that the tracker is unreachable: the vehicles are
// then an empty array, as in the original, but with a header that says why.
package gateway
