// The command policy judges stacks by what `pulumi preview --json --show-sames` printed of each: one file, one stack.
//
// It ends with 1 if a rule is broken and with 2 if a file can't be judged.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"fleetman/stacks/policy"
)

// How the command ends.
const (
	kept = iota
	broken
	unreadable
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("policy", flag.ContinueOnError)
	flags.SetOutput(problems)
	flags.Usage = func() {
		fmt.Fprintln(problems, "usage: policy [-unknown] preview.json...")
		flags.PrintDefaults()
	}
	list := flags.Bool("unknown", false, "list the resources whose documents or images aren't known before up")
	if flags.Parse(args) != nil || flags.NArg() == 0 {
		flags.Usage()
		return unreadable
	}
	// All are read before anything is printed: a part of the stacks isn't the stacks.
	var previews []*policy.Preview
	for _, file := range flags.Args() {
		preview, err := readFile(file)
		if err != nil {
			fmt.Fprintf(problems, "policy: %s: %v\n", file, err)
			return unreadable
		}
		previews = append(previews, preview)
	}
	return judge(previews, *list, out)
}

func readFile(file string) (*policy.Preview, error) {
	printed, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return policy.ReadPreview(printed)
}

func judge(previews []*policy.Preview, list bool, out io.Writer) int {
	var resources, violations, unknown int
	for _, preview := range previews {
		for _, violation := range policy.Check(preview.Resources) {
			fmt.Fprintf(out, "%s: %s: %s: %s\n", preview.Stack, violation.URN, violation.Rule, violation.Message)
			violations++
		}
		later := policy.Unknown(preview.Resources)
		for _, urn := range later {
			if list {
				fmt.Fprintf(out, "%s: %s: not known before up\n", preview.Stack, urn)
			}
		}
		resources, unknown = resources+len(preview.Resources), unknown+len(later)
	}
	fmt.Fprintf(out, "policy: %d stacks, %d resources, %d rules, %d violations, %d documents or images not known before up\n",
		len(previews), resources, len(policy.Rules()), violations, unknown)
	if violations != 0 {
		return broken
	}
	return kept
}
