package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// awaited lists the kinds whose readiness is waited for, and how long.
var awaited = map[string]time.Duration{
	"CustomResourceDefinition.apiextensions.k8s.io": time.Minute,
	"DaemonSet.apps":            10 * time.Minute,
	"Deployment.apps":           10 * time.Minute,
	"Ingress.networking.k8s.io": 10 * time.Minute,
	"Job.batch":                 10 * time.Minute,
	"PersistentVolume":          5 * time.Minute,
	"PersistentVolumeClaim":     5 * time.Minute,
	"Pod":                       5 * time.Minute,
	"ReplicaSet.apps":           10 * time.Minute,
	"Service":                   10 * time.Minute,
	"StatefulSet.apps":          10 * time.Minute,
}

const (
	pollInterval = 500 * time.Millisecond
	deleteWait   = 10 * time.Minute
	// hopelessGrace is how long a pod may be in a state that seldom passes before waiting is given up.
	hopelessGrace = 30 * time.Second
)

// condition is what is known about an object that is waited for.
type condition struct {
	ready    bool
	failed   bool     // waiting longer is useless
	hopeless bool     // waiting longer is probably useless
	reasons  []string // why it is not ready
}

func notReady(reason string) condition { return condition{reasons: []string{reason}} }

// await returns the object as it was last seen, and why it is not ready if it isn't.
func (p *provider) await(ctx context.Context, t *target, live *unstructured.Unstructured, seconds float64) (*unstructured.Unstructured, []string) {
	byDefault, known := awaited[t.GroupKind().String()]
	if !known || t.patch || t.annotated("skipAwait") == "true" {
		return live, nil
	}
	limit := t.timeout(seconds, byDefault)
	ctx, stop := context.WithTimeoutCause(ctx, limit, fmt.Errorf("timed out after %s", limit))
	defer stop()
	var hopelessSince time.Time
	now := notReady("its state is not known")
	for shown := ""; ; {
		// A cluster that cannot be asked for a moment says nothing about the object.
		if c, err := p.condition(ctx, t, live); err == nil {
			now = c
		}
		switch {
		case now.ready:
			return live, nil
		case now.failed:
			return live, now.reasons
		case !now.hopeless:
			hopelessSince = time.Time{}
		case hopelessSince.IsZero():
			hopelessSince = time.Now()
		case time.Since(hopelessSince) > hopelessGrace:
			return live, now.reasons
		}
		if message := strings.Join(now.reasons, "; "); message != shown {
			shown = message
			p.tell(ctx, pulumirpc.LogSeverity_INFO, true, "waiting: "+message)
		}
		select {
		case <-ctx.Done():
			return live, append([]string{"wait for " + t.String() + ": " + why(ctx)}, now.reasons...)
		case <-time.After(pollInterval):
		}
		if seen, err := t.get(ctx); err == nil {
			live = seen
		} else if apierrors.IsNotFound(err) {
			return live, []string{"it was deleted while it was waited for"}
		}
	}
}

// why a wait ended: its own timeout, or the user.
func why(ctx context.Context) string {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause.Error()
	}
	return "canceled"
}

func (p *provider) awaitGone(ctx context.Context, t *target, seconds float64) error {
	if t.annotated("skipAwait") == "true" {
		return nil
	}
	limit := t.timeout(seconds, deleteWait)
	ctx, stop := context.WithTimeoutCause(ctx, limit, fmt.Errorf("timed out after %s", limit))
	defer stop()
	var uid any
	start := time.Now()
	for shown := ""; ; {
		live, err := t.get(ctx)
		if apierrors.IsNotFound(err) || err == nil && uid != nil && uid != live.GetUID() {
			return nil
		}
		if err == nil {
			uid = live.GetUID()
			message := "waiting until it is gone"
			if finalizers := live.GetFinalizers(); len(finalizers) > 0 {
				message += " (finalizers: " + strings.Join(finalizers, ", ") + ")"
			}
			if message != shown && time.Since(start) > 4*pollInterval {
				shown = message
				p.tell(ctx, pulumirpc.LogSeverity_INFO, true, message)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("delete %s: %s, %s", t, why(ctx), shown)
		case <-time.After(pollInterval):
		}
	}
}

// condition adds to kstatus what Pulumi's provider waits for beyond it.
func (p *provider) condition(ctx context.Context, t *target, live *unstructured.Unstructured) (condition, error) {
	result, err := status.Compute(live)
	if err != nil {
		return condition{}, fmt.Errorf("compute status of %s: %w", t, err)
	}
	now := condition{ready: result.Status == status.CurrentStatus, failed: result.Status == status.FailedStatus}
	if !now.ready {
		now.reasons = []string{result.Message}
	}
	switch t.Kind {
	case "Service":
		return p.service(ctx, live)
	case "Ingress":
		if addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress"); len(addresses) == 0 {
			return notReady("no ingress controller has given it an address"), nil
		}
	case "PersistentVolumeClaim":
		if !now.ready && p.bindsLate(ctx, live) {
			return condition{ready: true}, nil
		}
	case "PersistentVolume":
		if phase, _, _ := unstructured.NestedString(live.Object, "status", "phase"); phase != "Available" && phase != "Bound" {
			return notReady("its phase is " + phase), nil
		}
	case "Job":
		if now.ready && !hasCondition(live, "Complete") {
			now = notReady(result.Message)
		}
		return p.blame(ctx, t, live, now)
	case "Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "Pod":
		return p.blame(ctx, t, live, now)
	}
	return now, nil
}

func (p *provider) service(ctx context.Context, live *unstructured.Unstructured) (condition, error) {
	typ, _, _ := unstructured.NestedString(live.Object, "spec", "type")
	ip, _, _ := unstructured.NestedString(live.Object, "spec", "clusterIP")
	selector, _, _ := unstructured.NestedStringMap(live.Object, "spec", "selector")
	if typ == "LoadBalancer" {
		if addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress"); len(addresses) == 0 {
			return notReady("no load balancer has given it an address"), nil
		}
	}
	if typ == "ExternalName" || ip == "None" || len(selector) == 0 {
		return condition{ready: true}, nil
	}
	found, err := p.list(ctx, "discovery.k8s.io/v1", "EndpointSlice", live.GetNamespace(), "kubernetes.io/service-name="+live.GetName())
	if err != nil {
		return condition{}, err
	}
	for _, slice := range found {
		endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
		for _, endpoint := range endpoints {
			if ready, found, _ := unstructured.NestedBool(endpoint.(map[string]any), "conditions", "ready"); ready || !found {
				return condition{ready: true}, nil
			}
		}
	}
	return notReady("no ready pod matches its selector"), nil
}

// bindsLate reports that the claim's storage class makes a volume only when a pod wants it.
func (p *provider) bindsLate(ctx context.Context, claim *unstructured.Unstructured) bool {
	name, named, _ := unstructured.NestedString(claim.Object, "spec", "storageClassName")
	classes, err := p.list(ctx, "storage.k8s.io/v1", "StorageClass", "", "")
	return err == nil && slices.ContainsFunc(classes, func(class unstructured.Unstructured) bool {
		mode, _, _ := unstructured.NestedString(class.Object, "volumeBindingMode")
		isDefault := class.GetAnnotations()["storageclass.kubernetes.io/is-default-class"] == "true"
		return mode == "WaitForFirstConsumer" && (named && class.GetName() == name || !named && isDefault)
	})
}

// list returns the objects of one kind that carry the labels.
func (p *provider) list(ctx context.Context, version, name, namespace, labels string) ([]unstructured.Unstructured, error) {
	api, err := p.client(kind{GroupVersionKind: schema.FromAPIVersionAndKind(version, name)}, namespace)
	if err != nil {
		return nil, err
	}
	found, err := api.List(ctx, metav1.ListOptions{LabelSelector: labels})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", name, err)
	}
	return found.Items, nil
}

func hasCondition(live *unstructured.Unstructured, typ string) bool {
	o, err := status.GetObjectWithConditions(live.Object)
	return err == nil && slices.ContainsFunc(o.Status.Conditions, func(c status.BasicCondition) bool {
		return c.Type == typ && c.Status == "True"
	})
}
