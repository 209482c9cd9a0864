package main

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// kind is what a Pulumi type such as kubernetes:apps/v1:Deployment or kubernetes:core/v1:ServiceAccountPatch means.
type kind struct {
	schema.GroupVersionKind
	patch bool // the resource owns some fields of an object that is not its own
}

func kindOf(typ tokens.Type, inputs resource.PropertyMap) (kind, error) {
	version, name := string(typ.Module().Name()), string(typ.Name())
	group, _, versioned := strings.Cut(version, "/")
	patched, isPatch := strings.CutSuffix(name, "Patch")
	if text(inputs["kind"]) == name {
		isPatch = false // a custom resource may well be called SomethingPatch
	}
	if !versioned || group == "helm.sh" || group == "yaml" || group == "kustomize" || strings.HasSuffix(name, "List") {
		return kind{}, fmt.Errorf("resources of type %s are not supported by the lab's stand-in for pulumi-resource-kubernetes; install Pulumi's own", typ)
	}
	gv, err := schema.ParseGroupVersion(strings.TrimPrefix(version, "core/"))
	if err != nil {
		return kind{}, fmt.Errorf("parse type %s: %w", typ, err)
	}
	if isPatch {
		name = patched
	}
	return kind{GroupVersionKind: gv.WithKind(name), patch: isPatch}, nil
}

// clusterScoped tells namespaced from cluster-wide kinds when there is no cluster to ask.
var clusterScoped = map[string]bool{
	"APIService": true, "CSIDriver": true, "CSINode": true, "ClusterRole": true, "ClusterRoleBinding": true,
	"ClusterTrustBundle": true, "CustomResourceDefinition": true, "DeviceClass": true, "FlowSchema": true, "IPAddress": true,
	"IngressClass": true, "MutatingAdmissionPolicy": true, "MutatingAdmissionPolicyBinding": true,
	"MutatingWebhookConfiguration": true, "Namespace": true, "Node": true, "PersistentVolume": true, "PriorityClass": true,
	"PriorityLevelConfiguration": true, "RuntimeClass": true, "ServiceCIDR": true, "StorageClass": true,
	"StorageVersionMigration": true, "ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true,
	"ValidatingWebhookConfiguration": true, "VolumeAttachment": true, "VolumeAttributesClass": true,
}

func (p *provider) namespaced(k kind) bool {
	if p.unreachable == nil {
		if m, err := p.mapping(k); err == nil {
			return m.Scope.Name() == meta.RESTScopeNameNamespace
		}
	}
	return !clusterScoped[k.Kind]
}

func (p *provider) mapping(k kind) (*meta.RESTMapping, error) {
	m, err := p.mapper.RESTMapping(k.GroupKind(), k.Version)
	if isUnknownKind(err) { // perhaps its definition was created a moment ago
		meta.MaybeResetRESTMapper(p.mapper)
		m, err = p.mapper.RESTMapping(k.GroupKind(), k.Version)
	}
	if err != nil {
		return nil, fmt.Errorf("find kind %s: %w", k.GroupVersionKind, err)
	}
	return m, nil
}

// client returns the API of one kind in one namespace.
func (p *provider) client(k kind, namespace string) (dynamic.ResourceInterface, error) {
	m, err := p.mapping(k)
	if err != nil {
		return nil, err
	}
	if m.Scope.Name() == meta.RESTScopeNameNamespace {
		return p.objects.Resource(m.Resource).Namespace(namespace), nil
	}
	return p.objects.Resource(m.Resource), nil
}
