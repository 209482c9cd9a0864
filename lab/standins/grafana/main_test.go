package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	sourceFile = `{"apiVersion": 1, "datasources": [{"name": "Prometheus", "uid": "prometheus", "type": "prometheus", "url": "$PROMETHEUS", "isDefault": true,
		"editable": false, "basicAuth": true, "basicAuthUser": "gr$$afana", "secureJsonData": {"basicAuthPassword": "$__file{SECRETS/source}"}}]}`
	providerFile  = `{"apiVersion": 1, "providers": [{"name": "x", "type": "file", "folder": "Fleetman", "allowUiUpdates": false, "disableDeletion": true, "options": {"path": "DASHBOARDS"}}]}`
	dashboardFile = `{"uid": "fleet", "title": "Fleet", "panels": [{"datasource": {"uid": "prometheus"}}, {"datasource": {"uid": "-- Grafana --"}}]}`
)

// provision writes everything that the component mounts, and sets the variables. The files are by their place in a folder of the test's.
func provision(t *testing.T, change map[string]string) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"provisioning/datasources/prometheus.yaml": sourceFile, "provisioning/dashboards/fleetman.yaml": providerFile,
		"dashboards/fleet.json": dashboardFile, "secrets/admin": "a-password\n", "secrets/source": "s-password\n", "data/.keep": "", "tmp/.keep": "",
	}
	maps.Copy(files, change)
	for file, content := range files {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if content == "none" {
			continue
		}
		content = strings.NewReplacer("SECRETS", filepath.Join(dir, "secrets"), "DASHBOARDS", filepath.Join(dir, "dashboards")).Replace(content)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for key, value := range map[string]string{
		"GF_PATHS_PROVISIONING": dir + "/provisioning", "GF_PATHS_DATA": dir + "/data", "TMPDIR": dir + "/tmp",
		"GF_SECURITY_ADMIN_PASSWORD__FILE": dir + "/secrets/admin", "GF_SECURITY_ADMIN_PASSWORD": "", "PROMETHEUS": "http://127.0.0.1:9",
		"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": dir + "/dashboards/fleet.json",
	} {
		t.Setenv(key, value)
	}
}

func TestWhatGrafanaWouldRefuseEndsTheStart(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		env   map[string]string
		want  string
	}{
		"no password file":     {files: map[string]string{"secrets/admin": "none"}, want: "secrets/admin: no such file"},
		"an empty password":    {files: map[string]string{"secrets/admin": "\n"}, want: "no password"},
		"a password twice":     {env: map[string]string{"GF_SECURITY_ADMIN_PASSWORD": "x"}, want: "both set"},
		"nowhere to write":     {env: map[string]string{"GF_PATHS_DATA": "/proc/no"}, want: "write to /proc/no"},
		"no temporary folder":  {env: map[string]string{"TMPDIR": "/proc/no"}, want: "write to /proc/no"},
		"no YAML":              {files: map[string]string{"provisioning/datasources/prometheus.yaml": "a: ["}, want: "read YAML"},
		"another version":      {files: map[string]string{"provisioning/datasources/prometheus.yaml": "apiVersion: 2"}, want: "apiVersion is 2"},
		"no version":           {files: map[string]string{"provisioning/dashboards/fleetman.yaml": "providers: []"}, want: "apiVersion is 0"},
		"a source without uid": {files: map[string]string{"provisioning/datasources/prometheus.yaml": strings.Replace(sourceFile, `"uid": "prometheus",`, "", 1)}, want: "one of them is missing"},
		"a source without url": {env: map[string]string{"PROMETHEUS": ""}, want: "one of them is missing"},
		"a source twice":       {files: map[string]string{"provisioning/datasources/a.yaml": sourceFile}, want: "there twice"},
		"two defaults":         {files: map[string]string{"provisioning/datasources/a.yaml": strings.NewReplacer(`"Prometheus"`, `"B"`, `"uid": "prometheus"`, `"uid": "b"`).Replace(sourceFile)}, want: "more than one"},
		"no such plugin":       {files: map[string]string{"provisioning/datasources/prometheus.yaml": strings.Replace(sourceFile, `"type": "prometheus"`, `"type": "loki"`, 1)}, want: `no plugin "loki"`},
		"a plugin that is off": {env: map[string]string{"GF_PLUGINS_DISABLE_PLUGINS": "loki,prometheus"}, want: `no plugin "prometheus"`},
		"a source's secret":    {files: map[string]string{"secrets/source": "none"}, want: "expand $__file"},
		"an editable source":   {files: map[string]string{"provisioning/datasources/prometheus.yaml": strings.Replace(sourceFile, `"editable": false`, `"editable": true`, 1)}, want: "is editable"},
		"a changeable folder":  {files: map[string]string{"provisioning/dashboards/fleetman.yaml": strings.Replace(providerFile, "false", "true", 1)}, want: "nobody changes"},
		"no dashboards":        {files: map[string]string{"provisioning/dashboards/fleetman.yaml": strings.Replace(providerFile, "DASHBOARDS", "/nowhere", 1)}, want: "/nowhere: no such file"},
		"no JSON":              {files: map[string]string{"dashboards/fleet.json": "{"}, want: "read JSON"},
		"no title":             {files: map[string]string{"dashboards/fleet.json": `{"uid": "x"}`}, want: "title is missing"},
		"a dashboard twice":    {files: map[string]string{"dashboards/copy.json": dashboardFile}, want: `the uid "fleet" is there twice`},
		"no such source": {
			files: map[string]string{"dashboards/logs.json": `{"uid": "logs", "title": "Logs", "panels": [{"targets": [{"datasource": {"uid": "elasticsearch"}}]}]}`},
			want:  `asks the data source "elasticsearch"`,
		},
		"no home": {env: map[string]string{"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": "/nowhere.json"}, want: "/nowhere.json"},
	} {
		t.Run(name, func(t *testing.T) {
			provision(t, test.files)
			for key, value := range test.env {
				t.Setenv(key, value)
			}
			if _, err := load(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// ask answers with the code and the body of a request, as the admin if there is a password.
func ask(t *testing.T, method, url, password string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("query=up"))
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		request.SetBasicAuth("admin", password)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestWhatIsProvisionedIsServedToTheLoginAlone(t *testing.T) {
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, strings.Join([]string{r.Method, r.URL.Path, string(body), user, password}, " "))
	}))
	defer prometheus.Close()
	provision(t, nil)
	t.Setenv("PROMETHEUS", prometheus.URL)
	state, err := load()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(state.handler())
	defer server.Close()
	for _, test := range []struct {
		method, path, password string
		code                   int
		want                   string
	}{
		{"GET", "/api/health", "", 200, `"database":"ok"`},
		{"GET", "/metrics", "", 200, `grafana_build_info{version="13.2.0"`},
		{"GET", "/metrics", "", 200, "\ngrafana_stat_totals_dashboard 1\n"},
		{"GET", "/api/search", "", 401, "Invalid username"},
		{"GET", "/api/search", "wrong", 401, "Invalid username"},
		{"GET", "/api/search", "a-password", 200, `"folderTitle":"Fleetman","title":"Fleet","type":"dash-db","uid":"fleet"`},
		{"GET", "/api/dashboards/uid/fleet", "", 401, "Invalid username"},
		{"GET", "/api/dashboards/uid/fleet", "a-password", 200, `"provisioned":true`},
		{"GET", "/api/dashboards/home", "a-password", 200, `"title":"Fleet"`},
		{"GET", "/api/dashboards/uid/other", "a-password", 404, "Dashboard not found"},
		{"POST", "/api/dashboards/db", "a-password", 403, "nothing can be changed"},
		{"GET", "/", "a-password", 404, "stand-in"},
		{"POST", "/api/datasources/proxy/uid/prometheus/api/v1/query", "", 401, "Invalid username"},
		{"POST", "/api/datasources/proxy/uid/prometheus/api/v1/query", "a-password", 200, "POST /api/v1/query query=up gr$afana s-password"},
		{"GET", "/api/datasources/proxy/uid/other/api/v1/query", "a-password", 404, "Unable to find datasource"},
	} {
		code, body := ask(t, test.method, server.URL+test.path, test.password)
		if code != test.code || !strings.Contains(body, test.want) {
			t.Errorf("%s %s: %d %s, want %d with %q", test.method, test.path, code, body, test.code, test.want)
		}
	}
}

func TestADashboardIsServedAsItIs(t *testing.T) {
	provision(t, nil)
	state, err := load()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(state.handler())
	defer server.Close()
	_, body := ask(t, "GET", server.URL+"/api/dashboards/uid/fleet", "a-password")
	var got struct {
		Dashboard struct{ Panels []any }
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Dashboard.Panels) != 2 {
		t.Errorf("the dashboard is %s, %v", body, err)
	}
}
