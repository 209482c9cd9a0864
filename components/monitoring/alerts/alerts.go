package alerts

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Set is rules about one thing: the name of their file without its ending.
type Set string

// The sets.
const (
	// Fleet is what the fleet is for: positions, their way and the page.
	Fleet Set = "fleet"
	// Queue is the broker.
	Queue Set = "queue"
	// Database is MongoDB.
	Database Set = "database"
	// Kubernetes is what runs in the cluster, its volumes, kubelets and names.
	Kubernetes Set = "kubernetes"
	// Nodes is the machines.
	Nodes Set = "nodes"
	// APIServer is the API server and what it says of its etcd, which it says on EKS too.
	APIServer Set = "apiserver"
	// Etcd is etcd itself, for a cluster where Prometheus reaches it.
	Etcd Set = "etcd"
	// Ingress is the ingress controller.
	Ingress Set = "ingress"
	// Monitoring is Prometheus, Alertmanager, Grafana and the exporters.
	Monitoring Set = "monitoring"
	// Logging is Fluentd and Elasticsearch.
	Logging Set = "logging"
)

//go:embed rules/*.yaml
var rules embed.FS

// Files answers with the sets' files, their content by name, as the Prometheus component takes them.
func Files(sets ...Set) (map[string]string, error) {
	files, err := embedded()
	if err != nil {
		return nil, err
	}
	var errs []error
	chosen := make(map[string]string, len(sets))
	for _, set := range sets {
		name := string(set) + ".yaml"
		content, ok := files[name]
		if !ok {
			errs = append(errs, fmt.Errorf("no set of rules is called %q; there are %s", set, strings.Join(slices.Sorted(maps.Keys(files)), ", ")))
			continue
		}
		chosen[name] = content
	}
	if len(errs) != 0 {
		return nil, errors.Join(errs...)
	}
	return chosen, nil
}

// embedded is every file of rules by its name.
func embedded() (map[string]string, error) {
	entries, err := rules.ReadDir("rules")
	if err != nil {
		return nil, fmt.Errorf("read the embedded rules: %w", err)
	}
	files := make(map[string]string, len(entries))
	for _, entry := range entries {
		content, err := rules.ReadFile(path.Join("rules", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the embedded rules: %w", err)
		}
		files[entry.Name()] = string(content)
	}
	return files, nil
}
