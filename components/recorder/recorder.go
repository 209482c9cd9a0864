package recorder

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Project is the name of the project that programs are run as.
const Project = "fleetman"

// Masked is what a secret is recorded as.
const Masked = "[secret]"

// Resource is what was registered.
type Resource struct {
	// URN is its URN, by which it is known to the engine.
	URN string `json:"urn"`
	// Type is its type, such as kubernetes:core/v1:Secret.
	Type string `json:"type"`
	// Name is its logical name.
	Name string `json:"name"`
	// Parent is the URN of its parent.
	Parent string `json:"parent,omitempty"`
	// Provider is the URN of its provider.
	Provider string `json:"provider,omitempty"`
	// Protect says whether it is kept from being deleted.
	Protect bool `json:"protect,omitempty"`
	// RetainOnDelete says whether deleting it leaves what it stands for.
	RetainOnDelete bool `json:"retainOnDelete,omitempty"`
	// IgnoreChanges are the inputs whose changes change nothing.
	IgnoreChanges []string `json:"ignoreChanges,omitempty"`
	// DependsOn are the URNs of the resources that come before it.
	DependsOn []string `json:"dependsOn,omitempty"`
	// Inputs are its inputs, secrets masked, unknown ones absent.
	Inputs map[string]any `json:"inputs,omitempty"`

	// Custom says whether a provider manages it: a component isn't custom.
	Custom bool `json:"-"`
}

// Run is what a program did.
type Run struct {
	// Resources are the resources in the order of their URNs, without the stack itself.
	Resources []Resource `json:"resources"`
	// Outputs are the stack's outputs, secrets masked, unknown ones absent.
	Outputs map[string]any `json:"outputs,omitempty"`

	// Registered is how many outputs were registered: by the stack and by each component.
	Registered int `json:"-"`
}

// Record runs the program as the stack, in a preview or not, and answers with what it registered, also if it failed.
func Record(stack string, preview bool, program pulumi.RunFunc, opts ...pulumi.RunOption) (*Run, error) {
	monitor := &monitor{stack: stack}
	run := &Run{Outputs: map[string]any{}}
	opts = append([]pulumi.RunOption{
		pulumi.WithMocks(Project, stack, monitor),
		func(info *pulumi.RunInfo) { info.DryRun = preview },
	}, opts...)
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := program(ctx); err != nil {
			return err
		}
		// Awaited one by one: RunErr waits for no callback on an output that is not a resource's.
		for name, value := range ctx.GetCurrentExportMap() {
			result, err := internals.UnsafeAwaitOutput(ctx.Context(), pulumi.ToOutput(value))
			switch {
			case err != nil:
				return fmt.Errorf("await output %s: %w", name, err)
			case result.Secret:
				run.Outputs[name] = Masked
			case result.Known:
				run.Outputs[name] = result.Value
			}
		}
		return nil
	}, opts...)
	run.Resources, run.Registered = monitor.resources, monitor.registered
	slices.SortFunc(run.Resources, func(a, b Resource) int { return cmp.Compare(a.URN, b.URN) })
	return run, err
}

// JSON is the run for a golden file.
func (r *Run) JSON() ([]byte, error) {
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode run: %w", err)
	}
	return append(encoded, '\n'), nil
}

// Names are the types and names of the resources, sorted, in one string each.
func (r *Run) Names() []string {
	var names []string
	for _, resource := range r.Resources {
		names = append(names, resource.Type+" "+resource.Name)
	}
	slices.Sort(names)
	return names
}

// Find answers with the resource of a type and a name.
func (r *Run) Find(typ, name string) (Resource, bool) {
	for _, resource := range r.Resources {
		if resource.Type == typ && resource.Name == name {
			return resource, true
		}
	}
	return Resource{}, false
}

// MustFind is Find in a test that fails without the resource.
func (r *Run) MustFind(tb testing.TB, typ, name string) Resource {
	tb.Helper()
	resource, found := r.Find(typ, name)
	if !found {
		tb.Fatalf("there is no %s %s", typ, name)
	}
	return resource
}

// After says whether the resource depends on one of that name.
func (r Resource) After(name string) bool {
	return slices.ContainsFunc(r.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+name) })
}

// At answers with the values at a path of the inputs: a name leads into an object, * into every element of a list or an object.
// It answers with none if the path leads nowhere.
func (r Resource) At(path string) []any {
	return at(r.Inputs, strings.Split(path, "."))
}

func at(value any, path []string) []any {
	if len(path) == 0 {
		return []any{value}
	}
	var found []any
	switch value := value.(type) {
	case map[string]any:
		if path[0] == "*" {
			for _, key := range slices.Sorted(maps.Keys(value)) {
				found = append(found, at(value[key], path[1:])...)
			}
		} else if inner, ok := value[path[0]]; ok {
			found = at(inner, path[1:])
		}
	case []any:
		if path[0] == "*" {
			for _, inner := range value {
				found = append(found, at(inner, path[1:])...)
			}
		}
	}
	return found
}

// monitor stands for the engine and all providers.
type monitor struct {
	stack string

	mu         sync.Mutex
	resources  []Resource
	registered int
}

// Call refuses: the programs make no calls, since a preview must work without any cluster or cloud to ask.
func (m *monitor) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("%s was called: a program asks nothing", args.Token)
}

// NewResource records a registration and answers with its outputs.
func (m *monitor) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	rpc := args.RegisterRPC
	if rpc == nil {
		return "", nil, errors.New("a resource was read: a program reads none")
	}
	inputs, ok := plain(resource.NewProperty(args.Inputs)).(map[string]any)
	if !ok {
		return "", nil, fmt.Errorf("inputs of %s are secret as a whole", args.Name)
	}
	provider, _, _ := cutLast(args.Provider, "::")
	recorded := Resource{
		URN:            m.urn(rpc.GetParent(), args.TypeToken, args.Name),
		Type:           args.TypeToken,
		Name:           args.Name,
		Parent:         rpc.GetParent(),
		Provider:       provider,
		Protect:        rpc.GetProtect(),
		RetainOnDelete: rpc.GetRetainOnDelete(),
		IgnoreChanges:  rpc.GetIgnoreChanges(),
		DependsOn:      slices.Sorted(slices.Values(rpc.GetDependencies())),
		Inputs:         inputs,
		Custom:         args.Custom,
	}
	m.mu.Lock()
	m.resources = append(m.resources, recorded)
	m.mu.Unlock()
	if !args.Custom {
		return "", args.Inputs, nil
	}
	return args.Name + "-id", outputs(args), nil
}

// RegisterResourceOutputs counts.
func (m *monitor) RegisterResourceOutputs() (*emptypb.Empty, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registered++
	return &emptypb.Empty{}, nil
}

func (m *monitor) urn(parent, typ, name string) string {
	var parentType tokens.Type
	if urn := resource.URN(parent); parent != "" && urn.QualifiedType() != resource.RootStackType {
		parentType = urn.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(m.stack), Project, parentType, tokens.Type(typ), name))
}

// outputs are the inputs, with a name if there is none. Those of a Secret are all secret, its name included, as the provider
// answers when its data is.
func outputs(args pulumi.MockResourceArgs) resource.PropertyMap {
	if strings.HasPrefix(args.TypeToken, "aws:") {
		return awsOutputs(args.TypeToken, args.Name, args.Inputs)
	}
	outputs := args.Inputs.Copy()
	metadata, ok := outputs["metadata"]
	if !ok || !metadata.IsObject() {
		return outputs
	}
	named := metadata.ObjectValue().Copy()
	if _, ok := named["name"]; !ok {
		named["name"] = resource.NewProperty(args.Name + "-auto")
	}
	outputs["metadata"] = resource.NewProperty(named)
	if args.TypeToken == "kubernetes:core/v1:Secret" {
		outputs["metadata"] = resource.MakeSecret(outputs["metadata"])
	}
	return outputs
}

// plain is the value as JSON would have it, with secrets masked.
func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return Masked
	case value.IsOutput():
		if value.OutputValue().Secret {
			return Masked
		}
		return plain(value.OutputValue().Element)
	case value.IsObject():
		object := map[string]any{}
		for key, inner := range value.ObjectValue() {
			object[string(key)] = plain(inner)
		}
		return object
	case value.IsArray():
		list := []any{}
		for _, inner := range value.ArrayValue() {
			list = append(list, plain(inner))
		}
		return list
	}
	return value.V
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
