// Package ci is what a pipeline may do in AWS: a role in the place of a user with a key.
//
// What it fixes: a pipeline releases, and an administrator changes the platform. The role reads and writes the stacks' state and
// decrypts their secrets, pushes images, reads all that the stack declares so that it can preview every change, and finds the
// cluster, in which an access entry of the cluster lets it deploy into the fleet's namespace alone. It can create, change or
// delete nothing else in AWS: a role that may write IAM can give itself everything.
//
// What varies: the account and region, the cluster, the service account of the pipeline's pods, and who else may assume it.
//
// What it refuses, before registering anything and all together: an account or region that is none, a missing bucket, alias,
// cluster, namespace or service account, and others that are no ARNs.
package ci
