package grafana_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"fleetman/components/kube"
	"fleetman/components/monitoring/grafana"
	"fleetman/components/recorder"
)

const (
	fleet = `{"uid":"fleet","title":"Fleet","panels":[{"datasource":{"type":"prometheus","uid":"prometheus"},"targets":[{"datasource":{"uid":"$other"}}]}]}`
	logs  = `{"uid":"logs","title":"Logs","annotations":{"list":[{"datasource":{"uid":"-- Grafana --"}}]},"panels":[{"datasource":{"uid":"elasticsearch"}}]}`
)

func good() grafana.GrafanaArgs {
	return grafana.GrafanaArgs{
		Namespace: pulumi.String("fleetman-monitoring"),
		DataSources: []grafana.DataSource{
			{Name: "Prometheus", UID: "prometheus", Type: grafana.Prometheus, URL: pulumi.String("http://prometheus.fleetman-monitoring:9090")},
			{
				Name: "Elasticsearch", UID: "elasticsearch", Type: grafana.Elasticsearch, URL: pulumi.String("https://elasticsearch.fleetman-logging:9200"),
				User: "grafana", Password: pulumi.String("e-password"), CA: pulumi.String("a-certificate"), Index: "logs-*",
			},
		},
		Dashboards:    map[string]string{"fleet.json": fleet, "logs.json": logs},
		Home:          "fleet.json",
		AdminPassword: pulumi.String("a-password"),
		NodePort:      30300,
		RootURL:       "https://grafana.example.com",
	}
}

func record(t *testing.T, preview bool, args grafana.GrafanaArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", preview, func(ctx *pulumi.Context) error {
		shown, err := grafana.NewGrafana(ctx, "grafana", &args)
		if err == nil {
			ctx.Export("url", shown.URL)
		}
		return err
	})
}

func recorded(t *testing.T, args grafana.GrafanaArgs) *recorder.Run {
	t.Helper()
	run, err := record(t, true, args)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// environment is the container's, by variable.
func environment(t *testing.T, run *recorder.Run) map[any]any {
	t.Helper()
	deployment := run.MustFind(t, "kubernetes:apps/v1:Deployment", "grafana-deployment")
	names := deployment.At("spec.template.spec.containers.*.env.*.name")
	values := deployment.At("spec.template.spec.containers.*.env.*.value")
	if len(names) != len(values) {
		t.Fatalf("%d variables, %d values", len(names), len(values))
	}
	found := map[any]any{}
	for i, name := range names {
		if _, twice := found[name]; twice {
			t.Errorf("%v is there twice", name)
		}
		found[name] = values[i]
	}
	return found
}

// provisioned is a provisioning file, decoded.
func provisioned(t *testing.T, run *recorder.Run, configMap, file string) map[string]any {
	t.Helper()
	data, _ := run.MustFind(t, "kubernetes:core/v1:ConfigMap", configMap).Inputs["data"].(map[string]any)
	content, _ := data[file].(string)
	var decoded map[string]any
	if err := yaml.Unmarshal([]byte(content), &decoded); err != nil || decoded == nil {
		t.Fatalf("%s of %s is %q: %v", file, configMap, content, err)
	}
	return decoded
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*grafana.GrafanaArgs)
		want  []string
	}{
		"all missing": {
			func(a *grafana.GrafanaArgs) { *a = grafana.GrafanaArgs{} },
			[]string{"Namespace is missing", "AdminPassword is missing", "DataSources are missing", "Dashboards are missing"},
		},
		"empty source": {
			func(a *grafana.GrafanaArgs) {
				a.DataSources = append(a.DataSources, grafana.DataSource{})
			},
			[]string{"DataSource 2: the Name is missing", `the UID "" is none`, `the Type "" is none`, "the URL is missing"},
		},
		"same source twice": {
			func(a *grafana.GrafanaArgs) { a.DataSources = append(a.DataSources, a.DataSources[0]) },
			[]string{`DataSource 2: the UID "prometheus" is another's`, `DataSource 2: the Name "Prometheus" is another's`},
		},
		"contradictions": {
			func(a *grafana.GrafanaArgs) {
				a.DataSources[0].Index, a.DataSources[0].Password = "logs-*", pulumi.String("p")
				a.DataSources[1].Index, a.DataSources[1].Password = "", nil
			},
			[]string{"DataSource 0: the Password is of no User", `DataSource 0: the Index "logs-*" is for`, `DataSource 1: the Password of "grafana"`, "DataSource 1: the Index is missing"},
		},
		"no JSON":      {func(a *grafana.GrafanaArgs) { a.Dashboards["logs.json"] = "[]" }, []string{`the Dashboard "logs.json": no JSON object`}},
		"no dashboard": {func(a *grafana.GrafanaArgs) { a.Dashboards["logs.json"] = "{}" }, []string{"the title is missing", `the uid "" is none`}},
		"file names": {
			func(a *grafana.GrafanaArgs) {
				a.Dashboards["Big.json"], a.Dashboards["x"] = `{"uid":"big","title":"Big"}`, `{"uid":"x","title":"x"}`
			},
			[]string{`the Dashboard "Big.json": want a file name`, `the Dashboard "x": want a file name`},
		},
		"one uid twice": {func(a *grafana.GrafanaArgs) { a.Dashboards["copy.json"] = fleet }, []string{`the Dashboard "fleet.json": the uid "fleet" is that of "copy.json"`}},
		"too large": {
			func(a *grafana.GrafanaArgs) {
				a.Dashboards["fleet.json"] = strings.Replace(fleet, "Fleet", strings.Repeat("x", 1<<20), 1)
			},
			[]string{"don't fit into a ConfigMap"},
		},
		"no such source": {
			func(a *grafana.GrafanaArgs) { a.DataSources = a.DataSources[:1] },
			[]string{`the Dashboard "logs.json": it asks the data source "elasticsearch"`},
		},
		"source by name": {
			func(a *grafana.GrafanaArgs) {
				a.Dashboards["logs.json"] = `{"uid":"logs","title":"Logs","templating":{"list":[{"datasource":"Prometheus"}]}}`
			},
			[]string{`it asks the data source "Prometheus"`},
		},
		"no such home": {func(a *grafana.GrafanaArgs) { a.Home = "other.json" }, []string{`the Home "other.json" is none`}},
		"no node port": {func(a *grafana.GrafanaArgs) { a.NodePort = 3000 }, []string{"the NodePort 3000 is none"}},
		"no URL":       {func(a *grafana.GrafanaArgs) { a.RootURL = "grafana.example.com" }, []string{`the RootURL "grafana.example.com" is none`}},
		"a path":       {func(a *grafana.GrafanaArgs) { a.RootURL += "/grafana" }, []string{"without a path"}},
		"nowhere":      {func(a *grafana.GrafanaArgs) { a.Placement.Tolerate = "x" }, []string{`the Placement: the Tolerate "x"`}},
		"different things": {
			func(a *grafana.GrafanaArgs) { a.Namespace, a.NodePort, a.Home, a.RootURL = nil, 1, "x", "://" },
			[]string{"Namespace", "NodePort 1", `Home "x"`, `RootURL "://"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, true, args)
			run.Refused(t, err, "validate Grafana grafana", test.want...)
		})
	}
}

func TestAGrafanaIsTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:Grafana grafana",
		"kubernetes:apps/v1:Deployment grafana-deployment",
		"kubernetes:core/v1:ConfigMap grafana-dashboard-fleet",
		"kubernetes:core/v1:ConfigMap grafana-dashboard-logs",
		"kubernetes:core/v1:ConfigMap grafana-datasources",
		"kubernetes:core/v1:ConfigMap grafana-providers",
		"kubernetes:core/v1:Secret grafana-secret",
		"kubernetes:core/v1:Service grafana-service",
	}
	for _, preview := range []bool{true, false} {
		run, err := record(t, preview, good())
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := run.Outputs["url"]; got != "http://grafana.fleetman-monitoring:3000" {
			t.Errorf("it is at %v", got)
		}
		if run.Registered != 2 { // the stack's and the component's
			t.Errorf("%d outputs registered, want 2", run.Registered)
		}
		for _, resource := range run.Resources {
			if resource.Custom && !strings.HasSuffix(resource.Parent, "::grafana") {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
			if resource.Protect {
				t.Errorf("%s is protected, and there is nothing to keep", resource.Name)
			}
		}
	}
}

func TestNoSecretIsSeenAnywhere(t *testing.T) {
	run := recorded(t, good())
	encoded, err := run.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"a-password", "e-password"} {
		if strings.Contains(string(encoded), secret) {
			t.Errorf("%s is in the open", secret)
		}
	}
	if data := run.MustFind(t, "kubernetes:core/v1:Secret", "grafana-secret").Inputs["stringData"]; data != recorder.Masked {
		t.Errorf("the Secret has %v", data)
	}
}

func TestAPasswordThatGrafanaWouldChangeIsRefused(t *testing.T) {
	for password, want := range map[string]string{"": "empty", "line\n": "white space around it", "a$b": "has a $ in it"} {
		for of, args := range map[string]grafana.GrafanaArgs{"the AdminPassword": good(), "the Password of the DataSource elasticsearch": good()} {
			if of == "the AdminPassword" {
				args.AdminPassword = pulumi.String(password)
			} else {
				args.DataSources[1].Password = pulumi.String(password)
			}
			if _, err := record(t, true, args); err == nil || !strings.Contains(err.Error(), "read "+of+": the password") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %q: %v, want an error with %q", of, password, err, want)
			}
		}
	}
}

func TestTheDataSourcesAreProvisionedReadOnly(t *testing.T) {
	args := good()
	args.DataSources[1].Index = "logs-$a"
	run := recorded(t, args)
	for file, want := range map[string]string{
		"prometheus.yaml": `{"apiVersion": 1, "datasources": [{"name": "Prometheus", "uid": "prometheus", "type": "prometheus", "access": "proxy",
			"url": "http://prometheus.fleetman-monitoring:9090", "isDefault": true, "editable": false,
			"jsonData": {"httpMethod": "POST", "timeInterval": "15s", "manageAlerts": false, "prometheusType": "Prometheus"}}]}`,
		"elasticsearch.yaml": `{"apiVersion": 1, "datasources": [{"name": "Elasticsearch", "uid": "elasticsearch", "type": "elasticsearch", "access": "proxy",
			"url": "https://elasticsearch.fleetman-logging:9200", "isDefault": false, "editable": false, "basicAuth": true, "basicAuthUser": "grafana",
			"jsonData": {"index": "logs-$$a", "timeField": "@timestamp", "logMessageField": "message", "logLevelField": "app.level", "tlsAuthWithCACert": true},
			"secureJsonData": {"basicAuthPassword": "$__file{/etc/grafana/secrets/elasticsearch-password}", "tlsCACert": "$__file{/etc/grafana/secrets/elasticsearch-ca.crt}"}}]}`,
	} {
		var wanted map[string]any
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		if got := provisioned(t, run, "grafana-datasources", file); !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s is\n%v\nwant\n%v", file, got, wanted)
		}
	}
}

func TestTheDashboardsAreInOneFolderThatNobodyChanges(t *testing.T) {
	run := recorded(t, good())
	file := provisioned(t, run, "grafana-providers", "fleetman.yaml")
	providers, _ := file["providers"].([]any)
	if len(providers) != 1 {
		t.Fatalf("the providers are %v", file)
	}
	provider, _ := providers[0].(map[string]any)
	for key, want := range map[string]any{
		"type": "file", "folder": "Fleetman", "allowUiUpdates": false, "disableDeletion": true, "options": map[string]any{"path": "/etc/grafana/dashboards"},
	} {
		if !reflect.DeepEqual(provider[key], want) {
			t.Errorf("%s is %v, want %v", key, provider[key], want)
		}
	}
	data := run.MustFind(t, "kubernetes:core/v1:ConfigMap", "grafana-dashboard-fleet").Inputs["data"]
	if want := map[string]any{"fleet.json": fleet}; !reflect.DeepEqual(data, want) {
		t.Errorf("the ConfigMap has %v, want %v", data, want)
	}
}

func TestEverythingIsMountedWhereGrafanaLooks(t *testing.T) {
	deployment := recorded(t, good()).MustFind(t, "kubernetes:apps/v1:Deployment", "grafana-deployment")
	want := []any{
		"/etc/grafana/secrets", "/etc/grafana/provisioning/datasources", "/etc/grafana/provisioning/dashboards", "/etc/grafana/dashboards", "/var/lib/grafana", "/tmp",
	}
	if got := deployment.At("spec.template.spec.containers.*.volumeMounts.*.mountPath"); !slices.Equal(got, want) {
		t.Errorf("mounted at %v, want %v", got, want)
	}
	for path, want := range map[string][]any{
		"secret.secretName":                  {"grafana-secret-auto"},
		"configMap.name":                     {"grafana-datasources-auto", "grafana-providers-auto"},
		"projected.sources.*.configMap.name": {"grafana-dashboard-fleet-auto", "grafana-dashboard-logs-auto"},
		"emptyDir.sizeLimit":                 {"256Mi", "64Mi"},
	} {
		if got := deployment.At("spec.template.spec.volumes.*." + path); !slices.Equal(got, want) {
			t.Errorf("volumes' %s is %v, want %v", path, got, want)
		}
	}
}

func TestNothingIsOpenAndNothingIsFetched(t *testing.T) {
	found := environment(t, recorded(t, good()))
	for variable, want := range map[string]string{
		"GF_SECURITY_ADMIN_USER":                    "admin",
		"GF_SECURITY_ADMIN_PASSWORD__FILE":          "/etc/grafana/secrets/admin-password",
		"GF_SECURITY_SECRET_KEY__FILE":              "/etc/grafana/secrets/secret-key",
		"GF_SECURITY_COOKIE_SECURE":                 "true",
		"GF_AUTH_ANONYMOUS_ENABLED":                 "false",
		"GF_USERS_ALLOW_SIGN_UP":                    "false",
		"GF_ANALYTICS_REPORTING_ENABLED":            "false",
		"GF_PLUGINS_PREINSTALL_DISABLED":            "true",
		"GF_PLUGINS_PLUGIN_ADMIN_ENABLED":           "false",
		"GF_METRICS_ENABLED":                        "true",
		"GF_SERVER_ROOT_URL":                        "https://grafana.example.com",
		"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": "/etc/grafana/dashboards/fleet.json",
	} {
		if found[variable] != want {
			t.Errorf("%s is %v, want %s", variable, found[variable], want)
		}
	}
}

func TestOnlyThePluginsThatAreAskedAreOn(t *testing.T) {
	off := func(args grafana.GrafanaArgs) []string {
		list, _ := environment(t, recorded(t, args))["GF_PLUGINS_DISABLE_PLUGINS"].(string)
		return strings.Split(list, ",")
	}
	both := good()
	metrics := good()
	metrics.DataSources = metrics.DataSources[:1]
	delete(metrics.Dashboards, "logs.json")
	for plugin, want := range map[string][2]bool{"prometheus": {false, false}, "elasticsearch": {false, true}, "loki": {true, true}} {
		if got := [2]bool{slices.Contains(off(both), plugin), slices.Contains(off(metrics), plugin)}; got != want {
			t.Errorf("%s is off: %v, want %v", plugin, got, want)
		}
	}
}

func TestADefaultIsLeftToGrafana(t *testing.T) {
	args := good()
	args.RootURL, args.Home, args.NodePort = "", "", 0
	run := recorded(t, args)
	found := environment(t, run)
	for _, variable := range []string{"GF_SERVER_ROOT_URL", "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"} {
		if value, set := found[variable]; set {
			t.Errorf("%s is %v", variable, value)
		}
	}
	if found["GF_SECURITY_COOKIE_SECURE"] != "false" {
		t.Error("a cookie for HTTPS alone can't be used without it")
	}
	service := run.MustFind(t, "kubernetes:core/v1:Service", "grafana-service")
	if kind := service.At("spec.type"); !slices.Equal(kind, []any{"ClusterIP"}) || service.At("spec.ports.*.nodePort") != nil {
		t.Errorf("the Service is %v", service.Inputs["spec"])
	}
}

func TestTheServiceIsOnTheNodeWhenAsked(t *testing.T) {
	service := recorded(t, good()).MustFind(t, "kubernetes:core/v1:Service", "grafana-service")
	for path, want := range map[string]any{
		"metadata.name": "grafana", "spec.type": "NodePort", "spec.ports.*.name": "http", "spec.ports.*.port": float64(3000), "spec.ports.*.nodePort": float64(30300),
	} {
		if got := service.At(path); !slices.Equal(got, []any{want}) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestThePodIsHeldToWhatItNeeds(t *testing.T) {
	args := good()
	args.Placement = kube.Placement{NodeSelector: map[string]string{"tier": "data"}, Tolerate: "tier=data:NoSchedule"}
	deployment := recorded(t, args).MustFind(t, "kubernetes:apps/v1:Deployment", "grafana-deployment")
	for path, want := range map[string]any{
		"automountServiceAccountToken": false, "enableServiceLinks": false, "securityContext.runAsUser": float64(472), "securityContext.fsGroup": float64(472),
		"nodeSelector.tier": "data", "tolerations.*.key": "tier", "containers.*.image": "grafana/grafana:13.2.0", "containers.*.imagePullPolicy": "IfNotPresent",
		"containers.*.securityContext.readOnlyRootFilesystem": true, "containers.*.resources.limits.memory": "512Mi",
		"containers.*.resources.requests.ephemeral-storage": "384Mi", "containers.*.readinessProbe.httpGet.path": "/api/health",
		"containers.*.livenessProbe.httpGet.path": "/api/health", "containers.*.startupProbe.httpGet.path": "/api/health",
	} {
		if got := deployment.At("spec.template.spec." + path); !slices.Equal(got, []any{want}) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	for _, path := range []string{"command", "args"} { // the image's entrypoint reads the password's file
		if got := deployment.At("spec.template.spec.containers.*." + path); got != nil {
			t.Errorf("the %s is %v", path, got)
		}
	}
}
