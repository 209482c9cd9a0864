// Pulumi-language-go is the lab's stand-in for Pulumi's language host of that name, for machines that cannot download it.
//
// It builds the Go program with the go tool that is on PATH and runs it against the engine that asks: enough for preview, up,
// refresh, destroy and the stack commands. It knows the runtime option binary. It reports no required plugins, so providers
// must be installed beforehand. Templates, code generation, packages, policy packs, debuggers and installing dependencies are
// refused.
package main
