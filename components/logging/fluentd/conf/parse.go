package conf

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Section is what stands between <name arg> and </name>, or all of a file.
type Section struct {
	// Name and Arg are empty for the whole of a file.
	Name, Arg string
	// File and Line are where it begins.
	File     string
	Line     int
	Params   []Param
	Sections []*Section
}

// Param is a parameter of a section.
type Param struct {
	Name string
	// Raw is the value as it is written.
	Raw string
	// Value is the value: without quotes and escapes, but with the Ruby that is in it.
	Value string
	// Ruby are the pieces of Ruby that Fluentd would run to know the value, without #{ and }.
	Ruby []string
	File string
	Line int
}

// Get answers with a parameter's value, and whether it is set.
func (s *Section) Get(name string) (string, bool) {
	i := slices.IndexFunc(s.Params, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return "", false
	}
	return s.Params[i].Value, true
}

// All are the sections of that name which stand directly in this one.
func (s *Section) All(name string) []*Section {
	var all []*Section
	for _, section := range s.Sections {
		if section.Name == name {
			all = append(all, section)
		}
	}
	return all
}

// Include answers with the text of a file that is included.
type Include func(name string) (string, error)

// Parse reads a file. Without an include, an @include is refused.
func Parse(file, text string, include Include) (*Section, error) {
	root := &Section{File: file, Line: 1}
	if err := parseFile(file, text, include, root, nil); err != nil {
		return nil, err
	}
	return root, nil
}

// parseFile reads a file into a section; from are the files that it is included from.
func parseFile(file, text string, include Include, into *Section, from []string) error {
	p := &parser{file: file, rest: text, line: 1, include: include, from: append(slices.Clone(from), file)}
	return p.section(into, true)
}

type parser struct {
	file    string
	rest    string
	line    int
	include Include
	from    []string
	depth   int
}

// deepest is how far sections may be in each other. Fluentd has no limit, and no use for as many.
const deepest = 64

func (p *parser) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", p.file, line, fmt.Errorf(format, args...))
}

// take goes on behind the next n bytes and answers with them.
func (p *parser) take(n int) string {
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	p.line += strings.Count(taken, "\n")
	return taken
}

var (
	spacing  = regexp.MustCompile(`^(?:[ \t\r\n]|#[^\n]*)+`)
	blank    = regexp.MustCompile(`^[ \t]+`)
	name     = regexp.MustCompile(`^[A-Za-z0-9_]+`)
	argument = regexp.MustCompile(`^[^>\r\n]*`)
	key      = regexp.MustCompile(`^[^ \t\r\n]+`)
	lineEnd  = regexp.MustCompile(`^[ \t]*(?:#[^\n]*)?(?:\r?\n|$)`)
	// What isn't quoted ends before a comment, which begins behind a blank, or with the line.
	unquoted = regexp.MustCompile(`^[^\r\n]*?(?:[ \t]+#|[ \t]*(?:\r?\n|$))`)
)

func (p *parser) skip(pattern *regexp.Regexp) string { return p.take(len(pattern.FindString(p.rest))) }

// section reads what is in a section, to its end tag or, of a file, to the end.
func (p *parser) section(into *Section, file bool) error {
	for {
		p.skip(spacing)
		switch {
		case p.rest == "" && file:
			return nil
		case p.rest == "":
			return p.errorf(into.Line, "<%s> is never closed", into.Name)
		case strings.HasPrefix(p.rest, "</"):
			return p.endTag(into, file)
		case p.rest[0] == '<':
			if err := p.startTag(into); err != nil {
				return err
			}
		default:
			if err := p.param(into); err != nil {
				return err
			}
		}
	}
}

func (p *parser) endTag(of *Section, file bool) error {
	line := p.line
	p.take(len("</"))
	closes := p.skip(name)
	p.skip(blank)
	switch {
	case !strings.HasPrefix(p.rest, ">"):
		return p.errorf(line, "</%s has no >", closes)
	case file:
		return p.errorf(line, "</%s> closes nothing", closes)
	case closes != of.Name:
		return p.errorf(line, "</%s> closes the <%s> of line %d", closes, of.Name, of.Line)
	}
	p.take(len(">"))
	return p.end("</" + closes + ">")
}

func (p *parser) startTag(into *Section) error {
	section := &Section{File: p.file, Line: p.line}
	p.take(len("<"))
	if section.Name = p.skip(name); section.Name == "" {
		return p.errorf(section.Line, "a < without a name")
	}
	section.Arg = strings.Trim(p.skip(argument), " \t")
	if !strings.HasPrefix(p.rest, ">") {
		return p.errorf(section.Line, "<%s has no >", section.Name)
	}
	p.take(len(">"))
	if err := p.end("<" + section.Name + ">"); err != nil {
		return err
	}
	if p.depth++; p.depth > deepest {
		return p.errorf(section.Line, "<%s> is deeper than %d sections", section.Name, deepest)
	}
	if err := p.section(section, false); err != nil {
		return err
	}
	p.depth--
	into.Sections = append(into.Sections, section)
	return nil
}

// end goes on behind the end of the line, on which nothing but a comment may follow.
func (p *parser) end(behind string) error {
	if p.rest == "" {
		return nil
	}
	match := lineEnd.FindString(p.rest)
	if match == "" {
		return p.errorf(p.line, "more on the line behind %s", behind)
	}
	p.take(len(match))
	return nil
}

func (p *parser) param(into *Section) error {
	param := Param{File: p.file, Line: p.line}
	if strings.ContainsAny(p.rest[:1], `"'`) {
		return p.errorf(param.Line, "a quoted key")
	}
	param.Name = p.skip(key)
	p.skip(blank)
	if param.Name == "@include" {
		return p.included(into)
	}
	if slices.ContainsFunc(into.Params, func(other Param) bool { return other.Name == param.Name }) {
		return p.errorf(param.Line, "%s is set twice", param.Name)
	}
	before := p.rest
	if err := p.value(&param); err != nil {
		return err
	}
	param.Raw = before[:len(before)-len(p.rest)]
	into.Params = append(into.Params, param)
	return p.end("the value of " + param.Name)
}

func (p *parser) value(param *Param) error {
	switch {
	case lineEnd.MatchString(p.rest):
		return nil // a parameter without a value is the empty string
	case p.rest[0] == '[' || p.rest[0] == '{':
		return p.json(param)
	case p.rest[0] == '"':
		return p.doubleQuoted(param)
	case p.rest[0] == '\'':
		return p.singleQuoted(param)
	}
	match := unquoted.FindString(p.rest)
	param.Value = strings.TrimRight(strings.TrimSuffix(match, "#"), " \t\r\n")
	// A # that ends the line belongs to the value, if there is no blank before it.
	if strings.HasPrefix(p.rest[len(param.Value):], "#") {
		param.Value += "#"
	}
	p.take(len(param.Value))
	return nil
}

func (p *parser) json(param *Param) error {
	decoder := json.NewDecoder(strings.NewReader(p.rest))
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return p.errorf(param.Line, "%s isn't JSON: %w", param.Name, err)
	}
	param.Value = string(value)
	p.take(int(decoder.InputOffset()))
	return nil
}

// escapes are what a backslash means before a letter; before any other character it means that character.
var escapes = map[byte]byte{'r': '\r', 'n': '\n', 't': '\t', 'f': '\f', 'b': '\b', '0': 0}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func (p *parser) doubleQuoted(param *Param) error {
	p.take(1)
	var value strings.Builder
	for p.rest != "" {
		switch {
		case p.rest[0] == '"':
			p.take(1)
			param.Value = value.String()
			return nil
		case p.rest[0] == '\\' && len(p.rest) > 1:
			c := p.take(2)[1]
			if escaped, ok := escapes[c]; ok {
				c = escaped
			} else if isAlphanumeric(c) {
				return p.errorf(p.line, `\%c is no escape`, c)
			}
			value.WriteByte(c)
		case strings.HasPrefix(p.rest, "#{"):
			code, err := p.ruby()
			if err != nil {
				return err
			}
			param.Ruby = append(param.Ruby, code)
			value.WriteString("#{" + code + "}")
		default:
			value.WriteString(p.take(1))
		}
	}
	return p.errorf(param.Line, `the " of %s is never closed`, param.Name)
}

// ruby reads #{...} to the brace that closes it, past the braces and quotes in it.
func (p *parser) ruby() (string, error) {
	line := p.line
	p.take(len("#{"))
	open, quote := 1, byte(0)
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{':
			open++
		case c == '}':
			if open--; open == 0 {
				code := p.take(i)
				p.take(len("}"))
				return code, nil
			}
		}
	}
	return "", p.errorf(line, "the #{ is never closed")
}

func (p *parser) singleQuoted(param *Param) error {
	p.take(1)
	var value strings.Builder
	for p.rest != "" {
		switch {
		case p.rest[0] == '\'':
			p.take(1)
			param.Value = value.String()
			return nil
		case strings.HasPrefix(p.rest, `\'`) || strings.HasPrefix(p.rest, `\\`):
			value.WriteByte(p.take(2)[1])
		default:
			value.WriteString(p.take(1))
		}
	}
	return p.errorf(param.Line, "the ' of %s is never closed", param.Name)
}

// included reads another file as if it stood here.
func (p *parser) included(into *Section) error {
	line := p.line
	file := strings.TrimRight(strings.TrimSuffix(unquoted.FindString(p.rest), "#"), " \t\r\n")
	p.take(len(file))
	switch {
	case file == "":
		return p.errorf(line, "@include of nothing")
	case p.include == nil:
		return p.errorf(line, "@include of %s: there is none here", file)
	case slices.Contains(p.from, file):
		return p.errorf(line, "@include of %s in itself", file)
	}
	text, err := p.include(file)
	if err != nil {
		return p.errorf(line, "@include of %s: %w", file, err)
	}
	if err := parseFile(file, text, p.include, into, p.from); err != nil {
		return err
	}
	return p.end("@include of " + file)
}
