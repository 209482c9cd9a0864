package fluentd

import (
	_ "embed" // the files of config
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"fleetman/components/kube"
)

// Where things are: in the container, and but for the configuration also on the node.
const (
	// configPath is the image's folder of configuration, which ours lies over: its entrypoint starts fluentd -c /fluentd/etc/fluent.conf
	// (fluent/fluentd-kubernetes-daemonset:docker-image/v1.19/debian-elasticsearch9/{entrypoint.sh,Dockerfile}).
	configPath = "/fluentd/etc"
	// logsPath has a link for each container to its current file, which lies in podsPath.
	logsPath = "/var/log/containers"
	podsPath = "/var/log/pods"
	// rootPath is the one folder of the node that is written to: positions, buffers, what was refused.
	rootPath = "/var/log/fluentd"
)

// containerName is the agent's container's.
const containerName = "fluentd"

// errorsLimit is how large a file of refused records grows, in bytes, before it is moved aside.
const errorsLimit = 32 << 20

var (
	//go:embed config/fluent.conf
	fluentConf string
	//go:embed config/keep.sh
	keepScript string
)

var fluentTemplate = template.Must(template.New("fluent.conf").Option("missingkey=error").Parse(fluentConf))

// configuration answers with the agent's configuration by file name, without the authority.
func (a AgentArgs) configuration(name string) (map[string]string, error) {
	buffer, err := kube.ParseMebibytes(a.BufferLimit)
	if err != nil {
		return nil, fmt.Errorf("parse buffer limit: %w", err)
	}
	// A file is <pod>_<namespace>_<container>-<id>.log.
	excluded := []string{logsPath + "/" + name + "-*_*_" + containerName + "-*.log"}
	for _, namespace := range a.ExcludeNamespaces {
		excluded = append(excluded, logsPath+"/*_"+namespace+"_*.log")
	}
	exclude, err := json.Marshal(excluded)
	if err != nil {
		return nil, fmt.Errorf("write excluded files: %w", err)
	}
	parsed := ""
	if len(a.Parsed) != 0 {
		parsed = "{" + strings.Join(a.Parsed, ",") + "}"
	}
	var conf strings.Builder
	err = fluentTemplate.Execute(&conf, struct {
		Root, Logs, Config, Exclude, Parsed, Index string
		BufferLimit                                int64
		Port, ErrorsLimit                          int
	}{rootPath, logsPath, configPath, string(exclude), parsed, a.Index, buffer, MetricsPort, errorsLimit})
	if err != nil {
		return nil, fmt.Errorf("render fluent.conf: %w", err)
	}
	return map[string]string{"fluent.conf": conf.String(), "keep.sh": keepScript}, nil
}
