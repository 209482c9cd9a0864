package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
)

const module = "github.com/pulumi/pulumi-aws/sdk/v6"

// sdk reads what resources take from the source of the Go SDK. Of its hundred megabytes it opens the files that are asked for
// and parses the declarations that are asked for, once.
type sdk struct {
	root string // has a folder for each of AWS's services

	mu      sync.Mutex
	objects map[string]*object // by the type of a resource, or by package and name
	nested  map[string]string  // the source of a package's nested types
}

// object is what a Go struct says about the inputs of a resource, or about an object in them.
type object struct {
	pkg    string // the folder whose names its fields use
	fields []field
	alias  ast.Expr // what the type is instead, if it is no struct
}

type field struct {
	name     string
	typ      ast.Expr
	required bool
}

// openSDK finds the SDK that the program in dir is compiled with.
func openSDK(ctx context.Context, dir string) (*sdk, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	list.Dir = dir
	list.Stderr = new(strings.Builder)
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("find %s, whose source says what AWS's resources take: %w: %s", module, err, list.Stderr)
	}
	found := strings.TrimSpace(string(out))
	if found == "" {
		return nil, errors.New(module + ", whose source says what AWS's resources take, is not downloaded: go mod download " + module)
	}
	return &sdk{root: filepath.Join(found, "go", "aws"), objects: map[string]*object{}, nested: map[string]string{}}, nil
}

// config is what the provider takes.
func (s *sdk) config() (*object, error) { return s.inputs("", "provider.go", "pulumi:providers:aws") }

// resource is what resources of a type such as aws:ec2/vpc:Vpc take; nil if there is no such type.
func (s *sdk) resource(token string) (*object, error) {
	_, place, _ := strings.Cut(token, ":")
	place, _, _ = strings.Cut(place, ":")
	pkg, name, _ := strings.Cut(place, "/")
	files, err := os.ReadDir(filepath.Join(s.root, pkg))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read SDK: %w", err)
	}
	for _, file := range files {
		if strings.EqualFold(file.Name(), name+".go") { // iPSet is in ipset.go
			return s.inputs(pkg, file.Name(), token)
		}
	}
	return nil, nil
}

var (
	argsType = regexp.MustCompile(`(?m)^type ([a-z]\w*Args) struct \{$`)
	demand   = regexp.MustCompile(`invalid value for required argument '(\w+)'`)
)

// inputs is what the resource takes whose constructor is in a file of a package; nil if the constructor is for another token.
func (s *sdk) inputs(pkg, file, token string) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, known := s.objects[token]; known {
		return o, nil
	}
	raw, err := os.ReadFile(filepath.Join(s.root, pkg, file))
	if err != nil {
		return nil, fmt.Errorf("read SDK: %w", err)
	}
	text := string(raw)
	name := argsType.FindStringSubmatch(text)
	if name == nil || !strings.Contains(text, `ctx.RegisterResource("`+token+`",`) {
		return nil, nil
	}
	required := map[string]bool{}
	for _, match := range demand.FindAllStringSubmatch(text, -1) {
		required[match[1]] = true
	}
	return s.remember(token, pkg, text, name[1], required)
}

// named is a type that a package declares for its resources to share.
func (s *sdk) named(pkg, name string) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := pkg + "." + name
	if o, known := s.objects[key]; known {
		return o, nil
	}
	if _, read := s.nested[pkg]; !read {
		files, err := filepath.Glob(filepath.Join(s.root, pkg, "pulumi*.go")) // pulumiTypes.go, pulumiTypes1.go, pulumiEnums.go
		if err != nil {
			return nil, fmt.Errorf("find SDK's types: %w", err)
		}
		var all strings.Builder
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read SDK: %w", err)
			}
			all.Write(text)
		}
		s.nested[pkg] = all.String()
	}
	return s.remember(key, pkg, s.nested[pkg], name, nil)
}

func (s *sdk) remember(key, pkg, source, name string, required map[string]bool) (*object, error) {
	o, err := declared(pkg, source, name, required)
	if err == nil {
		s.objects[key] = o
	}
	return o, err
}

// declared parses one type declaration out of a package's source, most of which is never looked at. required are the names of
// fields that are required for another reason than that they could not be left out of a Go struct.
func declared(pkg, source, name string, required map[string]bool) (*object, error) {
	_, text, found := strings.Cut(source, "\ntype "+name+" ")
	if !found {
		return nil, fmt.Errorf("the SDK's package %q does not declare %s", pkg, name)
	}
	end := "\n"
	if strings.HasPrefix(text, "struct {") {
		end = "\n}" // the source is formatted: the first brace at the start of a line is the struct's
	}
	text, _, _ = strings.Cut(text, end)
	typ, err := parser.ParseExpr(text + end)
	if err != nil {
		return nil, fmt.Errorf("parse the SDK's %s.%s: %w", pkg, name, err)
	}
	fields, ok := typ.(*ast.StructType)
	if !ok {
		return &object{pkg: pkg, alias: typ}, nil
	}
	o := &object{pkg: pkg}
	for _, f := range fields.Fields.List {
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("pulumi")
		_, plain := f.Type.(*ast.Ident) // no pointer, slice, map or interface
		o.fields = append(o.fields, field{name: tag, typ: f.Type, required: plain || required[f.Names[0].Name]})
	}
	return o, nil
}

// unknown says that there is no such type, and which one may have been meant.
func (s *sdk) unknown(token string) string {
	return "there is no resource type " + token + suggest(token, s.tokens())
}

var constructed = regexp.MustCompile(`(?m)^\tcase "(aws:[^"]+)":$`)

// tokens are all types of resources that can be found.
func (s *sdk) tokens() []string {
	var tokens []string
	files, _ := filepath.Glob(filepath.Join(s.root, "*", "init.go"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, match := range constructed.FindAllStringSubmatch(string(text), -1) {
			tokens = append(tokens, match[1])
		}
	}
	return tokens
}
