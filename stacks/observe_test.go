package stacks

import (
	"slices"
	"testing"

	"fleetman/components/recorder"
)

// TestEveryTargetOfPrometheusIsAPortOfADeclaredService, and every Service with metrics is a target: a name that is misspelt would
// be measured by nobody, and nobody would notice.
func TestEveryTargetOfPrometheusIsAPortOfADeclaredService(t *testing.T) {
	for _, stack := range []string{dev, prod} {
		for _, logging := range []string{`{"enabled":true}`, `{"enabled":false}`} {
			raw := values(t, stack)
			raw.Values["fleetman:logging"] = logging
			run, err := record(t, newWorld(t), raw, true)
			if err != nil {
				t.Fatal(err)
			}
			config, err := Read(raw, newWorld(t).Root)
			if err != nil {
				t.Fatal(err)
			}
			o := &observers{config: config, settings: &settings{ingress: stack == prod}}
			asked := map[[2]any]bool{}
			for _, target := range o.targets() {
				asked[[2]any{target.Namespace, target.Service}] = true
				if !slices.ContainsFunc(ofType(service)(run), func(r recorder.Resource) bool {
					return slices.Contains(r.At("metadata.name"), any(target.Service)) && slices.Contains(r.At("metadata.namespace"), any(target.Namespace)) &&
						slices.Contains(r.At("spec.ports.*.name"), any(target.Port))
				}) {
					t.Errorf("%s: %+v is no port of a Service", stack, target)
				}
			}
			for _, r := range ofType(service)(run) {
				name := [2]any{one(t, r, "metadata.namespace"), one(t, r, "metadata.name")}
				if slices.Contains(r.At("spec.ports.*.name"), any("metrics")) && !asked[name] {
					t.Errorf("%s: nobody asks %v for its metrics", stack, name)
				}
			}
		}
	}
}
