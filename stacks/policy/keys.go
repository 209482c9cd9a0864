package policy

import (
	"regexp"
	"slices"
)

func keyRules() []Rule {
	return []Rule{
		{
			Name:  "key-owner",
			Why:   "whoever has all of a key's actions can lock everybody else out, or end the key and all that it encrypts",
			Check: of(keyOwner, keyType, keyPolicyType),
		},
		{
			Name:  "key-rotation",
			Why:   "a key that is never rotated opens everything, once it is known",
			Check: of(keyRotation, keyType),
		},
	}
}

var (
	root = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):root$`)
	// working are the wildcards by which data is encrypted and nothing is changed about the key.
	working = regexp.MustCompile(`(?i)^kms:(describe|get|list|reencrypt|generatedatakey)[a-z]*\*$`)
)

// keyOwner leaves everyone, and all but some, to not-everyone.
func keyOwner(all []Resource, r Resource, f *findings) {
	for _, s := range r.statements(sharing) {
		powers := slices.DeleteFunc(s.powers(), working.MatchString)
		if !s.allows() || len(powers) == 0 {
			continue
		}
		for _, kind := range kinds {
			for _, principal := range s.Principal[kind] {
				account := root.FindStringSubmatch(principal)
				f.refuse(kind != "AWS" || account == nil, "it gives %s to %s, want the account's root alone", powers[0], principal)
				if known := r.accounts(all); account != nil && len(known) != 0 {
					f.refuse(!slices.Contains(known, account[1]), "it gives %s to the root of %s, which isn't the provider's account", powers[0], account[1])
				}
			}
		}
	}
}

func keyRotation(_ []Resource, r Resource, f *findings) {
	f.refuse(!on(r.Inputs, "enableKeyRotation"), "it isn't rotated")
}
