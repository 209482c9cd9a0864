package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A vehicle is one of the fleet's while it has reported within a day, and online while within a minute, which is
// thirty reports.
const (
	inService = 24 * time.Hour
	online    = time.Minute
)

// RegisterMetrics registers how many vehicles there are, counted at each scrape. Reported says how many have reported
// since a time; it knows none before the first snapshot.
func RegisterMetrics(r prometheus.Registerer, reported func(since time.Time) int, now func() time.Time) {
	within := func(name, help string, d time.Duration) prometheus.GaugeFunc {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			return float64(reported(now().Add(-d)))
		})
	}
	r.MustRegister(
		within("fleetman_vehicles", "Vehicles that have reported within the last day.", inService),
		within("fleetman_vehicles_online", "Vehicles that have reported within the last minute.", online),
	)
}
