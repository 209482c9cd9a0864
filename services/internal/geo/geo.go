package geo

import (
	"math"
	"time"
)

// WGS84: the semi-major axis in metres, and the flattening.
const (
	semiMajor  = 6378137.0
	flattening = 1 / 298.257223563
	semiMinor  = semiMajor * (1 - flattening)
)

// mphPerMetrePerSecond is the factor that the original tracker uses.
const mphPerMetrePerSecond = 2.236936

// Point is a place in degrees.
type Point struct {
	Lat float64 // degrees north
	Lon float64 // degrees east
}

// Distance returns the length in metres of the geodesic between a and b.
//
// It is the inverse formula of T. Vincenty, "Direct and inverse solutions of geodesics on the ellipsoid with
// application of nested equations", Survey Review XXIII 176 (1975). The iteration does not converge for nearly
// antipodal points; for those the great circle on the mean sphere is returned, which is within 0.6 %.
func Distance(a, b Point) float64 {
	if a == b {
		return 0
	}
	var (
		u1, u2     = reduced(a.Lat), reduced(b.Lat)
		sin1, cos1 = math.Sincos(u1)
		sin2, cos2 = math.Sincos(u2)
		l          = radians(math.Remainder(b.Lon-a.Lon, 360))
		lambda     = l
	)
	const (
		iterations = 100
		precision  = 1e-12 // radians; about 6 micrometres
	)
	for range iterations {
		sinLambda, cosLambda := math.Sincos(lambda)
		sinSigma := math.Hypot(cos2*sinLambda, cos1*sin2-sin1*cos2*cosLambda)
		cosSigma := sin1*sin2 + cos1*cos2*cosLambda
		if sinSigma == 0 {
			if cosSigma < 0 {
				break
			}
			return 0
		}
		sigma := math.Atan2(sinSigma, cosSigma)
		sinAlpha := cos1 * cos2 * sinLambda / sinSigma
		cosSqAlpha := 1 - sinAlpha*sinAlpha
		cos2SigmaM := 0.0 // on the equator
		if cosSqAlpha > 1e-15 {
			cos2SigmaM = cosSigma - 2*sin1*sin2/cosSqAlpha
		}
		c := flattening / 16 * cosSqAlpha * (4 + flattening*(4-3*cosSqAlpha))
		previous := lambda
		lambda = l + (1-c)*flattening*sinAlpha*
			(sigma+c*sinSigma*(cos2SigmaM+c*cosSigma*(2*cos2SigmaM*cos2SigmaM-1)))
		if math.Abs(lambda) > math.Pi+1e-9 {
			break
		}
		if math.Abs(lambda-previous) < precision {
			return arc(cosSqAlpha, sigma, sinSigma, cosSigma, cos2SigmaM)
		}
	}
	return greatCircle(a, b)
}

// arc is the last step of the inverse formula.
func arc(cosSqAlpha, sigma, sinSigma, cosSigma, cos2SigmaM float64) float64 {
	uSq := cosSqAlpha * (semiMajor*semiMajor - semiMinor*semiMinor) / (semiMinor * semiMinor)
	a := 1 + uSq/16384*(4096+uSq*(-768+uSq*(320-175*uSq)))
	b := uSq / 1024 * (256 + uSq*(-128+uSq*(74-47*uSq)))
	delta := b * sinSigma * (cos2SigmaM + b/4*
		(cosSigma*(2*cos2SigmaM*cos2SigmaM-1)-
			b/6*cos2SigmaM*(4*sinSigma*sinSigma-3)*(4*cos2SigmaM*cos2SigmaM-3)))
	return semiMinor * a * (sigma - delta)
}

// greatCircle is the haversine distance on the sphere of the mean radius.
func greatCircle(a, b Point) float64 {
	const meanRadius = (2*semiMajor + semiMinor) / 3
	var (
		dLat = math.Sin(radians(b.Lat-a.Lat) / 2)
		dLon = math.Sin(radians(b.Lon-a.Lon) / 2)
		h    = dLat*dLat + math.Cos(radians(a.Lat))*math.Cos(radians(b.Lat))*dLon*dLon
	)
	return 2 * meanRadius * math.Asin(math.Sqrt(min(1, h)))
}

// Bearing returns the initial bearing from a to b in degrees clockwise from north, in [0, 360). The bearing from a
// point to itself is 0.
func Bearing(a, b Point) float64 {
	sinLon, cosLon := math.Sincos(radians(b.Lon - a.Lon))
	sin1, cos1 := math.Sincos(radians(a.Lat))
	sin2, cos2 := math.Sincos(radians(b.Lat))
	degrees := math.Atan2(sinLon*cos2, cos1*sin2-sin1*cos2*cosLon) * 180 / math.Pi
	degrees = math.Mod(degrees+360, 360)
	if degrees >= 360 { // Mod of a tiny negative number plus 360
		return 0
	}
	return degrees
}

// SpeedMPH returns the speed, in miles per hour, of something that covers metres in d. Without a positive
// duration there is no speed, and the result is 0.
func SpeedMPH(metres float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return metres / d.Seconds() * mphPerMetrePerSecond
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

func reduced(lat float64) float64 { return math.Atan((1 - flattening) * math.Tan(radians(lat))) }
