package policy

import "slices"

func protectionRules() []Rule {
	return []Rule{{
		Name:  "protected-together",
		Why:   "a stack that is kept is lost with its network, its cluster, its keys, its state or its data",
		Check: of(protectedTogether, vpcType, clusterType, keyType, bucketType, claimType),
	}}
}

// protectedTogether judges every bucket as it does the state's: whatever a protected stack keeps in one is to stay.
func protectedTogether(all []Resource, r Resource, f *findings) {
	kept := slices.IndexFunc(all, func(other Resource) bool { return other.Protect })
	if kept >= 0 {
		f.refuse(!r.Protect, "it isn't protected, and %s is", all[kept].Name)
	}
}
