package policy

import "slices"

func nodeRules() []Rule {
	return []Rule{
		{
			Name:  "instance-metadata",
			Why:   "a pod that reaches its machine's metadata has its machine's role",
			Check: of(instanceMetadata, templateType),
		},
		{
			Name:  "machine-tags",
			Why:   "the provider's tags don't reach what a launch template makes",
			Check: of(machineTags, templateType),
		},
	}
}

func instanceMetadata(_ []Resource, r Resource, f *findings) {
	f.refuse(!is(r.Inputs, "metadataOptions.httpTokens", "required"), "its metadata is given without a token")
	f.refuse(!is(r.Inputs, "metadataOptions.httpPutResponseHopLimit", 1.0), "its metadata's hop limit isn't 1")
}

func machineTags(_ []Resource, r Resource, f *findings) {
	for _, kind := range []string{"instance", "volume"} {
		tagged := slices.ContainsFunc(objects(r.Inputs, "tagSpecifications.*"), func(spec map[string]any) bool {
			return spec["resourceType"] == kind && len(at(spec, "tags.*")) != 0
		})
		f.refuse(!tagged, "the %ss that it makes have no tags", kind)
	}
}
