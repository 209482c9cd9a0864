package policy

import (
	"slices"
	"strings"
)

// podPaths are where a pod is in what makes pods, by kind.
var podPaths = map[string]string{
	"Pod":                   "spec",
	"Deployment":            "spec.template.spec",
	"StatefulSet":           "spec.template.spec",
	"DaemonSet":             "spec.template.spec",
	"ReplicaSet":            "spec.template.spec",
	"ReplicationController": "spec.template.spec",
	"Job":                   "spec.template.spec",
	"CronJob":               "spec.jobTemplate.spec.template.spec",
	"PodTemplate":           "template.spec",
}

// kind is that of a Kubernetes object, or none.
func (r Resource) kind() string {
	if !r.Custom || !strings.HasPrefix(r.Type, kubernetesPrefix) {
		return ""
	}
	return strings.TrimSuffix(r.Type[strings.LastIndex(r.Type, ":")+1:], "Patch")
}

// pod is the pod that the resource makes: the pod may be nil, if it can't be seen. It knows a custom resource by its shape.
func (r Resource) pod() (spec map[string]any, makes bool) {
	kind := r.kind()
	if kind == "" {
		return nil, false
	}
	path, known := podPaths[kind]
	if !known {
		path = "spec.template.spec"
	}
	found := objects(r.Inputs, path)
	if len(found) == 0 || !known && found[0]["containers"] == nil {
		return nil, known
	}
	return found[0], true
}

// podInput is the input that the pod is in.
func (r Resource) podInput() string {
	if path, known := podPaths[r.kind()]; known {
		return top(path)
	}
	return "spec"
}

// container is one of a pod's.
type container struct {
	Name  string
	Value map[string]any
	// Runs says whether it runs as long as the pod does.
	Runs bool
}

// containers are all of a pod's: those that run, those that come before and those that are put in.
func containers(spec map[string]any) []container {
	var found []container
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for _, value := range objects(spec, list+".*") {
			found = append(found, container{
				Name: text(value, "name"), Value: value,
				Runs: list == "containers" || list == "initContainers" && value["restartPolicy"] == "Always",
			})
		}
	}
	return found
}

// podCheck is a check of whatever makes pods; what can't be seen is pod-restricted's to report.
func podCheck(check func(all []Resource, r Resource, spec map[string]any, f *findings)) func([]Resource, Resource) []string {
	return func(all []Resource, r Resource) []string {
		var f findings
		if spec, makes := r.pod(); makes && spec != nil {
			check(all, r, spec, &f)
		}
		return f
	}
}

// containerCheck is a check of every container.
func containerCheck(check func(r Resource, c container, f *findings)) func([]Resource, Resource) []string {
	return podCheck(func(_ []Resource, r Resource, spec map[string]any, f *findings) {
		for _, c := range containers(spec) {
			var own findings
			check(r, c, &own)
			for _, message := range own {
				f.refuse(true, "container %s: %s", c.Name, message)
			}
		}
	})
}

// serves says whether its pods are there to stay.
func (r Resource) serves() bool { return !slices.Contains([]string{"Job", "CronJob"}, r.kind()) }
