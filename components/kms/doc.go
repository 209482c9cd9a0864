// Package kms is a key that encrypts what AWS keeps for the stack.
//
// What it fixes: a symmetric key of the stack's own, rotated every year, whose deletion waits for 30 days in which it can be
// called back; an alias to know it by; and a policy in which the account's own IAM decides who may use it.
//
// What varies: its alias, what it is for, the AWS services that use it by themselves, and whether it outlives the stack.
//
// What it refuses, before registering anything and all together: an account that is no account's number, a missing alias or
// description, and a statement that is about nobody.
package kms
