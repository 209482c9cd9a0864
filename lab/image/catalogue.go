package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"fleetman/lab/node"
)

// What stands in for what is also a label of each image, so that it can be read off a running pod's image.
const standsInFor = "fleetman.lab.stands-in-for"

// The names are those that the stack pins.
const (
	activemq = "apache/activemq:6.3.1"
	mongodb  = "mongo:8.0.29-noble"
	grafana  = "grafana/grafana:13.2.0"
)

// released are the images whose only program is built as their makers build theirs: the image's name, by the program.
var released = map[string]struct{ image, path string }{
	"prometheus":         {"quay.io/prometheus/prometheus:v3.13.5", "/bin/prometheus"},
	"alertmanager":       {"quay.io/prometheus/alertmanager:v0.34.2", "/bin/alertmanager"},
	"node_exporter":      {"quay.io/prometheus/node-exporter:v1.12.1", "/bin/node_exporter"},
	"kube-state-metrics": {"registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0", "/kube-state-metrics"},
	"mongodb_exporter":   {"docker.io/percona/mongodb_exporter:0.51.0", "/mongodb_exporter"},
}

// Catalogue is every image of the lab that is not a fleet service's, by archive name.
func Catalogue(bin, jre, jars string) map[string]Image {
	program := func(name string) Entry { return Entry{Path: "/" + name, Source: filepath.Join(bin, name)} }
	hyperkube := []Entry{{Path: "/usr/local/bin/hyperkube", Source: filepath.Join(bin, "hyperkube")}}
	var control []string
	for _, p := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		hyperkube = append(hyperkube, Entry{Path: "/usr/local/bin/" + p, Link: "hyperkube"})
		control = append(control, node.Repository+"/"+p+":"+node.Kubernetes)
	}
	own := func(name, version string) []string { return []string{node.Repository + "/" + name + ":" + version} }
	catalogue := map[string]Image{
		"kubernetes": {Names: control, Entries: hyperkube},
		"etcd": {
			Names:   own("etcd", node.Etcd),
			Entries: []Entry{{Path: "/usr/local/bin/etcd", Source: filepath.Join(bin, "server")}},
		},
		"coredns":        {Names: own("coredns", node.CoreDNS), Entries: []Entry{program("coredns")}, Entrypoint: []string{"/coredns"}},
		"pause":          {Names: own("pause", node.Pause), Entries: []Entry{program("pause")}, Entrypoint: []string{"/pause"}},
		"metrics-server": {Names: own("metrics-server", node.MetricsServer), Entries: []Entry{program("metrics-server")}, Entrypoint: []string{"/metrics-server"}},
		"activemq": {
			Names: []string{activemq},
			Entries: []Entry{
				{Path: "/", Source: jre, Skip: jreSkip},
				{Path: "/etc/passwd", Content: "root:x:0:0::/root:/\nactivemq:x:1000:1000::/opt/apache-activemq:/\n", Mode: 0o644},
				{Path: "/opt/apache-activemq/lib", Source: jars},
				{Path: "/opt/apache-activemq/bin/activemq", Source: filepath.Join(bin, "activemq")},
				{Path: "/opt/apache-activemq/conf"},
				{Path: "/opt/apache-activemq/data", UID: 1000},
			},
			Entrypoint: []string{"/opt/apache-activemq/bin/activemq"}, User: "1000:1000",
			Labels: map[string]string{standsInFor: "apache/activemq:6.3.1: its libraries, without the web console, over Debian's OpenJDK 17"},
		},
		"mongodb": {
			Names: []string{mongodb},
			Entries: []Entry{
				{Path: "/usr/local/bin/docker-entrypoint.sh", Source: filepath.Join(bin, "mongodb")},
				{Path: "/usr/local/bin/ferretdb", Source: filepath.Join(bin, "ferretdb")},
				{Path: "/data/db", UID: 999},
				{Path: "/data/configdb", UID: 999},
				{Path: "/tmp", Mode: 0o1777},
			},
			Entrypoint: []string{"docker-entrypoint.sh"}, User: "999:999",
			Labels: map[string]string{standsInFor: "mongo:8.0.29-noble: FerretDB v1.24.0 over SQLite, which speaks its protocol"},
		},
		"grafana": {
			Names: []string{grafana},
			Entries: []Entry{
				{Path: "/run.sh", Source: filepath.Join(bin, "grafana")},
				{Path: "/etc/grafana/provisioning"},
				{Path: "/var/lib/grafana", UID: 472},
			},
			Entrypoint: []string{"/run.sh"}, User: "472:472",
			Labels: map[string]string{standsInFor: "grafana/grafana:13.2.0: checks what is provisioned, serves it, and draws nothing"},
		},
	}
	catalogue["receiver"] = Image{
		Names: own("receiver", "1"), Entries: []Entry{program("receiver")}, Entrypoint: []string{"/receiver"}, User: "65532:65532",
	}
	for name, program := range released {
		catalogue[name] = Image{
			Names: []string{program.image}, Entries: []Entry{{Path: program.path, Source: filepath.Join(bin, name)}},
			Entrypoint: []string{program.path}, User: "65534:65534",
		}
	}
	return catalogue
}

// jreSkip is what a Java program does not read.
var jreSkip = []string{
	"usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/perl", "usr/share/perl5",
	"usr/share/bug", "usr/lib/x86_64-linux-gnu/perl-base", "usr/bin/perl", "etc/passwd",
	"var/lib/apt", "var/cache", "var/lib/dpkg", "dev", "proc", "sys", "run", "usr/bin/openssl",
}

// BuildAll writes the archives that are missing or were made of other programs than those in bin.
func BuildAll(bin, jre, jars, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make image directory: %w", err)
	}
	for name, img := range Catalogue(bin, jre, jars) {
		path := filepath.Join(dir, name+".tar")
		sum, err := fingerprint(img)
		if err != nil {
			return err
		}
		_, missing := os.Stat(path)
		if made, err := os.ReadFile(path + ".sum"); err == nil && string(made) == sum && missing == nil {
			continue
		}
		if err := Write(path, img); err != nil {
			return err
		}
		if err := os.WriteFile(path+".sum", []byte(sum), 0o644); err != nil {
			return fmt.Errorf("write fingerprint: %w", err)
		}
	}
	return nil
}

// fingerprint is a digest of what an image is made of. A directory counts by its name alone: it is a download, made whole or not
// at all. Times of files say nothing, since go build touches what it leaves as it was.
func fingerprint(img Image) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%+v", img)
	for _, e := range img.Entries {
		if e.Source == "" {
			continue
		}
		f, err := os.Open(e.Source)
		if err != nil {
			return "", fmt.Errorf("open %s: %w", e.Path, err)
		}
		info, err := f.Stat()
		if err == nil && info.Mode().IsRegular() {
			_, err = io.Copy(sum, f)
		}
		f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", e.Path, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// FetchJRE unpacks Debian's Java into dir.
func FetchJRE(ctx context.Context, dir string) error {
	return fetch(dir, func(part string) error {
		return run(ctx, "mmdebstrap", "--quiet", "--variant=extract", "--include=openjdk-17-jre-headless", "bookworm", part)
	})
}

// FetchActiveMQ copies the broker's libraries into dir, as the pom names them.
func FetchActiveMQ(ctx context.Context, pom, dir string) error {
	return fetch(dir, func(part string) error {
		return run(ctx, "mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+part)
	})
}

// fetch fills a directory once, whole or not at all.
func fetch(dir string, fill func(part string) error) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return fmt.Errorf("remove leftover: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := fill(part); err != nil {
		return err
	}
	if err := os.Rename(part, dir); err != nil {
		return fmt.Errorf("finish %s: %w", dir, err)
	}
	return nil
}

func run(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", name, err, out)
	}
	return nil
}
