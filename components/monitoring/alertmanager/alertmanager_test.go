package alertmanager

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
	"fleetman/components/recorder"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	webhookURL = "https://hooks.slack.com/services/T0/B0/x"
	switchURL  = "https://hc-ping.com/5f0c"
)

func good() AlertmanagerArgs {
	return AlertmanagerArgs{
		Namespace: pulumi.String("fleetman-monitoring"), StorageClass: pulumi.String("standard"),
		SlackWebhook: pulumi.String(webhookURL), DeadMansSwitch: pulumi.String(switchURL),
	}
}

func record(t *testing.T, preview bool, args AlertmanagerArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", preview, func(ctx *pulumi.Context) error {
		alertmanager, err := NewAlertmanager(ctx, "alertmanager", &args)
		if err == nil {
			ctx.Export("url", alertmanager.URL)
		}
		return err
	})
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*AlertmanagerArgs)
		want  []string
	}{
		"all missing":        {func(a *AlertmanagerArgs) { *a = AlertmanagerArgs{} }, []string{"Namespace is missing", "StorageClass is missing"}},
		"no size":            {func(a *AlertmanagerArgs) { a.Storage = "1 GB" }, []string{`the Storage: "1 GB"`}},
		"small":              {func(a *AlertmanagerArgs) { a.Storage = "32Mi" }, []string{"the Storage 32Mi is below 64Mi"}},
		"nowhere":            {func(a *AlertmanagerArgs) { a.Placement.Tolerate = "x" }, []string{`the Placement: the Tolerate "x"`}},
		"half a second":      {func(a *AlertmanagerArgs) { a.GroupWait = 1500 * time.Millisecond }, []string{"the GroupWait 1.5s is none"}},
		"before now":         {func(a *AlertmanagerArgs) { a.GroupInterval = -time.Second }, []string{"the GroupInterval -1s is none"}},
		"waits too long":     {func(a *AlertmanagerArgs) { a.GroupWait = time.Hour }, []string{"the GroupInterval 5m0s is below the GroupWait 1h0m0s"}},
		"repeated too often": {func(a *AlertmanagerArgs) { a.CriticalRepeatInterval = time.Minute }, []string{"the CriticalRepeatInterval 1m0s is below the GroupInterval 5m0s"}},
		"critical is less":   {func(a *AlertmanagerArgs) { a.RepeatInterval = time.Hour / 2 }, []string{"the RepeatInterval 30m0s is below the CriticalRepeatInterval 1h0m0s"}},
		"forgotten":          {func(a *AlertmanagerArgs) { a.RepeatInterval = 200 * time.Hour }, []string{"the RepeatInterval 200h0m0s is above 120h0m0s"}},
		"no page":            {func(a *AlertmanagerArgs) { a.Runbooks = "docs/runbooks" }, []string{`the Runbooks "docs/runbooks" are no URL`}},
		"a template": {
			func(a *AlertmanagerArgs) { a.Runbooks = "https://example.com/{{ . }}" }, []string{`the Runbooks "https://example.com/{{ . }}" are no URL`},
		},
		"everything wrong": {
			func(a *AlertmanagerArgs) {
				*a = AlertmanagerArgs{Storage: "x", Placement: kube.Placement{Tolerate: "x"}, GroupWait: 1, RepeatInterval: -1, Runbooks: "x"}
			},
			[]string{"Namespace", "Storage", "StorageClass", "Placement", "GroupWait", "RepeatInterval", "Runbooks"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, true, args)
			run.Refused(t, err, "validate Alertmanager alertmanager", test.want...)
		})
	}
}

func TestAReceiverThatIsNoURLIsRefusedWithoutBeingShown(t *testing.T) {
	for name, spoil := range map[string]func(*AlertmanagerArgs){
		"SlackWebhook":   func(a *AlertmanagerArgs) { a.SlackWebhook = pulumi.String("hush-hush") },
		"DeadMansSwitch": func(a *AlertmanagerArgs) { a.DeadMansSwitch = pulumi.String("hush-hush") },
	} {
		args := good()
		spoil(&args)
		_, err := record(t, true, args)
		if err == nil || !strings.Contains(err.Error(), "the "+name+" is no URL") || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAlertmanagerIsTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:Alertmanager alertmanager",
		"kubernetes:apps/v1:StatefulSet alertmanager-statefulset",
		"kubernetes:core/v1:ConfigMap alertmanager-config",
		"kubernetes:core/v1:PersistentVolumeClaim alertmanager-data",
		"kubernetes:core/v1:Secret alertmanager-receivers",
		"kubernetes:core/v1:Service alertmanager-service",
	}
	for _, preview := range []bool{true, false} {
		run, err := record(t, preview, good())
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := run.Outputs["url"]; got != "http://alertmanager.fleetman-monitoring:9093" {
			t.Errorf("is at %v", got)
		}
		if run.Registered != 2 { // the stack's and the component's
			t.Errorf("%d outputs registered, want 2", run.Registered)
		}
		for _, resource := range run.Resources {
			if resource.Custom && !strings.HasSuffix(resource.Parent, "::alertmanager") {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
		}
	}
}

func TestTheStatefulSetTakesTheClaimForItsOwn(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	claim := run.MustFind(t, "kubernetes:core/v1:PersistentVolumeClaim", "alertmanager-data")
	if got := claim.At("metadata.name"); !slices.Equal(got, []any{"data-alertmanager-0"}) {
		t.Errorf("the claim is %v", got)
	}
	set := run.MustFind(t, "kubernetes:apps/v1:StatefulSet", "alertmanager-statefulset")
	if got := set.At("spec.volumeClaimTemplates.*.metadata.name"); !slices.Equal(got, []any{"data"}) {
		t.Errorf("the template is %v", got)
	}
	if !set.After("alertmanager-data") || !slices.Equal(set.IgnoreChanges, []string{"spec.volumeClaimTemplates"}) {
		t.Errorf("after %v, ignores %v", set.DependsOn, set.IgnoreChanges)
	}
}

func TestTheVolumeIsProtectedOnlyWhenAsked(t *testing.T) {
	for _, protect := range []bool{false, true} {
		args := good()
		args.ProtectData = protect
		run, err := record(t, true, args)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range run.Resources {
			if want := protect && resource.Type == "kubernetes:core/v1:PersistentVolumeClaim"; resource.Protect != want {
				t.Errorf("%s protected %t, want %t", resource.Name, resource.Protect, want)
			}
		}
	}
}

func TestItRunsWhereItIsPlaced(t *testing.T) {
	for want, placement := range []kube.Placement{{}, {NodeSelector: map[string]string{"tier": "data"}, Tolerate: "tier=data:NoSchedule"}} {
		args := good()
		args.Placement = placement
		run, err := record(t, true, args)
		if err != nil {
			t.Fatal(err)
		}
		set := run.MustFind(t, "kubernetes:apps/v1:StatefulSet", "alertmanager-statefulset")
		selected, tolerated := set.At("spec.template.spec.nodeSelector"), set.At("spec.template.spec.tolerations")
		if len(selected) != want || len(tolerated) != want {
			t.Errorf("placement %v: selects %v, tolerates %v", placement, selected, tolerated)
		}
	}
}

func TestTheURLsAreInTheSecretAlone(t *testing.T) {
	run, err := record(t, false, good())
	if err != nil {
		t.Fatal(err)
	}
	secret := run.MustFind(t, "kubernetes:core/v1:Secret", "alertmanager-receivers")
	if got := secret.At("stringData"); !slices.Equal(got, []any{recorder.Masked}) {
		t.Errorf("the Secret holds %v", got)
	}
	encoded, err := run.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{webhookURL, switchURL} {
		if strings.Contains(string(encoded), url) {
			t.Errorf("%s is in the open", url)
		}
	}
}

func TestThereIsNoSecretWithoutAReceiver(t *testing.T) {
	args := good()
	args.SlackWebhook, args.DeadMansSwitch = nil, nil
	run, err := record(t, true, args)
	if err != nil {
		t.Fatal(err)
	}
	if secret, found := run.Find("kubernetes:core/v1:Secret", "alertmanager-receivers"); found {
		t.Errorf("registered %v", secret.Inputs)
	}
	set := run.MustFind(t, "kubernetes:apps/v1:StatefulSet", "alertmanager-statefulset")
	if got := set.At("spec.template.spec.volumes.*.secret"); len(got) != 0 {
		t.Errorf("mounts %v", got)
	}
}

func TestEveryFileThatTheConfigurationNamesIsMounted(t *testing.T) {
	run, err := record(t, true, good())
	if err != nil {
		t.Fatal(err)
	}
	set := run.MustFind(t, "kubernetes:apps/v1:StatefulSet", "alertmanager-statefulset")
	paths := set.At("spec.template.spec.containers.*.volumeMounts.*.mountPath")
	if want := []any{"/alertmanager", "/etc/alertmanager", "/run/secrets/alertmanager"}; !slices.Equal(paths, want) {
		t.Errorf("mounts %v, want %v", paths, want)
	}
	files := run.MustFind(t, "kubernetes:core/v1:ConfigMap", "alertmanager-config").At("data")
	config, _ := files[0].(map[string]any)["alertmanager.yml"].(string)
	for _, want := range []string{"/etc/alertmanager/slack.tmpl", "/run/secrets/alertmanager/slack-webhook", "/run/secrets/alertmanager/dead-mans-switch"} {
		if !strings.Contains(config, want) {
			t.Errorf("the configuration doesn't name %s", want)
		}
	}
	if template, _ := files[0].(map[string]any)["slack.tmpl"].(string); !strings.Contains(template, `{{ define "fleetman.text"`) {
		t.Errorf("the template is %q", template)
	}
}

// configurations are what the golden files hold.
var configurations = map[string]func(*AlertmanagerArgs){
	"both":        func(*AlertmanagerArgs) {},
	"slack-only":  func(a *AlertmanagerArgs) { a.DeadMansSwitch = nil },
	"switch-only": func(a *AlertmanagerArgs) { a.SlackWebhook = nil },
	"nobody":      func(a *AlertmanagerArgs) { a.SlackWebhook, a.DeadMansSwitch = nil, nil },
	"other-timing": func(a *AlertmanagerArgs) {
		a.GroupWait, a.GroupInterval, a.CriticalRepeatInterval, a.RepeatInterval = time.Second, 90*time.Second, 30*time.Minute, 12*time.Hour
	},
}

func TestTheConfigurationIsTheGoldenOne(t *testing.T) {
	for name, change := range configurations {
		t.Run(name, func(t *testing.T) {
			args := good()
			change(&args)
			files, err := args.withDefaults().configuration("")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".yml", []byte(files[configFile]))
		})
	}
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

func TestRunbooksAreLinksWhereThereAreAny(t *testing.T) {
	for base, want := range map[string]string{
		"":                                 `{{ define "fleetman.page" }}{{ end }}`,
		"https://example.com/fleetman/":    `{{ define "fleetman.runbook" }}<https://example.com/fleetman/{{ . }}|Runbook>{{ end }}`,
		"https://example.com/tree/v1/repo": `{{ define "fleetman.page" }}https://example.com/tree/v1/repo/{{ . }}{{ end }}`,
	} {
		args := good()
		args.Runbooks = base
		if got := args.template(); !strings.Contains(got, want) {
			t.Errorf("%q: %s", base, got)
		}
	}
}

func TestATimingIsWrittenAsPrometheusWritesIt(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"30s": 30 * time.Second, "5m": 5 * time.Minute, "1m30s": 90 * time.Second, "4h": 4 * time.Hour, "1h0m10s": time.Hour + 10*time.Second, "10m": 10 * time.Minute, "20h": 20 * time.Hour,
	} {
		if got := seconds(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

// routeTest says to which receiver an alert goes, which amtool is asked about (programs_integration_test.go).
type routeTest struct {
	Configuration string   `json:"configuration"`
	Labels        []string `json:"labels"`
	Receiver      string   `json:"receiver"`
}

func routeTests(t *testing.T) []routeTest {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "routes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tests []routeTest
	if err := json.Unmarshal(content, &tests); err != nil {
		t.Fatal(err)
	}
	return tests
}

func TestEveryRouteTestIsOfAConfigurationAndEveryConfigurationIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, test := range routeTests(t) {
		if configurations[test.Configuration] == nil {
			t.Errorf("%v is of %q, which is none", test.Labels, test.Configuration)
		}
		tested[test.Configuration] = true
	}
	for name := range configurations {
		if !tested[name] {
			t.Errorf("no route of %s is tested", name)
		}
	}
}
