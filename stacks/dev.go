package stacks

import (
	"fmt"
	"net"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/image"
	"fleetman/components/target"
)

// The ports of the node in dev.
const (
	webappNodePort  = 30080
	gatewayNodePort = 30020
	consoleNodePort = 30010
	grafanaNodePort = 30030
	kibanaNodePort  = 30040
)

// Dev is the stack on a Minikube node: images loaded into the node, ports of the node, passwords from a file.
func Dev(ctx *pulumi.Context, config *Config, outside Outside) error {
	host, err := outside.Reach(ctx.Context(), config.Target.Context)
	if err != nil {
		return err // it says everything
	}
	images, err := build(ctx, config, outside)
	if err != nil {
		return err
	}
	node := &image.Loader{Profile: config.Target.Context, Run: outside.Run}
	if !ctx.DryRun() {
		if err := outside.Deliver(ctx.Context(), node, images...); err != nil {
			return fmt.Errorf("deliver images: %w", err)
		}
	}
	refs := map[string]pulumi.StringOutput{}
	for _, image := range images {
		refs[image.Service] = pulumi.String(node.Ref(image)).ToStringOutput()
	}
	cluster, err := target.NewCluster(ctx, "minikube", &target.Args{Context: config.Target.Context})
	if err != nil {
		return fmt.Errorf("declare cluster: %w", err)
	}
	ports := nodePorts{webapp: webappNodePort, gateway: gatewayNodePort, grafana: grafanaNodePort, kibana: kibanaNodePort}
	if config.ActiveMQ.Console {
		ports.console = consoleNodePort
	}
	s := &settings{
		name: "fleetman-dev", provider: cluster.Provider, storageClass: pulumi.String(config.Target.StorageClass), images: refs, nodePorts: ports,
	}
	fleet, err := declare(ctx, config, s)
	if err != nil {
		return err
	}
	if err := observe(ctx, config, s, fleet); err != nil {
		return err
	}
	for _, url := range []struct {
		name string
		is   bool
		port int
	}{
		{"webappURL", true, ports.webapp},
		{"apiURL", true, ports.gateway},
		{"consoleURL", config.ActiveMQ.Console, ports.console},
		{"grafanaURL", config.Monitoring.Enabled, ports.grafana},
		{"kibanaURL", config.Logging.Enabled, ports.kibana},
	} {
		if url.is {
			ctx.Export(url.name, at(host, url.port))
		}
	}
	return nil
}

// at is the URL of a port of the node. The node's host is the API server's, which holds on one node whose address is its own.
func at(host string, port int) pulumi.String {
	return pulumi.String("http://" + net.JoinHostPort(host, strconv.Itoa(port)))
}
