package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The limits of a request. A stream has no limit for its answer.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 75 * time.Second
	maxHeaderBytes    = 16 << 10
	// notReadyFirst is how long requests are still taken after the service stopped being ready, so that who sends
	// them can learn of it.
	notReadyFirst = time.Second
)

// Server is the service's HTTP server, with /healthz, /readyz and /metrics.
type Server struct {
	addr      string
	log       *slog.Logger
	mux       *http.ServeMux
	readiness *Readiness
	seconds   *prometheus.HistogramVec
}

func newServer(addr string, log *slog.Logger, registry *prometheus.Registry, readiness *Readiness) *Server {
	s := &Server{
		addr: addr, log: log, mux: http.NewServeMux(), readiness: readiness,
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fleetman_http_request_seconds", Help: "How long requests took, streams aside.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "code"}),
	}
	registry.MustRegister(s.seconds)
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		WriteJSON(w, http.StatusOK, struct {
			Healthy bool `json:"healthy"`
		}{true})
	})
	s.mux.Handle("GET /readyz", readiness)
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	return s
}

// Handle serves the pattern, limits the time for the answer, and measures it under the pattern's name.
func (s *Server) Handle(pattern string, h http.Handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rc := http.NewResponseController(w)
		if err := rc.SetWriteDeadline(start.Add(writeTimeout)); err != nil {
			s.log.Debug("cannot limit the answer", "error", err)
		}
		rec := &recorder{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			s.seconds.WithLabelValues(pattern, strconv.Itoa(rec.code)).Observe(time.Since(start).Seconds())
		}()
		h.ServeHTTP(rec, r)
	})
}

// HandleStream serves the pattern without a limit for the answer. The handler ends when the request's context does.
func (s *Server) HandleStream(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// ServeHTTP serves what Handle was given.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Run listens and serves until ctx ends. Then the service is not ready any more, streams end, and what is being
// answered is finished.
func (s *Server) Run(ctx context.Context) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.log.Info("listening", "addr", listener.Addr().String())
	return s.serve(ctx, listener)
}

func (s *Server) serve(ctx context.Context, listener net.Listener) error {
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	server := &http.Server{
		Handler:           s.mux,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	s.readiness.Set("service", errors.New("stopping"))
	s.log.Info("stopping")
	t := time.NewTimer(notReadyFirst)
	defer t.Stop()
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-t.C:
	}
	done, cancel := context.WithTimeout(context.WithoutCancel(ctx), ShutdownTimeout-2*notReadyFirst)
	defer cancel()
	// Streams would never end by themselves. Other requests get a moment to finish first.
	streams := time.AfterFunc(notReadyFirst, endRequests)
	defer streams.Stop()
	if err := server.Shutdown(done); err != nil {
		return errors.Join(fmt.Errorf("stop HTTP: %w", err), server.Close())
	}
	return nil
}

// recorder remembers the status code.
type recorder struct {
	http.ResponseWriter
	code    int
	written bool
}

func (r *recorder) WriteHeader(code int) {
	if !r.written && code >= http.StatusOK {
		r.code, r.written = code, true
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.written = true
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what the recorder wraps.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
