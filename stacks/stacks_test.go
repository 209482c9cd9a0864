package stacks

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/image"
	"fleetman/components/recorder"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// passwords are what the tests' stacks are given; none may show anywhere.
var passwords = []string{
	"the-broker's-own", "the-database's-own", "TheMembersOwnKey", "the seed that all the others come of", "https://slack.example/the-channel's-own",
}

// world is an Outside in which everything works and nothing happens.
type world struct {
	Outside

	mu        sync.Mutex
	delivered []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "services/webapp/ui/dist/index.html"), "<p>")
	write(t, filepath.Join(root, credentialsFile), fmt.Sprintf(`{"activemqPassword":%q,"mongodbPassword":%q,"seed":%q}`, passwords[0], passwords[1], passwords[3]))
	w := &world{}
	w.Outside = Outside{
		Root:  root,
		Reach: func(context.Context, string) (string, error) { return "192.168.49.2", nil },
		Now:   func() time.Time { return time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC) },
		Run: func(_ context.Context, _ string, _ []string, name string, args ...string) ([]byte, error) {
			if name != "go" {
				return nil, fmt.Errorf("%s is run", name)
			}
			service := filepath.Base(args[len(args)-1])
			return nil, os.WriteFile(args[slices.Index(args, "-o")+1], []byte("the program of "+service), 0o600)
		},
		Deliver: func(_ context.Context, to image.Destination, images ...*image.Image) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, image := range images {
				w.delivered = append(w.delivered, to.Ref(image))
			}
			return nil
		},
	}
	return w
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// values are a stack's configuration as the project's and the stack's files give it, with prod's passwords.
func values(t *testing.T, stack string) Raw {
	t.Helper()
	raw := Raw{Stack: stack, Values: stackValues(t, stack)}
	if stack == bootstrap {
		return raw
	}
	raw.Values["fleetman:images"] = strings.Replace(raw.Values["fleetman:images"], `"arch":""`, `"arch":"amd64"`, 1)
	if stack == prod {
		for i, key := range []string{"fleetman:activemqPassword", "fleetman:mongodbPassword", "fleetman:mongodbKeyfile", "fleetman:seed", "fleetman:slackWebhook"} {
			raw.Values[key], raw.Secrets = passwords[i], append(raw.Secrets, key)
		}
	}
	return raw
}

func record(t *testing.T, w *world, raw Raw, preview bool) (*recorder.Run, error) {
	t.Helper()
	var captured Raw
	return recorder.Record(raw.Stack, preview, func(ctx *pulumi.Context) error {
		return Run(ctx, captured, w.Outside)
	}, func(info *pulumi.RunInfo) { info.Config, info.ConfigSecretKeys = raw.Values, raw.Secrets }, captured.Capture)
}

// mustRecord records a stack that has to work.
func mustRecord(t *testing.T, stack string, preview bool) *recorder.Run {
	t.Helper()
	run, err := record(t, newWorld(t), values(t, stack), preview)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func encode(t *testing.T, run *recorder.Run) []byte {
	t.Helper()
	encoded, err := run.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

var digest = regexp.MustCompile(`(fleetman/[a-z-]+(?::|@sha256:))[0-9a-f]{12,64}`)

func TestTheStacksAreThoseOfTheGoldenFiles(t *testing.T) {
	for _, stack := range []string{dev, prod, bootstrap} {
		for _, preview := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s preview %t", stack, preview), func(t *testing.T) {
				// A digest depends on the version of Go, whose compression it is taken over.
				got := digest.ReplaceAll(encode(t, mustRecord(t, stack, preview)), []byte("$1[content]"))
				file := filepath.Join("testdata", stack+".golden.json")
				if *update {
					write(t, file, string(got))
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s differs from what the program declares; see what with `go test ./stacks -update && git diff stacks`", file)
				}
			})
		}
	}
}

func TestTwoRunsAreTheSame(t *testing.T) {
	for _, stack := range []string{dev, prod, bootstrap} {
		first := encode(t, mustRecord(t, stack, false))
		for range 20 { // what comes after what was once a matter of luck
			if next := encode(t, mustRecord(t, stack, false)); !bytes.Equal(first, next) {
				t.Fatalf("one run of %s gave\n%s\nanother\n%s", stack, first, next)
			}
		}
	}
}

func TestNoPasswordShows(t *testing.T) {
	for _, stack := range []string{dev, prod} {
		encoded := encode(t, mustRecord(t, stack, false))
		for _, password := range passwords {
			if bytes.Contains(encoded, []byte(password)) {
				t.Errorf("%s shows %s", stack, password)
			}
		}
	}
	if config, err := Read(values(t, dev), newWorld(t).Root); err != nil || strings.Contains(fmt.Sprintf("%v %+v %#v", config, *config, *config), "-own") {
		t.Errorf("the configuration shows a password: %v", err)
	}
}

func TestOnlyUpDeliversImages(t *testing.T) {
	for _, stack := range []string{dev, prod} {
		for preview, want := range map[bool]int{true: 0, false: 5} {
			w := newWorld(t)
			run, err := record(t, w, values(t, stack), preview)
			if err != nil {
				t.Fatal(err)
			}
			if len(w.delivered) != want {
				t.Errorf("%s preview %t delivered %v", stack, preview, w.delivered)
			}
			for _, resource := range run.Resources {
				for _, ref := range resource.At("spec.template.spec.containers.*.image") {
					ours := strings.Contains(ref.(string), "fleetman/")
					if ours && !preview && !slices.Contains(w.delivered, ref.(string)) {
						t.Errorf("%s runs %s, which wasn't delivered", resource.Name, ref)
					}
				}
			}
		}
	}
}

func TestNothingIsBuiltOrRegisteredForAClusterThatDoesntAnswer(t *testing.T) {
	w := newWorld(t)
	silence := errors.New("silence")
	w.Reach = func(context.Context, string) (string, error) { return "", silence }
	w.Run = func(context.Context, string, []string, string, ...string) ([]byte, error) {
		t.Error("something was built")
		return nil, nil
	}
	run, err := record(t, w, values(t, dev), true)
	if err == nil || !strings.Contains(err.Error(), "silence") {
		t.Errorf("error %v", err)
	}
	if names := run.Names(); len(names) != 0 {
		t.Errorf("registered %v", names)
	}
}

func TestAnOfflineStackIsOnlyPreviewed(t *testing.T) {
	for _, stack := range []string{prod, bootstrap} {
		for _, preview := range []bool{true, false} {
			raw := values(t, stack)
			raw.Values["fleetman:aws"] = `{"account":"123456789012","region":"us-east-1","offline":true}`
			run, err := record(t, newWorld(t), raw, preview)
			if preview && err != nil {
				t.Errorf("the preview of %s: %v", stack, err)
			}
			if !preview && (err == nil || !strings.Contains(err.Error(), "can only be previewed") || len(run.Names()) != 0) {
				t.Errorf("%s registered %v, error %v", stack, run.Names(), err)
			}
		}
	}
}

func TestProdAsksNoClusterSinceItMakesItsOwn(t *testing.T) {
	w := newWorld(t)
	w.Reach = func(context.Context, string) (string, error) { return "", errors.New("asked") }
	if _, err := record(t, w, values(t, prod), true); err != nil {
		t.Error(err)
	}
}

func TestNothingIsRegisteredWhenAnImageCantBeBuiltOrDelivered(t *testing.T) {
	broken := errors.New("broken")
	for name, spoil := range map[string]func(*world){
		"built": func(w *world) {
			w.Run = func(context.Context, string, []string, string, ...string) ([]byte, error) { return nil, broken }
		},
		"delivered": func(w *world) {
			w.Deliver = func(context.Context, image.Destination, ...*image.Image) error { return broken }
		},
		"page": func(w *world) {
			w.Root = t.TempDir()
			write(t, filepath.Join(w.Root, credentialsFile), `{"activemqPassword":"a","mongodbPassword":"b"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			spoil(w)
			run, err := record(t, w, values(t, dev), false)
			if err == nil {
				t.Error("no error")
			}
			if names := run.Names(); len(names) != 0 {
				t.Errorf("registered %v", names)
			}
		})
	}
}

func TestTheConsoleIsOnANodePortOnlyWhenItIsOn(t *testing.T) {
	for console, want := range map[bool]any{true: "http://192.168.49.2:30010", false: nil} {
		raw := values(t, dev)
		raw.Values["fleetman:activemq"] = fmt.Sprintf(`{"console":%t}`, console)
		run, err := record(t, newWorld(t), raw, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Outputs["consoleURL"]; got != want {
			t.Errorf("console %t: %v, want %v", console, got, want)
		}
		if _, found := run.Find("kubernetes:core/v1:Service", "fleetman-queue-console"); found != console {
			t.Errorf("console %t: its Service %t", console, found)
		}
	}
}
