package tracker

import "github.com/prometheus/client_golang/prometheus"

// Metrics is what an ingest counts.
type Metrics struct {
	received prometheus.Counter
	stored   prometheus.Counter
	rejected *prometheus.CounterVec
	batch    prometheus.Histogram
	lag      prometheus.Histogram
	last     prometheus.Gauge
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		received: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fleetman_positions_received_total", Help: "Reports that were taken from the queue and handled.",
		}),
		stored: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fleetman_positions_stored_total", Help: "Positions that the database has confirmed.",
		}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fleetman_positions_rejected_total", Help: "Reports that went to the dead letters.",
		}, []string{"reason"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "fleetman_store_batch_seconds", Help: "From a batch's arrival until it is stored.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "fleetman_position_lag_seconds", Help: "From a report's own time until it is stored.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fleetman_position_stored_timestamp_seconds", Help: "When positions were last stored, in seconds since 1970; 0 before the first.",
		}),
	}
	for _, reason := range []string{"invalid", "future"} {
		m.rejected.WithLabelValues(reason) // so that it is there with 0
	}
	r.MustRegister(m.received, m.stored, m.rejected, m.batch, m.lag, m.last)
	return m
}
