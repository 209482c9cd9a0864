package policy

import "slices"

func registryRules() []Rule {
	return []Rule{
		{
			Name:  "images-immutable",
			Why:   "a tag that can be moved is code that can be exchanged",
			Check: of(imagesImmutable, repositoryType),
		},
		{
			Name:  "images-scanned",
			Why:   "a known hole is found by us or by others",
			Check: of(imagesScanned, repositoryType),
		},
		{
			Name:  "images-expire",
			Why:   "a registry that only grows costs more every day and keeps every old hole",
			Check: of(imagesExpire, repositoryType),
		},
		{
			Name:  "snapshots-kept",
			Why:   "a backup that isn't taken, or not kept, is none; one that is never deleted is a bill",
			Check: of(snapshotsKept, snapshotsType),
		},
	}
}

func imagesImmutable(_ []Resource, r Resource, f *findings) {
	f.refuse(!is(r.Inputs, "imageTagMutability", "IMMUTABLE"), "its tags can be moved")
}

func imagesScanned(_ []Resource, r Resource, f *findings) {
	f.refuse(!on(r.Inputs, "imageScanningConfiguration.scanOnPush"), "its images aren't scanned when they are pushed")
}

func imagesExpire(all []Resource, r Resource, f *findings) {
	f.refuse(len(r.partners(all, imageLifeType, "repository", "name")) == 0, "it has no lifecycle policy")
}

func snapshotsKept(_ []Resource, r Resource, f *findings) {
	f.refuse(slices.Contains(at(r.Inputs, "state"), any("DISABLED")), "it is switched off")
	schedules := objects(r.Inputs, "policyDetails.schedules.*")
	f.refuse(len(schedules) == 0, "it has no schedule")
	for _, schedule := range schedules {
		count, _ := schedule["retainRule"].(map[string]any)
		f.refuse(count["count"] == nil && count["interval"] == nil, "its schedule %s doesn't say how long", text(schedule, "name"))
	}
}
