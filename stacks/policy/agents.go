package policy

import (
	"maps"
	"slices"
	"strings"
)

// agentsNamespace is the one namespace that doesn't hold its pods to the Pod Security level "restricted": they see their node.
const agentsNamespace = "fleetman-agents"

// agentsFolder is the one folder of a node that its agents may write to.
const agentsFolder = "/var/log/fluentd"

func agentRules() []Rule {
	return []Rule{{
		Name:  "node-agent",
		Why:   "what sees its node's files is one step from being the node",
		Check: nodeAgent,
	}}
}

// isAgent says whether it is in the agents' namespace: by its name or, if that isn't known yet, by where it comes from.
func (r Resource) isAgent(all []Resource) bool {
	if name := text(r.Inputs, "metadata.namespace"); name != "" {
		return name == agentsNamespace
	}
	from := r.from(all, "metadata", namespaceType)
	return len(from) == 1 && is(from[0].Inputs, "metadata.name", agentsNamespace)
}

// nodeAgent holds an agent to what it needs: to be on every node, to read what is the node's, to write to a folder of its own. What
// the level "restricted" forbids besides stays forbidden.
func nodeAgent(all []Resource, r Resource) []string {
	var f findings
	spec, makes := r.pod()
	if !makes || !r.isAgent(all) {
		return nil
	}
	f.refuse(r.kind() != "DaemonSet", "it is a %s, and only what runs on every node is an agent", r.kind())
	if f.refuse(len(objects(spec, "containers.*")) == 0, "it shows no pod"); len(f) != 0 {
		return f
	}
	wants(&f, "", spec, map[string]any{"securityContext.seccompProfile.type": "RuntimeDefault"})
	f.refuse(on(spec, "hostIPC"), "hostIPC is true")
	folders := map[string]string{}
	for _, volume := range objects(spec, "volumes.*") {
		for _, kind := range slices.Sorted(maps.Keys(volume)) {
			f.refuse(kind != "hostPath" && !slices.Contains(volumeKinds, kind), "its volume %s is of the kind %s", text(volume, "name"), kind)
		}
		if volume["hostPath"] != nil {
			folders[text(volume, "name")] = text(volume, "hostPath.path")
		}
	}
	for _, c := range containers(spec) {
		agentContainer(&f, c, folders)
	}
	slices.Sort(f)
	return f
}

func agentContainer(f *findings, c container, folders map[string]string) {
	name := "container " + c.Name + ": "
	wants(f, name, c.Value, map[string]any{
		"securityContext.allowPrivilegeEscalation": false,
		"securityContext.readOnlyRootFilesystem":   true,
		"securityContext.privileged":               false,
		"securityContext.capabilities.drop.*":      "ALL",
	})
	for _, added := range texts(c.Value, "securityContext.capabilities.add.*") {
		f.refuse(added != "DAC_READ_SEARCH", "%sit adds the capability %s", name, added)
	}
	for _, mount := range objects(c.Value, "volumeMounts.*") {
		folder, host := folders[text(mount, "name")]
		f.refuse(host && mount["readOnly"] != true && folder != agentsFolder, "%sit may write to its node's %s", name, folder)
		// A socket that can't be written to can be called all the same.
		sockets := strings.HasPrefix(folder, "/run") || strings.HasPrefix(folder, "/var/run")
		f.refuse(host && (sockets || strings.Contains(folder, "..")), "%sit reaches its node's %s", name, folder)
		f.refuse(mount["mountPropagation"] == "Bidirectional", "%sits mounts become its node's", name)
	}
}
