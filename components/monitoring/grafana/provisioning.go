package grafana

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// Where things are in the container. Grafana looks for its provisioning in the first.
const (
	provisioningPath = "/etc/grafana/provisioning"
	dashboardsPath   = "/etc/grafana/dashboards"
	secretsPath      = "/etc/grafana/secrets"
	dataPath         = "/var/lib/grafana"
)

// The files of secrets.
const (
	adminPasswordFile = "admin-password"
	secretKeyFile     = "secret-key"
)

func (d *DataSource) passwordFile() string { return d.UID + "-password" }
func (d *DataSource) caFile() string       { return d.UID + "-ca.crt" }

// provision is the file that provisions a data source, as "Provision Grafana" of Grafana's documentation has it and, for the
// settings of each type, "Configure the Prometheus data source" and "Configure the Elasticsearch data source". Secrets are read
// from their files by $__file{}, which Grafana expands in provisioning too (pkg/services/provisioning/values/values.go).
func (d *DataSource) provision(url string, isDefault bool) (string, error) {
	settings := map[string]any{}
	switch d.Type {
	case Prometheus:
		settings["httpMethod"] = "POST"  // a long query doesn't fit into a URL
		settings["timeInterval"] = "15s" // that of the scrapes: $__rate_interval is four of them
		settings["manageAlerts"] = false // the rules are the program's
		settings["prometheusType"] = "Prometheus"
	case Elasticsearch:
		settings["index"] = plain(d.Index)
		settings["timeField"] = "@timestamp"
		// As components/logging/fluentd writes a record: the line, and under app the fields of one of our services'.
		settings["logMessageField"], settings["logLevelField"] = "message", "app.level"
	}
	source := map[string]any{
		"name": plain(d.Name), "uid": d.UID, "type": d.Type, "access": "proxy", "url": plain(url),
		"isDefault": isDefault, "editable": false, "jsonData": settings,
	}
	secrets := map[string]any{}
	if d.User != "" {
		source["basicAuth"], source["basicAuthUser"] = true, plain(d.User)
		secrets["basicAuthPassword"] = fromFile(d.passwordFile())
	}
	if d.CA != nil {
		settings["tlsAuthWithCACert"] = true
		secrets["tlsCACert"] = fromFile(d.caFile())
	}
	if len(secrets) != 0 {
		source["secureJsonData"] = secrets
	}
	return encode(map[string]any{"apiVersion": 1, "datasources": []any{source}})
}

// provider is the file that says where the dashboards are. They are as new as the pod, so they aren't looked for again.
func provider() (string, error) {
	return encode(map[string]any{"apiVersion": 1, "providers": []any{map[string]any{
		"name": "fleetman", "type": "file", "folder": "Fleetman", "folderUid": "fleetman",
		"allowUiUpdates": false, "disableDeletion": true, "updateIntervalSeconds": 3600,
		"options": map[string]any{"path": dashboardsPath},
	}}})
}

func encode(value any) (string, error) {
	content, err := yaml.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode provisioning: %w", err)
	}
	return string(content), nil
}

// plain is a value in which Grafana finds no variable.
func plain(value string) string { return strings.ReplaceAll(value, "$", "$$") }

// fromFile is what Grafana replaces by the content of a secret's file.
func fromFile(name string) string { return "$__file{" + secretsPath + "/" + name + "}" }

// password refuses what Grafana would change on its way from the file.
func password(value string) (string, error) {
	switch {
	case value == "":
		return "", errors.New("the password is empty")
	case strings.TrimSpace(value) != value:
		return "", errors.New("the password has white space around it, which Grafana would cut")
	case strings.Contains(value, "$"):
		return "", errors.New("the password has a $ in it, where Grafana would look for a variable")
	}
	return value, nil
}
