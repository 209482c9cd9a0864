package main

import (
	"context"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"fleetman/lab/plugins/internal/standin"
)

// replacing lists, by kind and group, the fields whose change makes a new object. The API server refuses to change most of
// them; a ConfigMap's and a Secret's data are here because pods do not notice when it changes under them.
var replacing = map[string][]string{
	"ClusterRoleBinding.rbac.authorization.k8s.io": {"roleRef"},
	"ConfigMap":        {"data", "binaryData"},
	"DaemonSet.apps":   {"spec.selector"},
	"Deployment.apps":  {"spec.selector"},
	"Job.batch":        {"spec.completionMode", "spec.completions", "spec.manualSelector", "spec.podFailurePolicy", "spec.selector", "spec.template"},
	"PersistentVolume": {"spec.awsElasticBlockStore", "spec.csi", "spec.hostPath", "spec.local", "spec.nfs"},
	"PersistentVolumeClaim": {
		"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName",
	},
	"RoleBinding.rbac.authorization.k8s.io": {"roleRef"},
	"Secret":                                {"data", "stringData", "type"},
	"Service":                               {"spec.clusterIP"},
	"StatefulSet.apps": {
		"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates",
	},
	"StorageClass.storage.k8s.io": {"parameters", "provisioner"},
}

// Diff compares inputs with inputs, so that what the cluster adds (defaults, replicas set by an autoscaler) is no change.
func (p *provider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	k, err := kindOf(req.Type, req.NewInputs)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	return diff(k, req.OldInputs, req.NewInputs), nil
}

func diff(k kind, olds, news resource.PropertyMap) plugin.DiffResult {
	was, is := standin.Reveal(resource.NewProperty(olds)), standin.Reveal(resource.NewProperty(news))
	changes := plugin.NewDetailedDiffFromObjectDiff(was.ObjectValue().Diff(is.ObjectValue()), true)
	result := plugin.DiffResult{Changes: plugin.DiffNone, DetailedDiff: changes}
	if len(changes) == 0 {
		return result
	}
	result.Changes = plugin.DiffSome
	fields := append([]string{"metadata.name", "metadata.namespace"}, replacing[k.GroupKind().String()]...)
	if k.patch {
		fields = fields[:2] // the object is somebody else's
	}
	replace := false
	for _, field := range fields {
		path := resource.PropertyPath{}
		for name := range strings.SplitSeq(field, ".") {
			path = append(path, name)
		}
		before, _ := path.Get(was)
		after, _ := path.Get(is)
		if before.Diff(after) == nil {
			continue
		}
		replace = true
		for changed, d := range changes {
			// The change may be in the field, of the field, or of the whole object that holds it.
			if at, err := resource.ParsePropertyPath(changed); err == nil && (within(path, at) || within(at, path)) {
				d.Kind = d.Kind.AsReplace()
				changes[changed] = d
			}
		}
	}
	// Two objects cannot have one name; a made-up name is made up anew.
	name := resource.PropertyPath{"metadata", "name"}
	before, _ := name.Get(was)
	after, _ := name.Get(is)
	result.DeleteBeforeReplace = replace && !autonamed(news) && before.DeepEquals(after) &&
		child(olds, "metadata")["namespace"].DeepEquals(child(news, "metadata")["namespace"])
	return result
}

func within(outer, inner resource.PropertyPath) bool {
	return len(inner) >= len(outer) && slices.Equal(outer, inner[:len(outer)])
}
