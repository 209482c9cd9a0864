// Package tools builds, from package registries alone, every program of the lab: Kubernetes, etcd, CoreDNS, metrics-server,
// FerretDB, Prometheus and its exporters, the Pulumi command line and the stand-ins. What is built already is not built again.
package tools

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"fleetman/lab/node"
)

const pulumi = "v3.259.0"

// Host lists the machine's packages that the lab calls, by a program of each.
var Host = map[string]string{"mmdebstrap": "mmdebstrap", "ip": "iproute2", "nsenter": "util-linux", "mvn": "maven"}

// Missing are the Debian packages of Host that this machine lacks.
func Missing() []string {
	var missing []string
	for program, pkg := range Host {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, pkg)
		}
	}
	return missing
}

// Install adds Debian packages to the machine.
func Install(ctx context.Context, packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	if err := run(ctx, "", nil, "apt-get", "update", "-qq"); err != nil {
		return err
	}
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	return run(ctx, "", env, "apt-get", append([]string{"install", "-qq", "--no-install-recommends"}, packages...)...)
}

// programs are the main packages of the lab's module, in the order in which a cold build best overlaps.
var programs = []string{
	"./hyperkube", "go.etcd.io/etcd/server/v3", "sigs.k8s.io/metrics-server/cmd/metrics-server",
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
	"./plugins/pulumi-language-go", "./plugins/pulumi-resource-kubernetes", "./plugins/pulumi-resource-aws",
	"./minikube", "./pause", "./hostpath-provisioner", "./standins/activemq", "./standins/mongodb", "./standins/grafana",
	"./receiver",
}

// Build compiles everything into bin. dir is the lab's module.
func Build(ctx context.Context, dir, bin string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("make program directory: %w", err)
	}
	major, minor, _ := strings.Cut(strings.TrimPrefix(node.Kubernetes, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	// kubeadm compares these with what it is asked to install, and plugins what they are asked to serve.
	flags := strings.Join([]string{
		"-s -w",
		"-X k8s.io/component-base/version.gitVersion=" + node.Kubernetes,
		"-X k8s.io/component-base/version.gitMajor=" + major, "-X k8s.io/component-base/version.gitMinor=" + minor,
		"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + pulumi,
	}, " ")
	if err := goBuild(ctx, dir, flags, bin+"/", programs...); err != nil {
		return err
	}
	if err := goBuild(ctx, filepath.Join(dir, "coredns"), "-s -w", filepath.Join(bin, "coredns"), "."); err != nil {
		return err
	}
	for link, target := range map[string]string{
		"kubectl": "hyperkube", "kubelet": "hyperkube", "kubeadm": "hyperkube", "kube-proxy": "hyperkube", "etcd": "server",
	} {
		if err := os.Symlink(target, filepath.Join(bin, link)); err != nil && !os.IsExist(err) {
			return fmt.Errorf("link %s: %w", link, err)
		}
	}
	return buildReleases(ctx, dir, bin, slices.Collect(maps.Keys(releases))...)
}

// Compile compiles a program of the module in dir for the compiler's cache alone.
func Compile(ctx context.Context, dir, program string) error {
	return goBuild(ctx, dir, "-s -w", os.DevNull, program)
}

// goBuild builds packages of the module in dir; out is a file, or a directory when it ends in a slash.
func goBuild(ctx context.Context, dir, ldflags, out string, packages ...string) error {
	args := append([]string{"build", "-ldflags", ldflags, "-o", out}, packages...)
	return run(ctx, dir, []string{"CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOWORK=off"}, "go", args...)
}

// run runs a command; what it printed is part of the error.
func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
