package policy_test

// agent is a DaemonSet that keeps to the rules of node agents.
const agent = `{
	"metadata": {"name": "agent", "namespace": "fleetman-agents"},
	"spec": {"template": {"spec": {
		"automountServiceAccountToken": false, "hostNetwork": true, "hostPID": true,
		"securityContext": {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}},
		"containers": [{
			"name": "agent", "image": "agent:1.0.0", "imagePullPolicy": "IfNotPresent", "ports": [{"name": "metrics", "containerPort": 9100, "hostPort": 9100}],
			"resources": {"requests": {"cpu": "1", "memory": "1Mi", "ephemeral-storage": "1Mi"}, "limits": {"cpu": "1", "memory": "1Mi", "ephemeral-storage": "1Mi"}},
			"securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "privileged": false, "capabilities": {"drop": ["ALL"], "add": ["DAC_READ_SEARCH"]}},
			"startupProbe": {"tcpSocket": {"port": "metrics"}}, "readinessProbe": {"httpGet": {"port": "metrics"}}, "livenessProbe": {"tcpSocket": {"port": "metrics"}},
			"volumeMounts": [{"name": "root", "mountPath": "/host", "readOnly": true}, {"name": "own", "mountPath": "/own"}, {"name": "tmp", "mountPath": "/tmp"}]
		}],
		"volumes": [{"name": "root", "hostPath": {"path": "/"}}, {"name": "own", "hostPath": {"path": "/var/log/fluentd"}}, {"name": "tmp", "emptyDir": {}}]
	}}}
}`

const (
	daemonSet  = "kubernetes:apps/v1:DaemonSet"
	deployment = "kubernetes:apps/v1:Deployment"
)

// agentAs is the agent with a part replaced, in its namespace.
func agentAs(kind, old, other string) []change {
	inputs := agent
	if old != "" {
		inputs = replaced(agent, old, other)
	}
	return []change{
		another("namespace", "kubernetes:core/v1:Namespace", `{"metadata":{"name":"fleetman-agents","labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`, nil),
		another("namespace", kind, inputs, nil),
	}
}

var agentTrials = []trial{
	{name: "an agent", changes: agentAs(daemonSet, "", "")},
	{rule: "pod-restricted", name: "an agent among the others", changes: agentAs(daemonSet, `"fleetman-agents"}`, `"fleetman"}`), want: "of the kind hostPath"},
	{rule: "node-agent", name: "on one node", changes: agentAs(deployment, "", ""), want: "it is a Deployment"},
	{rule: "node-agent", name: "no pod", changes: agentAs(daemonSet, `"containers"`, `"initContainers"`), want: "it shows no pod"},
	{rule: "node-agent", name: "no seccomp profile", changes: agentAs(daemonSet, "RuntimeDefault", "Unconfined"), want: "is Unconfined"},
	{rule: "node-agent", name: "the host's memory", changes: agentAs(daemonSet, "hostPID", "hostIPC"), want: "hostIPC is true"},
	{rule: "node-agent", name: "another volume", changes: agentAs(daemonSet, `"emptyDir"`, `"iscsi"`), want: "of the kind iscsi"},
	{rule: "node-agent", name: "more privilege", changes: agentAs(daemonSet, `"allowPrivilegeEscalation": false`, `"allowPrivilegeEscalation": true`), want: "allowPrivilegeEscalation is true"},
	{rule: "node-agent", name: "a root file system", changes: agentAs(daemonSet, `"readOnlyRootFilesystem": true`, `"readOnlyRootFilesystem": false`), want: "readOnlyRootFilesystem is false"},
	{rule: "node-agent", name: "privileged", changes: agentAs(daemonSet, `"privileged": false`, `"privileged": true`), want: "privileged is true"},
	{rule: "node-agent", name: "capabilities", changes: agentAs(daemonSet, `"drop": ["ALL"]`, `"drop": []`), want: "drop.* is missing"},
	{rule: "node-agent", name: "another capability", changes: agentAs(daemonSet, "DAC_READ_SEARCH", "SYS_ADMIN"), want: "adds the capability SYS_ADMIN"},
	{rule: "node-agent", name: "a folder to write to", changes: agentAs(daemonSet, `"/host", "readOnly": true`, `"/host"`), want: "may write to its node's /"},
	{rule: "node-agent", name: "a folder that is all of it", changes: agentAs(daemonSet, `"/var/log/fluentd"`, `"/var/log"`), want: "may write to its node's /var/log"},
	{rule: "node-agent", name: "another's folder", changes: agentAs(daemonSet, `"/var/log/fluentd"`, `"/var/lib/kubelet"`), want: "may write to its node's /var/lib/kubelet"},
	{rule: "node-agent", name: "a socket", changes: agentAs(daemonSet, `{"path": "/"}`, `{"path": "/run/containerd"}`), want: "reaches its node's /run/containerd"},
	{rule: "node-agent", name: "a way around", changes: agentAs(daemonSet, `{"path": "/"}`, `{"path": "/var/log/../../run"}`), want: "reaches its node's /var/log/../../run"},
	{rule: "node-agent", name: "its mounts", changes: agentAs(daemonSet, `"readOnly": true`, `"readOnly": true, "mountPropagation": "Bidirectional"`), want: "its mounts become its node's"},
	{rule: "namespace-restricted", name: "another namespace that is privileged", want: "is privileged, want restricted", changes: []change{
		another("namespace", "kubernetes:core/v1:Namespace", `{"metadata":{"name":"fleetman-other","labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`, nil),
	}},
}
