//go:build e2e

package e2e

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// client is the address of who calls the load balancer.
const client = "203.0.113.7"

// nginxConfig is what the ingress controller makes of a route and of the ConfigMap that components/ingress gives it, as far as
// they matter here. The two servers differ in whom they believe.
const nginxConfig = `daemon off;
user root;
error_log stderr warn;
pid %[1]s/pid;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  scgi_temp_path %[1]s/scgi;
  uwsgi_temp_path %[1]s/uwsgi;
  %[2]s
}
`

const nginxServer = `server {
  listen 127.0.0.1:%[1]s proxy_protocol;
  set_real_ip_from %[2]s;
  real_ip_header proxy_protocol;
  server_name fleet.example.com;
  %[3]s
  location / {
    proxy_http_version 1.1;
    proxy_read_timeout 1h;
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_buffering off;
    proxy_pass http://%[4]s;
  }
}
`

// TestThePortOfTheLoadBalancerDecidesBetweenRedirectAndService sends what a load balancer would to a real nginx with the snippet
// of components/ingress.
func TestThePortOfTheLoadBalancerDecidesBetweenRedirectAndService(t *testing.T) {
	state, repository := os.Getenv("FLEETMAN_STATE"), os.Getenv("FLEETMAN_REPOSITORY")
	if state == "" || repository == "" {
		t.Fatal("run this by make e2e")
	}
	const events = 3
	seen := make(chan bool)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Saw", r.Header.Get("X-Real-IP"))
		switch r.URL.Path {
		case "/missing":
			http.NotFound(w, r)
		case "/stream":
			for range events {
				fmt.Fprint(w, "event\n")
				w.(http.Flusher).Flush()
				select {
				case <-seen:
				case <-time.After(10 * time.Second):
					return
				}
			}
		}
	}))
	t.Cleanup(backend.Close)

	dir, snippet, upstream := t.TempDir(), string(read(t, filepath.Join(repository, "components/ingress/server.conf"))), backend.Listener.Addr().String()
	believing, wary := freePort(t), freePort(t)
	servers := fmt.Sprintf(nginxServer, believing, "127.0.0.0/8", snippet, upstream) + fmt.Sprintf(nginxServer, wary, "10.0.0.0/8", snippet, upstream)
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, servers), 0o644); err != nil {
		t.Fatal(err)
	}
	nginx := exec.Command(nginxBinary(t, filepath.Join(state, "downloads/nginx")), "-c", config, "-p", dir)
	nginx.Stderr = os.Stderr
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nginx.Process.Signal(os.Interrupt); nginx.Wait() }) //nolint:errcheck // it ends by the signal
	eventually(t, 10*time.Second, "nginx", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+wary)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})

	t.Run("port 80 leads to https, whatever is sent", func(t *testing.T) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			response := throughProxy(t, believing, 80, method, "/api/x?y=1")
			if response.StatusCode != http.StatusPermanentRedirect || response.Header.Get("Location") != "https://fleet.example.com/api/x?y=1" {
				t.Errorf("%s: %s, to %q", method, response.Status, response.Header.Get("Location"))
			}
			if got := response.Header.Values("Strict-Transport-Security"); len(got) != 0 {
				t.Errorf("%s: what came in the clear is told %v", method, got)
			}
		}
	})
	t.Run("port 443 is served, errors too, and browsers stay with https", func(t *testing.T) {
		for path, want := range map[string]int{"/": http.StatusOK, "/missing": http.StatusNotFound, "/api/metricsofmine": http.StatusOK} {
			response := throughProxy(t, believing, 443, http.MethodGet, path)
			if got := response.Header.Get("Strict-Transport-Security"); response.StatusCode != want || got != "max-age=31536000" {
				t.Errorf("%s: %s, %q", path, response.Status, got)
			}
			if got := response.Header.Get("Saw"); got != client {
				t.Errorf("%s: the client is said to be %s", path, got)
			}
		}
	})
	t.Run("what is for the cluster's own eyes reaches no service", func(t *testing.T) {
		for _, path := range []string{"/metrics", "/api/metrics", "/readyz", "/api/readyz", "/healthz", "//metrics"} {
			response := throughProxy(t, believing, 443, http.MethodGet, path)
			if saw := response.Header.Get("Saw"); response.StatusCode != http.StatusNotFound || saw != "" {
				t.Errorf("%s: %s, seen by a service: %q", path, response.Status, saw)
			}
		}
	})
	t.Run("who isn't the load balancer isn't believed about the client", func(t *testing.T) {
		if got := throughProxy(t, wary, 443, http.MethodGet, "/").Header.Get("Saw"); got != "127.0.0.1" {
			t.Errorf("the client is said to be %s", got)
		}
	})
	t.Run("a stream isn't held back", func(t *testing.T) {
		body := bufio.NewReader(throughProxy(t, believing, 443, http.MethodGet, "/stream").Body)
		for range events {
			if line, err := body.ReadString('\n'); err != nil || line != "event\n" {
				t.Fatalf("%q, %v", line, err)
			}
			seen <- true
		}
	})
	t.Run("a client without the PROXY protocol gets nothing", func(t *testing.T) {
		response, err := http.Get("http://127.0.0.1:" + believing)
		if err == nil {
			response.Body.Close()
			t.Errorf("answered %s", response.Status)
		}
	})
}

// nginxBinary is Debian's nginx, unpacked and not installed.
func nginxBinary(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(dir, "usr/sbin/nginx")
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err != nil {
		t.Fatal(err)
	}
	output(t, part, "apt-get", "update", "-qq")
	output(t, part, "apt-get", "download", "-qq", "nginx")
	packages, err := filepath.Glob(filepath.Join(part, "*.deb"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("downloaded %v, %v", packages, err)
	}
	output(t, part, "dpkg", "-x", packages[0], part)
	if err := os.Rename(part, dir); err != nil {
		t.Fatal(err)
	}
	return binary
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // it has been asked for its port
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// throughProxy sends a request as a load balancer does that a client called on a port of it, by version 2 of the PROXY protocol.
func throughProxy(t *testing.T, to string, port uint16, method, path string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	header := []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c") // a proxied TCP connection over IPv4, twelve bytes of addresses
	header = append(header, netip.MustParseAddr(client).AsSlice()...)
	header = append(header, 10, 0, 0, 1)
	header = binary.BigEndian.AppendUint16(header, 50000)
	header = binary.BigEndian.AppendUint16(header, port)
	request, err := http.NewRequest(method, "http://fleet.example.com"+path, io.NopCloser(strings.NewReader("")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(header); err != nil {
		t.Fatal(err)
	}
	if err := request.Write(conn); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}
