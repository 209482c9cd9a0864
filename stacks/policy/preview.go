package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Preview is what `pulumi preview --json --show-sames` printed of one stack.
type Preview struct {
	// Stack is the name of the stack.
	Stack string
	// Resources are what the stack will have, without the stack itself.
	Resources []Resource
}

// digested is what the engine prints: https://github.com/pulumi/pulumi, pkg/display/json.go.
type digested struct {
	Steps []struct {
		Op       string    `json:"op"`
		URN      string    `json:"urn"`
		NewState *newState `json:"newState"`
	} `json:"steps"`
	Diagnostics []struct {
		Message  string `json:"message"`
		Severity string `json:"severity"`
	} `json:"diagnostics"`
	ChangeSummary map[string]int `json:"changeSummary"`
}

type newState struct {
	URN                  string              `json:"urn"`
	Type                 string              `json:"type"`
	Custom               bool                `json:"custom"`
	Protect              bool                `json:"protect"`
	Provider             string              `json:"provider"`
	Inputs               map[string]any      `json:"inputs"`
	Dependencies         []string            `json:"dependencies"`
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
}

// rootType is the type of the stack itself.
const rootType = "pulumi:pulumi:Stack"

// ReadPreview reads a preview. It refuses one that failed, and one that leaves out what doesn't change: a rule that sees a part
// of a stack says too much or too little.
func ReadPreview(printed []byte) (*Preview, error) {
	var read digested
	if err := json.Unmarshal(printed, &read); err != nil {
		return nil, fmt.Errorf("read preview: %w", err)
	}
	for _, diagnostic := range read.Diagnostics {
		if diagnostic.Severity == "error" {
			return nil, fmt.Errorf("the preview failed: %s", strings.TrimSpace(diagnostic.Message))
		}
	}
	preview, sames := &Preview{}, 0
	seen := map[string]bool{}
	for _, step := range read.Steps {
		if step.Op == "same" {
			sames++
		}
		// What is deleted has no new state; what is replaced may come in several steps, each with the same one.
		if step.NewState == nil || seen[step.URN] || step.NewState.Type == rootType {
			continue
		}
		seen[step.URN] = true
		preview.Resources = append(preview.Resources, step.NewState.resource())
	}
	switch {
	case len(preview.Resources) == 0:
		return nil, errors.New("the preview has no resources")
	case sames < read.ChangeSummary["same"]:
		return nil, errors.New("the preview leaves out what doesn't change; make it with --show-sames")
	}
	preview.Stack, _ = preview.Resources[0].label()
	for _, r := range preview.Resources {
		if stack, _ := r.label(); stack == "" || stack != preview.Stack {
			return nil, fmt.Errorf("%q isn't of the stack %q", r.URN, preview.Stack)
		}
	}
	return preview, nil
}

func (s *newState) resource() Resource {
	inputs, _ := plain(s.Inputs).(map[string]any) // an object stays one, unless it is all secret
	r := Resource{
		URN: s.URN, Type: s.Type, Provider: s.Provider, Custom: s.Custom, Protect: s.Protect, Inputs: inputs,
		DependsOn: slices.Sorted(slices.Values(s.Dependencies)), References: s.PropertyDependencies,
	}
	if i := strings.LastIndex(s.URN, "::"); i >= 0 {
		r.Name = s.URN[i+len("::"):]
	}
	if r.References == nil { // the engine leaves out what is empty: they are none, and not unknown
		r.References = map[string][]string{}
	}
	return r
}
