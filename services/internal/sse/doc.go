// Package sse keeps the latest position of every vehicle and streams it to browsers as server-sent events: a
// snapshot first, then what has changed, at most one event per interval.
//
// An event is encoded once and its bytes are shared by all clients that need it. A client has no queue: it
// remembers the number of the last event that it was sent, and one that falls behind gets a single event with
// everything that has changed since, the latest of each vehicle. So a slow client neither holds memory nor holds
// up others; one that cannot take a write in time is dropped. A broker refuses clients beyond its limit, and a
// position older than the one it has.
package sse
