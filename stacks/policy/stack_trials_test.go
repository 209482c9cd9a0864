package policy_test

import (
	"testing"

	"fleetman/stacks/policy"
)

// provided gives the VPC another provider.
func provided(provider string) change {
	return edit("vpc", func(_ testing.TB, r *policy.Resource) { r.Provider = provider })
}

func protect(name string, on bool) change {
	return edit(name, func(_ testing.TB, r *policy.Resource) { r.Protect = on })
}

const awsURN = "urn:pulumi:prod::fleetman::pulumi:providers:aws::"

// rename gives the provider of AWS another name, and lets all refer to it.
func rename(name string) change {
	return func(tb testing.TB, all []policy.Resource) []policy.Resource {
		tb.Helper()
		old := *find(tb, all, "aws")
		for i := range all {
			if all[i].URN == old.URN {
				all[i].URN, all[i].Name = awsURN+name, name
			}
			if len(all[i].Provider) > len(old.URN) && all[i].Provider[:len(old.URN)] == old.URN {
				all[i].Provider = awsURN + name
			}
		}
		return all
	}
}

func unprotected(tb testing.TB, all []policy.Resource) []policy.Resource {
	tb.Helper()
	for i := range all {
		all[i].Protect = false
	}
	return all
}

const tags = `{"tags":{"Project":"fleetman","Stack":"prod"}}`

var stackTrials = []trial{
	{rule: "explicit-provider", name: "a default one", changes: []change{rename("default_6_83_2")}, want: "is a default one"},
	{rule: "explicit-provider", name: "default without a version", changes: []change{rename("default")}, want: "is a default one"},
	{name: "another explicit one", changes: []change{rename("other")}},
	{rule: "default-tags", name: "one missing", changes: []change{set("aws", "defaultTags", tags)}, want: `ManagedBy is "", want "pulumi"`},
	{
		rule: "default-tags", name: "of another stack", want: `Stack is "dev", want "prod"`,
		changes: []change{set("aws", "defaultTags", `{"tags":{"Project":"fleetman","Stack":"dev","ManagedBy":"pulumi"}}`)},
	},
	{rule: "default-tags", name: "none", changes: []change{drop("aws", "defaultTags")}, want: `Project is ""`},
	{rule: "default-tags", name: "no JSON", changes: []change{set("aws", "defaultTags", "{")}, want: `Project is ""`},
	{rule: "default-tags", name: "not known", changes: []change{set("aws", "defaultTags", `{"tags":"04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`)}, want: `Project is ""`},
	{name: "tags that aren't JSON in a string", changes: []change{
		set("aws", "defaultTags", map[string]any{"tags": map[string]any{"Project": "fleetman", "Stack": "prod", "ManagedBy": "pulumi"}}),
	}},

	{rule: "protected-together", name: "VPC", changes: []change{protect("vpc", false)}, want: "isn't protected, and key is"},
	{rule: "protected-together", name: "cluster", changes: []change{protect("cluster", false)}, want: "isn't protected"},
	{rule: "protected-together", name: "key", changes: []change{protect("key", false)}, want: "isn't protected"},
	{rule: "protected-together", name: "bucket", changes: []change{protect("state", false)}, want: "isn't protected"},
	{rule: "protected-together", name: "claim", changes: []change{protect("data", false)}, want: "isn't protected"},
	{rule: "protected-together", name: "all but one", changes: []change{unprotected, protect("subnet", true)}, want: "and subnet is"},
	{name: "a stack that isn't kept", changes: []change{unprotected}},

	{rule: "nothing-hidden", name: "a secret rule", changes: []change{set("edge-group", "ingress", "[secret]")}, want: "ingress is secret"},
	{rule: "nothing-hidden", name: "a secret part of a rule", changes: []change{set("edge-http", "description", "[secret]")}, want: "description is secret"},
	{rule: "nothing-hidden", name: "a secret volume", changes: []change{set("database", "spec.template.spec.volumes.1", "[secret]")}, want: "the pod's volumes.1 is secret"},
	{rule: "nothing-hidden", name: "a secret argument", changes: []change{set("database", "spec.template.spec.containers.0.args", []any{"[secret]"})}, want: "containers.0.args.0 is secret"},
	{rule: "nothing-hidden", name: "a secret verb", changes: []change{set("may", "rules.0.verbs.2", "[secret]")}, want: "rules.0.verbs.2 is secret"},
	{
		rule: "nothing-hidden", name: "a chart", want: "a chart's objects",
		changes: []change{another("namespace", "kubernetes:helm.sh/v3:Release", `{"metadata":{"namespace":"fleetman"}}`, nil)},
	},
	{
		rule: "nothing-hidden", name: "which secret it is", want: "secretId is secret",
		changes: []change{another("vpc", "aws:secretsmanager/secretVersion:SecretVersion", `{"secretString":"[secret]","secretId":"[secret]"}`, nil)},
	},
	{
		rule: "nothing-hidden", name: "a value of something else", want: "secretString is secret",
		changes: []change{another("vpc", "aws:ssm/parameter:Parameter", `{"secretString":"[secret]"}`, nil)},
	},
	{name: "a secret's bytes", changes: []change{another("vpc", "aws:secretsmanager/secretVersion:SecretVersion", `{"secretBinary":"[secret]"}`, nil)}},
	{name: "a secret's value", changes: []change{another("vpc", "aws:secretsmanager/secretVersion:SecretVersion", `{"secretString":"[secret]"}`, nil)}},
}

// A provider that isn't there has no tags either.
func TestAProviderThatIsntInTheStackIsNone(t *testing.T) {
	for _, provider := range []string{"", awsURN + "elsewhere", "urn:pulumi:prod::fleetman::pulumi:providers:kubernetes::kube"} {
		got := broken(policy.Check(changed(t, provided(provider))))
		if want := []string{"default-tags", "explicit-provider"}; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("provider %q: breaks %v", provider, got)
		}
	}
}
