package tracker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fleetman/services/internal/position"
	"fleetman/services/internal/service"
	"fleetman/services/internal/store"
)

// defaultHistory is how many positions a history has when the request does not say.
const defaultHistory = 5000

// Finder answers questions about stored positions.
type Finder interface {
	Latest(ctx context.Context, since time.Time) ([]position.VehiclePosition, error)
	Vehicle(ctx context.Context, name string) (position.VehiclePosition, error)
	History(ctx context.Context, q store.History) ([]position.VehiclePosition, error)
}

// API is the tracker's HTTP interface.
type API struct {
	finder Finder
	log    *slog.Logger
}

// NewAPI returns the interface.
func NewAPI(finder Finder, log *slog.Logger) *API { return &API{finder: finder, log: log} }

// Register adds the routes.
func (a *API) Register(s interface {
	Handle(pattern string, h http.Handler)
},
) {
	s.Handle("GET /vehicles", http.HandlerFunc(a.vehicles))
	s.Handle("GET /vehicles/{$}", http.HandlerFunc(a.vehicles))
	s.Handle("GET /vehicles/{name}", http.HandlerFunc(a.vehicle))
	s.Handle("GET /history/{name}", http.HandlerFunc(a.history))
}

func (a *API) vehicles(w http.ResponseWriter, r *http.Request) {
	since, err := timeParameter(r.URL.Query(), "since")
	if err != nil {
		service.WriteError(w, http.StatusBadRequest, err.Error())
		return
	}
	found, err := a.finder.Latest(r.Context(), since)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	service.WriteJSON(w, http.StatusOK, nonNil(found))
}

func (a *API) vehicle(w http.ResponseWriter, r *http.Request) {
	found, err := a.finder.Vehicle(r.Context(), r.PathValue("name"))
	switch {
	case errors.Is(err, store.ErrNotFound):
		w.WriteHeader(http.StatusNotFound) // without a body, as ever
	case err != nil:
		a.fail(w, r, err)
	default:
		service.WriteJSON(w, http.StatusOK, found)
	}
}

func (a *API) history(w http.ResponseWriter, r *http.Request) {
	q, err := historyQuery(r)
	if err != nil {
		service.WriteError(w, http.StatusBadRequest, err.Error())
		return
	}
	found, err := a.finder.History(r.Context(), q)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	service.WriteJSON(w, http.StatusOK, nonNil(found))
}

func historyQuery(r *http.Request) (store.History, error) {
	values := r.URL.Query()
	q := store.History{Vehicle: r.PathValue("name"), Limit: defaultHistory}
	var errs []error
	var err error
	if q.From, err = timeParameter(values, "from"); err != nil {
		errs = append(errs, err)
	}
	if q.To, err = timeParameter(values, "to"); err != nil {
		errs = append(errs, err)
	}
	if text := values.Get("limit"); text != "" {
		q.Limit, err = strconv.Atoi(text)
		if err != nil || q.Limit < 1 || q.Limit > store.MaxHistory {
			errs = append(errs, fmt.Errorf("limit must be a number from 1 to %d", store.MaxHistory))
		}
	}
	return q, errors.Join(errs...)
}

// timeParameter returns the zero time when the parameter is not there.
func timeParameter(values url.Values, key string) (time.Time, error) {
	text := values.Get(key)
	if text == "" {
		return time.Time{}, nil
	}
	// The + of an offset is a space unless the client escaped it.
	t, err := position.ParseTime(strings.ReplaceAll(text, " ", "+"))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s must be a time such as 2024-01-08T10:00:00.123+0000", key)
	}
	return t.Time, nil
}

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	a.log.Error("request failed", "path", r.URL.Path, "error", err)
	service.WriteError(w, http.StatusServiceUnavailable, "the database does not answer")
}

func nonNil(p []position.VehiclePosition) []position.VehiclePosition {
	if p == nil {
		return []position.VehiclePosition{}
	}
	return p
}
