// Package state is where Pulumi keeps the state of the other stacks: a bucket, and the key that encrypts both it and the stacks'
// secrets. It is what a stack needs before it is there, so it is a stack of its own.
//
// What it fixes: the names, which follow from account and region, so that every machine finds them without asking; a bucket that
// keeps every version of the state for 90 days, that is encrypted, that nobody outside reaches and that refuses plain HTTP; and
// that neither bucket nor key is ever deleted while protection is on.
//
// What varies: account and region.
//
// What it refuses, before registering anything and all together: an account or region that is none.
package state
