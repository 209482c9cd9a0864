package policy

import (
	"slices"
	"strings"
)

func accessRules() []Rule {
	return []Rule{
		{
			Name:  "role-explicit",
			Why:   "a wildcard is what exists today and whatever the next operator adds",
			Check: of(roleExplicit, kubeRoleType, clusterRoleType),
		},
		{
			Name:  "role-modest",
			Why:   "whoever may bind, escalate or impersonate has every role there is",
			Check: of(roleModest, kubeRoleType, clusterRoleType),
		},
		{
			Name:  "binding-modest",
			Why:   "an administrator's role needs no wildcard of ours to be too much",
			Check: of(bindingModest, bindingType, clusterBindType),
		},
	}
}

func roleExplicit(_ []Resource, r Resource, f *findings) {
	f.refuse(len(objects(r.Inputs, "rules.*")) == 0, "it shows no rules")
	for _, what := range []string{"verbs", "resources", "apiGroups"} {
		for _, value := range texts(r.Inputs, "rules.*."+what+".*") {
			f.refuse(strings.Contains(value, "*"), "its %s have %s", what, value)
		}
	}
}

func roleModest(_ []Resource, r Resource, f *findings) {
	for _, verb := range texts(r.Inputs, "rules.*.verbs.*") {
		f.refuse(slices.Contains([]string{"bind", "escalate", "impersonate"}, verb), "it may %s", verb)
	}
}

// crowds are the groups that nobody decides who is in.
var crowds = []string{
	"system:anonymous", "system:authenticated", "system:masters", "system:serviceaccounts", "system:unauthenticated",
}

func bindingModest(_ []Resource, r Resource, f *findings) {
	role := text(r.Inputs, "roleRef.name")
	f.refuse(slices.Contains([]string{"cluster-admin", "admin", "edit"}, role), "it binds %s", role)
	for _, subject := range objects(r.Inputs, "subjects.*") {
		name := text(subject, "name")
		crowd := slices.Contains(crowds, name) || strings.HasPrefix(name, "system:serviceaccounts:")
		f.refuse(subject["kind"] != "ServiceAccount" && crowd, "it is for all of %s", name)
	}
}
