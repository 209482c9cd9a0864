package main

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// harmless are the reasons for which every container waits at first.
var harmless = map[string]bool{"": true, "ContainerCreating": true, "PodInitializing": true}

// hopeless are the reasons that time alone seldom mends.
var hopeless = map[string]bool{"CreateContainerConfigError": true, "ErrImageNeverPull": true, "InvalidImageName": true}

// mostPods is how many pods are named: in one workload they mostly fail alike.
const mostPods = 3

// blame adds to a workload that is not ready which of its pods hold it up.
func (p *provider) blame(ctx context.Context, t *target, live *unstructured.Unstructured, now condition) (condition, error) {
	if now.ready {
		return now, nil
	}
	if o, err := status.GetObjectWithConditions(live.Object); err == nil {
		for _, c := range o.Status.Conditions {
			if c.Type == "ReplicaFailure" && c.Status == corev1.ConditionTrue { // there are not even pods
				now.reasons = append(now.reasons, c.Reason+": "+c.Message)
			}
		}
	}
	pods, err := p.pods(ctx, t, live)
	if err != nil {
		return condition{}, err
	}
	named := 0
	for _, pod := range pods {
		reasons, beyondHope := troubles(pod)
		now.hopeless = now.hopeless || beyondHope
		if len(reasons) > 0 && named < mostPods {
			named++
			now.reasons = append(now.reasons, reasons...)
		}
	}
	return now, nil
}

// pods returns the workload's pods of the revision that is being rolled out: the older ones may be in trouble, too, but the
// rollout does not wait for them.
func (p *provider) pods(ctx context.Context, t *target, live *unstructured.Unstructured) ([]corev1.Pod, error) {
	objects := []unstructured.Unstructured{*live}
	if t.Kind != "Pod" {
		selector := metav1.LabelSelector{}
		raw, _, _ := unstructured.NestedMap(live.Object, "spec", "selector")
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &selector); err != nil {
			return nil, fmt.Errorf("read selector of %s: %w", t, err)
		}
		parsed, err := metav1.LabelSelectorAsSelector(&selector)
		if err != nil {
			return nil, fmt.Errorf("read selector of %s: %w", t, err)
		}
		labels := parsed.String()
		switch t.Kind {
		case "Deployment":
			const revision = "deployment.kubernetes.io/revision"
			sets, err := p.list(ctx, "apps/v1", "ReplicaSet", live.GetNamespace(), labels)
			if err != nil {
				return nil, err
			}
			current := slices.IndexFunc(sets, func(set unstructured.Unstructured) bool {
				return metav1.IsControlledBy(&set, live) && set.GetAnnotations()[revision] == live.GetAnnotations()[revision]
			})
			if current >= 0 {
				labels += ",pod-template-hash=" + sets[current].GetLabels()["pod-template-hash"]
			}
		case "StatefulSet":
			if revision, _, _ := unstructured.NestedString(live.Object, "status", "updateRevision"); revision != "" {
				labels += ",controller-revision-hash=" + revision
			}
		}
		if objects, err = p.list(ctx, "v1", "Pod", live.GetNamespace(), labels); err != nil {
			return nil, err
		}
	}
	var pods []corev1.Pod
	for _, object := range objects {
		pod := corev1.Pod{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pod); err != nil {
			return nil, fmt.Errorf("read pod %s: %w", object.GetName(), err)
		}
		if pod.DeletionTimestamp == nil {
			pods = append(pods, pod)
		}
	}
	return pods, nil
}

// troubles says what keeps a pod from starting, and whether that seldom passes.
func troubles(pod corev1.Pod) (reasons []string, beyondHope bool) {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			reasons = append(reasons, fmt.Sprintf("pod %s: %s: %s", pod.Name, c.Reason, c.Message))
		}
	}
	for _, container := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		waiting := container.State.Waiting
		if waiting == nil || harmless[waiting.Reason] {
			continue
		}
		reason := fmt.Sprintf("pod %s, container %s: %s: %s", pod.Name, container.Name, waiting.Reason, waiting.Message)
		if last := container.LastTerminationState.Terminated; last != nil {
			reason += fmt.Sprintf(" (it ended with exit code %d, %s)", last.ExitCode, last.Reason)
		}
		reasons = append(reasons, reason)
		beyondHope = beyondHope || hopeless[waiting.Reason]
	}
	return reasons, beyondHope
}
