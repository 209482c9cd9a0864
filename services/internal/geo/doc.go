// Package geo measures on the WGS84 ellipsoid: the distance between two points in metres, the bearing from one to
// the other in degrees, and a speed in miles per hour. Points are degrees north and degrees east.
//
// It does not check ranges; its callers validate what comes from outside. Its results are finite for every pair
// of finite points in range.
package geo
