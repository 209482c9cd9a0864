package target

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfig writes one whose context minikube is of the server, and answers with rules that read it alone.
func kubeconfig(t *testing.T, server string) *clientcmd.ClientConfigLoadingRules {
	t.Helper()
	config := api.NewConfig()
	config.Clusters["c"] = &api.Cluster{Server: server}
	config.AuthInfos["u"] = &api.AuthInfo{}
	config.Contexts["minikube"] = &api.Context{Cluster: "c", AuthInfo: "u"}
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return &clientcmd.ClientConfigLoadingRules{ExplicitPath: file, Precedence: []string{file}}
}

func TestAReadyClusterAnswersWithItsHost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	host, err := reach(context.Background(), kubeconfig(t, server.URL), "minikube", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if want := "127.0.0.1"; host != want {
		t.Errorf("host %q, want %q", host, want)
	}
}

func TestAClusterThatCantBeReachedSaysWhyAndWhatToRun(t *testing.T) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	refused, err := url.Parse(refusing.URL)
	if err != nil {
		t.Fatal(err)
	}
	refusing.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	unready := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "etcd failed", http.StatusInternalServerError)
	}))
	defer unready.Close()

	for name, test := range map[string]struct {
		server, context string
		want            []string
	}{
		"nothing listens": {refusing.URL, "minikube", []string{`"minikube"`, refused.Host, "connection refused"}},
		"never answers":   {silent.URL, "minikube", []string{`"minikube"`, silent.URL, "no answer within 200ms"}},
		"not ready":       {unready.URL, "minikube", []string{unready.URL, "500", "etcd failed"}},
		"no such context": {unready.URL, "elsewhere", []string{`"elsewhere"`, "no such context", "holds minikube"}},
		"not even a URL":  {"http://%", "minikube", []string{`"minikube"`}},
	} {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			_, err := reach(context.Background(), kubeconfig(t, test.server), test.context, 200*time.Millisecond)
			if err == nil {
				t.Fatal("reached")
			}
			if took := time.Since(started); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
			for _, want := range append(test.want, "`make up`", "`minikube start`") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q doesn't say %q", err, want)
				}
			}
		})
	}
}

func TestNoKubeconfigAtAllIsNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	_, err := reach(context.Background(), &clientcmd.ClientConfigLoadingRules{Precedence: []string{missing}}, "minikube", time.Second)
	if err == nil {
		t.Fatal("reached")
	}
	for _, want := range []string{missing, "holds none", "`make up`"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q doesn't say %q", err, want)
		}
	}
}

func TestAClusterWithoutAContextIsRefused(t *testing.T) {
	if err := (&Args{Context: "minikube"}).Validate(); err != nil {
		t.Errorf("refused: %v", err)
	}
	if err := (&Args{}).Validate(); err == nil || !strings.Contains(err.Error(), "Context is missing") {
		t.Errorf("error %v", err)
	}
}
