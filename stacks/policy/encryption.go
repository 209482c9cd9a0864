package policy

import (
	"slices"
	"strings"
)

func encryptionRules() []Rule {
	return []Rule{
		{
			Name:  "encrypted-secrets",
			Why:   "whoever reads the control plane's disk reads the cluster's Secrets",
			Check: of(encryptedSecrets, clusterType),
		},
		{
			Name:  "encrypted-disks",
			Why:   "a disk outlives its machine, and its snapshots outlive it",
			Check: of(encryptedDisks, templateType, volumeType),
		},
		{
			Name:  "encrypted-volumes",
			Why:   "the fleet's data is on the volumes that a storage class makes",
			Check: of(encryptedVolumes, storageClassType),
		},
		{
			Name:  "encrypted-logs",
			Why:   "logs tell who was where and what failed",
			Check: of(encryptedLogs, logGroupType),
		},
		{
			Name:  "logs-expire",
			Why:   "a log group without a retention is kept, and paid, for ever",
			Check: of(logsExpire, logGroupType),
		},
		{
			Name:  "encrypted-images",
			Why:   "an image is what runs in production, to the last line",
			Check: of(encryptedImages, repositoryType),
		},
		{
			Name:  "encrypted-buckets",
			Why:   "a key's policy decides who reads a bucket, whatever the bucket's own says",
			Check: of(encryptedBuckets, bucketType, bucketCipherType),
		},
		{
			Name:  "encrypted-copies",
			Why:   "a snapshot's copy in another region isn't encrypted because the snapshot is",
			Check: of(encryptedCopies, snapshotsType),
		},
	}
}

// keyed says whether the input names a key, or comes from one of the stack's that isn't made yet.
func (r Resource) keyed(all []Resource, path string) bool {
	given := texts(r.Inputs, path)
	return len(given) != 0 && given[0] != "" || len(given) == 0 && len(r.from(all, top(path), keyType)) != 0
}

func encryptedSecrets(all []Resource, r Resource, f *findings) {
	f.refuse(!slices.Contains(texts(r.Inputs, "encryptionConfig.resources.*"), "secrets"), "its Secrets aren't encrypted")
	f.refuse(!r.keyed(all, "encryptionConfig.provider.keyArn"), "it has no key of our own for its Secrets")
}

func encryptedDisks(_ []Resource, r Resource, f *findings) {
	if r.Type == volumeType {
		f.refuse(!on(r.Inputs, "encrypted"), "it isn't encrypted")
		return
	}
	disks := objects(r.Inputs, "blockDeviceMappings.*")
	f.refuse(len(disks) == 0, "it says nothing of the machine's disk, so it is as the image has it")
	for _, disk := range disks {
		f.refuse(!on(disk, "ebs.encrypted"), "its disk %s isn't encrypted", text(disk, "deviceName"))
	}
}

func encryptedVolumes(all []Resource, r Resource, f *findings) {
	provisioner := text(r.Inputs, "provisioner")
	f.refuse(provisioner != "ebs.csi.aws.com", "its provisioner is %q, want ebs.csi.aws.com, whose volumes can be judged", provisioner)
	f.refuse(!is(r.Inputs, "parameters.encrypted", "true"), "its volumes aren't encrypted")
	f.refuse(!r.keyed(all, "parameters.kmsKeyId"), "it has no key of our own for its volumes")
}

func encryptedLogs(all []Resource, r Resource, f *findings) {
	f.refuse(!r.keyed(all, "kmsKeyId"), "it has no key of our own")
}

func logsExpire(_ []Resource, r Resource, f *findings) {
	days, _ := r.Inputs["retentionInDays"].(float64)
	f.refuse(days <= 0, "its logs are kept for ever")
}

func encryptedImages(_ []Resource, r Resource, f *findings) {
	f.refuse(!slices.ContainsFunc(texts(r.Inputs, "encryptionConfigurations.*.encryptionType"), func(with string) bool {
		return strings.HasPrefix(with, "KMS")
	}), "its images aren't encrypted by KMS")
}

func encryptedBuckets(all []Resource, r Resource, f *findings) {
	if r.Type == bucketType {
		f.refuse(len(r.partners(all, bucketCipherType, "bucket", "bucket")) == 0, "it says nothing of encryption")
		return
	}
	rules := objects(r.Inputs, "rules.*")
	f.refuse(len(rules) == 0, "it has no rules")
	for _, rule := range rules {
		with := text(rule, "applyServerSideEncryptionByDefault.sseAlgorithm")
		f.refuse(!strings.HasPrefix(with, "aws:kms"), "it encrypts with %q, want aws:kms", with)
	}
}

func encryptedCopies(_ []Resource, r Resource, f *findings) {
	for _, copied := range objects(r.Inputs, "policyDetails.schedules.*.crossRegionCopyRules.*") {
		f.refuse(!on(copied, "encrypted"), "its copies in another region aren't encrypted")
	}
}
