package policy

import (
	"regexp"
	"slices"
	"strings"
)

func trustRules() []Rule {
	return []Rule{
		{
			Name:  "trust-named",
			Why:   "a role is assumed by a service or by somebody with a name, or by whoever finds it",
			Check: of(trustNamed, roleType),
		},
		{
			Name:  "trust-own-account",
			Why:   "a service that works for everybody can be made to use our role for somebody else",
			Check: of(trustOwnAccount, roleType),
		},
	}
}

// sourceless are the services whose trust needs no source. All three take a role only from somebody of its own account who may
// pass it on, which no other account can. EC2 names no source when it hands a machine its role, so that a condition would lock the
// machine out; a pod's identity is narrowed by the tags of its session; EKS assumes a cluster's role for that cluster alone, and
// has named it as the source since August 2025, so that its trust may have the condition and need not.
var sourceless = []string{"ec2.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com"}

var (
	serviceName = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com$`)
	named       = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*?]+$`)
	ownAccount  = regexp.MustCompile(`^[0-9]{12}$`)
	// ownARN has an account or, as those of S3 do, none and a name.
	ownARN = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:([^:]*:[0-9]{12}:.+|::[^*?].*)$`)
)

// trustNamed leaves everyone, and all but some, to not-everyone.
func trustNamed(_ []Resource, r Resource, f *findings) {
	for _, s := range r.statements(trust) {
		for kind, want := range map[string]*regexp.Regexp{"Service": serviceName, "AWS": named, "Federated": named} {
			for _, principal := range s.Principal[kind] {
				f.refuse(s.allows() && !want.MatchString(principal), "it trusts the %s %q, which names nobody", kind, principal)
			}
		}
		f.refuse(s.allows() && s.Principal["CanonicalUser"] != nil, "it trusts a CanonicalUser, which a role can't")
	}
	slices.Sort(*f)
}

func trustOwnAccount(_ []Resource, r Resource, f *findings) {
	for _, s := range r.statements(trust) {
		for _, service := range s.Principal["Service"] {
			f.refuse(s.allows() && !slices.Contains(sourceless, service) && !s.bound(),
				"it trusts %s for whom it may, without an aws:SourceAccount or aws:SourceArn", service)
		}
	}
}

// positive are the operators that hold only if the key is there. One of IfExists or of ForAllValues holds without it.
var positive = regexp.MustCompile(`^(ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike)$`)

// bound says whether it holds only for what is done for an account, or a resource, that is named.
func (s Statement) bound() bool {
	for operator, keys := range s.Condition {
		if !positive.MatchString(operator) {
			continue
		}
		for key, values := range keys {
			var want *regexp.Regexp
			switch strings.ToLower(key) {
			case "aws:sourceaccount":
				want = ownAccount
			case "aws:sourcearn":
				want = ownARN
			default:
				continue
			}
			if !slices.ContainsFunc(values, func(value string) bool { return !want.MatchString(value) }) {
				return true
			}
		}
	}
	return false
}
