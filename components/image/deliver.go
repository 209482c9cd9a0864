package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Destination is where a cluster's nodes find images.
type Destination interface {
	// Ref is how a pod names the image. It is known before the image is delivered.
	Ref(image *Image) string
	// Deliver takes there what isn't there yet.
	Deliver(ctx context.Context, images ...*Image) error
}

// Loader is the Destination of a Minikube node: its own image store.
type Loader struct {
	// Profile is Minikube's profile, which is also its kube context. Default: minikube.
	Profile string
	// Run runs the minikube command. Required.
	Run Runner
}

// Ref is the image's name and its tag.
func (l *Loader) Ref(image *Image) string { return image.Repository() + ":" + image.Tag() }

// Deliver loads the images that the node doesn't list, and makes sure that it lists them then: `minikube image load` has been
// seen to fail and not to say so.
func (l *Loader) Deliver(ctx context.Context, images ...*Image) error {
	there, err := l.list(ctx)
	if err != nil {
		return err
	}
	var missing []*Image
	for _, image := range images {
		if !there[l.Ref(image)] {
			missing = append(missing, image)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "fleetman-images-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir) // a temporary folder
	for _, image := range missing {
		if err := l.load(ctx, dir, image); err != nil {
			return fmt.Errorf("load image %s: %w", l.Ref(image), err)
		}
	}
	if there, err = l.list(ctx); err != nil {
		return err
	}
	var errs []error
	for _, image := range missing {
		if !there[l.Ref(image)] {
			errs = append(errs, fmt.Errorf("load image %s: `minikube image load` succeeded, but `minikube image ls` doesn't list it", l.Ref(image)))
		}
	}
	return errors.Join(errs...)
}

func (l *Loader) load(ctx context.Context, dir string, image *Image) error {
	tag, err := name.NewTag(l.Ref(image))
	if err != nil {
		return fmt.Errorf("parse reference: %w", err)
	}
	file := filepath.Join(dir, image.Service+".tar")
	if err := tarball.WriteToFile(file, tag, image.image); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	_, err = l.minikube(ctx, "image", "load", file)
	return err
}

// list answers with the references that the node lists, each as Ref would give it: the node puts Docker Hub's name before it.
func (l *Loader) list(ctx context.Context) (map[string]bool, error) {
	output, err := l.minikube(ctx, "image", "ls")
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	refs := map[string]bool{}
	for line := range strings.Lines(string(output)) {
		refs[strings.TrimPrefix(strings.TrimSpace(line), "docker.io/")] = true
	}
	return refs, nil
}

func (l *Loader) minikube(ctx context.Context, args ...string) ([]byte, error) {
	if l.Profile != "" && l.Profile != "minikube" {
		args = append(args, "--profile", l.Profile)
	}
	output, err := l.Run(ctx, "", nil, "minikube", args...)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the minikube command isn't on the PATH: install Minikube, or run `make up`, which brings its stand-in")
	case err != nil:
		return nil, fmt.Errorf("minikube %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return output, nil
}

// Pusher is the Destination of a cluster that pulls from a registry.
type Pusher struct {
	// Registry is the registry's host, and a path in it if there is one. Required.
	Registry string
	// Login answers with the login of the registry. Default: what `docker login` left.
	Login func(ctx context.Context) (user, password string, err error)
	// Transport is what the registry is spoken to by. Default: remote.DefaultTransport.
	Transport http.RoundTripper
}

// Ref is the image's name in the registry and its whole digest, which no push can change.
func (p *Pusher) Ref(image *Image) string {
	return p.repository(image) + "@" + image.Digest.String()
}

// Deliver pushes the images that the registry doesn't hold.
func (p *Pusher) Deliver(ctx context.Context, images ...*Image) error {
	var errs []error
	for _, image := range images {
		if err := p.push(ctx, image); err != nil {
			errs = append(errs, fmt.Errorf("push image %s: %w", p.Ref(image), err))
		}
	}
	return errors.Join(errs...)
}

func (p *Pusher) push(ctx context.Context, image *Image) error {
	tag, err := name.NewTag(p.repository(image) + ":" + image.Tag())
	if err != nil {
		return fmt.Errorf("parse reference: %w", err)
	}
	through := p.Transport
	if through == nil {
		through = remote.DefaultTransport
	}
	login := remote.WithAuthFromKeychain(authn.DefaultKeychain)
	if p.Login != nil {
		user, password, err := p.Login(ctx)
		if err != nil {
			return fmt.Errorf("log in to registry: %w", err)
		}
		login = remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: user, Password: password}))
	}
	options := []remote.Option{remote.WithContext(ctx), login, remote.WithTransport(through)}
	found, err := remote.Head(tag, options...)
	if err == nil && found.Digest == image.Digest {
		return nil
	}
	if missing := (*transport.Error)(nil); err != nil && (!errors.As(err, &missing) || missing.StatusCode != http.StatusNotFound) {
		return fmt.Errorf("ask registry: %w", err)
	}
	if err := remote.Write(tag, image.image, options...); err != nil {
		return fmt.Errorf("write to registry: %w", err)
	}
	return nil
}

func (p *Pusher) repository(image *Image) string { return p.Registry + "/" + image.Repository() }

// ECR is the login of the ECR registries of a region, for twelve hours, from the AWS credentials that the aws command finds.
func ECR(region string, run Runner) func(ctx context.Context) (user, password string, err error) {
	return func(ctx context.Context) (string, string, error) {
		output, err := run(ctx, "", nil, "aws", "ecr", "get-login-password", "--region", region)
		switch {
		case errors.Is(err, exec.ErrNotFound):
			return "", "", errors.New("the aws command isn't on the PATH: install the AWS command line, version 2")
		case err != nil:
			return "", "", fmt.Errorf("aws ecr get-login-password: %w\n%s", err, strings.TrimSpace(string(output)))
		}
		return "AWS", strings.TrimSpace(string(output)), nil
	}
}
