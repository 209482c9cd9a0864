package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"fleetman/lab/plugins/internal/standin"
)

// managerKey is where the state remembers which field manager owns the object's fields; Pulumi's own provider has it there too.
const managerKey = "__fieldManager"

type provider struct {
	plugin.UnimplementedProvider
	ctx         context.Context //nolint:containedctx // ends with the process or by Cancel, which is a call of its own
	stop        context.CancelFunc
	engine      pulumirpc.EngineClient
	settings    settings
	objects     dynamic.Interface
	mapper      meta.RESTMapper
	unreachable error // why there is no cluster to talk to
}

func (p *provider) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

func (p *provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &semver.Version{Major: 4, Minor: 33}}, nil
}

func (p *provider) SignalCancellation(context.Context) error {
	p.stop()
	return nil
}

// target is one resource's object and the API it is reached by.
type target struct {
	kind
	urn     resource.URN
	inputs  resource.PropertyMap
	object  *unstructured.Unstructured // the manifest
	manager string
	api     dynamic.ResourceInterface
}

func (p *provider) target(urn resource.URN, inputs, state resource.PropertyMap) (*target, error) {
	k, err := kindOf(urn.Type(), inputs)
	if err != nil {
		return nil, err
	}
	t := &target{kind: k, urn: urn, inputs: inputs, object: newObject(k, inputs)}
	// The manager is the resource's own, so that two patches of one object do not undo each other.
	if t.manager = t.object.GetAnnotations()["pulumi.com/patchFieldManager"]; t.manager == "" {
		t.manager = text(state[managerKey])
	}
	if t.manager == "" {
		t.manager = fmt.Sprintf("pulumi-kubernetes-%.4x", sha256.Sum256([]byte(urn)))
	}
	if p.unreachable != nil {
		return t, p.unreachable
	}
	if t.object.GetNamespace() == "" && p.namespaced(k) {
		t.object.SetNamespace(p.defaultNamespace()) // an imported object's ID may leave it out
	}
	t.api, err = p.client(k, t.object.GetNamespace())
	return t, err
}

func (t *target) id() resource.ID {
	if ns := t.object.GetNamespace(); ns != "" {
		return resource.ID(ns + "/" + t.object.GetName())
	}
	return resource.ID(t.object.GetName())
}

func (t *target) String() string { return fmt.Sprintf("%s %s", t.Kind, t.id()) }

func (t *target) outputs(live *unstructured.Unstructured) resource.PropertyMap {
	return outputs(t.kind, live, t.inputs, t.manager)
}

func (t *target) get(ctx context.Context) (*unstructured.Unstructured, error) {
	live, err := t.api.Get(ctx, t.object.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", t, err)
	}
	return live, nil
}

// manages says whether this very resource has applied the object before: its manager is derived from its URN.
func (t *target) manages(live *unstructured.Unstructured) bool {
	return slices.ContainsFunc(live.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool { return f.Manager == t.manager })
}

func (t *target) apply(ctx context.Context, dryRun ...string) (*unstructured.Unstructured, error) {
	live, err := t.api.Apply(ctx, t.object.GetName(), t.object, metav1.ApplyOptions{
		FieldManager: t.manager, DryRun: dryRun, Force: t.object.GetAnnotations()["pulumi.com/patchForce"] == "true",
	})
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("apply %s: %w\nThe annotation pulumi.com/patchForce: \"true\" takes such fields over", t, err)
	}
	if err != nil {
		return nil, fmt.Errorf("apply %s: %w", t, err)
	}
	return live, nil
}

func (p *provider) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	ctx, stop := p.request(ctx, req.URN)
	defer stop()
	t, err := p.target(req.URN, req.Properties, nil)
	if req.Preview {
		props, err := p.preview(ctx, t, err, true)
		return plugin.CreateResponse{Properties: props}, err
	}
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	switch live, err := t.get(ctx); {
	case err == nil && !t.patch && t.manages(live):
		p.tell(ctx, pulumirpc.LogSeverity_INFO, false, "an interrupted update had begun to create it: taken up from there")
	case err == nil && !t.patch:
		return plugin.CreateResponse{}, status.Errorf(codes.AlreadyExists,
			"create %s: it already exists; import it, or change some of its fields with a %sPatch", t, t.Kind)
	case err != nil && (t.patch || !apierrors.IsNotFound(err)):
		return plugin.CreateResponse{}, err
	}
	live, err := t.apply(ctx)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	props, err := p.settle(ctx, t, live, req.Timeout)
	return plugin.CreateResponse{ID: t.id(), Properties: props}, err
}

func (p *provider) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	ctx, stop := p.request(ctx, req.URN)
	defer stop()
	t, err := p.target(req.URN, req.NewInputs, req.OldOutputs)
	if req.Preview {
		props, err := p.preview(ctx, t, err, false)
		return plugin.UpdateResponse{Properties: props}, err
	}
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	live, err := t.apply(ctx)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	props, err := p.settle(ctx, t, live, req.Timeout)
	return plugin.UpdateResponse{Properties: props}, err
}

// preview asks the API server what would become of the object, or says what is known without it.
func (p *provider) preview(ctx context.Context, t *target, err error, create bool) (resource.PropertyMap, error) {
	switch {
	case t == nil:
		return nil, err
	case p.unreachable != nil, t.inputs.ContainsUnknowns(), isUnknownKind(err):
		return t.inputs, nil //nolint:nilerr // a kind that a definition of the same update will bring
	case err != nil:
		return nil, err
	}
	if create {
		// An object that is there may be the one that is about to be replaced, which a preview of the creation cannot tell.
		if _, err := t.get(ctx); !t.patch && err == nil || t.patch && apierrors.IsNotFound(err) {
			return t.inputs, nil
		}
	}
	live, err := t.apply(ctx, metav1.DryRunAll)
	if apierrors.IsNotFound(err) { // the namespace may be part of this very update
		return t.inputs, nil
	}
	if err != nil {
		return nil, err
	}
	props := t.outputs(live)
	if create && !t.patch {
		// The dry run makes these up and the real run will make up others. Leaving them out, rather than marking them unknown,
		// keeps the name beside them known: the SDK takes metadata as a whole.
		forget(t.inputs, props, "status")
		forget(child(t.inputs, "metadata"), child(props, "metadata"), "uid", "creationTimestamp", "resourceVersion")
		forget(child(t.inputs, "spec"), child(props, "spec"), "clusterIP", "clusterIPs", "healthCheckNodePort")
	}
	return props, nil
}

func forget(inputs, props resource.PropertyMap, keys ...resource.PropertyKey) {
	for _, key := range keys {
		if _, given := inputs[key]; !given {
			delete(props, key)
		}
	}
}

// settle waits until the applied object is ready. If it does not get ready, the error carries its state, for the object exists.
func (p *provider) settle(ctx context.Context, t *target, live *unstructured.Unstructured, timeout float64) (resource.PropertyMap, error) {
	last, reasons := p.await(ctx, t, live, timeout)
	props := t.outputs(last)
	if reasons == nil {
		return props, nil
	}
	failed := &pulumirpc.ErrorResourceInitFailed{Id: string(t.id()), Reasons: reasons}
	opts := plugin.MarshalOptions{KeepSecrets: true}
	var err, inputsErr error
	failed.Properties, err = plugin.MarshalProperties(props, opts)
	failed.Inputs, inputsErr = plugin.MarshalProperties(t.inputs, opts)
	if err := errors.Join(err, inputsErr); err != nil {
		return nil, fmt.Errorf("encode %s: %w", t, err)
	}
	s, err := status.Newf(codes.Unknown, "%s is not ready", t).WithDetails(failed)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", t, err)
	}
	return nil, s.Err()
}

func (p *provider) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	ctx, stop := p.request(ctx, req.URN)
	defer stop()
	t, err := p.target(req.URN, located(req.Inputs, req.ID), req.State)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	live, err := t.get(ctx)
	if apierrors.IsNotFound(err) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	t.inputs = req.Inputs // they say what is secret
	resp := plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: t.id(), Outputs: t.outputs(live)}}
	if len(req.State) == 0 { // imported, or looked up
		resp.Inputs = importable(resp.Outputs)
	} else {
		resp.Inputs = drifted(resource.NewProperty(req.Inputs),
			standin.Reveal(resource.NewProperty(req.State)), standin.Reveal(resource.NewProperty(resp.Outputs))).ObjectValue()
	}
	return resp, nil
}

// located makes sure that inputs say where the object with this ID is.
func located(inputs resource.PropertyMap, id resource.ID) resource.PropertyMap {
	namespace, name, namespaced := strings.Cut(string(id), "/")
	if !namespaced {
		namespace, name = "", namespace
	}
	md := child(inputs, "metadata").Copy()
	md["name"] = resource.NewProperty(name)
	if namespace != "" {
		md["namespace"] = resource.NewProperty(namespace)
	}
	inputs = inputs.Copy()
	inputs["metadata"] = resource.NewProperty(md)
	return inputs
}

// Delete returns when the object is gone. Deleting a patch gives its fields back and leaves the object alone.
func (p *provider) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	ctx, stop := p.request(ctx, req.URN)
	defer stop()
	t, err := p.target(req.URN, located(req.Inputs, req.ID), req.Outputs)
	if isUnknownKind(err) || p.unreachable != nil && p.settings.deleteUnreachable {
		return plugin.DeleteResponse{}, nil
	}
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	if t.patch {
		return plugin.DeleteResponse{}, t.release(ctx)
	}
	foreground := metav1.DeletePropagationForeground
	err = t.api.Delete(ctx, t.object.GetName(), metav1.DeleteOptions{PropagationPolicy: &foreground})
	if apierrors.IsNotFound(err) {
		return plugin.DeleteResponse{}, nil
	}
	if err != nil {
		return plugin.DeleteResponse{}, fmt.Errorf("delete %s: %w", t, err)
	}
	return plugin.DeleteResponse{}, p.awaitGone(ctx, t, req.Timeout)
}

// release gives up every field that the patch owns.
func (t *target) release(ctx context.Context) error {
	live, err := t.get(ctx)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	empty := &unstructured.Unstructured{}
	empty.SetGroupVersionKind(t.GroupVersionKind)
	empty.SetName(live.GetName())
	empty.SetNamespace(live.GetNamespace())
	empty.SetUID(live.GetUID()) // or applying would create an object that has just gone
	t.object = empty
	_, err = t.apply(ctx)
	return err
}

type urnKey struct{}

// request binds a request to its resource and to the life of the provider.
func (p *provider) request(ctx context.Context, urn resource.URN) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(context.WithValue(ctx, urnKey{}, urn))
	detach := context.AfterFunc(p.ctx, stop)
	return ctx, func() { detach(); stop() }
}

// tell shows a message beside the resource that the request is about; a fleeting one only until the next.
func (p *provider) tell(ctx context.Context, severity pulumirpc.LogSeverity, fleeting bool, message string) {
	urn, _ := ctx.Value(urnKey{}).(resource.URN)
	if p.engine != nil {
		// If the engine does not listen there is nobody else to tell.
		_, _ = p.engine.Log(ctx, &pulumirpc.LogRequest{Severity: severity, Ephemeral: fleeting, Urn: string(urn), Message: message})
	}
}

func (t *target) annotated(name string) string { return t.object.GetAnnotations()["pulumi.com/"+name] }

// timeout is the resource option's, the annotation's or the kind's.
func (t *target) timeout(seconds float64, byDefault time.Duration) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second))
	}
	if s, err := strconv.Atoi(t.annotated("timeoutSeconds")); err == nil {
		return time.Duration(s) * time.Second
	}
	return byDefault
}
