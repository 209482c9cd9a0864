package policy_test

import "strings"

var encryptionTrials = []trial{
	{rule: "encrypted-secrets", name: "not the Secrets", changes: []change{set("cluster", "encryptionConfig.resources", []any{})}, want: "aren't encrypted"},
	{rule: "encrypted-secrets", name: "no key", changes: []change{unknown("cluster", "encryptionConfig", "subnet"), set("cluster", "encryptionConfig", map[string]any{"resources": []any{"secrets"}})}, want: "no key of our own"},
	{rule: "encrypted-disks", name: "a disk", changes: []change{set("template", "blockDeviceMappings.0.ebs.encrypted", "false")}, want: "/dev/xvda isn't encrypted"},
	{rule: "encrypted-disks", name: "not said", changes: []change{drop("template", "blockDeviceMappings.0.ebs.encrypted")}, want: "isn't encrypted"},
	{rule: "encrypted-disks", name: "no disk", changes: []change{drop("template", "blockDeviceMappings")}, want: "says nothing of the machine's disk"},
	{rule: "encrypted-disks", name: "a volume", changes: []change{set("volume", "encrypted", false)}, want: "isn't encrypted"},
	{rule: "encrypted-volumes", name: "not", changes: []change{set("gp3", "parameters.encrypted", "false")}, want: "aren't encrypted"},
	{rule: "encrypted-volumes", name: "no key", changes: []change{edit("gp3", unreferenced("parameters"))}, want: "no key of our own"},
	{rule: "encrypted-volumes", name: "another driver", changes: []change{set("gp3", "provisioner", "kubernetes.io/aws-ebs")}, want: "want ebs.csi.aws.com"},
	{name: "a storage class whose key is known", changes: []change{edit("gp3", unreferenced("parameters")), set("gp3", "parameters.kmsKeyId", "arn:aws:kms:eu-central-1:123456789012:key/1")}},
	{rule: "encrypted-logs", name: "no key", changes: []change{edit("logs", unreferenced("kmsKeyId"))}, want: "no key of our own"},
	{rule: "encrypted-logs", name: "an empty key", changes: []change{set("logs", "kmsKeyId", "")}, want: "no key of our own"},
	{rule: "encrypted-logs", name: "of something that is no key", changes: []change{unknown("logs", "kmsKeyId", "vpc")}, want: "no key of our own"},
	{rule: "logs-expire", name: "never", changes: []change{drop("logs", "retentionInDays")}, want: "for ever"},
	{rule: "logs-expire", name: "zero is never", changes: []change{set("logs", "retentionInDays", 0.0)}, want: "for ever"},
	{rule: "encrypted-images", name: "by AES256", changes: []change{set("repository", "encryptionConfigurations.0.encryptionType", "AES256")}, want: "by KMS"},
	{rule: "encrypted-images", name: "not said", changes: []change{drop("repository", "encryptionConfigurations")}, want: "by KMS"},
	{rule: "encrypted-buckets", name: "by AES256", changes: []change{set("state-cipher", "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256")}, want: `with "AES256"`},
	{rule: "encrypted-buckets", name: "no rules", changes: []change{set("state-cipher", "rules", []any{})}, want: "no rules"},
	{rule: "encrypted-buckets", name: "not said", changes: []change{remove("state-cipher")}, want: "nothing of encryption"},
	{rule: "encrypted-copies", name: "not", changes: []change{drop("snapshots", "policyDetails.schedules.0.crossRegionCopyRules.0.encrypted")}, want: "in another region"},
}

const tls = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",` +
	`"Resource":["arn:aws:s3:::fleetman-state","arn:aws:s3:::fleetman-state/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`

// tlsWith is the bucket's policy with something else in it.
func tlsWith(old, other string) []change {
	return []change{set("state-policy", "policy", replaced(tls, old, other))}
}

var storageTrials = []trial{
	{rule: "bucket-versioned", name: "suspended", changes: []change{set("state-versions", "versioningConfiguration.status", "Suspended")}, want: "no versions"},
	{rule: "bucket-versioned", name: "not said", changes: []change{remove("state-versions")}, want: "no versions"},
	{rule: "bucket-versioned", name: "another bucket's", changes: []change{edit("state-versions", unreferenced("bucket"))}, want: "no versions"},
	{name: "by the bucket's name", changes: []change{edit("state-versions", unreferenced("bucket")), set("state-versions", "bucket", "fleetman-state")}},
	{rule: "bucket-private", name: "not said", changes: []change{remove("state-block")}, want: "no public access block"},
	{rule: "bucket-private", name: "lists", changes: []change{set("state-block", "blockPublicAcls", false)}, want: "lacks blockPublicAcls"},
	{rule: "bucket-private", name: "policies", changes: []change{drop("state-block", "blockPublicPolicy")}, want: "lacks blockPublicPolicy"},
	{rule: "bucket-private", name: "old lists", changes: []change{set("state-block", "ignorePublicAcls", false)}, want: "lacks ignorePublicAcls"},
	{rule: "bucket-private", name: "old policies", changes: []change{set("state-block", "restrictPublicBuckets", false)}, want: "lacks restrictPublicBuckets"},
	{rule: "bucket-tls", name: "no policy", changes: []change{remove("state-policy")}, want: "without TLS"},
	{rule: "bucket-tls", name: "of objects alone", changes: tlsWith(`"arn:aws:s3:::fleetman-state",`, ""), want: "without TLS"},
	{rule: "bucket-tls", name: "of the bucket alone", changes: tlsWith(`,"arn:aws:s3:::fleetman-state/*"`, ""), want: "without TLS"},
	{rule: "bucket-tls", name: "of a folder", changes: []change{set("state-policy", "policy", strings.ReplaceAll(tls, "fleetman-state", "fleetman-state/a"))}, want: "without TLS"},
	{rule: "bucket-tls", name: "of some actions", changes: tlsWith(`"s3:*"`, `"s3:GetObject"`), want: "without TLS"},
	{rule: "bucket-tls", name: "of somebody", changes: tlsWith(`"Principal":"*"`, `"Principal":{"AWS":"arn:aws:iam::123456789012:root"}`), want: "without TLS"},
	{rule: "bucket-tls", name: "the other way round", changes: tlsWith(`"false"`, `"true"`), want: "without TLS"},
	{rule: "bucket-tls", name: "sometimes", changes: tlsWith(`"Bool":{`, `"StringEquals":{"aws:PrincipalTag/a":"b"},"Bool":{`), want: "without TLS"},
	{rule: "bucket-tls", name: "at the same time as something else", changes: tlsWith(`"aws:SecureTransport":`, `"aws:ViaAWSService":"true","aws:SecureTransport":`), want: "without TLS"},
	{name: "the bucket's policy as it is", changes: tlsWith("2012", "2012")},

	{rule: "images-immutable", name: "mutable", changes: []change{set("repository", "imageTagMutability", "MUTABLE")}, want: "can be moved"},
	{rule: "images-immutable", name: "not said", changes: []change{drop("repository", "imageTagMutability")}, want: "can be moved"},
	{rule: "images-scanned", name: "not", changes: []change{set("repository", "imageScanningConfiguration.scanOnPush", false)}, want: "aren't scanned"},
	{rule: "images-expire", name: "never", changes: []change{remove("repository-life")}, want: "no lifecycle policy"},
	{rule: "snapshots-kept", name: "off", changes: []change{set("snapshots", "state", "DISABLED")}, want: "switched off"},
	{rule: "snapshots-kept", name: "no schedule", changes: []change{set("snapshots", "policyDetails.schedules", []any{})}, want: "no schedule"},
	{rule: "snapshots-kept", name: "no end", changes: []change{drop("snapshots", "policyDetails.schedules.0.retainRule")}, want: "daily doesn't say how long"},
}

var clusterTrials = []trial{
	{rule: "cluster-logs", name: "four of five", changes: []change{set("cluster", "enabledClusterLogTypes", []any{"api", "audit", "authenticator", "controllerManager"})}, want: "doesn't log scheduler"},
	{rule: "cluster-logs", name: "none", changes: []change{drop("cluster", "enabledClusterLogTypes")}, want: "doesn't log audit"},
	{rule: "cluster-access", name: "a ConfigMap too", changes: []change{set("cluster", "accessConfig.authenticationMode", "API_AND_CONFIG_MAP")}, want: `mode is "API_AND_CONFIG_MAP"`},
	{rule: "cluster-access", name: "its creator", changes: []change{set("cluster", "accessConfig.bootstrapClusterCreatorAdminPermissions", true)}, want: "whoever makes it"},
	{rule: "cluster-access", name: "its creator by default", changes: []change{drop("cluster", "accessConfig.bootstrapClusterCreatorAdminPermissions")}, want: "whoever makes it"},
	{rule: "cluster-endpoint", name: "not private", changes: []change{set("cluster", "vpcConfig.endpointPrivateAccess", false)}, want: "no private endpoint"},
	{rule: "cluster-endpoint", name: "public", changes: []change{set("cluster", "vpcConfig.endpointPublicAccess", true)}, want: "open to the world"},
	{rule: "cluster-endpoint", name: "public by default", changes: []change{drop("cluster", "vpcConfig.endpointPublicAccess")}, want: "open to the world"},
	{
		rule: "cluster-endpoint", name: "public to the world", want: "open to 0.0.0.0/0",
		changes: []change{set("cluster", "vpcConfig.endpointPublicAccess", true), set("cluster", "vpcConfig.publicAccessCidrs", []any{"192.0.2.0/24", "0.0.0.0/0"})},
	},
	{name: "public to an office", changes: []change{
		set("cluster", "vpcConfig.endpointPublicAccess", true), set("cluster", "vpcConfig.publicAccessCidrs", []any{"192.0.2.0/24"}),
	}},
	{rule: "cluster-support", name: "extended", changes: []change{set("cluster", "upgradePolicy.supportType", "EXTENDED")}, want: "isn't STANDARD"},
	{rule: "cluster-support", name: "extended by default", changes: []change{drop("cluster", "upgradePolicy")}, want: "isn't STANDARD"},
	{rule: "instance-metadata", name: "without a token", changes: []change{set("template", "metadataOptions.httpTokens", "optional")}, want: "without a token"},
	{rule: "instance-metadata", name: "two hops", changes: []change{set("template", "metadataOptions.httpPutResponseHopLimit", 2.0)}, want: "isn't 1"},
	{rule: "instance-metadata", name: "not said", changes: []change{drop("template", "metadataOptions")}, want: "without a token"},
	{rule: "machine-tags", name: "no volumes'", changes: []change{set("template", "tagSpecifications.1.resourceType", "instance")}, want: "the volumes"},
	{rule: "machine-tags", name: "no instances'", changes: []change{set("template", "tagSpecifications.0.tags", map[string]any{})}, want: "the instances"},
}
