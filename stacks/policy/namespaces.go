package policy

import "slices"

func namespaceRules() []Rule {
	return []Rule{
		{
			Name:  "namespace-declared",
			Why:   "what is in a namespace that nobody declares is under nobody's rules",
			Check: namespaceDeclared,
		},
		{
			Name:  "namespace-restricted",
			Why:   "the cluster itself has to refuse what this package didn't see",
			Check: of(namespaceRestricted, namespaceType),
		},
	}
}

// clusterWide are the kinds that are in no namespace.
var clusterWide = []string{
	"APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding", "ClusterTrustBundle",
	"CustomResourceDefinition", "DeviceClass", "FlowSchema", "GatewayClass", "IPAddress", "IngressClass",
	"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node",
	"PersistentVolume", "PriorityClass", "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "ServiceCIDR",
	"StorageClass", "StorageVersion", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
	"ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass", "VolumeSnapshotClass", "VolumeSnapshotContent",
}

func namespaceDeclared(all []Resource, r Resource) []string {
	var f findings
	if kind := r.kind(); kind == "" || slices.Contains(clusterWide, kind) {
		return nil
	}
	name := text(r.Inputs, "metadata.namespace")
	// A namespace's name that isn't known yet, as of a cluster that isn't there, is that of the one it comes from.
	declared := name == "" && len(r.from(all, "metadata", namespaceType)) != 0
	for _, namespace := range all {
		declared = declared || namespace.Type == namespaceType && name != "" && text(namespace.Inputs, "metadata.name") == name
	}
	f.refuse(!declared, "its namespace %q isn't declared", name)
	return f
}

func namespaceRestricted(_ []Resource, r Resource, f *findings) {
	labels := objects(r.Inputs, "metadata.labels")
	level := any("missing")
	if len(labels) == 1 && labels[0]["pod-security.kubernetes.io/enforce"] != nil {
		level = labels[0]["pod-security.kubernetes.io/enforce"]
	}
	f.refuse(level != "restricted" && !is(r.Inputs, "metadata.name", agentsNamespace), "the level that it enforces is %v, want restricted", level)
}
