// Command infra is the Pulumi program of the project. It hands the stack's configuration over to package stacks, which
// declares the stack.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/stacks"
)

func main() {
	var raw stacks.Raw
	pulumi.Run(func(ctx *pulumi.Context) error {
		return stacks.Run(ctx, raw, stacks.Real(ctx))
	}, raw.Capture)
}
