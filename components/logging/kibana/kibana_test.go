package kibana_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/keyring"
	"fleetman/components/kube"
	"fleetman/components/logging/elasticsearch"
	"fleetman/components/logging/kibana"
	"fleetman/components/recorder"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	job        = "kubernetes:batch/v1:Job"
	configMap  = "kubernetes:core/v1:ConfigMap"
	secret     = "kubernetes:core/v1:Secret"
	service    = "kubernetes:core/v1:Service"
	pod        = "spec.template.spec."
)

func good() kibana.KibanaArgs {
	return kibana.KibanaArgs{
		Namespace: pulumi.String("fleetman-logging"), URL: pulumi.String("https://elasticsearch.fleetman-logging:9200"),
		CA: pulumi.String("-----BEGIN CERTIFICATE-----"), Password: pulumi.String("hush"),
		Keys: keyring.New(pulumi.String(strings.Repeat("seed", 8)), time.Unix(0, 0)),
	}
}

func record(t *testing.T, args kibana.KibanaArgs, preview bool) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", preview, func(ctx *pulumi.Context) error {
		k, err := kibana.NewKibana(ctx, "kibana", &args)
		if err == nil {
			ctx.Export("url", k.URL)
		}
		return err
	})
}

func mustRecord(t *testing.T, args kibana.KibanaArgs) *recorder.Run {
	t.Helper()
	run, err := record(t, args, true)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*kibana.KibanaArgs)
		want  []string
	}{
		"all missing": {
			func(a *kibana.KibanaArgs) { *a = kibana.KibanaArgs{} },
			[]string{"Namespace is missing", "the URL is missing", "the CA is missing", "Password is missing", "Keys are missing"},
		},
		"low port":   {func(a *kibana.KibanaArgs) { a.NodePort = 5601 }, []string{"the NodePort 5601 is none"}},
		"high port":  {func(a *kibana.KibanaArgs) { a.NodePort = 32768 }, []string{"the NodePort 32768 is none"}},
		"no scheme":  {func(a *kibana.KibanaArgs) { a.PublicURL = "kibana.example.com" }, []string{`the PublicURL "kibana.example.com"`}},
		"ftp":        {func(a *kibana.KibanaArgs) { a.PublicURL = "ftp://kibana" }, []string{`the PublicURL "ftp://kibana"`}},
		"no host":    {func(a *kibana.KibanaArgs) { a.PublicURL = "https:///x" }, []string{`the PublicURL "https:///x"`}},
		"with slash": {func(a *kibana.KibanaArgs) { a.PublicURL = "https://kibana/" }, []string{`the PublicURL "https://kibana/"`}},
		"nowhere":    {func(a *kibana.KibanaArgs) { a.Placement.Tolerate = "x" }, []string{`the Placement: the Tolerate "x"`}},
		"all wrong": {
			func(a *kibana.KibanaArgs) {
				*a = kibana.KibanaArgs{NodePort: 1, PublicURL: "x", Placement: kube.Placement{Tolerate: "x"}}
			},
			[]string{"Namespace", "the URL", "the CA", "Password", "Keys", "NodePort", "PublicURL", "Placement"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, args, true)
			run.Refused(t, err, "validate Kibana kibana", test.want...)
		})
	}
}

func TestAKibanaIsTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:Kibana kibana",
		deployment + " kibana-deployment",
		job + " kibana-import",
		configMap + " kibana-config",
		configMap + " kibana-import",
		secret + " kibana-importer",
		secret + " kibana-secrets",
		service + " kibana-service",
	}
	for _, preview := range []bool{true, false} {
		run, err := record(t, good(), preview)
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := run.Outputs["url"]; got != "http://kibana.fleetman-logging:5601" {
			t.Errorf("it is at %v", got)
		}
		if run.Registered != 2 { // the stack's and the component's
			t.Errorf("%d outputs registered, want 2", run.Registered)
		}
		for _, resource := range run.Resources {
			if resource.Custom && !strings.HasSuffix(resource.Parent, "::kibana") {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
			if resource.Protect {
				t.Errorf("%s is protected, and has nothing that Elasticsearch hasn't", resource.Name)
			}
		}
	}
}

func TestItsSettingsAreTwoFilesAndOnlyTheSecretOneHasSecrets(t *testing.T) {
	args := good()
	args.PublicURL = "https://kibana.example.com"
	run := mustRecord(t, args)
	data := run.MustFind(t, configMap, "kibana-config").At("data")[0].(map[string]any)
	want := `server.name: "kibana"
server.host: 0.0.0.0
server.port: 5601
server.publicBaseUrl: "https://kibana.example.com"
elasticsearch.hosts: ["https://elasticsearch.fleetman-logging:9200"]
elasticsearch.username: kibana_system
elasticsearch.ssl.certificateAuthorities: [/etc/fleetman/ca.crt]
telemetry.optIn: false
newsfeed.enabled: false
`
	if got := data["kibana.yml"]; got != want {
		t.Errorf("the settings are\n%v\nwant\n%s", got, want)
	}
	if got := data["ca.crt"]; got != "-----BEGIN CERTIFICATE-----" {
		t.Errorf("the authority is %v", got)
	}
	for _, name := range []string{"kibana-secrets", "kibana-importer"} {
		if got := run.MustFind(t, secret, name).At("stringData"); !slices.Equal(got, []any{recorder.Masked}) {
			t.Errorf("the data of %s is %v", name, got)
		}
	}
	for typ, name := range map[string]string{deployment: "kibana-deployment", job: "kibana-import"} {
		encoded, err := json.Marshal(run.MustFind(t, typ, name).Inputs)
		if err != nil {
			t.Fatal(err)
		}
		for _, never := range []string{recorder.Masked, "secretKeyRef", "envFrom", "hush"} {
			if strings.Contains(string(encoded), never) {
				t.Errorf("%s has %s: %s", name, never, encoded)
			}
		}
	}
	running := run.MustFind(t, deployment, "kibana-deployment")
	if got := running.At(pod + "containers.*.args.*"); !slices.Equal(got, []any{
		"/usr/share/kibana/bin/kibana", "--config", "/etc/fleetman/kibana.yml", "--config", "/run/secrets/kibana/secrets.yml",
	}) {
		t.Errorf("it is run with %v", got)
	}
	if got := running.At(pod + "volumes.*.secret.secretName"); !slices.Equal(got, []any{"kibana-secrets-auto"}) {
		t.Errorf("it mounts %v", got)
	}
}

func TestTwoOfItNeverRunAtOnce(t *testing.T) {
	running := mustRecord(t, good()).MustFind(t, deployment, "kibana-deployment")
	if got := slices.Concat(running.At("spec.replicas"), running.At("spec.strategy.type")); !slices.Equal(got, []any{1.0, "Recreate"}) {
		t.Errorf("replicas and strategy: %v", got)
	}
}

func TestItIsReadyWithElasticsearchAndAliveWithout(t *testing.T) {
	running := mustRecord(t, good()).MustFind(t, deployment, "kibana-deployment")
	for path, want := range map[string]any{
		"startupProbe.httpGet.path": "/api/status", "readinessProbe.httpGet.path": "/api/status", "livenessProbe.tcpSocket.port": "http",
		"resources.limits.memory": "1536Mi", "env.*.value": "--max-old-space-size=1024", "image": kibana.Image,
	} {
		if got := running.At(pod + "containers.*." + path); !slices.Equal(got, []any{want}) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestItHasElasticsearchsVersion(t *testing.T) {
	_, of, _ := strings.Cut(kibana.Image, ":")
	if _, want, _ := strings.Cut(elasticsearch.Image, ":"); of != want {
		t.Errorf("it is %s, and Elasticsearch %s", of, want)
	}
}

func TestANodePortIsOnlyThereWhenAsked(t *testing.T) {
	for port, want := range map[int][]any{0: {"ClusterIP"}, 30601: {"NodePort", 30601.0}} {
		args := good()
		args.NodePort = port
		found := mustRecord(t, args).MustFind(t, service, "kibana-service")
		if got := append(found.At("spec.type"), found.At("spec.ports.*.nodePort")...); !slices.Equal(got, want) {
			t.Errorf("node port %d: %v, want %v", port, got, want)
		}
	}
}

func TestTheJobWaitsForKibanaAndIsNotTakenForIt(t *testing.T) {
	run := mustRecord(t, good())
	objects := run.MustFind(t, job, "kibana-import")
	if !objects.After("kibana-deployment") {
		t.Error("it doesn't wait for Kibana")
	}
	labels := objects.At("spec.template.metadata.labels")[0].(map[string]any)
	selector := run.MustFind(t, service, "kibana-service").At("spec.selector")[0].(map[string]any)
	if len(selector) == 0 || labels["app.kubernetes.io/instance"] == selector["app.kubernetes.io/instance"] {
		t.Errorf("the Service selects its pod by %v", selector)
	}
	if got := objects.At("spec.ttlSecondsAfterFinished"); len(got) != 0 {
		t.Errorf("it goes away after %v, and Pulumi would make it again", got)
	}
	values := objects.At(pod + "containers.*.env.*.value")
	for _, want := range []any{"http://kibana.fleetman-logging:5601", "importer", "/run/secrets/kibana/password"} {
		if !slices.Contains(values, want) {
			t.Errorf("it isn't told %v: %v", want, values)
		}
	}
}

func TestAPlacementIsKibanasAndNotTheJobs(t *testing.T) {
	args := good()
	args.Placement = kube.Placement{NodeSelector: map[string]string{"tier": "data"}}
	run := mustRecord(t, args)
	if got := run.MustFind(t, deployment, "kibana-deployment").At(pod + "nodeSelector.tier"); !slices.Equal(got, []any{"data"}) {
		t.Errorf("it runs on %v", got)
	}
	if got := run.MustFind(t, job, "kibana-import").At(pod + "nodeSelector.tier"); len(got) != 0 {
		t.Errorf("the Job runs on %v", got)
	}
}
