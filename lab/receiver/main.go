// Command receiver stands in the drill where Slack and the dead man's switch are: it keeps what is posted to it, by path, and
// answers a GET with all of it. It runs as a pod, because pods of the lab's node reach nothing outside it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// maxBody is more than Alertmanager ever posts.
const maxBody = 1 << 20

// Message is what was posted.
type Message struct {
	Time time.Time       `json:"time"`
	Path string          `json:"path"`
	Body json.RawMessage `json:"body"`
}

type receiver struct {
	mu       sync.Mutex
	messages []Message
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if request.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(r.messages); err != nil {
			fmt.Fprintln(os.Stderr, "receiver:", err)
		}
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if err != nil || !json.Valid(body) {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	r.messages = append(r.messages, Message{Time: time.Now().UTC(), Path: request.URL.Path, Body: body})
	fmt.Fprint(w, "ok") // Slack's own answer
}

func main() {
	server := &http.Server{Addr: ":8080", Handler: &receiver{messages: []Message{}}, ReadHeaderTimeout: 5 * time.Second}
	if err := server.ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}
