package web

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"fleetman/services/internal/service"
)

// policy lets the page load only what the site itself serves, and nothing inline. The page's README says why that is enough.
const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Site is the page with what it needs.
type Site struct {
	files   Files
	roads   *File
	gateway http.Handler
}

// NewSite returns a site whose /api is the gateway at the URL.
func NewSite(files Files, roads []byte, gateway *url.URL, log *slog.Logger) *Site {
	return &Site{files: files, roads: NewFile(roads, "application/geo+json"), gateway: proxy(gateway, log)}
}

// Register adds the routes.
func (s *Site) Register(server *service.Server) {
	server.Handle("/", secure(s.files))
	server.Handle("GET /roads.geojson", secure(s.roads))
	server.HandleStream("/api/", secure(s.gateway))
}

func secure(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		h.ServeHTTP(w, r)
	})
}

// proxy passes /api/... on without the /api.
func proxy(gateway *url.URL, log *slog.Logger) http.Handler {
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(gateway)
			r.SetXForwarded()
		},
		FlushInterval: -1, // the stream must not wait in a buffer
		Transport: &http.Transport{
			MaxIdleConnsPerHost:   64,
			IdleConnTimeout:       time.Minute,
			ResponseHeaderTimeout: 15 * time.Second,
			DisableCompression:    true,
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // the client has gone
			}
			log.Warn("gateway does not answer", "path", r.URL.Path, "error", err)
			service.WriteError(w, http.StatusBadGateway, "the API gateway does not answer")
		},
	}
	return http.StripPrefix("/api", p)
}
