package iam

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// version is that of the policy language.
const version = "2012-10-17"

// Condition is one of a statement's conditions: all of them must hold.
type Condition struct {
	// Test is the operator, such as StringEquals.
	Test string
	// Key is what is tested, such as aws:SourceAccount.
	Key string
	// Values are what it is tested against: one of them has to fit.
	Values []string
}

// Statement is one of a document's statements.
type Statement struct {
	// Sid is its name. Default: none.
	Sid string
	// Effect is Allow or Deny. Default: Allow.
	Effect string
	// Services are the AWS services that it is about, in the policy of a resource or in a role's trust.
	Services []string
	// Principals are the ARNs that it is about, in the policy of a resource or in a role's trust.
	Principals []pulumi.StringInput
	// Anyone says that it is about everybody, which is for a Deny.
	Anyone bool
	// Actions are what it allows or denies.
	Actions []string
	// Resources are the ARNs on which; none in a role's trust.
	Resources []pulumi.StringInput
	// Conditions are when. Default: always.
	Conditions []Condition
}

// Document is a policy: its statements.
type Document []Statement

type encodedDocument struct {
	Version   string
	Statement []encodedStatement
}

type encodedStatement struct {
	Sid       string                         `json:",omitempty"`
	Effect    string                         //
	Principal any                            `json:",omitempty"`
	Action    []string                       //
	Resource  []string                       `json:",omitempty"`
	Condition map[string]map[string][]string `json:",omitempty"`
}

// JSON is the document as AWS reads it, known once every ARN in it is. It depends on whatever those come from.
func (d Document) JSON() pulumi.StringOutput {
	var arns []any
	for _, statement := range d {
		for _, arn := range statement.Principals {
			arns = append(arns, arn)
		}
		for _, arn := range statement.Resources {
			arns = append(arns, arn)
		}
	}
	encoded := pulumi.All(arns...).ApplyT(func(arns []any) (string, error) { return d.encode(arns) })
	return encoded.(pulumi.StringOutput) // what the function answers with
}

// encode takes the ARNs in the order in which JSON gathered them.
func (d Document) encode(arns []any) (string, error) {
	next := func(count int) []string {
		var taken []string
		for _, arn := range arns[:count] {
			taken = append(taken, fmt.Sprint(arn))
		}
		arns = arns[count:]
		return taken
	}
	document := encodedDocument{Version: version, Statement: []encodedStatement{}}
	for _, statement := range d {
		encoded := encodedStatement{Sid: statement.Sid, Effect: statement.Effect, Action: statement.Actions}
		if encoded.Effect == "" {
			encoded.Effect = "Allow"
		}
		who := map[string][]string{}
		if len(statement.Services) != 0 {
			who["Service"] = statement.Services
		}
		if named := next(len(statement.Principals)); len(named) != 0 {
			who["AWS"] = named
		}
		switch {
		case statement.Anyone:
			encoded.Principal = "*"
		case len(who) != 0:
			encoded.Principal = who
		}
		encoded.Resource = next(len(statement.Resources))
		for _, condition := range statement.Conditions {
			if encoded.Condition == nil {
				encoded.Condition = map[string]map[string][]string{}
			}
			if encoded.Condition[condition.Test] == nil {
				encoded.Condition[condition.Test] = map[string][]string{}
			}
			encoded.Condition[condition.Test][condition.Key] = condition.Values
		}
		document.Statement = append(document.Statement, encoded)
	}
	text, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("encode policy: %w", err)
	}
	return string(text), nil
}
