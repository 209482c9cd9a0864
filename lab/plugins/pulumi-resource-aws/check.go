package main

import (
	"errors"
	"fmt"
	"go/ast"
	"math"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"fleetman/lab/plugins/internal/standin"
)

// check compares inputs with what a resource takes. The failures name their inputs themselves: of a failure with a property
// the engine would print the value, of a secret too.
func check(s *sdk, o *object, inputs resource.PropertyMap) ([]plugin.CheckFailure, error) {
	c := checker{sdk: s}
	c.object("", standin.Reveal(resource.NewProperty(inputs)).ObjectValue(), o)
	failures := make([]plugin.CheckFailure, len(c.problems))
	for i, problem := range c.problems {
		failures[i].Reason = problem
	}
	return failures, errors.Join(c.errs...)
}

type checker struct {
	sdk      *sdk
	problems []string // of the inputs
	errs     []error  // of the SDK's source
}

func (c *checker) refuse(format string, values ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, values...))
}

// object checks the properties of a revealed object. prefix is where it is.
func (c *checker) object(prefix string, given resource.PropertyMap, o *object) {
	fields := map[resource.PropertyKey]field{}
	var names []string
	for _, f := range o.fields {
		key := resource.PropertyKey(f.name)
		fields[key] = f
		names = append(names, f.name)
		if _, there := given[key]; f.required && !there {
			c.refuse("%s is missing", prefix+f.name)
		}
	}
	for _, key := range given.StableKeys() {
		f, known := fields[key]
		switch {
		case known:
			c.value(prefix+f.name, given[key], f.typ, o.pkg)
		case !own(key):
			c.refuse("%s is not an input%s", prefix+string(key), suggest(string(key), names))
		}
	}
}

// value checks a revealed value. The names in typ are those of pkg.
func (c *checker) value(at string, v resource.PropertyValue, typ ast.Expr, pkg string) {
	if v.IsComputed() {
		return
	}
	want, ok := "", true
	switch t := typ.(type) {
	case *ast.StarExpr:
		c.value(at, v, t.X, pkg)
	case *ast.ArrayType:
		if want, ok = "a list", v.IsArray(); ok {
			for i, item := range v.ArrayValue() {
				c.value(fmt.Sprintf("%s[%d]", at, i), item, t.Elt, pkg)
			}
		}
	case *ast.MapType:
		if want, ok = "an object", v.IsObject(); ok {
			for _, key := range v.ObjectValue().StableKeys() {
				c.value(fmt.Sprintf("%s[%q]", at, key), v.ObjectValue()[key], t.Value, pkg)
			}
		}
	case *ast.InterfaceType: // anything
	case *ast.SelectorExpr: // pulumi.Archive, pulumi.AssetOrArchive
		want, ok = "an asset or archive", v.IsAsset() || v.IsArchive()
	case *ast.Ident:
		want, ok = c.ident(at, v, t.Name, pkg)
	default:
		c.errs = append(c.errs, fmt.Errorf("%s: the SDK's source has a type that is not understood: %T", at, typ))
	}
	if !ok {
		c.refuse("%s must be %s, not %s", at, want, describe(v))
	}
}

// ident checks a value of a type that has a name.
func (c *checker) ident(at string, v resource.PropertyValue, name, pkg string) (want string, ok bool) {
	switch name {
	case "string":
		return "a string", v.IsString()
	case "bool":
		return "a boolean", v.IsBool()
	case "float64":
		return "a number", v.IsNumber()
	case "int":
		return "a whole number", v.IsNumber() && v.NumberValue() == math.Trunc(v.NumberValue())
	}
	o, err := c.sdk.named(pkg, name)
	switch {
	case err != nil:
		c.errs = append(c.errs, err)
	case o.alias != nil:
		c.value(at, v, o.alias, pkg)
	case v.IsObject():
		c.object(at+".", v.ObjectValue(), o)
	default:
		return "an object", false
	}
	return "", true
}

func describe(v resource.PropertyValue) string {
	switch {
	case v.IsString():
		return "a string"
	case v.IsBool():
		return "a boolean"
	case v.IsNumber() && v.NumberValue() != math.Trunc(v.NumberValue()):
		return "a fraction"
	case v.IsNumber():
		return "a number"
	case v.IsArray():
		return "a list"
	case v.IsObject():
		return "an object"
	case v.IsNull():
		return "null"
	}
	return "a " + v.TypeString()
}

// suggest returns the name that is nearest to a wrong one, in words, if one is near at all.
func suggest(wrong string, names []string) string {
	best, least := "", len(wrong)/3+2
	for _, name := range names {
		if d := distance(strings.ToLower(wrong), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is how many letters must be added, removed, changed or swapped with the next to turn a into b.
func distance(a, b string) int {
	d := make([][]int, len(a)+1) // by how much of each is looked at
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j-1], d[i-1][j], d[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
