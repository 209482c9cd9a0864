package policy_test

import (
	"strings"
	"testing"

	"fleetman/stacks/policy"
)

// unreferenced takes away what an input comes from.
func unreferenced(input string) func(testing.TB, *policy.Resource) {
	return func(tb testing.TB, r *policy.Resource) {
		tb.Helper()
		if len(r.References[input]) == 0 {
			tb.Fatalf("%s of %s comes from nothing", input, r.Name)
		}
		delete(r.References, input)
	}
}

// replaced is a text with another part; without the part it is no trial.
func replaced(s, old, other string) string {
	if !strings.Contains(s, old) {
		panic(old + " isn't in " + s)
	}
	return strings.Replace(s, old, other, 1)
}

const (
	databasePod  = "spec.template.spec."
	databaseMain = databasePod + "containers.0."
	prepare      = databasePod + "initContainers.0."
)

// inPod changes the database's pod.
func inPod(path string, value any) []change {
	return []change{set("database", databasePod+path, value)}
}

// inMain changes the database's container.
func inMain(path string, value any) []change {
	return []change{set("database", databaseMain+path, value)}
}

// inInit changes the database's init container.
func inInit(path string, value any) []change { return []change{set("database", prepare+path, value)} }

var podTrials = []trial{
	{rule: "pod-restricted", name: "root", changes: inPod("securityContext.runAsNonRoot", false), want: "runAsNonRoot is false, want true"},
	{rule: "pod-restricted", name: "user 0", changes: inPod("securityContext.runAsUser", 0.0), want: "runAsUser is 0"},
	{rule: "pod-restricted", name: "no user", changes: inPod("securityContext.runAsUser", nil), want: "runAsUser is missing"},
	{rule: "pod-restricted", name: "no seccomp profile", changes: inPod("securityContext.seccompProfile", nil), want: "seccompProfile.type is missing"},
	{rule: "pod-restricted", name: "the host's network", changes: inPod("hostNetwork", true), want: "hostNetwork is true"},
	{rule: "pod-restricted", name: "the host's processes", changes: inPod("hostPID", true), want: "hostPID is true"},
	{rule: "pod-restricted", name: "the host's memory", changes: inPod("hostIPC", true), want: "hostIPC is true"},
	{name: "a harmless kernel parameter", changes: inPod("securityContext.sysctls", []any{map[string]any{"name": "net.ipv4.ip_unprivileged_port_start"}})},
	{rule: "pod-restricted", name: "kernel parameters", changes: inPod("securityContext.sysctls", []any{map[string]any{"name": "kernel.msgmax"}}), want: "the kernel parameter kernel.msgmax"},
	{rule: "pod-restricted", name: "a folder of the host", changes: inPod("volumes.1", map[string]any{"name": "tmp", "hostPath": map[string]any{}}), want: "of the kind hostPath"},
	{rule: "pod-restricted", name: "more privilege", changes: inMain("securityContext.allowPrivilegeEscalation", nil), want: "container database: securityContext.allowPrivilegeEscalation is missing"},
	{rule: "pod-restricted", name: "a root file system", changes: inMain("securityContext.readOnlyRootFilesystem", false), want: "readOnlyRootFilesystem is false"},
	{rule: "pod-restricted", name: "privileged", changes: inMain("securityContext.privileged", true), want: "privileged is true"},
	{rule: "pod-restricted", name: "capabilities", changes: inMain("securityContext.capabilities.drop", []any{"NET_RAW"}), want: "capabilities.drop.* is NET_RAW, want ALL"},
	{rule: "pod-restricted", name: "another capability", changes: inMain("securityContext.capabilities.add", []any{"SYS_ADMIN"}), want: "adds the capability SYS_ADMIN"},
	{rule: "pod-restricted", name: "its own seccomp profile", changes: inMain("securityContext.seccompProfile", map[string]any{"type": "Unconfined"}), want: "is Unconfined"},
	{rule: "pod-restricted", name: "its own user 0", changes: inMain("securityContext.runAsUser", 0.0), want: "runs as root"},
	{rule: "pod-restricted", name: "a port of the node", changes: inMain("ports.0.hostPort", 80.0), want: "takes the port 80 of its node"},
	{rule: "pod-restricted", name: "processes in the open", changes: inMain("securityContext.procMount", "Unmasked"), want: "procMount is Unmasked"},
	{rule: "pod-restricted", name: "an init container", changes: inInit("securityContext.privileged", true), want: "container prepare: securityContext.privileged"},
	{rule: "pod-restricted", name: "a job's", changes: []change{set("report", "spec.jobTemplate.spec.template.spec.hostNetwork", true)}, want: "hostNetwork"},
	{rule: "pod-restricted", name: "no pod", changes: []change{set("report", "spec", "later")}, want: "shows no pod"},
	{rule: "pod-restricted", name: "no containers", changes: inPod("containers", []any{}), want: "shows no pod"},
	{
		rule: "pod-restricted", name: "a custom resource's", want: "hostPID is true",
		changes: []change{another("namespace", "kubernetes:example.com/v1:Thing", strings.ReplaceAll(custom, "false,", `false,"hostPID":true,`), nil)},
	},
	{name: "binding a low port", changes: inMain("securityContext.capabilities.add", []any{"NET_BIND_SERVICE"})},
	{name: "a token in a volume", changes: inPod("volumes.1", map[string]any{"name": "tmp", "projected": map[string]any{}})},
	{name: "a custom resource", changes: []change{another("namespace", "kubernetes:example.com/v1:Thing", custom, nil)}},
	{name: "a custom resource without a pod", changes: []change{another("namespace", "kubernetes:example.com/v1:Thing", `{"metadata":{"namespace":"fleetman"},"spec":{"template":{"spec":{"a":1}}}}`, nil)}},

	{rule: "pod-token", name: "mounted by default", changes: []change{set("database", databasePod+"automountServiceAccountToken", nil)}, want: "bound to no role"},
	{rule: "pod-token", name: "no binding", changes: []change{remove("binds")}, want: "bound to no role"},
	{rule: "pod-token", name: "of another", changes: []change{set("binds", "subjects.0.name", "other")}, want: "bound to no role"},
	{rule: "pod-token", name: "elsewhere", changes: []change{set("binds", "subjects.0.namespace", "kube-system")}, want: "bound to no role"},
	{rule: "pod-token", name: "another's", changes: []change{set("autoscaler", "spec.template.spec.serviceAccountName", "default")}, want: "bound to no role"},
	{rule: "pod-token", name: "of another namespace", changes: []change{
		set("account", "metadata.namespace", "other"), set("binds", "subjects.0.namespace", "other"),
		another("namespace", "kubernetes:core/v1:Namespace", `{"metadata":{"name":"other","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`, nil),
	}, want: "bound to no role"},
	{rule: "pod-token", name: "of one that isn't bound, among others", want: "bound to no role", changes: []change{
		set("autoscaler", "spec.template.spec.serviceAccountName", "another"),
		another("namespace", "kubernetes:core/v1:ServiceAccount", `{"metadata":{"name":"another","namespace":"fleetman"}}`, nil),
	}},
	{name: "a binding of a namespace", changes: []change{
		remove("binds"), another("namespace", "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
			`{"metadata":{"namespace":"fleetman"},"roleRef":{"name":"a"},"subjects":[{"kind":"ServiceAccount","name":"autoscaler","namespace":"fleetman"}]}`, nil),
	}},
	{name: "a namespace of which one knows nothing yet", changes: []change{
		drop("account", "metadata.namespace"), edit("account", func(_ testing.TB, r *policy.Resource) { r.References["metadata"] = []string{namespaceURN} }),
	}},
	{name: "a workload of which one knows no namespace yet", changes: []change{drop("autoscaler", "metadata.namespace"), drop("binds", "subjects.0.namespace")}},
	{name: "a service account that isn't known yet", changes: []change{
		drop("autoscaler", "spec.template.spec.serviceAccountName"), drop("account", "metadata.name"), unknown("binds", "subjects", "account"),
	}},
	{name: "a service account by its name", changes: []change{edit("autoscaler", unreferenced("spec"))}},

	{rule: "image-pinned", name: "latest", changes: inMain("image", "mongo:latest"), want: `runs "mongo:latest"`},
	{rule: "image-pinned", name: "no tag", changes: inMain("image", "registry.example.com:5000/mongo"), want: "may be another tomorrow"},
	{rule: "image-pinned", name: "an empty tag", changes: inMain("image", "mongo:"), want: "may be another tomorrow"},
	{rule: "image-pinned", name: "half a digest", changes: inMain("image", "mongo:8@sha256:abc"), want: "may be another tomorrow"},
	{rule: "image-pinned", name: "no text", changes: inMain("image", 8.0), want: "may be another tomorrow"},
	{rule: "image-pinned", name: "pulled each time", changes: inMain("imagePullPolicy", "Always"), want: `is "Always"`},
	{rule: "image-pinned", name: "an init container", changes: inInit("image", "busybox"), want: "container prepare"},
	{name: "a port and a tag", changes: inMain("image", "registry.example.com:5000/mongo:8.0.29")},

	{rule: "needs-said", name: "no limits", changes: inMain("resources.limits", nil), want: "limits don't say cpu"},
	{rule: "needs-said", name: "no scratch", changes: inMain("resources.requests.ephemeral-storage", nil), want: "requests don't say ephemeral-storage"},
	{rule: "needs-said", name: "more memory than asked for", changes: inMain("resources.limits.memory", "1Gi"), want: "may take 1Gi"},
	{rule: "needs-said", name: "an init container", changes: inInit("resources.limits.cpu", nil), want: "container prepare"},
	{rule: "needs-said", name: "a job", changes: []change{set("report", "spec.jobTemplate.spec.template.spec.containers.0.resources", nil)}, want: "container report"},

	{rule: "probes", name: "no startup probe", changes: inMain("startupProbe", nil), want: "its startupProbe asks missing"},
	{rule: "probes", name: "no readiness probe", changes: inMain("readinessProbe", nil), want: "its readinessProbe"},
	{rule: "probes", name: "no liveness probe", changes: inMain("livenessProbe", nil), want: "its livenessProbe"},
	{rule: "probes", name: "a port that isn't there", changes: inMain("livenessProbe.httpGet.port", "admin"), want: "asks admin of its ports [http 8080]"},
	{rule: "probes", name: "another host", changes: inMain("livenessProbe.httpGet.host", "example.com"), want: "another host"},
	{rule: "probes", name: "alive when ready", changes: []change{set("database", databaseMain+"livenessProbe", map[string]any{"httpGet": map[string]any{"path": "/ready", "port": "http"}})}, want: "alive when it is ready"},
	{rule: "probes", name: "a sidecar", changes: inInit("restartPolicy", "Always"), want: "container prepare"},
	{name: "a command that asks", changes: inMain("livenessProbe", map[string]any{"exec": map[string]any{"command": []any{"true"}}})},
}

const namespaceURN = "urn:pulumi:prod::fleetman::kubernetes:core/v1:Namespace::namespace"

// custom is a custom resource that makes a pod as it has to be.
const custom = `{"metadata":{"namespace":"fleetman"},"spec":{"template":{"spec":{"automountServiceAccountToken":false,
	"securityContext":{"runAsNonRoot":true,"runAsUser":1,"seccompProfile":{"type":"RuntimeDefault"}},
	"containers":[{"name":"a","image":"a:1","imagePullPolicy":"IfNotPresent","ports":[{"containerPort":1}],
		"startupProbe":{"tcpSocket":{"port":1}},"readinessProbe":{"tcpSocket":{"port":1}},"livenessProbe":{"grpc":{"port":1}},
		"resources":{"requests":{"cpu":"1","memory":"1Gi","ephemeral-storage":"1Gi"},"limits":{"cpu":"1","memory":"1Gi","ephemeral-storage":"1Gi"}},
		"securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"runAsNonRoot":true,"privileged":false,"capabilities":{"drop":["ALL"]}}}]}}}}`

var kubernetesTrials = []trial{
	{rule: "namespace-declared", name: "another", changes: []change{set("credentials", "metadata.namespace", "default")}, want: `"default" isn't declared`},
	{rule: "namespace-declared", name: "none", changes: []change{drop("credentials", "metadata.namespace")}, want: `"" isn't declared`},
	{rule: "namespace-declared", name: "a custom resource", changes: []change{another("namespace", "kubernetes:example.com/v1:Thing", `{}`, nil)}, want: "isn't declared"},
	{name: "a namespace that isn't known yet", changes: []change{drop("webapp", "metadata.namespace")}},
	{name: "an object of no namespace", changes: []change{another("namespace", "kubernetes:scheduling.k8s.io/v1:PriorityClass", `{"value":1}`, nil)}},

	{rule: "namespace-restricted", name: "no level", changes: []change{drop("namespace", "metadata.labels")}, want: "is missing, want restricted"},
	{rule: "namespace-restricted", name: "another", changes: []change{set("namespace", "metadata.labels", map[string]any{"pod-security.kubernetes.io/enforce": "baseline"})}, want: "is baseline"},
	{rule: "namespace-restricted", name: "only a warning", changes: []change{set("namespace", "metadata.labels", map[string]any{"pod-security.kubernetes.io/warn": "restricted"})}, want: "is missing"},

	{rule: "role-explicit", name: "all verbs", changes: []change{set("may", "rules.0.verbs", []any{"*"})}, want: "verbs have *"},
	{rule: "role-explicit", name: "all resources", changes: []change{set("may", "rules.0.resources", []any{"nodes", "*/scale"})}, want: "resources have */scale"},
	{rule: "role-explicit", name: "all groups", changes: []change{set("may", "rules.0.apiGroups", []any{"*"})}, want: "apiGroups have *"},
	{rule: "role-explicit", name: "no rules", changes: []change{drop("may", "rules")}, want: "shows no rules"},
	{
		rule: "role-explicit", name: "of a namespace", want: "verbs have *",
		changes: []change{another("namespace", "kubernetes:rbac.authorization.k8s.io/v1:Role", `{"metadata":{"namespace":"fleetman"},"rules":[{"verbs":["*"],"resources":["pods"]}]}`, nil)},
	},
	{rule: "role-modest", name: "escalate", changes: []change{set("may", "rules.0.verbs", []any{"escalate"})}, want: "may escalate"},
	{rule: "role-modest", name: "impersonate", changes: []change{set("may", "rules.0.verbs", []any{"get", "impersonate"})}, want: "may impersonate"},
	{rule: "binding-modest", name: "an administrator", changes: []change{set("binds", "roleRef.name", "cluster-admin")}, want: "binds cluster-admin"},
	{name: "a group that somebody decides on", changes: []change{set("binds", "subjects", []any{
		map[string]any{"kind": "ServiceAccount", "name": "autoscaler", "namespace": "fleetman"}, map[string]any{"kind": "Group", "name": "operators"},
	})}},
	{
		rule: "binding-modest", name: "everybody", want: "all of system:authenticated",
		changes: []change{another("namespace", "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
			`{"roleRef":{"name":"autoscaler"},"subjects":[{"kind":"Group","name":"system:authenticated"}]}`, nil)},
	},
}
