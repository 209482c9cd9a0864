package service

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Config is what every service reads. Embed it in the configuration of one.
type Config struct {
	HTTPAddr string `name:"http-addr" env:"HTTP_ADDR" default:":8080" help:"Address to listen on, host:port or :port."`
	LogLevel string `name:"log-level" env:"LOG_LEVEL" default:"info" help:"Least level to log: debug, info, warn or error."`
}

// Problems implements Checker.
func (c Config) Problems() []string {
	return Problems(
		Check("HTTP_ADDR", validateListen(c.HTTPAddr)),
		Check("LOG_LEVEL", validateLevel(c.LogLevel)),
	)
}

func validateListen(addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return errors.New("must be host:port or :port")
	}
	return nil
}

func validateLevel(level string) error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, level) {
		return fmt.Errorf("%q is none of debug, info, warn, error", level)
	}
	return nil
}

// ValidateURL says why s is not the base of HTTP requests, or nil.
func ValidateURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("must be http://host:port or https://host:port")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must not contain a login, a query or a fragment")
	}
	return nil
}

// Checker is a configuration that can say what is wrong with it. Values that were not given are empty, and somebody
// else reports those.
type Checker interface{ Problems() []string }

// Check returns the problem that err is with the variable, or none.
func Check(variable string, err error) string {
	if err == nil {
		return ""
	}
	return variable + ": " + err.Error()
}

// Problems returns those that are one.
func Problems(problems ...string) []string {
	return slices.DeleteFunc(problems, func(s string) bool { return s == "" })
}

// ErrHelp says that help was asked for and given.
var ErrHelp = errors.New("help was asked for")

// Parse reads the environment, and flags of the same meaning, into cfg, a pointer to a struct with kong's tags. Its
// error names everything that is wrong.
func Parse(name, description string, cfg Checker, args []string, out io.Writer) error {
	helped := false
	parser, err := kong.New(cfg, kong.Name(name), kong.Description(description),
		kong.Writers(out, out), kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	if slices.ContainsFunc(args, func(s string) bool { return s == "-h" || s == "--help" }) {
		if _, err := parser.Parse([]string{"--help"}); err != nil && !helped {
			return fmt.Errorf("print help: %w", err)
		}
		return ErrHelp
	}
	problems := environment(parser, args)
	if len(problems) == 0 {
		if _, err := parser.Parse(args); err != nil {
			problems = append(problems, err.Error())
		}
	}
	for _, p := range cfg.Problems() {
		variable, _, _ := strings.Cut(p, ":")
		if !slices.ContainsFunc(problems, func(known string) bool { return strings.HasPrefix(known, variable) }) {
			problems = append(problems, p)
		}
	}
	switch len(problems) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("read configuration: %s", problems[0])
	default:
		return fmt.Errorf("read configuration: %d problems:\n  %s", len(problems), strings.Join(problems, "\n  "))
	}
}

// environment fills the values from their defaults and variables, and returns what is wrong. Kong alone would stop
// at the first.
func environment(parser *kong.Kong, args []string) []string {
	var problems []string
	for _, flag := range parser.Model.Flags {
		if len(flag.Envs) == 0 {
			continue
		}
		variable := flag.Envs[0]
		text, isSet := os.LookupEnv(variable)
		if text == "" {
			isSet = false
			if err := os.Unsetenv(variable); err != nil { // an empty value means none
				problems = append(problems, Check(variable, err))
			}
		}
		given := slices.ContainsFunc(args, func(s string) bool {
			return s == "--"+flag.Name || strings.HasPrefix(s, "--"+flag.Name+"=")
		})
		switch {
		case given:
			continue
		case !isSet && flag.Required:
			problems = append(problems, variable+" is required: "+flag.Help)
			continue
		case !isSet && flag.HasDefault:
			text = flag.Default
		case !isSet:
			continue
		}
		target := reflect.New(flag.Target.Type()).Elem()
		if err := flag.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: text}), target); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", variable, err))
			continue
		}
		flag.Target.Set(target)
	}
	return problems
}
