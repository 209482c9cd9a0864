package ingress_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/ingress"
	"fleetman/components/recorder"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	pod        = "spec.template.spec."
)

func good() ingress.IngressArgs {
	return ingress.IngressArgs{
		Routes: []ingress.Route{
			{Host: "fleet.example.com", Namespace: pulumi.String("fleetman"), Service: pulumi.String("fleetman-webapp"), Port: 80},
		},
		NodePort: 30080, ProxyFrom: "10.0.0.0/16",
	}
}

func record(t *testing.T, args ingress.IngressArgs) (*recorder.Run, error) {
	t.Helper()
	return recordIn(t, args, true)
}

func recordIn(t *testing.T, args ingress.IngressArgs, preview bool) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		controller, err := ingress.NewIngress(ctx, "fleetman-ingress", &args)
		if err == nil {
			ctx.Export("namespace", controller.Namespace)
		}
		return err
	})
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*ingress.IngressArgs)
		want  []string
	}{
		"all missing": {
			func(a *ingress.IngressArgs) { *a = ingress.IngressArgs{} }, []string{"the Routes are missing", "the NodePort 0 is none"},
		},
		"an empty route": {
			func(a *ingress.IngressArgs) { a.Routes = append(a.Routes, ingress.Route{}) },
			[]string{`the Routes[1]'s Host "" is none`, "the Routes[1]'s Namespace is missing", "the Routes[1]'s Service is missing", "the Routes[1]'s Port 0 is none"},
		},
		"a host twice": {func(a *ingress.IngressArgs) { a.Routes = append(a.Routes, a.Routes[0]) }, []string{`Host "fleet.example.com" is another one's too`}},
		"no host":      {func(a *ingress.IngressArgs) { a.Routes[0].Host = "*.Example.com" }, []string{`Host "*.Example.com" is none`}},
		"numbers": {
			func(a *ingress.IngressArgs) { a.NodePort, a.Replicas, a.Routes[0].Port = 80, -1, 70000 },
			[]string{"the NodePort 80 is none", "the Replicas are -1", "Port 70000 is none"},
		},
		"no range":   {func(a *ingress.IngressArgs) { a.ProxyFrom = "10.0.0.1/16" }, []string{`the ProxyFrom "10.0.0.1/16" is no range`}},
		"everywhere": {func(a *ingress.IngressArgs) { a.ProxyFrom = "0.0.0.0/0" }, []string{"the ProxyFrom 0.0.0.0/0 is everywhere"}},
		"all wrong": {
			func(a *ingress.IngressArgs) {
				*a = ingress.IngressArgs{Routes: []ingress.Route{{Host: "-"}}, NodePort: 1, Replicas: -2, ProxyFrom: "x"}
			},
			[]string{"Host", "Namespace", "Service", "Port 0", "NodePort 1", "Replicas are -2", "ProxyFrom"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, args)
			run.Refused(t, err, "validate ingress fleetman-ingress", test.want...)
		})
	}
}

func TestAnIngressIsTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:Ingress fleetman-ingress",
		"kubernetes:apps/v1:Deployment fleetman-ingress-deployment",
		"kubernetes:core/v1:ConfigMap fleetman-ingress-config",
		"kubernetes:core/v1:Namespace fleetman-ingress-namespace",
		"kubernetes:core/v1:Service fleetman-ingress-metrics",
		"kubernetes:core/v1:Service fleetman-ingress-service",
		"kubernetes:core/v1:ServiceAccount fleetman-ingress-account",
		"kubernetes:networking.k8s.io/v1:Ingress fleetman-ingress-route-fleet.example.com",
		"kubernetes:networking.k8s.io/v1:IngressClass fleetman-ingress-class",
		"kubernetes:policy/v1:PodDisruptionBudget fleetman-ingress-budget",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole fleetman-ingress-role",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding fleetman-ingress-role-binding",
		"kubernetes:rbac.authorization.k8s.io/v1:Role fleetman-ingress-access-fleet.example.com",
		"kubernetes:rbac.authorization.k8s.io/v1:Role fleetman-ingress-own",
		"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding fleetman-ingress-access-fleet.example.com-binding",
		"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding fleetman-ingress-own-binding",
	}
	for _, preview := range []bool{true, false} {
		run, err := recordIn(t, good(), preview)
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Names(); !slices.Equal(got, want) {
			t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := run.Outputs["namespace"]; got != "fleetman-ingress" {
			t.Errorf("it is in %v", got)
		}
		if run.Registered != 2 { // the stack's and the component's
			t.Errorf("%d outputs registered, want 2", run.Registered)
		}
		for _, resource := range run.Resources {
			if resource.Custom && !strings.HasSuffix(resource.Parent, "::fleetman:components:Ingress::fleetman-ingress") {
				t.Errorf("%s is under %s", resource.Name, resource.Parent)
			}
			if resource.Protect {
				t.Errorf("%s is protected", resource.Name)
			}
		}
	}
}

func TestBehindALoadBalancerItTakesTheProxyProtocolAndIsCalledByHTTPSAlone(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	config, _ := run.Find("kubernetes:core/v1:ConfigMap", "fleetman-ingress-config")
	for key, want := range map[string]any{"proxy-protocol": "True", "real-ip-header": "proxy_protocol", "set-real-ip-from": "10.0.0.0/16"} {
		if got := config.At("data." + key); !slices.Equal(got, []any{want}) {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	snippet := config.At("data.server-snippets")
	for _, want := range []string{"$proxy_protocol_server_port = 80", "return 308 https://$host$request_uri;", "add_header Strict-Transport-Security $hsts always;"} {
		if len(snippet) != 1 || !strings.Contains(snippet[0].(string), want) {
			t.Errorf("the servers don't say %q: %v", want, snippet)
		}
	}
	controller, _ := run.Find(deployment, "fleetman-ingress-deployment")
	if flags := controller.At(pod + "containers.*.args.*"); !slices.Contains(flags, any("-enable-snippets")) {
		t.Errorf("its own snippet isn't enabled: %v", flags)
	}
}

func TestCalledDirectlyItTakesNobodysWordAndNoSnippet(t *testing.T) {
	args := good()
	args.ProxyFrom = ""
	run, err := record(t, args)
	if err != nil {
		t.Fatal(err)
	}
	config, _ := run.Find("kubernetes:core/v1:ConfigMap", "fleetman-ingress-config")
	if got := slices.Sorted(maps.Keys(config.At("data")[0].(map[string]any))); !slices.Equal(got, []string{"server-tokens", "worker-shutdown-timeout"}) {
		t.Errorf("configured by %v", got)
	}
	controller, _ := run.Find(deployment, "fleetman-ingress-deployment")
	if flags := controller.At(pod + "containers.*.args.*"); slices.Contains(flags, any("-enable-snippets")) {
		t.Errorf("snippets are enabled: %v", flags)
	}
}

func TestItReadsTheRoutesNamespacesAloneAndNoSecret(t *testing.T) {
	args := good()
	for _, more := range []struct{ host, namespace string }{{"a.example.com", "fleetman"}, {"b.example.com", "monitoring"}} {
		args.Routes = append(args.Routes, ingress.Route{
			Host: more.host, Namespace: pulumi.String(more.namespace).ToStringOutput(), Service: pulumi.String("s"), Port: 1,
		})
	}
	run, err := record(t, args)
	if err != nil {
		t.Fatal(err)
	}
	controller, _ := run.Find(deployment, "fleetman-ingress-deployment")
	flags := controller.At(pod + "containers.*.args.*")
	for _, want := range []string{"-watch-namespace=fleetman,monitoring", "-watch-secret-namespace=$(POD_NAMESPACE)", "-nginx-configmaps=$(POD_NAMESPACE)/fleetman-ingress-config-auto"} {
		if !slices.Contains(flags, any(want)) {
			t.Errorf("%v doesn't say %s", flags, want)
		}
	}
	allowed := map[string][]string{} // by role, resources and verbs
	for _, resource := range run.Resources {
		if !strings.HasSuffix(resource.Type, "Role") {
			continue
		}
		name := strings.TrimPrefix(resource.Name, "fleetman-ingress-")
		if namespace := resource.At("metadata.namespace"); len(namespace) != 0 {
			name += " in " + namespace[0].(string)
		}
		for _, rule := range resource.At("rules.*") {
			rule := rule.(map[string]any)
			var words []string
			for _, word := range slices.Concat(rule["resources"].([]any), rule["verbs"].([]any)) {
				words = append(words, word.(string))
			}
			allowed[name] = append(allowed[name], strings.Join(words, " "))
		}
	}
	route := []string{
		"ingresses get list watch", "services pods get list watch", "endpointslices get list watch", "namespaces get", "events create patch",
	}
	want := map[string][]string{
		"role":                                 {"ingressclasses get"},
		"own in fleetman-ingress":              {"configmaps get list watch", "pods get update", "namespaces get", "events create patch"},
		"access-fleet.example.com in fleetman": route,
		"access-a.example.com in fleetman":     route,
		"access-b.example.com in monitoring":   route,
	}
	if !maps.EqualFunc(allowed, want, slices.Equal) {
		t.Errorf("allowed\n%v\nwant\n%v", allowed, want)
	}
	cluster, _ := run.Find("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "fleetman-ingress-role")
	if got := cluster.At("rules.*.resourceNames.*"); !slices.Equal(got, []any{ingress.Class}) {
		t.Errorf("sees the classes %v", got)
	}
}

func TestItStartsWhenAllThatItAsksForIsThere(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	controller, _ := run.Find(deployment, "fleetman-ingress-deployment")
	for _, resource := range run.Resources {
		if !strings.HasSuffix(resource.Type, "Binding") && !strings.HasSuffix(resource.Type, "IngressClass") {
			continue
		}
		if !slices.Contains(controller.DependsOn, resource.URN) {
			t.Errorf("it doesn't wait for %s", resource.Name)
		}
	}
	for _, resource := range run.Resources {
		for _, subject := range resource.At("subjects.*") {
			subject := subject.(map[string]any)
			if subject["name"] != "fleetman-ingress" || subject["namespace"] != "fleetman-ingress" || subject["kind"] != "ServiceAccount" {
				t.Errorf("%s is bound to %v", resource.Name, subject)
			}
		}
	}
}

func TestItsPodsAreRestrictedButForOneCapabilityAndWriteToVolumesAlone(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	space, _ := run.Find("kubernetes:core/v1:Namespace", "fleetman-ingress-namespace")
	if labels := space.At("metadata.labels")[0].(map[string]any); labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Errorf("the namespace is labelled %v", labels)
	}
	controller, _ := run.Find(deployment, "fleetman-ingress-deployment")
	for path, want := range map[string][]any{
		"securityContext.runAsUser":                               {101.0},
		"containers.*.securityContext.capabilities.drop.*":        {"ALL"},
		"containers.*.securityContext.capabilities.add.*":         {"NET_BIND_SERVICE"},
		"containers.*.securityContext.readOnlyRootFilesystem":     {true},
		"containers.*.securityContext.allowPrivilegeEscalation":   {false},
		"initContainers.*.securityContext.capabilities.add.*":     nil,
		"initContainers.*.securityContext.readOnlyRootFilesystem": {true},
		"initContainers.*.command.*":                              {"cp", "-dR", "/etc/nginx/.", "/mnt/etc"},
		"containers.*.volumeMounts.*.mountPath":                   {"/etc/nginx", "/var/cache/nginx", "/var/lib/nginx", "/var/lib/nginx/state", "/var/log/nginx", "/tmp"},
		"containers.*.readinessProbe.httpGet.path":                {"/nginx-ready"},
		"containers.*.livenessProbe.tcpSocket.port":               {"http"},
		"containers.*.lifecycle.preStop.sleep.seconds":            {10.0},
		"topologySpreadConstraints.*.topologyKey":                 {"kubernetes.io/hostname", "topology.kubernetes.io/zone"},
	} {
		if got := controller.At(pod + path); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestReplicasAreReplacedOneByOneAndNeverFewer(t *testing.T) {
	for replicas, want := range map[int]float64{0: 2, 1: 1, 3: 3} {
		args := good()
		args.Replicas = replicas
		run, err := record(t, args)
		if err != nil {
			t.Fatal(err)
		}
		controller, _ := run.Find(deployment, "fleetman-ingress-deployment")
		got := slices.Concat(controller.At("spec.replicas"), controller.At("spec.strategy.rollingUpdate.maxUnavailable"), controller.At("spec.strategy.rollingUpdate.maxSurge"))
		if !slices.Equal(got, []any{want, 0.0, 1.0}) {
			t.Errorf("%d replicas: %v", replicas, got)
		}
		budget, _ := run.Find("kubernetes:policy/v1:PodDisruptionBudget", "fleetman-ingress-budget")
		if got := slices.Concat(budget.At("spec.maxUnavailable"), budget.At("spec.unhealthyPodEvictionPolicy")); !slices.Equal(got, []any{1.0, "AlwaysAllow"}) {
			t.Errorf("the budget is %v", got)
		}
	}
}

func TestTheMetricsOfEveryPodAreFoundFromWithin(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	controller := run.MustFind(t, deployment, "fleetman-ingress-deployment")
	if flags := controller.At(pod + "containers.*.args.*"); !slices.Contains(flags, any("-enable-prometheus-metrics")) {
		t.Errorf("metrics aren't switched on: %v", flags)
	}
	service := run.MustFind(t, "kubernetes:core/v1:Service", "fleetman-ingress-metrics")
	if got := service.At("spec.clusterIP"); len(got) != 1 || got[0] != "None" {
		t.Errorf("the Service's address is %v, and one pod of many would answer", got)
	}
	if got, ports := service.At("spec.ports.*.targetPort"), controller.At(pod+"containers.*.ports.*.name"); len(got) != 1 || !slices.Contains(ports, got[0]) {
		t.Errorf("the Service leads to %v of %v", got, ports)
	}
}

func TestARouteLetsAStreamThroughAndLeadsToItsService(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	route, _ := run.Find("kubernetes:networking.k8s.io/v1:Ingress", "fleetman-ingress-route-fleet.example.com")
	want := map[string]any{"nginx.org/proxy-buffering": "false", "nginx.org/proxy-read-timeout": "1h", "pulumi.com/skipAwait": "true"}
	if got := route.At("metadata.annotations")[0].(map[string]any); !maps.Equal(got, want) {
		t.Errorf("annotated %v", got)
	}
	for path, want := range map[string]any{
		"metadata.namespace": "fleetman", "spec.ingressClassName": "nginx", "spec.rules.*.host": "fleet.example.com",
		"spec.rules.*.http.paths.*.path": "/", "spec.rules.*.http.paths.*.backend.service.name": "fleetman-webapp",
		"spec.rules.*.http.paths.*.backend.service.port.number": 80.0,
	} {
		if got := route.At(path); !slices.Equal(got, []any{want}) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	service, _ := run.Find("kubernetes:core/v1:Service", "fleetman-ingress-service")
	if got := slices.Concat(service.At("spec.type"), service.At("spec.ports.*.port"), service.At("spec.ports.*.nodePort")); !slices.Equal(got, []any{"NodePort", 80.0, 30080.0}) {
		t.Errorf("the Service is %v", got)
	}
}
