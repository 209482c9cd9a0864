package policy

import (
	"encoding/json"
	"slices"
)

// use is what a document is for.
type use int

const (
	// identity is what somebody may do.
	identity use = iota
	// trust is who may assume a role.
	trust
	// sharing is who may do what to the resource that it is of.
	sharing
	// narrowing is what at most passes an endpoint: it gives nothing.
	narrowing
)

// place is an input that holds documents.
type place struct {
	path string
	use  use
	// optional says that there may be none.
	optional bool
}

// places are where documents are, by type.
var places = map[string][]place{
	roleType:         {{path: "assumeRolePolicy", use: trust}, {path: "inlinePolicies.*.policy", use: identity, optional: true}},
	rolePolicyType:   {{path: "policy", use: identity}},
	policyType:       {{path: "policy", use: identity}},
	userPolicyType:   {{path: "policy", use: identity}},
	groupPolicyType:  {{path: "policy", use: identity}},
	keyType:          {{path: "policy", use: sharing, optional: true}},
	keyPolicyType:    {{path: "policy", use: sharing}},
	bucketType:       {{path: "policy", use: sharing, optional: true}},
	bucketPolicyType: {{path: "policy", use: sharing}},
	repoPolicyType:   {{path: "policy", use: sharing}},
	queuePolicyType:  {{path: "policy", use: sharing}},
	topicPolicyType:  {{path: "policy", use: sharing}},
	secretPolicyType: {{path: "policy", use: sharing}},
	endpointType:     {{path: "policy", use: narrowing, optional: true}},
}

// source is a document as it is found.
type source struct {
	place

	document Document
	err      error
}

// documents are the resource's documents that are known.
func (r Resource) documents() []source {
	var found []source
	for _, place := range places[r.Type] {
		for _, value := range at(r.Inputs, place.path) {
			one := source{place: place}
			written, ok := value.(string)
			if !ok { // typed, as one of the SDK's two ways has it
				encoded, _ := json.Marshal(value) // it came out of JSON
				written = string(encoded)
			}
			one.document, one.err = ParseDocument(written)
			found = append(found, one)
		}
	}
	return found
}

// statements are those of the resource's known and readable documents of a use.
func (r Resource) statements(uses ...use) []Statement {
	var found []Statement
	for _, one := range r.documents() {
		if one.err == nil && slices.Contains(uses, one.use) {
			found = append(found, one.document.Statements...)
		}
	}
	return found
}

// Unknown are the URNs of the resources that can't be judged in a preview, sorted: those of which an IAM document or an image
// isn't known yet, since it holds what only an update makes.
func Unknown(resources []Resource) []string {
	var urns []string
	for _, r := range resources {
		if r.unknownDocument() || r.unknownImage() {
			urns = append(urns, r.URN)
		}
	}
	slices.Sort(urns)
	return urns
}

// unknownDocument takes an optional document for unknown, and not for none, if its input may come from another resource.
func (r Resource) unknownDocument() bool {
	for _, place := range places[r.Type] {
		if len(at(r.Inputs, place.path)) == 0 && (!place.optional || r.References != nil && len(r.References[top(place.path)]) != 0) {
			return true
		}
	}
	return false
}
