package gateway

import (
	"errors"
	"log/slog"
	"net/http"

	"fleetman/services/internal/service"
)

// HeaderError is the header that says why an answer is empty.
const HeaderError = "X-Fleetman-Error"

// API is the gateway's HTTP interface.
type API struct {
	tracker *Tracker
	stream  http.Handler
	log     *slog.Logger
}

// NewAPI returns the interface.
func NewAPI(tracker *Tracker, stream http.Handler, log *slog.Logger) *API {
	return &API{tracker: tracker, stream: stream, log: log}
}

// Register adds the routes.
func (a *API) Register(s *service.Server) {
	s.Handle("GET /{$}", cors(http.HandlerFunc(a.root)))
	s.Handle("GET /vehicles", cors(http.HandlerFunc(a.vehicles)))
	s.Handle("GET /vehicles/{$}", cors(http.HandlerFunc(a.vehicles)))
	s.Handle("GET /history/{name}", cors(http.HandlerFunc(a.history)))
	s.HandleStream("GET /stream", cors(a.stream))
}

func cors(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", HeaderError)
		h.ServeHTTP(w, r)
	})
}

func (a *API) root(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<p>Fleetman API gateway</p>\n")) // the client has gone; there is nobody to tell
}

func (a *API) vehicles(w http.ResponseWriter, r *http.Request) {
	body, err := a.tracker.Vehicles(r.Context(), pick(r, "since"))
	if a.refused(w, err) {
		return
	}
	if err != nil {
		a.log.Warn("no vehicles from the tracker", "error", err)
		w.Header().Set(HeaderError, ErrTracker.Error())
		body = []byte("[]")
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the client has gone; there is nobody to tell
}

type place struct {
	Lat float64 `json:"lat"` // degrees north
	Lng float64 `json:"lng"` // degrees east
}

func (a *API) history(w http.ResponseWriter, r *http.Request) {
	positions, err := a.tracker.History(r.Context(), r.PathValue("name"), pick(r, "from", "to", "limit"))
	if a.refused(w, err) {
		return
	}
	if err != nil {
		a.log.Warn("no history from the tracker", "error", err)
		w.Header().Set(HeaderError, ErrTracker.Error())
		service.WriteError(w, http.StatusBadGateway, ErrTracker.Error())
		return
	}
	places := make([]place, len(positions))
	for i, p := range positions {
		places[len(places)-1-i] = place{p.Lat, p.Longitude}
	}
	service.WriteJSON(w, http.StatusOK, places)
}

// refused passes the tracker's refusal on.
func (a *API) refused(w http.ResponseWriter, err error) bool {
	var refusal *requestError
	if !errors.As(err, &refusal) {
		return false
	}
	service.WriteError(w, http.StatusBadRequest, refusal.message)
	return true
}

// pick returns the named parameters of the request.
func pick(r *http.Request, names ...string) map[string][]string {
	all := r.URL.Query()
	picked := make(map[string][]string)
	for _, n := range names {
		if v, ok := all[n]; ok {
			picked[n] = v[:1]
		}
	}
	return picked
}
