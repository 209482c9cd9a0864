package policy

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// documentVersion is that of the policy language in which variables are replaced.
const documentVersion = "2012-10-17"

// Document is an IAM policy document.
type Document struct {
	// Version is that of the policy language.
	Version string
	// ID is its name, if it has one.
	ID string `json:"Id,omitempty"`
	// Statements are its statements.
	Statements []Statement `json:"Statement"`
}

// Statement is one of a document's statements. Whoever is everyone is the AWS principal *, which is another way to write it.
type Statement struct {
	// Sid is its name, if it has one.
	Sid string `json:",omitempty"`
	// Effect is Allow or Deny.
	Effect string
	// Principal are those that it is about, by their kind: AWS, Service, Federated or CanonicalUser.
	Principal map[string][]string `json:",omitempty"`
	// NotPrincipal are the only ones that it isn't about, by their kind.
	NotPrincipal map[string][]string `json:",omitempty"`
	// Action are the actions.
	Action []string `json:",omitempty"`
	// NotAction are the only actions that it isn't about.
	NotAction []string `json:",omitempty"`
	// Resource are the ARNs on which.
	Resource []string `json:",omitempty"`
	// NotResource are the only ARNs on which not.
	NotResource []string `json:",omitempty"`
	// Condition are the values by operator and by key.
	Condition map[string]map[string][]string `json:",omitempty"`
}

var (
	action       = regexp.MustCompile(`^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$`)
	arnPattern   = regexp.MustCompile(`^(\*|arn:.+)$`)
	operatorName = regexp.MustCompile(`^((ForAllValues|ForAnyValue):)?[A-Z][A-Za-z]+$`)
	kinds        = []string{"AWS", "Service", "Federated", "CanonicalUser"}
)

// ParseDocument reads a document as strictly as AWS does, and refuses what readers of JSON read differently: names in another
// case, names that come twice, and whatever stands behind the document.
func ParseDocument(text string) (Document, error) {
	value, err := decode(text)
	if err != nil {
		return Document{}, err
	}
	p := &parser{}
	document := p.document(value)
	return document, errors.Join(p.errs...)
}

// parser keeps what it finds wrong.
type parser struct {
	where string
	errs  []error
}

func (p *parser) refuse(wrong bool, format string, values ...any) {
	if wrong {
		p.errs = append(p.errs, fmt.Errorf(p.where+format, values...))
	}
}

// object is the value as an object of none but these names.
func (p *parser) object(value any, what string, names ...string) map[string]any {
	object, ok := value.(map[string]any)
	p.refuse(!ok, "%s is no object", what)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		p.refuse(len(names) != 0 && !slices.Contains(names, name), "%s has the unknown %q", what, name)
	}
	return object
}

func (p *parser) document(value any) Document {
	object := p.object(value, "the document", "Version", "Id", "Statement")
	document := Document{Version: p.name(object, "Version"), ID: p.name(object, "Id")}
	p.refuse(document.Version != documentVersion, "its Version is %q, want %s", document.Version, documentVersion)
	statements, ok := object["Statement"].([]any)
	if !ok {
		statements = []any{object["Statement"]}
	}
	p.refuse(len(statements) == 0, "it has no Statement")
	for i, statement := range statements {
		p.where = fmt.Sprintf("statement %d: ", i)
		document.Statements = append(document.Statements, p.statement(statement))
	}
	return document
}

func (p *parser) statement(value any) Statement {
	object := p.object(value, "it",
		"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
	s := Statement{
		Sid: p.name(object, "Sid"), Effect: p.name(object, "Effect"),
		Principal: p.principals(object, "Principal"), NotPrincipal: p.principals(object, "NotPrincipal"),
		Action: p.list(object, "Action", action), NotAction: p.list(object, "NotAction", action),
		Resource: p.list(object, "Resource", arnPattern), NotResource: p.list(object, "NotResource", arnPattern),
		Condition: p.conditions(object),
	}
	p.refuse(s.Effect != "Allow" && s.Effect != "Deny", "its Effect is %q, want Allow or Deny", s.Effect)
	p.refuse((s.Action == nil) == (s.NotAction == nil), "it has both or none of Action and NotAction")
	p.refuse(s.Resource != nil && s.NotResource != nil, "it has both Resource and NotResource")
	p.refuse(s.Principal != nil && s.NotPrincipal != nil, "it has both Principal and NotPrincipal")
	return s
}

// name is a string that may be missing.
func (p *parser) name(object map[string]any, key string) string {
	value, given := object[key]
	name, ok := value.(string)
	p.refuse(given && !ok, "its %s is no string", key)
	return name
}

// list is a string or a list of some, or nil if it is missing.
func (p *parser) list(object map[string]any, key string, want *regexp.Regexp) []string {
	value, given := object[key]
	if !given {
		return nil
	}
	values := p.strings(value, key)
	for _, one := range values {
		p.refuse(!want.MatchString(one), "its %s %q is none", key, one)
	}
	return values
}

func (p *parser) strings(value any, key string) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	p.refuse(len(list) == 0, "its %s is empty", key)
	values := []string{}
	for _, one := range list {
		s, ok := scalar(one)
		p.refuse(!ok || s == "", "its %s has a value that is no string, or empty", key)
		values = append(values, s)
	}
	return values
}

func (p *parser) principals(object map[string]any, key string) map[string][]string {
	value, given := object[key]
	switch {
	case !given:
		return nil
	case value == "*":
		return map[string][]string{"AWS": {"*"}}
	}
	named := map[string][]string{}
	for kind, inner := range p.object(value, "its "+key, kinds...) {
		named[kind] = p.strings(inner, key)
	}
	p.refuse(len(named) == 0, "its %s is nobody", key)
	return named
}

func (p *parser) conditions(object map[string]any) map[string]map[string][]string {
	value, given := object["Condition"]
	if !given {
		return nil
	}
	conditions := map[string]map[string][]string{}
	operators := p.object(value, "its Condition")
	for _, operator := range slices.Sorted(maps.Keys(operators)) {
		p.refuse(!operatorName.MatchString(operator), "its Condition has the operator %q", operator)
		conditions[operator] = map[string][]string{}
		keys := p.object(operators[operator], "its Condition's "+operator)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			conditions[operator][key] = p.strings(keys[key], key)
		}
		p.refuse(len(keys) == 0, "its Condition's %s is empty", operator)
	}
	p.refuse(len(operators) == 0, "its Condition is empty")
	return conditions
}
