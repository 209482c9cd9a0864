package policy

import (
	"fmt"
	"maps"
	"slices"
)

func podRules() []Rule {
	return []Rule{
		{
			Name:  "pod-restricted",
			Why:   "a pod that its namespace doesn't admit never runs, and one that it does may leave its container",
			Check: podRestricted,
		},
		{
			Name:  "pod-token",
			Why:   "a token of the API that nobody needs is there for whoever breaks in",
			Check: podCheck(podToken),
		},
	}
}

// volumeKinds are those of the Pod Security level "restricted" that are made for the pod or claimed by it.
var volumeKinds = []string{"name", "configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected", "downwardAPI"}

func podRestricted(all []Resource, r Resource) []string {
	var f findings
	spec, makes := r.pod()
	if !makes || r.isAgent(all) {
		return nil
	}
	if f.refuse(len(objects(spec, "containers.*")) == 0, "it shows no pod"); len(f) != 0 {
		return f
	}
	wants(&f, "", spec, map[string]any{
		"securityContext.runAsNonRoot":        true,
		"securityContext.seccompProfile.type": "RuntimeDefault",
	})
	user := at(spec, "securityContext.runAsUser")
	f.refuse(len(user) != 1 || user[0] == 0.0, "securityContext.runAsUser is %s", shown(user))
	for _, host := range []string{"hostNetwork", "hostPID", "hostIPC", "securityContext.windowsOptions.hostProcess"} {
		f.refuse(on(spec, host), "%s is true", host)
	}
	for _, parameter := range texts(spec, "securityContext.sysctls.*.name") {
		f.refuse(!slices.Contains(harmless, parameter), "it sets the kernel parameter %s", parameter)
	}
	for _, volume := range objects(spec, "volumes.*") {
		for _, kind := range slices.Sorted(maps.Keys(volume)) {
			f.refuse(!slices.Contains(volumeKinds, kind), "its volume %s is of the kind %s", text(volume, "name"), kind)
		}
	}
	for _, c := range containers(spec) {
		restricted(&f, c)
	}
	return f
}

// harmless are the kernel parameters that are a pod's own and that the Pod Security level "baseline" admits.
var harmless = []string{
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_syncookies",
}

func restricted(f *findings, c container) {
	name := "container " + c.Name + ": "
	wants(f, name, c.Value, map[string]any{
		"securityContext.allowPrivilegeEscalation": false,
		"securityContext.readOnlyRootFilesystem":   true,
		"securityContext.runAsNonRoot":             true,
		"securityContext.privileged":               false,
		"securityContext.capabilities.drop.*":      "ALL",
	})
	f.refuse(is(c.Value, "securityContext.runAsUser", 0.0), "%sit runs as root", name)
	for _, added := range texts(c.Value, "securityContext.capabilities.add.*") {
		f.refuse(added != "NET_BIND_SERVICE", "%sit adds the capability %s", name, added)
	}
	for path, usual := range map[string]string{"seccompProfile.type": "RuntimeDefault", "procMount": "Default"} {
		own := at(c.Value, "securityContext."+path)
		f.refuse(len(own) != 0 && own[0] != usual, "%ssecurityContext.%s is %s", name, path, shown(own))
	}
	for _, open := range at(c.Value, "ports.*.hostPort") {
		f.refuse(open != 0.0, "%sit takes the port %v of its node", name, open)
	}
	slices.Sort(*f)
}

// wants refuses every path that hasn't the one value it has to have.
func wants(f *findings, name string, value any, wanted map[string]any) {
	for _, path := range slices.Sorted(maps.Keys(wanted)) {
		f.refuse(!is(value, path, wanted[path]), "%s%s is %s, want %v", name, path, shown(at(value, path)), wanted[path])
	}
}

// shown are the values at a path as a message has them.
func shown(values []any) string {
	switch len(values) {
	case 0:
		return "missing"
	case 1:
		return fmt.Sprint(values[0])
	}
	return fmt.Sprint(values)
}

// podToken lets a pod have a token only as a service account of its own that may do something.
func podToken(all []Resource, r Resource, spec map[string]any, f *findings) {
	if is(spec, "automountServiceAccountToken", false) {
		return
	}
	allowed := slices.ContainsFunc(all, func(account Resource) bool {
		return account.Type == accountType && account.runs(r, text(spec, "serviceAccountName")) && account.bound(all)
	})
	f.refuse(!allowed, "automountServiceAccountToken isn't false, and its service account is bound to no role")
}

// runs says whether the pod of a resource runs as the service account: by its name or, if that isn't known yet, by where it
// comes from.
func (r Resource) runs(workload Resource, name string) bool {
	if name == "" {
		return slices.Contains(workload.sources(workload.podInput()), r.URN)
	}
	return text(r.Inputs, "metadata.name") == name && r.within(workload.Inputs, "metadata.namespace")
}

// within says whether it is in the namespace at a path of a value. One that isn't known yet may be any.
func (r Resource) within(value any, path string) bool {
	space, other := text(r.Inputs, "metadata.namespace"), text(value, path)
	return space == other || space == "" || other == ""
}

// bound says whether a role is bound to the service account.
func (r Resource) bound(all []Resource) bool {
	return slices.ContainsFunc(all, func(binding Resource) bool {
		if binding.Type != bindingType && binding.Type != clusterBindType {
			return false
		}
		name := text(r.Inputs, "metadata.name")
		return slices.Contains(binding.sources("subjects"), r.URN) ||
			slices.ContainsFunc(objects(binding.Inputs, "subjects.*"), func(subject map[string]any) bool {
				return subject["kind"] == "ServiceAccount" && name != "" && subject["name"] == name && r.within(subject, "namespace")
			})
	})
}
