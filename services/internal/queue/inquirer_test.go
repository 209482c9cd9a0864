package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3/frame"
)

// oracle makes the broker answer every question with the given bodies, and every subscription to /topic/watched with
// one message. It says which commands it got.
type oracle struct {
	t       *testing.T
	bodies  []string
	mu      sync.Mutex
	silent  bool
	refuses bool
	got     []string
	replies string // where the answers of this connection go
}

func newOracle(t *testing.T, b *fakeBroker, bodies ...string) *oracle {
	t.Helper()
	o := &oracle{t: t, bodies: bodies}
	b.onFrame = o.frame
	return o
}

func (o *oracle) frame(nc net.Conn, f *frame.Frame) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.got = append(o.got, f.Command)
	w := frame.NewWriter(nc)
	write := func(f *frame.Frame, body string) {
		f.Body = []byte(body)
		if err := w.Write(f); err != nil {
			o.t.Log(err)
		}
	}
	id, destination := f.Header.Get(frame.Id), f.Header.Get(frame.Destination)
	switch {
	case f.Command == frame.SUBSCRIBE && destination == "/topic/watched":
		write(frame.New(frame.MESSAGE, frame.Subscription, id, frame.Destination, destination), "seen")
	case f.Command == frame.SUBSCRIBE:
		o.replies = id
		if got := f.Header.Get("transformation"); got != "jms-map-json" {
			o.t.Errorf("answers are wanted as %q", got)
		}
	case f.Command == frame.SEND && o.refuses:
		write(frame.New(frame.ERROR, frame.Message, "not for you"), "")
	case f.Command == frame.SEND && !o.silent:
		if got := f.Header.Get("reply-to"); got != answers {
			o.t.Errorf("the answer goes to %q", got)
		}
		for _, body := range o.bodies {
			write(frame.New(frame.MESSAGE, frame.Subscription, o.replies, "correlation-id", f.Header.Get("correlation-id")), destination+" "+body)
		}
	default:
		return false
	}
	return true
}

func (o *oracle) be(silent, refuses bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.silent, o.refuses = silent, refuses
}

func (o *oracle) count(command string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, c := range o.got {
		if c == command {
			n++
		}
	}
	return n
}

func (b *fakeBroker) loginsSoFar() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logins
}

// ask asks the questions, watching the topic if there is one, until n messages have come.
func ask(t *testing.T, q *Inquirer, watch string, n int, questions ...string) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []string
	err := q.Ask(ctx, Inquiry{Questions: questions, Watch: watch}, func(from string, m Message) (bool, error) {
		got = append(got, from+": "+string(m.Body))
		return len(got) == n, nil
	})
	return got, err
}

func TestAnInquirerHandsOverAllAnswersInOrderOverOneConnection(t *testing.T) {
	b := newFakeBroker(t)
	o := newOracle(t, b, "first", "second")
	q := NewInquirer(config(b))
	want := []string{
		"/topic/watched: seen",
		"/queue/a: /queue/a first", "/queue/a: /queue/a second", "/queue/b: /queue/b first", "/queue/b: /queue/b second",
	}
	for range 3 {
		got, err := ask(t, q, "/topic/watched", len(want), "/queue/a", "/queue/b")
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("got %q, %v\nwant %q", got, err, want)
		}
	}
	if err := q.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if b.loginsSoFar() != 1 || o.count(frame.UNSUBSCRIBE) != 3 || o.count(frame.DISCONNECT) != 1 {
		t.Errorf("%d logins, commands %q", b.loginsSoFar(), o.got)
	}
}

func TestAnAnswerThatComesLateIsNotTheNextQuestions(t *testing.T) {
	b := newFakeBroker(t)
	newOracle(t, b, "first", "second")
	q := NewInquirer(config(b))
	for _, question := range []string{"/queue/a", "/queue/b"} {
		got, err := ask(t, q, "", 1, question) // the second answer is still to come
		if err != nil || !slices.Equal(got, []string{question + ": " + question + " first"}) {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestAQuestionWithoutAnAnswerEndsWithItsContextAndTheNextHasANewConnection(t *testing.T) {
	b := newFakeBroker(t)
	o := newOracle(t, b, "answer")
	o.be(true, false)
	q := NewInquirer(config(b))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := q.Ask(ctx, Inquiry{Questions: []string{"/queue/a"}}, func(string, Message) (bool, error) { return true, nil })
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "wait for broker's answer") {
		t.Errorf("error is %v", err)
	}
	o.be(false, false)
	if got, err := ask(t, q, "", 1, "/queue/b"); err != nil || len(got) != 1 || b.loginsSoFar() != 2 {
		t.Errorf("%q, %v, %d logins", got, err, b.loginsSoFar())
	}
}

func TestALostConnectionIsMadeAnewForTheNextQuestion(t *testing.T) {
	b := newFakeBroker(t)
	newOracle(t, b, "answer")
	q := NewInquirer(config(b))
	for i := range 3 {
		if got, err := ask(t, q, "", 1, "/queue/a"); err != nil || len(got) != 1 {
			t.Fatalf("%q, %v", got, err)
		}
		if b.loginsSoFar() != i+1 {
			t.Errorf("%d logins, want %d", b.loginsSoFar(), i+1)
		}
		b.cut()
		<-q.conn.done
	}
	if err := q.Close(t.Context()); err != nil {
		t.Errorf("closing what is lost: %v", err)
	}
}

func TestARefusedQuestionSaysWhy(t *testing.T) {
	b := newFakeBroker(t)
	o := newOracle(t, b)
	o.be(false, true)
	q := NewInquirer(config(b))
	if _, err := ask(t, q, "", 1, "/queue/a"); !errors.Is(err, ErrRefused) || !strings.Contains(fmt.Sprint(err), "not for you") {
		t.Errorf("error is %v", err)
	}
}

func TestAnAnswerThatCannotBeTakenEndsTheInquiry(t *testing.T) {
	b := newFakeBroker(t)
	newOracle(t, b, "answer")
	q := NewInquirer(config(b))
	broken := errors.New("broken")
	err := q.Ask(t.Context(), Inquiry{Questions: []string{"/queue/a"}}, func(string, Message) (bool, error) { return false, broken })
	if !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
	if _, err := ask(t, q, "", 1, "/queue/a"); err != nil || b.loginsSoFar() != 2 {
		t.Errorf("again: %v, %d logins", err, b.loginsSoFar())
	}
}

func TestAnInquirerThatWasNeverAskedClosesWithoutABroker(t *testing.T) {
	if err := NewInquirer(Config{Addr: "127.0.0.1:1"}).Close(t.Context()); err != nil {
		t.Error(err)
	}
}
