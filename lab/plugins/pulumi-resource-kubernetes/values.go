package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"fleetman/lab/plugins/internal/standin"
)

// child returns the object at key, empty if there is none; its values keep their wrappers.
func child(m resource.PropertyMap, key resource.PropertyKey) resource.PropertyMap {
	v := m[key]
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	if !v.IsObject() {
		return resource.PropertyMap{}
	}
	return v.ObjectValue()
}

// text returns a string, or what another plain value looks like as one; the empty string for what is neither known nor plain.
func text(v resource.PropertyValue) string {
	switch v = standin.Reveal(v); {
	case v.IsString():
		return v.StringValue()
	case v.IsBool(), v.IsNumber():
		return fmt.Sprint(v.V)
	}
	return ""
}

// like makes value a secret if was is one.
func like(was, value resource.PropertyValue) resource.PropertyValue {
	if was.IsSecret() && !value.IsSecret() {
		return resource.MakeSecret(value)
	}
	return value
}

// plain turns a revealed value into what the API server is sent. Pulumi knows one kind of number, Kubernetes two.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsNumber():
		if n := v.NumberValue(); n == float64(int64(n)) {
			return int64(n)
		}
		return v.NumberValue()
	case v.IsArray():
		items := make([]any, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			items[i] = plain(item)
		}
		return items
	case v.IsObject():
		object := make(map[string]any, len(v.ObjectValue()))
		for key, value := range v.ObjectValue() {
			object[string(key)] = plain(value)
		}
		return object
	}
	return v.V
}

// newObject is the manifest that inputs describe.
func newObject(k kind, inputs resource.PropertyMap) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: plain(standin.Reveal(resource.NewProperty(inputs))).(map[string]any)}
	u.SetGroupVersionKind(k.GroupVersionKind)
	return u
}

// outputs is the live object as the program sees it: what went in as a secret comes out as one, and a Secret's data always does.
func outputs(k kind, live *unstructured.Unstructured, inputs resource.PropertyMap, manager string) resource.PropertyMap {
	live = live.DeepCopy()
	live.SetManagedFields(nil) // bookkeeping, longer than the object
	// kubectl's copy of the manifest repeats a Secret's data in the clear.
	unstructured.RemoveNestedField(live.Object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
	out := resource.NewPropertyMapFromMap(live.Object)
	if manager != "" {
		out[managerKey] = resource.NewProperty(manager)
	}
	out = conceal(resource.NewProperty(inputs), resource.NewProperty(out)).ObjectValue()
	if k.Group == "" && k.Kind == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if v, ok := out[key]; ok {
				out[key] = like(resource.MakeSecret(v), v)
			}
		}
	}
	return out
}

// conceal marks in out what is secret in in.
func conceal(in, out resource.PropertyValue) resource.PropertyValue {
	switch {
	case in.IsSecret():
		return like(in, out)
	case in.IsObject() && out.IsObject():
		object := out.ObjectValue().Copy()
		for key, value := range in.ObjectValue() {
			if v, ok := object[key]; ok {
				object[key] = conceal(value, v)
			}
		}
		return resource.NewProperty(object)
	case in.IsArray() && out.IsArray():
		if len(in.ArrayValue()) != len(out.ArrayValue()) { // which item is which is anybody's guess
			if in.ContainsSecrets() {
				return resource.MakeSecret(out)
			}
			return out
		}
		items := make([]resource.PropertyValue, len(out.ArrayValue()))
		for i, item := range out.ArrayValue() {
			items[i] = conceal(in.ArrayValue()[i], item)
		}
		return resource.NewProperty(items)
	}
	return out
}

// drifted returns the inputs that would have produced the live object: the old ones, except where live differs from what it
// was when last seen. Comparing live with seen rather than with input keeps the server's rewriting ("0.5" cpu into "500m")
// from looking like somebody's change.
func drifted(input, seen, live resource.PropertyValue) resource.PropertyValue {
	if input.IsSecret() {
		return like(input, drifted(input.SecretValue().Element, seen, live))
	}
	if seen.DeepEquals(live) || input.IsNull() {
		return input
	}
	switch {
	case input.IsObject() && seen.IsObject() && live.IsObject():
		object := resource.PropertyMap{}
		for key, value := range input.ObjectValue() {
			was, wasThere := seen.ObjectValue()[key]
			is, isThere := live.ObjectValue()[key]
			if isThere || !wasThere { // a Secret's stringData is never there
				object[key] = drifted(value, was, is)
			}
		}
		return resource.NewProperty(object)
	case input.IsArray() && seen.IsArray() && live.IsArray() &&
		len(input.ArrayValue()) == len(live.ArrayValue()) && len(seen.ArrayValue()) == len(live.ArrayValue()):
		items := make([]resource.PropertyValue, len(input.ArrayValue()))
		for i, item := range input.ArrayValue() {
			items[i] = drifted(item, seen.ArrayValue()[i], live.ArrayValue()[i])
		}
		return resource.NewProperty(items)
	}
	return live
}

// importable returns the inputs that would declare an object that Pulumi did not make.
func importable(outputs resource.PropertyMap) resource.PropertyMap {
	inputs, md := outputs.Copy(), child(outputs, "metadata").Copy()
	for _, key := range []resource.PropertyKey{"creationTimestamp", "generation", "resourceVersion", "uid"} {
		delete(md, key)
	}
	delete(inputs, "status")
	delete(inputs, managerKey)
	inputs["metadata"] = resource.NewProperty(md)
	return inputs
}
