// Package recorder runs a Pulumi program without an engine and without a cluster, and records what it registers. It is for
// tests alone.
//
// It answers a registration as a provider would: the inputs come back as outputs, an object without a name gets one that
// follows from its logical name, and a secret stays one. What it can't do is refuse what a cluster would refuse.
package recorder
