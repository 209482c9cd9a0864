package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// How long an orderly end may take: all of it, finishing what was begun, and closing what is idle by then.
const (
	ShutdownTimeout = 20 * time.Second
	DrainTimeout    = 12 * time.Second
	CloseTimeout    = 4 * time.Second
)

// Exit codes of a main.
const (
	exitFailure       = 1
	exitConfiguration = 2
)

// Service is what a main builds on.
type Service struct {
	Log       *slog.Logger
	Registry  *prometheus.Registry
	Readiness *Readiness
	HTTP      *Server
}

// Main reads the configuration into cfg, runs the service until it fails or is told to stop, and returns the exit
// code. base points to the Config that cfg embeds.
func Main(name, description string, cfg Checker, base *Config, run func(ctx context.Context, s *Service) error) int {
	err := Parse(name, description, cfg, os.Args[1:], os.Stdout)
	if errors.Is(err, ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return exitConfiguration
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	s := New(name, *base, os.Stdout)
	s.Log.Info("starting", "version", version())
	if err := run(ctx, s); err != nil {
		s.Log.Error("failed", "error", err)
		return exitFailure
	}
	s.Log.Info("stopped")
	return 0
}

// New returns a service that logs to out.
func New(name string, cfg Config, out io.Writer) *Service {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo // Problems has refused it already
	}
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level})).With("service", name)
	registry := prometheus.NewRegistry()
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "fleetman_build_info", Help: "1, with what was built.",
	}, []string{"service", "version", "go_version"})
	build := "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		build = b.GoVersion
	}
	info.WithLabelValues(name, version(), build).Set(1)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), info)
	readiness := &Readiness{reasons: make(map[string]string)}
	return &Service{Log: log, Registry: registry, Readiness: readiness, HTTP: newServer(cfg.HTTPAddr, log, registry, readiness)}
}

// version is the revision of the source, if the build knows it.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

// Together runs the functions at once. The first that returns an error ends the context of the others; Together
// waits for all and returns what they returned.
func Together(ctx context.Context, functions ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, f := range functions {
		wg.Go(func() {
			if err := f(ctx); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				cancel()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Every calls f now and then every d until ctx ends.
func Every(ctx context.Context, d time.Duration, f func(context.Context)) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		f(ctx)
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}
