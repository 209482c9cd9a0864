package service

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// Readiness knows why the service is not ready.
type Readiness struct {
	mu      sync.Mutex
	reasons map[string]string
}

// Set says that the part is ready, with a nil error, or why not.
func (r *Readiness) Set(part string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.reasons, part)
		return
	}
	r.reasons[part] = err.Error()
}

// Reasons returns why the service is not ready, sorted; none when it is.
func (r *Readiness) Reasons() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	reasons := make([]string, 0, len(r.reasons))
	for part, why := range r.reasons {
		reasons = append(reasons, part+": "+why)
	}
	slices.Sort(reasons)
	return reasons
}

// ServeHTTP answers 200 or 503, with the reasons.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	reasons := r.Reasons()
	status := http.StatusOK
	if len(reasons) > 0 {
		status = http.StatusServiceUnavailable
	}
	WriteJSON(w, status, struct {
		Ready   bool     `json:"ready"`
		Reasons []string `json:"reasons"`
	}{len(reasons) == 0, reasons})
}

// WriteJSON answers with v. It is for values that always encode.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "cannot encode the answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client has gone; there is nobody to tell
}

// WriteError answers with {"error": message}.
func WriteError(w http.ResponseWriter, status int, message string) {
	WriteJSON(w, status, struct {
		Error string `json:"error"`
	}{message})
}
