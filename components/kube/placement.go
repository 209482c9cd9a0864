package kube

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Placement says on which nodes a pod runs. Empty, it runs on any that isn't tainted.
type Placement struct {
	// NodeSelector are labels that the node must have. Default: none.
	NodeSelector map[string]string
	// Tolerate is the taint of the node that doesn't keep the pod away, as key=value:NoSchedule. Default: none.
	Tolerate string
}

var taint = regexp.MustCompile(`^([^=:]+)=([^=:]+):NoSchedule$`)

// Validate reports every label that no node can have, and a taint that is none.
func (p Placement) Validate() error {
	var errs []error
	label := func(field, key, value string) {
		for _, problem := range validation.IsQualifiedName(key) {
			errs = append(errs, fmt.Errorf("the %s's label %q: %s", field, key, problem))
		}
		for _, problem := range validation.IsValidLabelValue(value) {
			errs = append(errs, fmt.Errorf("the %s's value %q: %s", field, value, problem))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.NodeSelector)) {
		label("NodeSelector", key, p.NodeSelector[key])
	}
	if p.Tolerate == "" {
		return errors.Join(errs...)
	}
	if parts := taint.FindStringSubmatch(p.Tolerate); parts == nil {
		errs = append(errs, fmt.Errorf("the Tolerate %q is no taint: want key=value:NoSchedule", p.Tolerate))
	} else {
		label("Tolerate", parts[1], parts[2])
	}
	return errors.Join(errs...)
}

// Apply places a pod.
func (p Placement) Apply(pod *corev1.PodSpecArgs) {
	if len(p.NodeSelector) != 0 {
		pod.NodeSelector = pulumi.ToStringMap(p.NodeSelector)
	}
	if p.Tolerate == "" {
		return
	}
	label, effect, _ := strings.Cut(p.Tolerate, ":")
	key, value, _ := strings.Cut(label, "=")
	pod.Tolerations = corev1.TolerationArray{&corev1.TolerationArgs{
		Key: pulumi.String(key), Operator: pulumi.String("Equal"), Value: pulumi.String(value), Effect: pulumi.String(effect),
	}}
}
