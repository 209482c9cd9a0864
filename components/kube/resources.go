package kube

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Resources is what a container asks of its node, each a Kubernetes quantity.
type Resources struct {
	// CPU is the share that is kept for the container. Required.
	CPU string
	// CPULimit is the share above which it is throttled. Required.
	CPULimit string
	// Memory is both kept for the container and its limit, so that a node can't be overcommitted on it. Required.
	Memory string
	// Scratch is the ephemeral storage, kept and at most: logs, and volumes of type emptyDir. Required.
	Scratch string
}

// Validate reports every quantity that Kubernetes would not parse or that contradicts another.
func (r Resources) Validate() error {
	var errs []error
	quantities := map[string]resource.Quantity{}
	for _, field := range []struct{ name, value string }{
		{"CPU", r.CPU},
		{"CPULimit", r.CPULimit},
		{"Memory", r.Memory},
		{"Scratch", r.Scratch},
	} {
		quantity, err := ParseQuantity(field.value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field.name, err))
			continue
		}
		quantities[field.name] = quantity
	}
	request, requested := quantities["CPU"]
	limit, limited := quantities["CPULimit"]
	if requested && limited && request.Cmp(limit) > 0 {
		errs = append(errs, fmt.Errorf("CPU %s is above CPULimit %s", r.CPU, r.CPULimit))
	}
	return errors.Join(errs...)
}

// Requirements are the resources as a container declares them.
func (r Resources) Requirements() *corev1.ResourceRequirementsArgs {
	return &corev1.ResourceRequirementsArgs{
		Requests: pulumi.StringMap{
			"cpu":               pulumi.String(r.CPU),
			"memory":            pulumi.String(r.Memory),
			"ephemeral-storage": pulumi.String(r.Scratch),
		},
		Limits: pulumi.StringMap{
			"cpu":               pulumi.String(r.CPULimit),
			"memory":            pulumi.String(r.Memory),
			"ephemeral-storage": pulumi.String(r.Scratch),
		},
	}
}

// ParseQuantity parses a positive Kubernetes quantity, such as 250m or 2Gi.
func ParseQuantity(s string) (resource.Quantity, error) {
	if s == "" {
		return resource.Quantity{}, errors.New(`missing; want a quantity such as "250m" or "2Gi"`)
	}
	quantity, err := resource.ParseQuantity(s)
	if err != nil {
		return resource.Quantity{}, fmt.Errorf(`%q is no quantity; want one such as "250m" or "2Gi"`, s)
	}
	if quantity.Sign() <= 0 {
		return resource.Quantity{}, fmt.Errorf("%q is not above zero", s)
	}
	return quantity, nil
}

// ParseMebibytes parses a quantity of bytes that is a whole number of mebibytes, such as 256Mi or 2Gi.
func ParseMebibytes(s string) (int64, error) {
	quantity, err := ParseQuantity(s)
	if err != nil {
		return 0, err
	}
	const mebibyte = 1 << 20
	bytes, ok := quantity.AsInt64()
	if !ok || bytes%mebibyte != 0 {
		return 0, fmt.Errorf("%q is not a whole number of mebibytes", s)
	}
	return bytes / mebibyte, nil
}
