package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// release is a project that is built as its own module says, with the versions of its own go.sum, and not as part of the lab's
// module, whose versions are Kubernetes's.
type release struct {
	module, version string
	flags           []string          // of go build
	files           map[string]string // what the module does not ship and the program embeds, by path
	packages        map[string]string // the main packages, by the program that each becomes
}

var releases = map[string]release{
	"ferretdb": {
		module: "github.com/FerretDB/FerretDB", version: "v1.24.0",
		flags:    []string{"-tags=ferretdb_no_postgresql"},
		files:    map[string]string{"build/version/version.txt": "v1.24.0"},
		packages: map[string]string{"ferretdb": "./cmd/ferretdb"},
	},
	"prometheus": {
		module: "github.com/prometheus/prometheus", version: "v0.313.5", // which is 3.13.5
		flags:    []string{"-tags=remove_all_sd,enable_kubernetes_sd"}, // it finds its targets in Kubernetes alone
		packages: map[string]string{"prometheus": "./cmd/prometheus", "promtool": "./cmd/promtool"},
	},
	"alertmanager": {
		module: "github.com/prometheus/alertmanager", version: "v0.34.2",
		files:    map[string]string{"ui/app/dist/index.html": "<!doctype html><title>Alertmanager</title>"},
		packages: map[string]string{"alertmanager": "./cmd/alertmanager", "amtool": "./cmd/amtool"},
	},
	"node_exporter": {
		module: "github.com/prometheus/node_exporter", version: "v1.12.1",
		packages: map[string]string{"node_exporter": "."},
	},
	"kube-state-metrics": {
		module: "k8s.io/kube-state-metrics/v2", version: "v2.20.0",
		packages: map[string]string{"kube-state-metrics": "."},
	},
	"mongodb_exporter": {
		module: "github.com/percona/mongodb_exporter", version: "v0.51.0",
		packages: map[string]string{"mongodb_exporter": "."},
	},
}

// BuildCheckers compiles promtool and amtool into bin, which check rules and routes and need no node.
func BuildCheckers(ctx context.Context, dir, bin string) error {
	return buildReleases(ctx, dir, bin, "prometheus", "alertmanager")
}

// buildReleases builds what isn't there in its version already.
func buildReleases(ctx context.Context, dir, bin string, names ...string) error {
	slices.Sort(names)
	for _, name := range names {
		mark := filepath.Join(bin, "."+name+"-"+releases[name].version)
		if _, err := os.Stat(mark); err == nil {
			continue
		}
		if err := releases[name].build(ctx, dir, bin); err != nil {
			return fmt.Errorf("build %s: %w", name, err)
		}
		if err := os.WriteFile(mark, nil, 0o644); err != nil {
			return fmt.Errorf("mark %s: %w", name, err)
		}
	}
	return nil
}

// build builds from a copy: files of the module cache may be neither written nor overlaid.
func (r release) build(ctx context.Context, dir, bin string) error {
	get := exec.CommandContext(ctx, "go", "mod", "download", "-json", r.module+"@"+r.version)
	get.Dir = dir
	answer, err := get.Output()
	if err != nil {
		return fmt.Errorf("download: %w: %s", err, answer)
	}
	var source struct{ Dir string }
	if err := json.Unmarshal(answer, &source); err != nil {
		return fmt.Errorf("read where it was downloaded to: %w", err)
	}
	tmp, err := os.MkdirTemp("", "fleetman-release-")
	if err != nil {
		return fmt.Errorf("make build directory: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := os.CopyFS(tmp, os.DirFS(source.Dir)); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	for path, content := range r.files {
		file := filepath.Join(tmp, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			return fmt.Errorf("write what the module lacks: %w", err)
		}
	}
	for program, pkg := range r.packages {
		if err := goBuild(ctx, tmp, "-s -w", filepath.Join(bin, program), append(slices.Clone(r.flags), pkg)...); err != nil {
			return err
		}
	}
	return nil
}
