package policy

import (
	"slices"
	"strings"
)

func bucketRules() []Rule {
	return []Rule{
		{
			Name:  "bucket-versioned",
			Why:   "without versions the stack's state is gone with one bad write",
			Check: of(bucketVersioned, bucketType),
		},
		{
			Name:  "bucket-private",
			Why:   "one list of who may read is enough to make a bucket public",
			Check: of(bucketPrivate, bucketType),
		},
		{
			Name:  "bucket-tls",
			Why:   "what is read without TLS is read by everyone on the way",
			Check: of(bucketTLS, bucketType),
		},
	}
}

func bucketVersioned(all []Resource, r Resource, f *findings) {
	versioned := slices.ContainsFunc(r.partners(all, versioningType, "bucket", "bucket"), func(other Resource) bool {
		return is(other.Inputs, "versioningConfiguration.status", "Enabled")
	})
	f.refuse(!versioned, "it keeps no versions")
}

func bucketPrivate(all []Resource, r Resource, f *findings) {
	blocks := r.partners(all, bucketBlockType, "bucket", "bucket")
	f.refuse(len(blocks) == 0, "it has no public access block")
	for _, block := range blocks {
		for _, what := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
			f.refuse(!on(block.Inputs, what), "its public access block %s lacks %s", block.Name, what)
		}
	}
}

// bucketTLS leaves a policy that isn't known yet to the next time: Unknown lists it.
func bucketTLS(all []Resource, r Resource, f *findings) {
	policies := r.partners(all, bucketPolicyType, "bucket", "bucket")
	refused := slices.ContainsFunc(policies, func(policy Resource) bool {
		return policy.unknownDocument() || slices.ContainsFunc(policy.statements(sharing), Statement.refusesPlain)
	})
	f.refuse(!refused, "it may be read and written without TLS")
}

// refusesPlain says whether it denies everyone everything in the bucket that isn't asked for by TLS, and on no other condition.
func (s Statement) refusesPlain() bool {
	plain := s.Condition["Bool"]["aws:SecureTransport"]
	return s.Effect == "Deny" && slices.Contains(s.Principal["AWS"], "*") &&
		(slices.Contains(s.Action, "s3:*") || slices.Contains(s.Action, "*")) &&
		len(s.Condition) == 1 && len(s.Condition["Bool"]) == 1 && slices.Equal(plain, []string{"false"}) &&
		s.holdsBucket()
}

// holdsBucket says whether its resources are a bucket and all that is in it.
func (s Statement) holdsBucket() bool {
	return slices.Contains(s.Resource, "*") || slices.ContainsFunc(s.Resource, func(arn string) bool {
		inside := strings.HasPrefix(arn, "arn:aws:s3:::") && strings.Contains(arn, "/")
		return !inside && slices.Contains(s.Resource, arn+"/*")
	})
}
