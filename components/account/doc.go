// Package account is where in AWS a stack is: an account and a region, and the provider that works there.
//
// What it fixes: the account that the provider may work in, so that the credentials of another one are refused before anything
// is made; and the tags that everything carries.
//
// What varies: account, region, and whether the provider asks AWS anything at all, which a preview can do without.
//
// What it refuses, all together: an account that isn't twelve digits, and a region whose name has another form.
//
// [Cloud] is no component resource: a component around a single provider would add a level and no meaning.
package account
