package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"fleetman/services/internal/service"
)

func page() fstest.MapFS {
	return fstest.MapFS{
		"index.html":               {Data: []byte("<!doctype html>")},
		"assets/index-B1xYz09a.js": {Data: []byte("let a")},
		"assets/map-worker.js":     {Data: []byte("let b")},
		"assets/style.css":         {Data: []byte("a{}")},
	}
}

func site(t *testing.T, gateway string) *service.Server {
	t.Helper()
	files, err := ReadFiles(page())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	s := service.New("test", service.Config{}, io.Discard)
	NewSite(files, []byte(`{"type":"FeatureCollection"}`), u, s.Log).Register(s.HTTP)
	return s.HTTP
}

func ask(t *testing.T, h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFilesHaveTheirTypeAndLifetime(t *testing.T) {
	h := site(t, "http://gateway")
	tests := []struct{ path, contentType, cache string }{
		{"/", "text/html; charset=utf-8", revalidate},
		{"/index.html", "text/html; charset=utf-8", revalidate},
		{"/assets/index-B1xYz09a.js", "text/javascript; charset=utf-8", immutable},
		{"/assets/map-worker.js", "text/javascript; charset=utf-8", revalidate},
		{"/assets/style.css", "text/css; charset=utf-8", revalidate},
		{"/roads.geojson", "application/geo+json", revalidate},
	}
	for _, tt := range tests {
		w := ask(t, h, http.MethodGet, tt.path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != tt.contentType || w.Header().Get("Cache-Control") != tt.cache {
			t.Errorf("%s: %d %v", tt.path, w.Code, w.Header())
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'self'") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has no strict policy", tt.path)
		}
		again := ask(t, h, http.MethodGet, tt.path, "If-None-Match", w.Header().Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s again: %d", tt.path, again.Code)
		}
	}
}

func TestWhatIsNotAFileIsNotFound(t *testing.T) {
	h := site(t, "http://gateway")
	for _, path := range []string{"/nothing", "/assets/", "/assets", "/..%2findex.html"} {
		if w := ask(t, h, http.MethodGet, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(t, h, http.MethodPost, "/"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestAFolderWithoutAPageIsRefused(t *testing.T) {
	if _, err := ReadFiles(fstest.MapFS{"other.html": {}}); !errors.Is(err, ErrNoPage) {
		t.Errorf("error is %v", err)
	}
	if _, err := ReadFiles(fstest.MapFS{}); !errors.Is(err, ErrNoPage) {
		t.Errorf("error is %v", err)
	}
}

func TestTheGatewayIsUnderAPI(t *testing.T) {
	var asked string
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RequestURI()
		w.Header().Set("X-Fleetman-Error", "tracker unreachable")
		_, _ = io.WriteString(w, "[]")
	}))
	defer gateway.Close()
	w := ask(t, site(t, gateway.URL), http.MethodGet, "/api/history/A%2FB%20Van?limit=3")
	if asked != "/history/A%2FB%20Van?limit=3" || w.Body.String() != "[]" || w.Header().Get("X-Fleetman-Error") == "" {
		t.Errorf("asked for %s, got %d %s", asked, w.Code, w.Body)
	}
}

func TestAStreamIsNotHeldBack(t *testing.T) {
	release := make(chan struct{})
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-release
	}))
	defer gateway.Close()
	defer close(release)
	front := httptest.NewServer(site(t, gateway.URL))
	defer front.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, front.URL+"/api/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := front.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b := make([]byte, 6)
	if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != "first\n" {
		t.Errorf("got %q, %v while the stream is open", b, err)
	}
}

func TestAGatewayThatIsAwayIsSaidInJSON(t *testing.T) {
	gateway := httptest.NewServer(http.NotFoundHandler())
	gateway.Close()
	w := ask(t, site(t, gateway.URL), http.MethodGet, "/api/vehicles/")
	var answer struct{ Error string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Error == "" || w.Code != http.StatusBadGateway {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
