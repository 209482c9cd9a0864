package policy

import (
	"cmp"
	"fmt"
	"slices"
)

// Masked is what a secret value is given as.
const Masked = "[secret]"

// Resource is what a program registers.
type Resource struct {
	// URN is its URN.
	URN string
	// Type is its type, such as aws:kms/key:Key.
	Type string
	// Name is its logical name.
	Name string
	// Provider is the URN of its provider, with or without the provider's ID behind it.
	Provider string
	// Custom says whether a provider manages it: a component isn't custom.
	Custom bool
	// Protect says whether it is kept from being deleted.
	Protect bool
	// DependsOn are the URNs of the resources that come before it, those included that its inputs come from.
	DependsOn []string
	// References are the URNs of the resources that an input comes from, by the input's name. Default: nil, which is not known;
	// then every input may come from any of DependsOn.
	References map[string][]string
	// Inputs are its inputs as JSON has them, secrets [Masked], unknown ones absent.
	Inputs map[string]any
}

// Rule is what every resource has to keep to.
type Rule struct {
	// Name is what a violation is reported under.
	Name string
	// Why is what would happen without it.
	Why string
	// Check says what of a resource breaks the rule, given all resources of the stack.
	Check func(all []Resource, r Resource) []string
}

// Violation is a rule that a resource breaks.
type Violation struct {
	// URN is the resource.
	URN string
	// Rule is the name of the rule.
	Rule string
	// Message says what is wrong.
	Message string
}

// Rules are all rules, by topic.
func Rules() []Rule {
	return slices.Concat(
		hiddenRules(), providerRules(), protectionRules(),
		networkRules(), balancerRules(),
		identityRules(), trustRules(), keyRules(),
		encryptionRules(), bucketRules(), registryRules(),
		clusterRules(), nodeRules(),
		podRules(), agentRules(), containerRules(), namespaceRules(), accessRules(),
	)
}

// Check answers with every violation among the resources of one stack, by URN and by rule.
func Check(resources []Resource) []Violation {
	var violations []Violation
	for _, rule := range Rules() {
		for _, r := range resources {
			for _, message := range rule.Check(resources, r) {
				violations = append(violations, Violation{URN: r.URN, Rule: rule.Name, Message: message})
			}
		}
	}
	slices.SortFunc(violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.URN, b.URN), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(violations)
}

// findings are what a check finds wrong.
type findings []string

func (f *findings) refuse(wrong bool, format string, values ...any) {
	if wrong {
		*f = append(*f, fmt.Sprintf(format, values...))
	}
}

// check is a rule's function, without what all of them need.
type check func(all []Resource, r Resource, f *findings)

// of is a check of the resources of these types alone.
func of(check check, types ...string) func([]Resource, Resource) []string {
	return func(all []Resource, r Resource) []string {
		var f findings
		if slices.Contains(types, r.Type) {
			check(all, r, &f)
		}
		return f
	}
}
