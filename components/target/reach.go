package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// patience is how long a cluster may take to answer, all in all.
const patience = 8 * time.Second

// Reach asks the cluster of the kube context whether it is ready, and answers with the host of its API server. It reads the
// kubeconfig where kubectl does: the files that KUBECONFIG names, or ~/.kube/config.
func Reach(ctx context.Context, kubeContext string) (host string, err error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	return reach(ctx, rules, kubeContext, patience)
}

func reach(ctx context.Context, rules *clientcmd.ClientConfigLoadingRules, kubeContext string, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()

	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: kubeContext})
	known, err := loader.RawConfig()
	if err != nil {
		return "", unreachable(kubeContext, "", fmt.Errorf("read kubeconfig: %w", err))
	}
	if _, found := known.Contexts[kubeContext]; !found {
		return "", unreachable(kubeContext, "", fmt.Errorf("no such context in the kubeconfig (%s), which holds %s",
			strings.Join(rules.GetLoadingPrecedence(), ", "), list(slices.Sorted(maps.Keys(known.Contexts)))))
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return "", unreachable(kubeContext, "", fmt.Errorf("read kubeconfig: %w", err))
	}
	server, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return "", unreachable(kubeContext, config.Host, fmt.Errorf("parse server: %w", err))
	}
	if err := ready(ctx, config, server); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %s", patience)
		}
		return "", unreachable(kubeContext, server.String(), err)
	}
	return server.Hostname(), nil
}

func ready(ctx context.Context, config *rest.Config, server *url.URL) error {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.JoinPath("readyz").String(), nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		if cause := (*url.Error)(nil); errors.As(err, &cause) {
			return cause.Err // without the URL, which the caller says
		}
		return err
	}
	defer response.Body.Close() // only read from
	if response.StatusCode != http.StatusOK {
		const enough = 512
		body, _ := io.ReadAll(io.LimitReader(response.Body, enough))
		return fmt.Errorf("not ready: %s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

func unreachable(kubeContext, server string, cause error) error {
	if server == "" {
		server = "unknown"
	}
	return fmt.Errorf("reach cluster of kube context %q (server %s): %w\n"+
		"Start it with `make up` (the project's lab) or `minikube start`, or name another with `pulumi config set --path fleetman:target.context NAME`",
		kubeContext, server, cause)
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
