package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// compiler is a Runner that writes the given program wherever a build wants one.
func compiler(program string) Runner {
	return func(_ context.Context, _ string, _ []string, _ string, args ...string) ([]byte, error) {
		return nil, os.WriteFile(args[slices.Index(args, "-o")+1], []byte(program), 0o600)
	}
}

func build(t *testing.T, builder *Builder, source Source) *Image {
	t.Helper()
	images, err := builder.Build(context.Background(), source)
	if err != nil {
		t.Fatal(err)
	}
	return images[0]
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

func page(t *testing.T) (root string, source Source) {
	t.Helper()
	root = t.TempDir()
	write(t, filepath.Join(root, "dist", "index.html"), "<p>")
	write(t, filepath.Join(root, "dist", "assets", "a.js"), "1")
	return root, Source{Service: "webapp", Files: []Files{{From: "dist", To: "/www", Made: "make web"}}}
}

func TestAnImageHoldsTheProgramAndItsFilesAndNothingElse(t *testing.T) {
	root, source := page(t)
	image := build(t, &Builder{Root: root, Arch: "arm64", Run: compiler("program")}, source)

	var got []string
	archive := mutate.Extract(image.image)
	defer archive.Close() // only read from
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %d:%d %d", header.Name, header.Mode, header.Uid, header.Gid, header.ModTime.Unix()))
	}
	want := []string{
		"webapp 555 0:0 0", "www 555 0:0 0", "www/assets 555 0:0 0", "www/assets/a.js 444 0:0 0", "www/index.html 444 0:0 0",
	}
	for i := range got {
		got[i] = strings.Replace(got[i], "/ ", " ", 1)
	}
	if !slices.Equal(got, want) {
		t.Errorf("holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	config, err := image.image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Architecture != "arm64" {
		t.Errorf("runs on %s/%s", config.OS, config.Architecture)
	}
	if config.Config.User != "65532:65532" || !slices.Equal(config.Config.Entrypoint, []string{"/webapp"}) {
		t.Errorf("runs %q as %q", config.Config.Entrypoint, config.Config.User)
	}
	if !config.Created.IsZero() {
		t.Errorf("says when it was made: %v", config.Created)
	}
}

func TestTheSameContentIsTheSameImageAndOtherContentIsAnother(t *testing.T) {
	root, source := page(t)
	first := build(t, &Builder{Root: root, Arch: "amd64", Run: compiler("one")}, source)
	other, _ := page(t) // the same files, written at another time to another place
	if again := build(t, &Builder{Root: other, Arch: "amd64", Run: compiler("one")}, source); again.Digest != first.Digest {
		t.Errorf("the same content is %s and %s", first.Digest, again.Digest)
	}
	if second := build(t, &Builder{Root: root, Arch: "amd64", Run: compiler("two")}, source); second.Digest == first.Digest {
		t.Error("another program is the same image")
	}
	if second := build(t, &Builder{Root: root, Arch: "arm64", Run: compiler("one")}, source); second.Digest == first.Digest {
		t.Error("another architecture is the same image")
	}
	write(t, filepath.Join(root, "dist", "index.html"), "<b>")
	if second := build(t, &Builder{Root: root, Arch: "amd64", Run: compiler("one")}, source); second.Digest == first.Digest {
		t.Error("another page is the same image")
	}
}

func TestAReferenceIsTheDigestOfTheContent(t *testing.T) {
	image := build(t, &Builder{Arch: "amd64", Run: compiler("x")}, Source{Service: "tracker"})
	if got, want := (&Loader{}).Ref(image), "fleetman/tracker:"+image.Digest.Hex[:12]; got != want {
		t.Errorf("loaded as %s, want %s", got, want)
	}
	if got, want := (&Pusher{Registry: "r.io/x"}).Ref(image), "r.io/x/fleetman/tracker@"+image.Digest.String(); got != want {
		t.Errorf("pushed as %s, want %s", got, want)
	}
}

func TestEveryFailedBuildIsReportedWithTheCompilersWords(t *testing.T) {
	refusing := func(_ context.Context, _ string, _ []string, _ string, args ...string) ([]byte, error) {
		return []byte("main.go:3:1: no such thing in " + args[len(args)-1] + "\n"), errors.New("exit status 1")
	}
	_, err := (&Builder{Arch: "amd64", Run: refusing}).Build(context.Background(), Source{Service: "a"}, Source{Service: "b"})
	if err == nil {
		t.Fatal("built")
	}
	for _, want := range []string{"build image of a", "build image of b", "main.go:3:1: no such thing in ./services/a", "exit status 1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q doesn't say %q", err, want)
		}
	}
}

func TestAFolderThatIsMissingOrEmptySaysWhatMakesIt(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"missing", "empty"} {
		source := Source{Service: "webapp", Files: []Files{{From: from, To: "/www", Made: "make web"}}}
		_, err := (&Builder{Root: root, Arch: "amd64", Run: compiler("x")}).Build(context.Background(), source)
		if err == nil || !strings.Contains(err.Error(), "folder "+from) || !strings.Contains(err.Error(), "run `make web`") {
			t.Errorf("error %v", err)
		}
	}
}

func TestALinkAmongTheFilesIsRefused(t *testing.T) {
	root, source := page(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "dist", "link")); err != nil {
		t.Fatal(err)
	}
	_, err := (&Builder{Root: root, Arch: "amd64", Run: compiler("x")}).Build(context.Background(), source)
	if err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Errorf("error %v", err)
	}
}

func TestNoMoreThanTwoServicesAreBuiltAtOnce(t *testing.T) {
	var running, most atomic.Int32
	slow := func(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
		defer running.Add(-1)
		if now := running.Add(1); now > most.Load() {
			most.Store(now)
		}
		time.Sleep(10 * time.Millisecond)
		return compiler("x")(ctx, dir, env, name, args...)
	}
	var sources []Source
	for i := range 6 {
		sources = append(sources, Source{Service: fmt.Sprint("s", i)})
	}
	images, err := (&Builder{Arch: "amd64", Run: slow}).Build(context.Background(), sources...)
	if err != nil {
		t.Fatal(err)
	}
	if got := most.Load(); got != 2 {
		t.Errorf("%d at once, want 2", got)
	}
	for i, image := range images {
		if image.Service != sources[i].Service {
			t.Errorf("image %d is of %s, want %s", i, image.Service, sources[i].Service)
		}
	}
}

func TestTheCompilerGivesTheSameProgramInAnyFolder(t *testing.T) {
	var digests []string
	for range 2 {
		root := t.TempDir()
		write(t, filepath.Join(root, "go.mod"), "module x\n\ngo 1.26.0\n")
		write(t, filepath.Join(root, "services", "hello", "main.go"), "package main\n\nfunc main() { println(\"hello\") }\n")
		image := build(t, &Builder{Root: root, Arch: runtime.GOARCH, Run: Exec}, Source{Service: "hello"})
		digests = append(digests, image.Digest.String())
	}
	if digests[0] != digests[1] {
		t.Errorf("the same source is %v", digests)
	}
}

// node is a Minikube node's image store as the minikube command shows it.
type node struct {
	mu    sync.Mutex
	calls []string
	refs  []string
	// forgets makes a load succeed and do nothing.
	forgets bool
}

func (n *node) run(_ context.Context, _ string, _ []string, name string, args ...string) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case name == "minikube" && slices.Equal(args[:2], []string{"image", "ls"}):
		n.calls = append(n.calls, strings.Join(args, " "))
		return []byte("registry.k8s.io/pause:3.10\n" + strings.Join(n.refs, "\n") + "\n"), nil
	case name == "minikube" && slices.Equal(args[:2], []string{"image", "load"}):
		n.calls = append(n.calls, "image load "+filepath.Base(args[2]))
		manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(args[2]) })
		if err != nil || n.forgets {
			return nil, err
		}
		for _, ref := range manifest[0].RepoTags {
			n.refs = append(n.refs, "docker.io/"+ref)
		}
		return nil, nil
	}
	return []byte("usage"), errors.New("exit status 64")
}

func TestOnlyWhatTheNodeDoesntListIsLoaded(t *testing.T) {
	builder := &Builder{Arch: "amd64", Run: compiler("x")}
	images, err := builder.Build(context.Background(), Source{Service: "a"}, Source{Service: "b"})
	if err != nil {
		t.Fatal(err)
	}
	var minikube node
	loader := &Loader{Run: minikube.run}
	minikube.refs = []string{"docker.io/" + loader.Ref(images[0])}
	for range 2 {
		if err := loader.Deliver(context.Background(), images...); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"image ls", "image load b.tar", "image ls", "image ls"}
	if !slices.Equal(minikube.calls, want) {
		t.Errorf("ran %q, want %q", minikube.calls, want)
	}
}

func TestALoadThatDidNothingIsAnError(t *testing.T) {
	image := build(t, &Builder{Arch: "amd64", Run: compiler("x")}, Source{Service: "a"})
	err := (&Loader{Run: (&node{forgets: true}).run}).Deliver(context.Background(), image)
	if err == nil || !strings.Contains(err.Error(), "doesn't list it") {
		t.Errorf("error %v", err)
	}
}

func TestAFailedLoadSaysWhatMinikubeSaid(t *testing.T) {
	image := build(t, &Builder{Arch: "amd64", Run: compiler("x")}, Source{Service: "a"})
	for name, test := range map[string]struct {
		run  Runner
		want []string
	}{
		"refused": {
			func(context.Context, string, []string, string, ...string) ([]byte, error) {
				return []byte("Profile not found\n"), errors.New("exit status 85")
			},
			[]string{"minikube image ls --profile other", "exit status 85", "Profile not found"},
		},
		"not installed": {
			func(context.Context, string, []string, string, ...string) ([]byte, error) {
				return nil, &exec.Error{Name: "minikube", Err: exec.ErrNotFound}
			},
			[]string{"isn't on the PATH", "`make up`"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := (&Loader{Profile: "other", Run: test.run}).Deliver(context.Background(), image)
			if err == nil {
				t.Fatal("delivered")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q doesn't say %q", err, want)
				}
			}
		})
	}
}

func TestAPushIsFoundByItsDigestAndDoneOnce(t *testing.T) {
	var writes atomic.Int32
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	pusher := &Pusher{Registry: strings.TrimPrefix(server.URL, "http://"), Transport: counting{&writes}}
	image := build(t, &Builder{Arch: "amd64", Run: compiler("x")}, Source{Service: "a"})
	if err := pusher.Deliver(context.Background(), image); err != nil {
		t.Fatal(err)
	}
	pushed := writes.Load()
	if pushed == 0 {
		t.Fatal("nothing written")
	}
	response, err := server.Client().Get(server.URL + "/v2/fleetman/a/manifests/" + image.Digest.String())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() // only read from
	if response.StatusCode != http.StatusOK {
		t.Errorf("the digest is answered with %s", response.Status)
	}
	if err := pusher.Deliver(context.Background(), image); err != nil {
		t.Fatal(err)
	}
	if again := writes.Load(); again != pushed {
		t.Errorf("pushed again, %d writes after %d", again, pushed)
	}
}

func TestAPushToNowhereSaysWhichImage(t *testing.T) {
	image := build(t, &Builder{Arch: "amd64", Run: compiler("x")}, Source{Service: "a"})
	err := (&Pusher{Registry: "127.0.0.1:1"}).Deliver(context.Background(), image)
	if err == nil || !strings.Contains(err.Error(), "push image 127.0.0.1:1/fleetman/a@sha256:") {
		t.Errorf("error %v", err)
	}
}

func TestAPushLogsInWithWhatTheAWSCommandAnswers(t *testing.T) {
	var asked []string
	run := func(_ context.Context, _ string, _ []string, name string, args ...string) ([]byte, error) {
		asked = append([]string{name}, args...)
		return []byte("the-token\n"), nil
	}
	user, password, err := ECR("eu-west-1", run)(context.Background())
	if err != nil || user != "AWS" || password != "the-token" {
		t.Errorf("logs in as %s, %s: %v", user, password, err)
	}
	if got := strings.Join(asked, " "); got != "aws ecr get-login-password --region eu-west-1" {
		t.Errorf("ran %s", got)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "AWS" || password != "the-token" {
			w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		http.Error(w, "logged in", http.StatusTeapot)
	}))
	defer server.Close()
	image := build(t, &Builder{Arch: "amd64", Run: compiler("x")}, Source{Service: "a"})
	err = (&Pusher{Registry: strings.TrimPrefix(server.URL, "http://"), Login: ECR("eu-west-1", run)}).Deliver(context.Background(), image)
	if err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("wasn't logged in: %v", err)
	}
}

func TestALoginThatFailsSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no command":     {exec.ErrNotFound, "install the AWS command line"},
		"no credentials": {errors.New("exit status 255"), "Unable to locate credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ECR("eu-west-1", func(context.Context, string, []string, string, ...string) ([]byte, error) {
				return []byte("Unable to locate credentials"), test.err
			})(context.Background())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v doesn't say %q", err, test.want)
			}
		})
	}
}
