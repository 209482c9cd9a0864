package policy_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fleetman/stacks/policy"
)

// good is a stack that keeps to every rule, as the engine prints it.
func good(tb testing.TB) []policy.Resource {
	tb.Helper()
	printed, err := os.ReadFile(filepath.Join("testdata", "prod.json"))
	if err != nil {
		tb.Fatal(err)
	}
	preview, err := policy.ReadPreview(printed)
	if err != nil {
		tb.Fatal(err)
	}
	return preview.Resources
}

// change makes the good stack another.
type change func(tb testing.TB, all []policy.Resource) []policy.Resource

// trial is the good stack with changes, and what is then wrong.
type trial struct {
	// rule is the rule that is broken, and the only one. None: nothing is.
	rule string
	// name says what was changed.
	name string
	// changes are made in their order.
	changes []change
	// want is in the message.
	want string
}

func changed(tb testing.TB, changes ...change) []policy.Resource {
	tb.Helper()
	all := good(tb)
	for _, change := range changes {
		all = change(tb, all)
	}
	return all
}

// find is the resource of the name; without one the test fails.
func find(tb testing.TB, all []policy.Resource, name string) *policy.Resource {
	tb.Helper()
	i := slices.IndexFunc(all, func(r policy.Resource) bool { return r.Name == name })
	if i < 0 {
		tb.Fatalf("no resource %s", name)
	}
	return &all[i]
}

// edit changes one resource.
func edit(name string, how func(tb testing.TB, r *policy.Resource)) change {
	return func(tb testing.TB, all []policy.Resource) []policy.Resource {
		tb.Helper()
		how(tb, find(tb, all, name))
		return all
	}
}

// set sets the input at a path, in which numbers lead into lists. Nil drops it.
func set(name, path string, value any) change {
	return edit(name, func(tb testing.TB, r *policy.Resource) {
		tb.Helper()
		keys := strings.Split(path, ".")
		inner := any(r.Inputs)
		for _, key := range keys[:len(keys)-1] {
			inner = step(tb, inner, key)
		}
		last := keys[len(keys)-1]
		switch inner := inner.(type) {
		case map[string]any:
			if value == nil {
				if _, there := inner[last]; !there {
					tb.Fatalf("%s has no %s", name, path)
				}
				delete(inner, last)
				return
			}
			inner[last] = value
		case []any:
			i, err := strconv.Atoi(last)
			if err != nil {
				tb.Fatal(err)
			}
			inner[i] = value
		default:
			tb.Fatalf("%s has no %s", name, path)
		}
	})
}

func step(tb testing.TB, inner any, key string) any {
	tb.Helper()
	switch inner := inner.(type) {
	case map[string]any:
		return inner[key]
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil {
			tb.Fatal(err)
		}
		return inner[i]
	}
	tb.Fatalf("%v has no %s", inner, key)
	return nil
}

// drop leaves out the input at a path.
func drop(name, path string) change { return set(name, path, nil) }

// unknown is an input that isn't known, of one of whatever it comes from.
func unknown(name, input, from string) change {
	return func(tb testing.TB, all []policy.Resource) []policy.Resource {
		tb.Helper()
		r := find(tb, all, name)
		delete(r.Inputs, input)
		r.References[input] = []string{find(tb, all, from).URN}
		return all
	}
}

// remove leaves out a resource.
func remove(name string) change {
	return func(tb testing.TB, all []policy.Resource) []policy.Resource {
		tb.Helper()
		find(tb, all, name)
		return slices.DeleteFunc(all, func(r policy.Resource) bool { return r.Name == name })
	}
}

// another adds a resource beside one of the same provider, with inputs as JSON.
func another(beside, typ, inputs string, from map[string]string) change {
	return func(tb testing.TB, all []policy.Resource) []policy.Resource {
		tb.Helper()
		r := policy.Resource{
			URN: "urn:pulumi:prod::fleetman::" + typ + "::another", Type: typ, Name: "another", Custom: true,
			Provider: find(tb, all, beside).Provider, References: map[string][]string{},
		}
		if err := json.Unmarshal([]byte(inputs), &r.Inputs); err != nil {
			tb.Fatal(err)
		}
		for input, name := range from {
			r.References[input] = []string{find(tb, all, name).URN}
		}
		return append(all, r)
	}
}

// broken are the names of the broken rules, sorted, each once.
func broken(violations []policy.Violation) []string {
	var rules []string
	for _, violation := range violations {
		rules = append(rules, violation.Rule)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

func TestAStackThatKeepsToEveryRuleHasNoViolation(t *testing.T) {
	for _, violation := range policy.Check(good(t)) {
		t.Errorf("%s: %s: %s", violation.URN, violation.Rule, violation.Message)
	}
}

func trials() []trial {
	return slices.Concat(stackTrials, networkTrials, balancerTrials, identityTrials, keyTrials, encryptionTrials,
		storageTrials, clusterTrials, podTrials, agentTrials, kubernetesTrials)
}

func TestEveryChangeBreaksItsRuleAndNoOther(t *testing.T) {
	for _, trial := range trials() {
		t.Run(trial.rule+" "+trial.name, func(t *testing.T) {
			violations := policy.Check(changed(t, trial.changes...))
			var want []string
			if trial.rule != "" {
				want = []string{trial.rule}
			}
			if got := broken(violations); !slices.Equal(got, want) {
				t.Fatalf("breaks %v, want %v: %v", got, want, violations)
			}
			if trial.rule != "" && !slices.ContainsFunc(violations, func(v policy.Violation) bool { return strings.Contains(v.Message, trial.want) }) {
				t.Errorf("no message says %q: %v", trial.want, violations)
			}
		})
	}
}

// That something keeps to each rule follows: the stack as it is breaks none, and each is broken by a change of it.
func TestEveryRuleIsBrokenBySomething(t *testing.T) {
	tried := map[string]bool{}
	for _, trial := range trials() {
		tried[trial.rule] = true
		if trial.rule != "" && trial.want == "" {
			t.Errorf("%s %s doesn't say what the message says", trial.rule, trial.name)
		}
	}
	for _, rule := range policy.Rules() {
		if !tried[rule.Name] {
			t.Errorf("nothing breaks %s", rule.Name)
		}
		delete(tried, rule.Name)
	}
	delete(tried, "")
	if len(tried) != 0 {
		t.Errorf("no such rules: %v", tried)
	}
}

func TestEveryRuleHasANameOfItsOwnAndAReason(t *testing.T) {
	names := map[string]bool{}
	for _, rule := range policy.Rules() {
		if rule.Name == "" || names[rule.Name] || len(rule.Why) < 20 || rule.Check == nil {
			t.Errorf("rule %+v", rule)
		}
		names[rule.Name] = true
	}
}

func TestTheOrderOfTheResourcesDoesntMatter(t *testing.T) {
	all := changed(t, remove("vpc-default"), set("cluster", "enabledClusterLogTypes", []any{}), remove("namespace"), unknown("logs", "kmsKeyId", "vpc"))
	want := policy.Check(all)
	if len(want) < 10 {
		t.Fatalf("only %d violations", len(want))
	}
	for range 20 {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got := policy.Check(all); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// A mock's record says what a resource depends on, and not by which input.
func TestWithoutReferencesEveryDependencyMayBeTheInputs(t *testing.T) {
	all := good(t)
	for i := range all {
		all[i].References = nil
	}
	if violations := policy.Check(all); len(violations) != 0 {
		t.Errorf("violations %v", violations)
	}
	for i := range all {
		all[i].DependsOn = nil
	}
	want := []string{
		"bucket-private", "bucket-tls", "bucket-versioned", "default-group-empty", "encrypted-buckets", "encrypted-logs",
		"encrypted-secrets", "encrypted-volumes", "listener-tls", "namespace-declared", "world-groups",
	}
	if got := broken(policy.Check(all)); !slices.Equal(got, want) {
		t.Errorf("without any dependency %v are broken, want %v", got, want)
	}
}

func TestWhatAPreviewCantKnowIsListed(t *testing.T) {
	all := changed(t,
		unknown("s3", "policy", "vpc"), unknown("key", "policy", "vpc"), unknown("cluster-role", "assumeRolePolicy", "vpc"), drop("state-policy", "policy"))
	var want []string
	for _, name := range []string{"s3", "key", "cluster-role", "state-policy", "flow-policy", "webapp"} {
		want = append(want, find(t, all, name).URN)
	}
	slices.Sort(want)
	if got := policy.Unknown(all); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if violations := policy.Check(all); len(violations) != 0 {
		t.Errorf("violations %v", violations)
	}
}
