// Package position holds the two messages that cross between the services: the Report that a vehicle sends
// through the queue, and the VehiclePosition that the tracker stores and publishes.
//
// It decodes a report from any of the three forms in which a broker may hand it over (a JMS map as JSON, a JMS
// map as XML, a plain JSON object) and encodes one as the JSON map. It refuses a report without a usable name,
// with a latitude or longitude that is not a finite number in range, or with a time that it cannot read. It does
// not guess: a missing key is an error, never a zero.
package position
