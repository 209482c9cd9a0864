package node

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed config
var files embed.FS

// places says where in the node each file of the folder config goes.
var places = map[string]string{
	"containerd.toml": "/etc/containerd/config.toml",
	"cni.conflist":    "/etc/cni/net.d/10-fleetman.conflist",
	"kubeadm.yaml":    "/etc/fleetman/kubeadm.yaml",
	"kube-proxy.yaml": "/etc/fleetman/kube-proxy.yaml",
	"addons.yaml":     "/etc/fleetman/addons.yaml",
	"resolv.conf":     "/etc/fleetman/resolv.conf",
	"hosts":           "/etc/hosts",
	"passwd":          "/etc/passwd",
	"group":           "/etc/group",
	"machine-id":      "/etc/machine-id",
}

// Versions of what the node runs beside Kubernetes, as tags of its images.
const (
	Repository    = "fleetman.lab"
	Etcd          = "v3.6.8"
	CoreDNS       = "v1.15.0"
	MetricsServer = "v0.9.0"
	Pause         = "lab"
)

// values are what the files of the folder config leave open.
func (n *Node) values() map[string]any {
	return map[string]any{
		"IP": n.IP().String(), "Port": APIPort, "Kubernetes": Kubernetes, "Cgroup": "/" + n.cgroup(), "Name": Context,
		"Repository": Repository, "Etcd": Etcd, "CoreDNS": CoreDNS, "MetricsServer": MetricsServer, "Pause": Pause,
	}
}

func (s *supervisor) writeConfig() error {
	t, err := template.ParseFS(files, "config/*")
	if err != nil {
		return fmt.Errorf("read the node's configuration: %w", err)
	}
	values := s.node.values()
	for name, place := range places {
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			return fmt.Errorf("make configuration directory: %w", err)
		}
		f, err := os.Create(place)
		if err != nil {
			return fmt.Errorf("write %s: %w", place, err)
		}
		err = t.ExecuteTemplate(f, name, values)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", place, err)
		}
	}
	return nil
}
