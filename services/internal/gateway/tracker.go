package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"fleetman/services/internal/position"
)

// ErrTracker says that the tracker did not answer as it should.
var ErrTracker = errors.New("tracker unreachable")

const (
	trackerTimeout = 10 * time.Second
	longestAnswer  = 64 << 20 // bytes
)

// Tracker asks the position tracker.
type Tracker struct {
	base   *url.URL
	client *http.Client
}

// NewTracker returns a client of the tracker at base.
func NewTracker(base string) (*Tracker, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("parse tracker's URL: %w", err)
	}
	transport := &http.Transport{
		MaxIdleConnsPerHost: 16, MaxConnsPerHost: 64, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: trackerTimeout,
	}
	return &Tracker{base: u, client: &http.Client{Timeout: trackerTimeout, Transport: transport}}, nil
}

// Vehicles returns the tracker's array of all vehicle positions, or of those since the query's time, as it came.
func (t *Tracker) Vehicles(ctx context.Context, query url.Values) ([]byte, error) {
	body, err := t.get(ctx, t.base.JoinPath("vehicles", "/"), query)
	if err != nil {
		return nil, fmt.Errorf("get vehicles: %w", err)
	}
	return body, nil
}

// History returns the history of the vehicle, newest first.
func (t *Tracker) History(ctx context.Context, name string, query url.Values) ([]position.VehiclePosition, error) {
	body, err := t.get(ctx, t.base.JoinPath("history", url.PathEscape(name)), query)
	if err != nil {
		return nil, fmt.Errorf("get history: %w", err)
	}
	var positions []position.VehiclePosition
	if err := json.Unmarshal(body, &positions); err != nil {
		return nil, fmt.Errorf("get history: %w: %w", ErrTracker, err)
	}
	return positions, nil
}

// requestError is the tracker's refusal of a request that it understood.
type requestError struct{ message string }

func (e *requestError) Error() string { return e.message }

func (t *Tracker) get(ctx context.Context, u *url.URL, query url.Values) (body []byte, err error) {
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTracker, err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, longestAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrTracker, err)
	case len(body) > longestAnswer:
		return nil, fmt.Errorf("%w: its answer is longer than %d bytes", ErrTracker, longestAnswer)
	case resp.StatusCode == http.StatusBadRequest:
		var refusal struct{ Error string }
		if json.Unmarshal(body, &refusal) == nil && refusal.Error != "" {
			return nil, &requestError{refusal.Error}
		}
		return nil, &requestError{"the request is not valid"}
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: it answers %s", ErrTracker, resp.Status)
	}
	return body, nil
}
