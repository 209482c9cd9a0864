package policy

import (
	"regexp"
	"slices"
	"strings"
)

// reading are the actions whose wildcard may be on everything: they tell, and most know no ARN to be narrowed to.
var reading = regexp.MustCompile(`(?i)^[a-z0-9-]+:(describe|get|list)[a-z0-9*?]*$`)

func wildcard(s string) bool { return strings.ContainsAny(s, "*?") }

// allows says whether it gives anything.
func (s Statement) allows() bool { return s.Effect == "Allow" }

// everyone says whether it is about everybody: a wildcard in a principal, or all but some.
func (s Statement) everyone() bool {
	for _, named := range s.Principal {
		if slices.ContainsFunc(named, wildcard) {
			return true
		}
	}
	return s.NotPrincipal != nil
}

// powers are its actions that are many, some of which nobody thought of.
func (s Statement) powers() []string {
	var found []string
	for _, action := range s.Action {
		if wildcard(action) && !reading.MatchString(action) {
			found = append(found, action)
		}
	}
	if s.NotAction != nil {
		found = append(found, "all but "+strings.Join(s.NotAction, ", "))
	}
	return found
}

// everything says whether it is about all resources there are, or all of a service.
func (s Statement) everything() bool {
	return s.NotResource != nil || slices.ContainsFunc(s.Resource, boundless)
}

// boundless says whether an ARN's pattern ends in nothing but a wildcard, as arn:aws:s3:::* does.
func boundless(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return wildcard(arn)
	}
	return strings.Trim(parts[5], "*?") == ""
}

// can says whether the action is among its actions.
func (s Statement) can(action string) bool {
	return slices.ContainsFunc(s.Action, func(given string) bool { return strings.EqualFold(given, action) })
}
