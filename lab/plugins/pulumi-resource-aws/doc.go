// Pulumi-resource-aws is the lab's stand-in for Pulumi's AWS provider, for machines that cannot download it. It reports version
// 6.83.2 and serves previews alone: it knows nothing of AWS, calls nobody, and needs no credentials.
//
// It learns what each resource takes from the source of the Go SDK that the program is compiled with, which is generated from
// the schema of Pulumi's own provider, and names everything that is wrong with a resource's inputs, or the provider's, at once:
//
//   - a type that there isn't, and an input that there isn't at any depth, each with the nearest name that there is;
//   - an input that is required and missing, at any depth; lists and maps only at the top, because the source tells no more;
//   - a value of another type. What is not known yet passes.
//
// It does not know which values AWS takes, which inputs exclude each other, which change replaces a resource, or the names that
// Pulumi's own makes up. The answer to a preview is the inputs; whatever AWS would add stays unknown. Everything else is refused.
package main
