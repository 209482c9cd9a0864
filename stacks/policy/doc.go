// Package policy says what a stack may not be: rules over what it registers, in plain Go, without an engine, a cluster or a cloud.
//
// A rule is a function of one resource and of all that are registered with it. It judges what is asked for, not what is there:
// so it runs in a unit test on what a mock recorded, and on what `pulumi preview --json` prints, before anything is made.
//
// What it fixes: that whatever can't be judged is refused. A value that must be there and isn't is a violation, and so are a
// document that doesn't parse and a secret where a rule has to look. There is one exception, since a preview knows no ARN of
// what isn't there yet: an IAM document or an image that is unknown as a whole is listed by Unknown, and judged the next time.
// A run that isn't a preview leaves nothing unknown.
//
// What it leaves open: an input whose value is unknown, such as the key of a log group, is known by where it comes from.
//
// What it can't see: what a chart or a file of YAML would make, which is why they are refused, and what others make by hand.
package policy
