package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// dialTimeout bounds how long a cluster that does not answer may hold up a preview.
const dialTimeout = 10 * time.Second

// settings are the provider inputs the stand-in knows; values of other types than string arrive as JSON strings.
type settings struct {
	kubeconfig, context, cluster, namespace string
	deleteUnreachable                       bool
}

func newSettings(in resource.PropertyMap) settings {
	return settings{
		kubeconfig: text(in["kubeconfig"]), context: text(in["context"]), cluster: text(in["cluster"]), namespace: text(in["namespace"]),
		deleteUnreachable: text(in["deleteUnreachable"]) == "true" || os.Getenv("PULUMI_K8S_DELETE_UNREACHABLE") == "true",
	}
}

func (p *provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	resp := plugin.CheckConfigResponse{Properties: req.News}
	for _, key := range req.News.StableKeys() {
		reason := " is not supported by the lab's stand-in for pulumi-resource-kubernetes; install Pulumi's own"
		switch key {
		case "kubeconfig", "context", "cluster", "namespace", "clusterIdentifier", "deleteUnreachable", "version":
			continue
		case "enableServerSideApply":
			if text(req.News[key]) != "false" {
				continue
			}
			reason = "=false " + reason
		default:
			if strings.HasPrefix(string(key), "__") {
				continue // the engine's own
			}
		}
		resp.Failures = append(resp.Failures, plugin.CheckFailure{Property: key, Reason: string(key) + reason})
	}
	return resp, nil
}

// DiffConfig replaces the provider, and with it every object, only when it may mean another cluster. A static
// clusterIdentifier decides that alone; without one, the API server's address does.
func (p *provider) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	diff := req.OldInputs.Diff(req.NewInputs)
	if diff == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, ChangedKeys: diff.ChangedKeys()}
	was, is := req.OldInputs["clusterIdentifier"], req.NewInputs["clusterIdentifier"]
	switch {
	case is.ContainsUnknowns() || is.IsString() && was.IsString() && was != is:
		result.ReplaceKeys = []resource.PropertyKey{"clusterIdentifier"}
	case is.IsString():
	default:
		for _, key := range []resource.PropertyKey{"kubeconfig", "context", "cluster"} {
			if !diff.Changed(key) {
				continue
			}
			if req.NewInputs[key].ContainsUnknowns() || address(req.OldInputs) != address(req.NewInputs) {
				result.ReplaceKeys = append(result.ReplaceKeys, key)
			}
		}
	}
	return result, nil
}

func address(in resource.PropertyMap) string {
	if kubeconfig, err := newSettings(in).clientConfig(); err == nil {
		if cfg, err := kubeconfig.ClientConfig(); err == nil {
			return cfg.Host
		}
	}
	return ""
}

// Configure connects to the cluster. An unreachable cluster is no error yet, so that a preview works without one.
func (p *provider) Configure(ctx context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	p.settings = newSettings(req.Inputs)
	if err := p.connect(ctx); err != nil {
		p.unreachable = fmt.Errorf("configured Kubernetes cluster is unreachable: %w", err)
		p.tell(ctx, pulumirpc.LogSeverity_WARNING, false, p.unreachable.Error())
	}
	return plugin.ConfigureResponse{}, nil
}

func (p *provider) connect(ctx context.Context) error {
	kubeconfig, err := p.settings.clientConfig()
	if err != nil {
		return err
	}
	if ns, _, err := kubeconfig.Namespace(); err == nil {
		p.settings.namespace = ns
	}
	cfg, err := kubeconfig.ClientConfig()
	if err != nil {
		return fmt.Errorf("load kubeconfig: %w", err)
	}
	cfg.QPS, cfg.Burst = 50, 100
	cfg.Dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	cfg.WarningHandlerWithContext = warnings{p}
	if p.objects, err = dynamic.NewForConfig(cfg); err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return fmt.Errorf("make discovery client: %w", err)
	}
	p.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))
	ctx, stop := context.WithTimeout(ctx, dialTimeout)
	defer stop()
	return disco.RESTClient().Get().AbsPath("/version").Do(ctx).Error()
}

// clientConfig reads the kubeconfig, which is the contents of a file, a path, or a list of paths as in $KUBECONFIG.
func (s settings) clientConfig() (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{
		CurrentContext: s.context,
		Context:        api.Context{Cluster: s.cluster, Namespace: s.namespace},
	}
	if strings.ContainsAny(s.kubeconfig, "\n{") {
		cfg, err := clientcmd.Load([]byte(s.kubeconfig))
		if err != nil {
			return nil, fmt.Errorf("read kubeconfig: %w", err)
		}
		return clientcmd.NewNonInteractiveClientConfig(*cfg, s.context, overrides, nil), nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	switch paths := filepath.SplitList(s.kubeconfig); len(paths) {
	case 0:
	case 1:
		if rest, ok := strings.CutPrefix(paths[0], "~/"); ok {
			home, _ := os.UserHomeDir()
			paths[0] = filepath.Join(home, rest)
		}
		rules.ExplicitPath = paths[0]
	default:
		rules.Precedence = paths
	}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides), nil
}

// warnings shows what the API server warns about beside the resource that caused it.
type warnings struct{ p *provider }

func (w warnings) HandleWarningHeaderWithContext(ctx context.Context, _ int, _, text string) {
	w.p.tell(ctx, pulumirpc.LogSeverity_WARNING, false, text)
}

// isUnknownKind reports that the cluster has no such kind (yet): its CustomResourceDefinition may be part of this very update.
func isUnknownKind(err error) bool {
	var unknown *meta.NoKindMatchError
	return errors.As(err, &unknown)
}
