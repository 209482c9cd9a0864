package image

import (
	"net/http"
	"sync/atomic"
)

// counting is a transport that counts the requests that change something.
type counting struct{ writes *atomic.Int32 }

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		c.writes.Add(1)
	}
	return http.DefaultTransport.RoundTrip(r)
}
