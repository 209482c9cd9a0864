package geo

import (
	"math"
	"testing"
	"time"
)

// The expected lengths: the line from Flinders Peak to Buninyong is the worked example of Geoscience Australia's
// GDA technical manual (GRS80, whose flattening differs in the tenth digit); the others follow from the
// ellipsoid's own dimensions.
func TestDistanceIsTheLengthOfTheGeodesic(t *testing.T) {
	tests := []struct {
		name       string
		a, b       Point
		want, play float64 // metres
	}{
		{"Flinders Peak to Buninyong", dms(-37, 57, 3.72030, 144, 25, 29.52440), dms(-37, 39, 10.15610, 143, 55, 35.38390), 54972.271, 0.001},
		{"one degree along the equator", Point{0, 0}, Point{0, 1}, semiMajor * math.Pi / 180, 0.001},
		{"a quarter of the meridian", Point{0, 0}, Point{90, 0}, 10001965.729, 0.001},
		{"pole to pole", Point{90, 0}, Point{-90, 0}, 2 * 10001965.729, 0.01},
		{"a point to itself", Point{53.375, -1.507}, Point{53.375, -1.507}, 0, 0},
		{"across the date line", Point{0, 179.5}, Point{0, -179.5}, semiMajor * math.Pi / 180, 0.001},
		{"nearly antipodal points, where the formula does not converge", Point{0, 0}, Point{0.5, 179.7}, 19936288.579, 19936288.579 * 0.006},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, got := range []float64{Distance(tt.a, tt.b), Distance(tt.b, tt.a)} {
				if !(math.Abs(got-tt.want) <= tt.play) {
					t.Errorf("Distance = %.4f m, want %.4f ± %g", got, tt.want, tt.play)
				}
			}
		})
	}
}

func TestBearingIsClockwiseFromNorth(t *testing.T) {
	centre := Point{53.375, -1.507}
	tests := []struct {
		name string
		to   Point
		want float64
	}{
		{"north", Point{53.4, -1.507}, 0},
		{"east", Point{53.375, -1.5}, 90},
		{"south", Point{53.3, -1.507}, 180},
		{"west", Point{53.375, -1.514}, 270},
		{"nowhere", centre, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Bearing(centre, tt.to); math.Abs(got-tt.want) > 0.01 {
				t.Errorf("Bearing = %.4f, want %.4f", got, tt.want)
			}
		})
	}
}

func TestSpeedMatchesTheOriginalTracker(t *testing.T) {
	tests := []struct {
		name         string
		metres, want float64
		d            time.Duration
	}{
		{"153 m in 5 s", 153, 68.45, 5 * time.Second},
		{"1 km in 60 s", 1000, 37.28, time.Minute},
		{"1.29 km in 84 s", 1290, 34.35, 84 * time.Second},
		{"standing still", 0, 0, 5 * time.Second},
		{"no time at all", 100, 0, 0},
		{"time that runs backwards", 100, 0, -time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := SpeedMPH(tt.metres, tt.d); math.Abs(got-tt.want) > 0.1 {
				t.Errorf("SpeedMPH = %.4f, want %.2f ± 0.1", got, tt.want)
			}
		})
	}
}

func FuzzDistanceIsFiniteAndNotNegative(f *testing.F) {
	f.Add(0.0, 0.0, 0.5, 179.7)
	f.Add(90.0, 0.0, -90.0, 180.0)
	f.Fuzz(func(t *testing.T, lat1, lon1, lat2, lon2 float64) {
		for _, v := range []float64{lat1 / 90, lon1 / 180, lat2 / 90, lon2 / 180} {
			if !(math.Abs(v) <= 1) {
				t.Skip()
			}
		}
		a, b := Point{lat1, lon1}, Point{lat2, lon2}
		if d := Distance(a, b); !(d >= 0 && d < 2.1e7) {
			t.Errorf("Distance(%v, %v) = %v", a, b, d)
		}
		if h := Bearing(a, b); !(h >= 0 && h < 360) {
			t.Errorf("Bearing(%v, %v) = %v", a, b, h)
		}
	})
}

func dms(latD, latM, latS, lonD, lonM, lonS float64) Point {
	degrees := func(d, m, s float64) float64 { return math.Copysign(math.Abs(d)+m/60+s/3600, d) }
	return Point{degrees(latD, latM, latS), degrees(lonD, lonM, lonS)}
}
