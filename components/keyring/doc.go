// Package keyring makes every password and certificate that parts of the stack show each other, out of one secret, the seed.
//
// What it fixes: a key is HKDF-SHA256 (RFC 5869) of the seed under the purpose it is for; a password is 32 bytes of it; a
// certificate's key is a P-256 key of it,
// and its signature is the deterministic one of RFC 6979. So a stack has the same passwords and certificates each time it is
// run, nothing of them is stored outside the stack's own state, and whoever loses a cluster can make it again.
//
// What varies: the seed, and from when on the certificates hold. They hold for ten years, the authority's own as well: each is
// trusted by the parts of one stack alone. A new seed, or a new date, is new certificates.
//
// What it refuses: a seed that is shorter than 32 characters, with an error and without showing it. It has no certificate for
// people's browsers, which trust other authorities.
package keyring
