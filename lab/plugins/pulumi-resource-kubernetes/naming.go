package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"fleetman/lab/plugins/internal/standin"
)

const autonamedAnnotation = "pulumi.com/autonamed"

// Check gives the object its name and namespace. A name that is made up is kept as long as the object lives: the engine sends
// no old inputs when it is about to replace the object, which then gets a new name.
func (p *provider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	k, err := kindOf(req.Type, req.News)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	if standin.Reveal(req.News["metadata"]).IsComputed() {
		return plugin.CheckResponse{Properties: req.News}, nil
	}
	md := child(req.News, "metadata").Copy()
	oldMD := child(req.Olds, "metadata")
	switch {
	case md.HasValue("name"):
	case md.HasValue("generateName"):
		return failure("metadata.generateName", "metadata.generateName is not supported by the lab's stand-in for "+
			"pulumi-resource-kubernetes; leave it and the name out and Pulumi names the object")
	case k.patch:
		return failure("metadata.name", "metadata.name must say which object to patch")
	default:
		name := oldMD["name"]
		if !autonamed(req.Olds) {
			fresh, err := resource.NewUniqueName(req.RandomSeed, req.URN.Name()+"-", 8, 0, nil)
			if err != nil {
				return plugin.CheckResponse{}, fmt.Errorf("make up a name: %w", err)
			}
			name = resource.NewProperty(fresh)
		}
		md["name"] = name
		if !standin.Reveal(md["annotations"]).IsComputed() {
			annotations := child(md, "annotations").Copy()
			annotations[autonamedAnnotation] = resource.NewProperty("true")
			md["annotations"] = like(md["annotations"], resource.NewProperty(annotations))
		}
	}
	if !md.HasValue("namespace") && p.namespaced(k) {
		md["namespace"] = resource.NewProperty(p.defaultNamespace())
	}
	news := req.News.Copy()
	news["metadata"] = like(news["metadata"], resource.NewProperty(md))
	return plugin.CheckResponse{Properties: news}, nil
}

func failure(property resource.PropertyKey, reason string) (plugin.CheckResponse, error) {
	return plugin.CheckResponse{Failures: []plugin.CheckFailure{{Property: property, Reason: reason}}}, nil
}

func autonamed(inputs resource.PropertyMap) bool {
	return text(child(child(inputs, "metadata"), "annotations")[autonamedAnnotation]) == "true"
}

func (p *provider) defaultNamespace() string {
	if p.settings.namespace == "" {
		return "default"
	}
	return p.settings.namespace
}
