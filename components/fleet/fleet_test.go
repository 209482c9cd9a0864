package fleet_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/fleet"
	"fleetman/components/kube"
	"fleetman/components/recorder"
)

func good() fleet.ServiceArgs {
	return fleet.ServiceArgs{
		App: "tracker", Component: "backend", Namespace: pulumi.String("fleetman"), Image: pulumi.String("fleetman/tracker:0123456789ab"),
		Config: pulumi.StringMap{"LOG_LEVEL": pulumi.String("info")},
		Secret: pulumi.StringMap{"QUEUE_PASSWORD": pulumi.String("p")},
	}
}

func record(t *testing.T, args fleet.ServiceArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", true, func(ctx *pulumi.Context) error {
		service, err := fleet.NewService(ctx, "fleetman-tracker", &args)
		if err == nil {
			ctx.Export("url", service.URL)
		}
		return err
	})
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*fleet.ServiceArgs)
		want  []string
	}{
		"all missing": {
			func(a *fleet.ServiceArgs) { *a = fleet.ServiceArgs{} },
			[]string{"App is missing", "Component is missing", "Namespace is missing", "Image is missing"},
		},
		"numbers": {
			func(a *fleet.ServiceArgs) { a.Replicas, a.Port, a.NodePort = -1, 70000, 80 },
			[]string{"Replicas are -1", "Port 70000", "NodePort 80 is none"},
		},
		"port below": {func(a *fleet.ServiceArgs) { a.Port = -1 }, []string{"Port -1 is none"}},
		"environment": {
			func(a *fleet.ServiceArgs) {
				a.Config = pulumi.StringMap{"log-level": pulumi.String(""), "HTTP_ADDR": pulumi.String(":1"), "BOTH": pulumi.String("")}
				a.Secret = pulumi.StringMap{"BOTH": pulumi.String(""), "a b": pulumi.String("")}
			},
			[]string{`Config's "log-level"`, "HTTP_ADDR is set by the component", `Secret's "a b"`, "BOTH is both"},
		},
		"resources": {
			func(a *fleet.ServiceArgs) {
				a.Resources = kube.Resources{CPU: "2", CPULimit: "1", Memory: "1Mi", Scratch: "1Mi"}
			},
			[]string{"the Resources: CPU 2 is above"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, args)
			run.Refused(t, err, "validate fleet service fleetman-tracker", test.want...)
		})
	}
}

func TestAServiceIsTheseResources(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*fleet.ServiceArgs)
		want   []string
		url    string
	}{
		"with everything": {func(*fleet.ServiceArgs) {}, []string{
			"fleetman:components:FleetService fleetman-tracker",
			"kubernetes:apps/v1:Deployment fleetman-tracker-deployment",
			"kubernetes:core/v1:ConfigMap fleetman-tracker-config",
			"kubernetes:core/v1:Secret fleetman-tracker-secret",
			"kubernetes:core/v1:Service fleetman-tracker-service",
		}, "http://fleetman-tracker:8080"},
		"on port 80, without a secret": {func(a *fleet.ServiceArgs) { a.Port, a.Secret = 80, nil }, []string{
			"fleetman:components:FleetService fleetman-tracker",
			"kubernetes:apps/v1:Deployment fleetman-tracker-deployment",
			"kubernetes:core/v1:ConfigMap fleetman-tracker-config",
			"kubernetes:core/v1:Service fleetman-tracker-service",
		}, "http://fleetman-tracker"},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.change(&args)
			run, err := record(t, args)
			if err != nil {
				t.Fatal(err)
			}
			if got := run.Names(); !slices.Equal(got, test.want) {
				t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			if got := run.Outputs["url"]; got != test.url {
				t.Errorf("URL %q, want %q", got, test.url)
			}
			if run.Registered != 2 { // the stack's and the component's
				t.Errorf("%d outputs registered, want 2", run.Registered)
			}
		})
	}
}

func TestEveryChildIsUnderTheComponent(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range run.Resources {
		if resource.Custom && !strings.HasSuffix(resource.Parent, "::fleetman:components:FleetService::fleetman-tracker") {
			t.Errorf("%s is under %s", resource.Name, resource.Parent)
		}
	}
}

func TestASecretIsSecretAndTheDeploymentThatUsesItIsNot(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := run.Find("kubernetes:core/v1:Secret", "fleetman-tracker-secret")
	if got := secret.At("stringData"); len(got) != 1 || got[0] != recorder.Masked {
		t.Errorf("the Secret's data is %v", got)
	}
	deployment, _ := run.Find("kubernetes:apps/v1:Deployment", "fleetman-tracker-deployment")
	got := deployment.At("spec.template.spec.containers.*.envFrom.*.secretRef.name")
	if len(got) != 1 || got[0] != "fleetman-tracker-secret-auto" {
		t.Errorf("the Deployment's Secret is %v", got)
	}
}

func TestAServiceWaitsBeforeItStops(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	deployment, _ := run.Find("kubernetes:apps/v1:Deployment", "fleetman-tracker-deployment")
	if got := deployment.At("spec.template.spec.containers.*.lifecycle.preStop.sleep.seconds"); !slices.Equal(got, []any{5.0}) {
		t.Errorf("waits %v", got)
	}
}

// Prometheus finds a service's pods by the Service's labels and the name of its port.
func TestAServiceIsFoundByItsLabelsAndLeadsToItsOwnPods(t *testing.T) {
	for port, want := range map[int]float64{0: 8080, 8080: 8080, 80: 80} {
		args := good()
		args.Port = port
		run, err := record(t, args)
		if err != nil {
			t.Fatal(err)
		}
		deployment, _ := run.Find("kubernetes:apps/v1:Deployment", "fleetman-tracker-deployment")
		service, _ := run.Find("kubernetes:core/v1:Service", "fleetman-tracker-service")
		if got := service.At("spec.ports.*.port"); !slices.Equal(got, []any{want}) {
			t.Errorf("port %d: the Service's is %v", port, got)
		}
		for _, pair := range [][2][]any{
			{service.At("metadata.labels"), deployment.At("metadata.labels")},
			{service.At("spec.selector"), deployment.At("spec.selector.matchLabels")},
			{service.At("spec.ports.*.name"), {"http"}},
			{service.At("spec.ports.*.targetPort"), deployment.At("spec.template.spec.containers.*.ports.*.name")},
		} {
			if len(pair[0]) == 0 || !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("port %d: %v and %v", port, pair[0], pair[1])
			}
		}
	}
}

func TestANodePortIsAskedForByNumber(t *testing.T) {
	args := good()
	args.NodePort = 30020
	run, err := record(t, args)
	if err != nil {
		t.Fatal(err)
	}
	service, _ := run.Find("kubernetes:core/v1:Service", "fleetman-tracker-service")
	if kind, port := service.At("spec.type"), service.At("spec.ports.*.nodePort"); len(port) != 1 || kind[0] != "NodePort" || port[0] != 30020.0 {
		t.Errorf("type %v, node port %v", kind, port)
	}
}
