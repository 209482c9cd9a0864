// Package mongodb is a MongoDB in a cluster, of one member or of three that are one replica set, with authentication always on.
//
// What it fixes: a StatefulSet; the image's own entrypoint, which makes the root user on an empty volume, from a Secret that is
// mounted and isn't in the environment; a Service of the same name on port 27017, and a headless one, <name>-members, that gives
// each member a name. The volumes are claims of their own, under the names data-<name>-<ordinal> that the StatefulSet's template
// would give them, so that it takes them for its own. A claim then is a resource that Pulumi knows: it grows in place where a
// changed template would replace the StatefulSet, it is protected or not by an argument, and destroying the stack destroys it
// where a template's claim would stay behind.
//
// What three members have besides: the keyfile by which they know each other, copied by an init container to where only mongod's
// user may read it; one zone each, and never one host; a disruption budget; and a Job that makes them one set, named rs0, and
// ends when it has a primary. The root user is made by the first member alone.
//
// What varies: how many members, the volumes' size and storage class, whether they are protected, on which nodes they are, the
// cache, the root user's name and password.
//
// What it refuses, before registering anything and all together: a missing namespace, storage class or password; another number
// of members; a replica set without a keyfile, and a keyfile without a replica set; a size that is no quantity or below 1Gi; a
// placement that is none; a cache below the 0.25 GB that mongod accepts; and a user's name that is empty or has white space. A
// keyfile that mongod would refuse is refused as soon as it is known, which in a preview it is.
//
// The password is set once: mongod keeps it on its volume, so a new one in the configuration needs db.changeUserPassword too.
// A new keyfile is rolled out member by member, and they must still know each other meanwhile: first the list of the old and the
// new one, then the new one alone.
//
// From one member to three: the member keeps its volume, starts again as the first of the set, and the others copy its data; for
// the minute in between there is no primary. From three to one isn't supported: a set that finds one of its three members takes
// no writes. Make another database of one member instead, and bring the data over by mongodump and mongorestore.
package mongodb
