// Command grafana stands in the lab for Grafana, entrypoint and server in one: as /run.sh it reads the image's variables, then what
// is provisioned, by Grafana's rules, and ends with a message where Grafana would refuse. It serves the dashboards and leads to the
// data sources by Grafana's API, so that what a panel asks can be asked. It draws nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "grafana (the lab's stand-in):", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	state, err := load()
	if err != nil {
		return err
	}
	server := &http.Server{Addr: ":" + setting("SERVER_HTTP_PORT", "3000"), Handler: state.handler(), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	fmt.Printf("serves %d dashboards of %d data sources at %s\n", len(state.dashboards), len(state.sources), server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// state is what was provisioned, and the login.
type state struct {
	user, password string
	sources        map[string]source
	dashboards     map[string]dashboard
	home           string // the uid of the dashboard that greets
}

func load() (*state, error) {
	if err := readFiles(); err != nil {
		return nil, err
	}
	s := &state{user: setting("SECURITY_ADMIN_USER", "admin"), password: setting("SECURITY_ADMIN_PASSWORD", "")}
	if s.password == "" {
		return nil, errors.New("GF_SECURITY_ADMIN_PASSWORD: no password; Grafana would take admin")
	}
	// The database and the plugins' sockets.
	for _, path := range []string{setting("PATHS_DATA", "/var/lib/grafana"), os.TempDir()} {
		file, err := os.CreateTemp(path, "grafana-")
		if err != nil {
			return nil, fmt.Errorf("write to %s: %w", path, err)
		}
		if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
			return nil, fmt.Errorf("write to %s: %w", path, err)
		}
	}
	provisioning := setting("PATHS_PROVISIONING", "/etc/grafana/provisioning")
	var err error
	if s.sources, err = readSources(filepath.Join(provisioning, "datasources"), strings.Split(setting("PLUGINS_DISABLE_PLUGINS", ""), ",")); err != nil {
		return nil, err
	}
	if s.dashboards, err = readDashboards(filepath.Join(provisioning, "dashboards"), s.sources); err != nil {
		return nil, err
	}
	if path := setting("DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH", ""); path != "" {
		home, err := readDashboard(path, s.sources)
		if err != nil {
			return nil, fmt.Errorf("read the home dashboard: %w", err)
		}
		s.home = home.uid
	}
	return s, nil
}

// setting is one of Grafana's, by section and key.
func setting(key, otherwise string) string {
	if value := os.Getenv("GF_" + key); value != "" {
		return value
	}
	return otherwise
}

// readFiles replaces every variable that ends in __FILE by the file's content, as the image's run.sh does.
func readFiles() error {
	for _, variable := range os.Environ() {
		key, path, _ := strings.Cut(variable, "=")
		name, isFile := strings.CutSuffix(key, "__FILE")
		if !isFile || !strings.HasPrefix(name, "GF_") || path == "" {
			continue
		}
		if os.Getenv(name) != "" {
			return fmt.Errorf("%s and %s are both set", name, key)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		if err := os.Setenv(name, strings.TrimRight(string(content), "\n")); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}
