package main

import (
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
)

const version = "13.2.0"

// handler is Grafana's API, as far as the lab asks it.
func (s *state) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"database": "ok", "version": version, "commit": "stand-in"})
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprintf(w, "# TYPE grafana_build_info gauge\ngrafana_build_info{version=%q,revision=\"stand-in\",branch=\"lab\",goversion=\"\",edition=\"oss\"} 1\n", version)
		fmt.Fprintf(w, "# TYPE grafana_stat_totals_dashboard gauge\ngrafana_stat_totals_dashboard %d\n", len(s.dashboards))
	})
	mux.HandleFunc("GET /api/search", s.login(func(w http.ResponseWriter, _ *http.Request) {
		found := []any{}
		for _, uid := range slices.Sorted(maps.Keys(s.dashboards)) {
			d := s.dashboards[uid]
			found = append(found, map[string]any{"uid": uid, "title": d.title, "type": "dash-db", "url": "/d/" + uid, "folderTitle": d.folder})
		}
		answer(w, http.StatusOK, found)
	}))
	mux.HandleFunc("GET /api/dashboards/uid/{uid}", s.login(func(w http.ResponseWriter, r *http.Request) { s.dashboard(w, r.PathValue("uid")) }))
	mux.HandleFunc("GET /api/dashboards/home", s.login(func(w http.ResponseWriter, _ *http.Request) { s.dashboard(w, s.home) }))
	mux.HandleFunc("/api/datasources/proxy/uid/{uid}/{path...}", s.login(s.proxy))
	mux.HandleFunc("/", s.login(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			answer(w, http.StatusForbidden, message("everything is provisioned: nothing can be changed"))
			return
		}
		answer(w, http.StatusNotFound, message("the lab's stand-in for Grafana has no such page"))
	}))
	return mux
}

func (s *state) dashboard(w http.ResponseWriter, uid string) {
	d, there := s.dashboards[uid]
	if !there {
		answer(w, http.StatusNotFound, message("Dashboard not found"))
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"dashboard": d.content, "meta": map[string]any{"provisioned": true, "canSave": false, "canDelete": false, "folderTitle": d.folder, "url": "/d/" + uid},
	})
}

// proxy asks a data source with its own login, never with the caller's.
func (s *state) proxy(w http.ResponseWriter, r *http.Request) {
	source, there := s.sources[r.PathValue("uid")]
	if !there {
		answer(w, http.StatusNotFound, message("Unable to find datasource"))
		return
	}
	target, err := url.Parse(source.URL)
	if err != nil {
		answer(w, http.StatusInternalServerError, message(err.Error()))
		return
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if ca := source.Secrets["tlsCACert"]; ca != "" {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM([]byte(ca)) {
			answer(w, http.StatusInternalServerError, message("the data source's tlsCACert is no certificate"))
			return
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	(&httputil.ReverseProxy{Transport: transport, Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Path, p.Out.URL.RawPath = "/"+r.PathValue("path"), ""
		p.SetURL(target)
		p.Out.Header.Del("Authorization")
		if source.BasicAuth {
			p.Out.SetBasicAuth(source.BasicAuthUser, source.Secrets["basicAuthPassword"])
		}
	}}).ServeHTTP(w, r)
}

func (s *state) login(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(s.user+"\x00"+s.password)) != 1 {
			answer(w, http.StatusUnauthorized, message("Invalid username or password"))
			return
		}
		next(w, r)
	}
}

func message(text string) map[string]any { return map[string]any{"message": text} }

func answer(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value) // the caller is gone
}
