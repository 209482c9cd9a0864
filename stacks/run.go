package stacks

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/image"
	"fleetman/components/target"
)

// Outside is what a stack needs of the world outside of Pulumi's engine.
type Outside struct {
	// Root is the root of the source tree, the folder of Pulumi.yaml.
	Root string
	// Reach asks the cluster of a kube context whether it is ready, and answers with the host of its API server.
	Reach func(ctx context.Context, kubeContext string) (host string, err error)
	// Run runs the Go compiler and the minikube command.
	Run image.Runner
	// Now is the time.
	Now func() time.Time
	// Deliver takes images to where the cluster finds them.
	Deliver func(ctx context.Context, to image.Destination, images ...*image.Image) error
}

// Real is the world as it is.
func Real(ctx *pulumi.Context) Outside {
	root := ctx.RootDirectory()
	if root == "" { // a language host that doesn't say; it runs the program in its folder, infra
		root = ".."
	}
	return Outside{
		Root:  root,
		Reach: target.Reach,
		Run:   image.Exec,
		Now:   time.Now,
		Deliver: func(ctx context.Context, to image.Destination, images ...*image.Image) error {
			return to.Deliver(ctx, images...) // the caller says of what
		},
	}
}

// Run reads the configuration and declares the stack that it is of.
func Run(ctx *pulumi.Context, raw Raw, outside Outside) error {
	config, err := Read(raw, outside.Root)
	if err != nil {
		return err
	}
	if config.AWS.Offline && !ctx.DryRun() {
		return errors.New(keyPrefix + "aws.offline: an offline stack can only be previewed; `pulumi config rm --path fleetman:aws.offline`")
	}
	if raw.Stack != bootstrap {
		if err := config.Logging.hold(outside.Now()); err != nil {
			return err // it names the key
		}
	}
	switch raw.Stack {
	case bootstrap:
		return Bootstrap(ctx, config)
	case prod:
		return Prod(ctx, config, outside)
	}
	return Dev(ctx, config, outside)
}

// The services, which are folders of services and names of images.
const (
	simulatorService     = "position-simulator"
	trackerService       = "position-tracker"
	gatewayService       = "api-gateway"
	webappService        = "webapp"
	queueExporterService = "queue-exporter"
)

// webRoot is where the web application's image holds its page.
const webRoot = "/www"

// build builds the images of the services.
func build(ctx *pulumi.Context, config *Config, outside Outside) ([]*image.Image, error) {
	arch := config.Images.Arch
	if arch == "" {
		arch = runtime.GOARCH
	}
	builder := &image.Builder{Root: outside.Root, Arch: arch, Run: outside.Run}
	sources := []image.Source{
		{Service: simulatorService},
		{Service: trackerService},
		{Service: gatewayService},
		{Service: webappService, Files: []image.Files{{From: "services/webapp/ui/dist", To: webRoot, Made: "make web"}}},
	}
	if config.Monitoring.Enabled {
		sources = append(sources, image.Source{Service: queueExporterService})
	}
	images, err := builder.Build(ctx.Context(), sources...)
	if err != nil {
		return nil, fmt.Errorf("build images: %w", err)
	}
	return images, nil
}

// delivery takes images to one destination.
func delivery(outside Outside, to image.Destination) func(ctx context.Context, images ...*image.Image) error {
	return func(ctx context.Context, images ...*image.Image) error { return outside.Deliver(ctx, to, images...) }
}
