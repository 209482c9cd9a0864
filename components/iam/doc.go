// Package iam is who may do what in AWS: policy documents as Go values, and roles.
//
// What it fixes: the version of the policy language; the same JSON for the same document, always; a role's trust in one service
// or in named principals, with sts:TagSession where the service asks for it; and that a role is handed on only once its policies
// are attached, so that nothing uses it before and, when the stack is destroyed, it loses them last.
//
// What varies: the statements, the service, the managed policies.
//
// What it refuses, before registering anything and all together: a role without a description or anybody who assumes it, a
// managed policy that isn't AWS's or that gives everything, and an inline policy of statements without an action or a resource.
//
// The format is that of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
package iam
