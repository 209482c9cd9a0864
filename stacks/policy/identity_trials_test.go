package policy_test

import "strings"

// allow is an identity's document of one statement.
func allow(actions, resources string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":` + actions + `,"Resource":` + resources + `}}`
}

// trusts is a role's trust.
func trusts(principal, rest string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"` + rest + `}]}`
}

// shares is a document of a bucket that also refuses what isn't asked for by TLS.
func shares(statement string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",` +
		`"Condition":{"Bool":{"aws:SecureTransport":"false"}}},` + statement + `]}`
}

func policyIs(document string) []change { return []change{set("pod-policy", "policy", document)} }

func trustIs(document string) []change {
	return []change{set("flow-role", "assumeRolePolicy", document)}
}

func sharedBy(statement string) []change {
	return []change{set("state-policy", "policy", shares(statement))}
}

const (
	flow       = `{"Service":"vpc-flow-logs.amazonaws.com"}`
	everywhere = `"*"`
)

var identityTrials = []trial{
	{rule: "document-wellformed", name: "no JSON", changes: policyIs("{"), want: "policy: it is no JSON"},
	{rule: "document-wellformed", name: "a secret", changes: policyIs("secret"), want: "it is no JSON"},
	{rule: "document-wellformed", name: "an old version", changes: policyIs(strings.Replace(allow(`"s3:GetObject"`, everywhere), "2012", "2008", 1)), want: "Version"},
	{rule: "document-wellformed", name: "a principal in an identity's", changes: policyIs(trusts(`"*"`, `,"Resource":"arn:aws:iam::123456789012:role/a"`)), want: "names a principal: true"},
	{rule: "document-wellformed", name: "no resource in an identity's", changes: policyIs(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject"}]}`), want: "names a resource: false"},
	{rule: "document-wellformed", name: "a resource in a trust", changes: trustIs(trusts(`{"Service":"ec2.amazonaws.com"}`, `,"Resource":"*"`)), want: "names a resource: true"},
	{rule: "document-wellformed", name: "nobody in a trust", changes: trustIs(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`), want: "names a principal: false"},
	{rule: "document-wellformed", name: "nobody in a bucket's", changes: sharedBy(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`), want: "names a principal: false"},
	{rule: "document-wellformed", name: "a role's inline one", changes: []change{set("pod-role", "inlinePolicies", []any{map[string]any{"name": "a", "policy": "[]"}})}, want: "inlinePolicies.*.policy"},
	{rule: "document-wellformed", name: "an endpoint's", changes: []change{set("s3", "policy", "")}, want: "policy"},
	{name: "an endpoint for everyone, which gives nothing", changes: []change{set("s3", "policy", shares(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}`))}},
	{name: "a document that is no string", changes: []change{set("pod-policy", "policy", map[string]any{
		"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}},
	})}},

	{rule: "not-everyone", name: "everyone", changes: sharedBy(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}`), want: "allows everyone s3:GetObject"},
	{rule: "not-everyone", name: "every account", changes: sharedBy(`{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":"s3:GetObject","Resource":"*"}`), want: "allows everyone"},
	{rule: "not-everyone", name: "everyone under a condition", changes: sharedBy(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"*","Condition":{"StringLike":{"aws:Referer":"*"}}}`), want: "allows everyone"},
	{rule: "not-everyone", name: "all but one", changes: sharedBy(`{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:root"},"NotAction":"s3:PutObject","Resource":"*"}`), want: "all but s3:PutObject"},
	{rule: "not-everyone", name: "a pattern of accounts", changes: sharedBy(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::*:root"},"Action":"s3:GetObject","Resource":"*"}`), want: "allows everyone"},
	{rule: "not-everyone", name: "a queue's", want: "allows everyone sqs:SendMessage", changes: []change{another("vpc", "aws:sqs/queuePolicy:QueuePolicy",
		`{"policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Resource\":\"*\"}]}"}`, nil)}},
	{name: "somebody", changes: sharedBy(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/ci"},"Action":"s3:*","Resource":"*"}`)},

	{rule: "no-wildcard-powers", name: "everything", changes: policyIs(allow(`"*"`, everywhere)), want: "allows * on everything"},
	{rule: "no-wildcard-powers", name: "a service", changes: policyIs(allow(`["s3:GetObject","ec2:*"]`, everywhere)), want: "allows ec2:* on everything"},
	{rule: "no-wildcard-powers", name: "a pattern that writes", changes: policyIs(allow(`"ec2:*Vpc"`, everywhere)), want: "ec2:*Vpc"},
	{rule: "no-wildcard-powers", name: "a prefix that writes", changes: policyIs(allow(`"ec2:Create*"`, everywhere)), want: "ec2:Create*"},
	{rule: "no-wildcard-powers", name: "a prefix that is more than Get", changes: policyIs(allow(`"s3:G*"`, everywhere)), want: "s3:G*"},
	{rule: "no-wildcard-powers", name: "one letter", changes: policyIs(allow(`"ec2:CreateVp?"`, everywhere)), want: "ec2:CreateVp?"},
	{rule: "no-wildcard-powers", name: "all but one", changes: policyIs(strings.Replace(allow(`"iam:CreateUser"`, everywhere), `"Action"`, `"NotAction"`, 1)), want: "all but iam:CreateUser"},
	{rule: "no-wildcard-powers", name: "not on one", changes: policyIs(strings.Replace(allow(`"s3:*"`, `"arn:aws:s3:::a"`), `"Resource"`, `"NotResource"`, 1)), want: "s3:*"},
	{rule: "no-wildcard-powers", name: "on all of a service", changes: policyIs(allow(`"s3:*"`, `"arn:aws:s3:::*"`)), want: "s3:*"},
	{rule: "no-wildcard-powers", name: "on a short pattern", changes: policyIs(allow(`"s3:*"`, `"arn:*"`)), want: "s3:*"},
	{rule: "no-wildcard-powers", name: "of a role's own", changes: []change{set("pod-role", "inlinePolicies", []any{map[string]any{"policy": allow(`"*"`, everywhere)}})}, want: "allows *"},
	{name: "reading", changes: policyIs(allow(`["ec2:Describe*","s3:GetBucket*","ecr:List*"]`, everywhere))},
	{name: "a service on something", changes: policyIs(allow(`"s3:*"`, `["arn:aws:s3:::fleetman-state","arn:aws:s3:::fleetman-state/*"]`))},
	{name: "everything denied", changes: policyIs(strings.Replace(allow(`"*"`, everywhere), "Allow", "Deny", 1))},

	{rule: "no-borrowed-powers", name: "every role passed on", changes: policyIs(allow(`"iam:passrole"`, everywhere)), want: "iam:PassRole"},
	{rule: "no-borrowed-powers", name: "every role assumed", changes: policyIs(allow(`"sts:AssumeRole"`, everywhere)), want: "sts:AssumeRole"},
	{name: "one role passed on", changes: policyIs(allow(`"iam:PassRole"`, `"arn:aws:iam::123456789012:role/node"`))},

	{rule: "managed-policies", name: "administrator", changes: []change{set("cluster-attached", "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess")}, want: "AdministratorAccess"},
	{rule: "managed-policies", name: "power user", changes: []change{set("cluster-attached", "policyArn", "arn:aws:iam::aws:policy/PowerUserAccess")}, want: "PowerUserAccess"},
	{rule: "managed-policies", name: "full access", changes: []change{set("cluster-attached", "policyArn", "arn:aws:iam::aws:policy/service-role/AmazonEC2FullAccess")}, want: "AmazonEC2FullAccess"},
	{rule: "managed-policies", name: "a role's own list", changes: []change{set("node-role", "managedPolicyArns", []any{"arn:aws:iam::aws:policy/IAMFullAccess"})}, want: "IAMFullAccess"},

	{rule: "trust-named", name: "no service", changes: trustIs(trusts(`{"Service":"example.com"}`, `,"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}`)), want: `"example.com"`},
	{rule: "trust-named", name: "an account by its number", changes: trustIs(trusts(`{"AWS":"123456789012"}`, "")), want: `AWS "123456789012"`},
	{rule: "trust-named", name: "anybody at a provider", changes: trustIs(trusts(`{"Federated":"accounts.google.com"}`, "")), want: `Federated "accounts.google.com"`},
	{rule: "trust-named", name: "a user by a hash", changes: trustIs(trusts(`{"CanonicalUser":"abc"}`, "")), want: "CanonicalUser"},
	{name: "a role of the account", changes: trustIs(trusts(`{"AWS":"arn:aws:iam::123456789012:role/ci"}`, ""))},

	{rule: "trust-own-account", name: "no condition", changes: trustIs(trusts(flow, "")), want: "without an aws:SourceAccount"},
	{rule: "trust-own-account", name: "if it exists", changes: trustIs(trusts(flow, `,"Condition":{"StringEqualsIfExists":{"aws:SourceAccount":"123456789012"}}`)), want: "without an aws:SourceAccount"},
	{rule: "trust-own-account", name: "not", changes: trustIs(trusts(flow, `,"Condition":{"StringNotEquals":{"aws:SourceAccount":"123456789012"}}`)), want: "without"},
	{rule: "trust-own-account", name: "any account", changes: trustIs(trusts(flow, `,"Condition":{"StringLike":{"aws:SourceAccount":"*"}}`)), want: "without"},
	{rule: "trust-own-account", name: "any ARN", changes: trustIs(trusts(flow, `,"Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:ec2:*:*:vpc-flow-log/*"]}}`)), want: "without"},
	{rule: "trust-own-account", name: "one of two", changes: trustIs(trusts(flow, `,"Condition":{"StringLike":{"aws:SourceAccount":["123456789012","*"]}}`)), want: "without"},
	{rule: "trust-own-account", name: "another key", changes: trustIs(trusts(flow, `,"Condition":{"StringEquals":{"aws:PrincipalTag/a":"123456789012"}}`)), want: "without"},
	{rule: "trust-own-account", name: "a second service", changes: trustIs(trusts(`{"Service":["ec2.amazonaws.com","dlm.amazonaws.com"]}`, "")), want: "trusts dlm.amazonaws.com"},
	{name: "an ARN of the account", changes: trustIs(trusts(flow, `,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:ec2:eu-central-1:123456789012:vpc-flow-log/*"}}`))},
}

// keyed is the key's own statement and another.
func keyed(statement string) []change {
	return []change{set("key", "policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"},`+statement+`]}`)}
}

var keyTrials = []trial{
	{rule: "key-owner", name: "a role", changes: keyed(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/ci"},"Action":"kms:*","Resource":"*"}`), want: "to arn:aws:iam::123456789012:role/ci"},
	{rule: "key-owner", name: "a service", changes: keyed(`{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"*","Resource":"*"}`), want: "gives * to logs.amazonaws.com"},
	{rule: "key-owner", name: "another account", changes: keyed(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"kms:*","Resource":"*"}`), want: "isn't the provider's account"},
	{rule: "key-owner", name: "a part of it", changes: keyed(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/ci"},"Action":"kms:Put*","Resource":"*"}`), want: "gives kms:Put*"},
	{
		rule: "key-owner", name: "in a policy of its own", want: "gives kms:*",
		changes: []change{another("vpc", "aws:kms/keyPolicy:KeyPolicy",
			`{"policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::123456789012:user/a\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}"}`, nil)},
	},
	{rule: "not-everyone", name: "a key's", changes: keyed(`{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`), want: "allows everyone kms:Decrypt"},
	{name: "using it", changes: keyed(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/node"},"Action":["kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant"],"Resource":"*"}`)},
	{name: "another account, if the provider names none", changes: append(keyed(`{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`), drop("aws", "allowedAccountIds"))},

	{rule: "key-rotation", name: "none", changes: []change{set("key", "enableKeyRotation", false)}, want: "isn't rotated"},
	{rule: "key-rotation", name: "not said", changes: []change{drop("key", "enableKeyRotation")}, want: "isn't rotated"},
}
