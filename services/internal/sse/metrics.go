package sse

import "github.com/prometheus/client_golang/prometheus"

// Why clients are dropped.
const (
	reasonFull = "full"
	reasonSlow = "slow"
)

// Metrics is what a broker counts.
type Metrics struct {
	clients prometheus.Gauge
	merged  prometheus.Counter
	dropped *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		clients: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fleetman_stream_clients", Help: "Clients that are connected to the stream.",
		}),
		merged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fleetman_stream_events_merged_total", Help: "Events that slow clients got as part of a later one.",
		}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fleetman_stream_clients_dropped_total", Help: "Clients that were turned away or cut off.",
		}, []string{"reason"}),
	}
	for _, reason := range []string{reasonFull, reasonSlow} {
		m.dropped.WithLabelValues(reason) // so that it is there with 0
	}
	r.MustRegister(m.clients, m.merged, m.dropped)
	return m
}
