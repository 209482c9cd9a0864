// Package mongodb is a MongoDB of one member in a cluster, with authentication always on.
//
// What it fixes: a StatefulSet of one replica, so that never two servers open the same files; the image's own entrypoint,
// which makes the root user on an empty volume, from a Secret that is mounted and isn't in the environment; a Service of the
// same name on port 27017; and a volume that is a claim of its own and not one of the StatefulSet's templates. The claim then
// is a resource that Pulumi knows: it grows in place where a template would replace the StatefulSet, it is protected or not by
// an argument, and destroying the stack destroys it where a template's claim would stay behind.
//
// What varies: the volume's size and storage class, whether it is protected, the cache, the root user's name and password.
//
// What it refuses, before registering anything and all together: a missing namespace, storage class or password; a size that
// is no quantity or below 1Gi; a cache below the 0.25 GB that mongod accepts; and a user's name that is empty or has white space.
//
// The password is set once: mongod keeps it on its volume, so a new one in the configuration needs db.changeUserPassword too.
package mongodb
