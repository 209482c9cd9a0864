package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// UID is the user and the group that a service runs as.
const UID = 65532

// atOnce is how many services are built at the same time: the Go compiler itself uses more than one processor.
const atOnce = 2

// Source is what an image is made of.
type Source struct {
	// Service is the name of the service, whose program is the folder services/<Service>. Required.
	Service string
	// Files are what the image holds besides the program. Default: nothing.
	Files []Files
}

// Files is a folder that an image holds.
type Files struct {
	// From is the folder, relative to the root of the source tree. Required.
	From string
	// To is its path in the image. Required.
	To string
	// Made is the command that makes the folder, said when it isn't there. Required.
	Made string
}

// Image is a service's image, built and not yet anywhere.
type Image struct {
	// Service is the name of the service.
	Service string
	// Digest is the digest of the image's manifest.
	Digest v1.Hash

	image v1.Image
}

// Tag is what tells this content of the service's image from every other: the first twelve digits of its digest.
func (i *Image) Tag() string { return i.Digest.Hex[:12] }

// Repository is the name of the service's image without a registry.
func (i *Image) Repository() string { return "fleetman/" + i.Service }

// Builder builds images from a source tree.
type Builder struct {
	// Root is the root of the source tree, the folder of go.mod. Required.
	Root string
	// Arch is the processor architecture as Go names it, such as amd64. Required.
	Arch string
	// Run runs the compiler. Required.
	Run Runner
}

// Build builds the images, in the order of their sources. It reports the problems of all of them.
func (b *Builder) Build(ctx context.Context, sources ...Source) ([]*Image, error) {
	images, errs := make([]*Image, len(sources)), make([]error, len(sources))
	slots := make(chan struct{}, atOnce)
	var builds sync.WaitGroup
	for i, source := range sources {
		builds.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if images[i], errs[i] = b.build(ctx, source); errs[i] != nil {
				errs[i] = fmt.Errorf("build image of %s: %w", source.Service, errs[i])
			}
		})
	}
	builds.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return images, nil
}

func (b *Builder) build(ctx context.Context, source Source) (*Image, error) {
	program, err := b.compile(ctx, source.Service)
	if err != nil {
		return nil, err
	}
	content := map[string][]byte{"/" + source.Service: program}
	for _, files := range source.Files {
		if err := collect(content, filepath.Join(b.Root, files.From), files); err != nil {
			return nil, err
		}
	}
	layer, err := newLayer(content, source.Service)
	if err != nil {
		return nil, fmt.Errorf("make layer: %w", err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, fmt.Errorf("append layer: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read image's config: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", b.Arch
	config.Config.User = fmt.Sprintf("%d:%d", UID, UID)
	config.Config.WorkingDir = "/"
	config.Config.Entrypoint = []string{"/" + source.Service}
	config.Config.Labels = map[string]string{
		"org.opencontainers.image.title":       "fleetman/" + source.Service,
		"org.opencontainers.image.description": "The " + source.Service + " of fleetman, built from services/" + source.Service + ".",
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, fmt.Errorf("set image's config: %w", err)
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, fmt.Errorf("digest image: %w", err)
	}
	return &Image{Service: source.Service, Digest: digest, image: image}, nil
}

// compile answers with the program of a service, the same bytes for the same source on every machine.
func (b *Builder) compile(ctx context.Context, service string) ([]byte, error) {
	out, err := os.MkdirTemp("", "fleetman-build-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(out) // a temporary folder
	program := filepath.Join(out, service)
	// GOFLAGS and the variants of an architecture are pinned too: a machine's own would change the program.
	env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + b.Arch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT="}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, "./services/" + service}
	if output, err := b.Run(ctx, b.Root, env, "go", args...); err != nil {
		return nil, fmt.Errorf("go build ./services/%s: %w\n%s", service, err, strings.TrimSpace(string(output)))
	}
	content, err := os.ReadFile(program) // the path is ours
	if err != nil {
		return nil, fmt.Errorf("read program: %w", err)
	}
	return content, nil
}
