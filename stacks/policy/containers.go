package policy

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

func containerRules() []Rule {
	return []Rule{
		{
			Name:  "image-pinned",
			Why:   "an image without a version is another one tomorrow",
			Check: containerCheck(imagePinned),
		},
		{
			Name:  "needs-said",
			Why:   "a container without requests is put anywhere, and one without limits takes its node with it",
			Check: containerCheck(needsSaid),
		},
		{
			Name:  "probes",
			Why:   "nobody asks a container without probes whether it works",
			Check: containerCheck(probes),
		},
	}
}

var digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// imagePinned leaves an image that isn't known yet to the next time: Unknown lists it.
func imagePinned(_ Resource, c container, f *findings) {
	if image, known := c.Value["image"]; known {
		ref, _ := image.(string)
		f.refuse(!pinned(ref), "it runs %q, which may be another tomorrow", ref)
	}
	pull := text(c.Value, "imagePullPolicy")
	f.refuse(pull != "IfNotPresent", "its imagePullPolicy is %q, want IfNotPresent", pull)
}

func pinned(ref string) bool {
	name, hash, hashed := strings.Cut(ref, "@")
	if hashed {
		return name != "" && digest.MatchString(hash)
	}
	_, tag, tagged := strings.Cut(ref[strings.LastIndex(ref, "/")+1:], ":")
	return tagged && tag != "" && tag != "latest"
}

// unknownImage says whether one of the pod's images isn't known yet.
func (r Resource) unknownImage() bool {
	spec, _ := r.pod()
	return slices.ContainsFunc(containers(spec), func(c container) bool { return c.Value["image"] == nil })
}

func needsSaid(_ Resource, c container, f *findings) {
	for _, kind := range []string{"requests", "limits"} {
		for _, what := range []string{"cpu", "memory", "ephemeral-storage"} {
			f.refuse(len(at(c.Value, "resources."+kind+"."+what)) == 0, "its %s don't say %s", kind, what)
		}
	}
	request, limit := at(c.Value, "resources.requests.memory"), at(c.Value, "resources.limits.memory")
	f.refuse(!reflect.DeepEqual(request, limit), "it asks for %s of memory and may take %s", shown(request), shown(limit))
}

func probes(r Resource, c container, f *findings) {
	if !c.Runs || !r.serves() {
		return
	}
	ports := append(at(c.Value, "ports.*.name"), at(c.Value, "ports.*.containerPort")...)
	for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
		asked := append(at(c.Value, probe+".httpGet.port"), at(c.Value, probe+".tcpSocket.port")...)
		asked = append(asked, at(c.Value, probe+".grpc.port")...)
		runs := len(at(c.Value, probe+".exec.command.*")) != 0
		one := len(asked) == 1 && slices.ContainsFunc(ports, func(port any) bool { return reflect.DeepEqual(port, asked[0]) })
		f.refuse(!runs && !one, "its %s asks %s of its ports %s", probe, shown(asked), shown(ports))
		f.refuse(len(at(c.Value, probe+".httpGet.host"))+len(at(c.Value, probe+".tcpSocket.host")) != 0, "its %s asks another host", probe)
	}
	ready, alive := at(c.Value, "readinessProbe"), at(c.Value, "livenessProbe")
	f.refuse(len(ready) != 0 && reflect.DeepEqual(ready, alive), "it is alive when it is ready: a dependency that is down restarts it")
}
