// Package image makes a service's folder into an OCI image, without Docker, and takes the image to where a cluster finds it.
//
// What it fixes: one layer on an empty base that holds the service's program and the files it is given, all of them root's and
// read-only; user 65532; no time, no host name and no version control in it, so that the same source gives the same digest on
// every machine; and a reference that is the digest of the content, so that an unchanged service is an unchanged image and a
// changed one can't run under an old name.
//
// What varies: the processor architecture, the extra files, and where the image goes: a Minikube node ([Loader]) or a
// registry ([Pusher]).
//
// What it refuses: a service that doesn't compile, with the compiler's words; a folder of files that isn't there, with what
// makes it; files that are neither folders nor regular files; and a load after which the node doesn't list the image.
//
// The image holds no CA certificates and no time zones: a fleet service speaks plain TCP inside its cluster, and the machine's
// own bundle would make the digest depend on the machine.
package image
