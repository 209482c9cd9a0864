package policy

import (
	"strings"
)

func providerRules() []Rule {
	return []Rule{
		{
			Name:  "explicit-provider",
			Why:   "a default provider takes its account and region from whoever runs it",
			Check: explicitProvider,
		},
		{
			Name:  "default-tags",
			Why:   "what has no tags is nobody's: it can't be found, billed or cleaned up",
			Check: defaultTags,
		},
	}
}

// provider is the resource's provider, if it is in the stack.
func (r Resource) provider(all []Resource) (Resource, bool) {
	for _, other := range all {
		if strings.HasPrefix(other.Type, "pulumi:providers:") && (r.Provider == other.URN || strings.HasPrefix(r.Provider, other.URN+"::")) {
			return other, true
		}
	}
	return Resource{}, false
}

// cloud says whether the resource is AWS's.
func (r Resource) cloud() bool { return r.Custom && strings.HasPrefix(r.Type, awsPrefix) }

func explicitProvider(all []Resource, r Resource) []string {
	var f findings
	if !r.cloud() {
		return nil
	}
	provider, found := r.provider(all)
	f.refuse(!found || provider.Type != awsProviderType, "its provider %q is no %s of the stack", r.Provider, awsProviderType)
	f.refuse(found && (provider.Name == defaultProviderID || strings.HasPrefix(provider.Name, defaultProviderID+"_")),
		"its provider %s is a default one", provider.URN)
	return f
}

func defaultTags(all []Resource, r Resource) []string {
	var f findings
	if !r.cloud() {
		return nil
	}
	provider, _ := r.provider(all)
	stack, project := r.label()
	tags := nested(provider.Inputs["defaultTags"])
	for _, tag := range [][2]string{{"Project", project}, {"Stack", stack}, {"ManagedBy", "pulumi"}} {
		got := text(tags, "tags."+tag[0])
		f.refuse(got != tag[1], "its provider's default tag %s is %q, want %q", tag[0], got, tag[1])
	}
	return f
}

// accounts are those that the resource's provider may work in; none if it doesn't say.
func (r Resource) accounts(all []Resource) []string {
	provider, _ := r.provider(all)
	return texts(nested(provider.Inputs["allowedAccountIds"]), "*")
}
