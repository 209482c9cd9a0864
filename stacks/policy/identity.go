package policy

import (
	"path"
	"strings"
)

func identityRules() []Rule {
	return []Rule{
		{
			Name:  "document-wellformed",
			Why:   "a document that readers read differently gives what its author didn't mean",
			Check: documentWellformed,
		},
		{
			Name:  "not-everyone",
			Why:   "what everyone may is what every account of AWS may",
			Check: notEveryone,
		},
		{
			Name:  "no-wildcard-powers",
			Why:   "a wildcard on everything gives what nobody thought of, and what AWS adds next year",
			Check: noWildcardPowers,
		},
		{
			Name:  "no-borrowed-powers",
			Why:   "whoever may pass on or assume every role has the powers of all of them",
			Check: noBorrowedPowers,
		},
		{
			Name:  "managed-policies",
			Why:   "AWS's policies of administrators and of full access give more than any program needs",
			Check: of(managedPolicies, roleType, attachmentType, toRoleType, toUserType, toUserGroupType),
		},
	}
}

func documentWellformed(_ []Resource, r Resource) []string {
	var f findings
	for _, one := range r.documents() {
		if one.err != nil {
			f.refuse(true, "%s: %s", one.path, strings.ReplaceAll(one.err.Error(), "\n", "; "))
			continue
		}
		for i, s := range one.document.Statements {
			who, what := s.Principal != nil || s.NotPrincipal != nil, s.Resource != nil || s.NotResource != nil
			f.refuse(who != (one.use != identity), "%s: statement %d names a principal: %t", one.path, i, who)
			f.refuse(what != (one.use != trust), "%s: statement %d names a resource: %t", one.path, i, what)
		}
	}
	return f
}

func notEveryone(_ []Resource, r Resource) []string {
	var f findings
	for _, s := range r.statements(trust, sharing) {
		f.refuse(s.allows() && s.everyone(), "it allows everyone %s", strings.Join(append(s.Action, s.powersLeft()...), ", "))
	}
	return f
}

// powersLeft is what it is about when it says what it isn't about.
func (s Statement) powersLeft() []string {
	if s.NotAction == nil {
		return nil
	}
	return []string{"all but " + strings.Join(s.NotAction, ", ")}
}

func noWildcardPowers(_ []Resource, r Resource) []string {
	var f findings
	for _, s := range r.statements(identity) {
		f.refuse(s.allows() && s.everything() && len(s.powers()) != 0, "it allows %s on everything", strings.Join(s.powers(), ", "))
	}
	return f
}

func noBorrowedPowers(_ []Resource, r Resource) []string {
	var f findings
	for _, s := range r.statements(identity) {
		for _, action := range []string{"iam:PassRole", "sts:AssumeRole"} {
			f.refuse(s.allows() && s.everything() && s.can(action), "it allows %s on everything", action)
		}
	}
	return f
}

func managedPolicies(_ []Resource, r Resource, f *findings) {
	for _, arn := range append(texts(r.Inputs, "policyArn"), texts(r.Inputs, "managedPolicyArns.*")...) {
		name := path.Base(arn)
		f.refuse(strings.HasPrefix(name, "AdministratorAccess") || name == "PowerUserAccess" || strings.Contains(name, "FullAccess"),
			"it attaches %s", name)
	}
}
