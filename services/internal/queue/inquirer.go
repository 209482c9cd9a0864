package queue

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/go-stomp/stomp/v3/frame"

	"fleetman/services/internal/jmsmap"
)

const (
	inquirerRoom = 256 // messages that may wait to be taken
	// answers is a queue of the connection's own, which the broker deletes with it.
	answers       = "/temp-queue/answers"
	answersID     = "answers"
	replyTo       = "reply-to"
	correlationID = "correlation-id"
)

// Inquirer asks what the broker itself answers, such as its statistics. It connects when it is first asked and again
// after a failure, so it never hands over an answer that is older than the question.
type Inquirer struct {
	cfg Config

	mu    sync.Mutex // guards what follows; one inquiry at a time
	conn  *conn      // nil before the first inquiry
	asked int
}

// Inquiry is a number of questions that are asked together.
type Inquiry struct {
	// Questions are the destinations that answer, /queue/... ; each gets an empty message. The broker writes maps in its
	// answers as JSON.
	Questions []string
	// Watch is a topic, /topic/..., whose messages are handed over as well, beginning before the first question; empty
	// is none.
	Watch string
}

// NewInquirer returns an inquirer, which connects later. Of the configuration it uses neither Backoff nor OnState: it
// tries once for each question.
func NewInquirer(cfg Config) *Inquirer { return &Inquirer{cfg: cfg} }

// Ask asks, and hands over what arrives in the order of arrival: from is the question's destination or the topic. It
// returns nil once take has heard enough, and an error when take fails or ctx ends first.
func (q *Inquirer) Ask(ctx context.Context, in Inquiry, take func(from string, m Message) (enough bool, err error)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	c, err := q.connected(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.fail(fmt.Errorf("wait for broker's answer: %w", ctx.Err())) })
	defer stop()
	q.asked++
	if err := exchange(c, strconv.Itoa(q.asked), in, take); err != nil {
		// What is still to come must not be taken for an answer to the next question.
		_ = c.fail(ErrClosed)
		return err
	}
	return nil
}

// connected returns the connection, or another when that has ended.
func (q *Inquirer) connected(ctx context.Context) (*conn, error) {
	if q.conn != nil {
		select {
		case <-q.conn.done:
		default:
			return q.conn, nil
		}
	}
	c, err := dial(ctx, q.cfg, inquirerRoom)
	if err != nil {
		return nil, err
	}
	err = c.write(frame.New(frame.SUBSCRIBE, frame.Id, answersID, frame.Destination, answers, frame.Ack, "auto",
		headerTransformation, jmsmap.JSON))
	if err != nil {
		return nil, err
	}
	q.conn = c
	return c, nil
}

func exchange(c *conn, id string, in Inquiry, take func(from string, m Message) (bool, error)) error {
	var frames []*frame.Frame
	watchID := "watch-" + id
	if in.Watch != "" {
		frames = append(frames, frame.New(frame.SUBSCRIBE, frame.Id, watchID, frame.Destination, in.Watch, frame.Ack, "auto"))
	}
	asked := make(map[string]string, len(in.Questions)) // destinations by correlation id
	for i, destination := range in.Questions {
		correlation := id + "-" + strconv.Itoa(i)
		asked[correlation] = destination
		frames = append(frames, frame.New(frame.SEND, frame.Destination, destination, replyTo, answers, correlationID, correlation))
	}
	if err := c.write(frames...); err != nil {
		return err
	}
	for {
		select {
		case f := <-c.messages:
			from, known := asked[f.Header.Get(correlationID)]
			if in.Watch != "" && f.Header.Get(frame.Subscription) == watchID {
				from, known = in.Watch, true
			}
			if !known {
				continue // of an earlier inquiry, which had heard enough
			}
			enough, err := take(from, incoming(f))
			if err != nil {
				return err
			}
			if enough && in.Watch != "" {
				return c.write(frame.New(frame.UNSUBSCRIBE, frame.Id, watchID))
			}
			if enough {
				return nil
			}
		case <-c.done:
			return c.err
		}
	}
}

// Close ends the connection, if there is one, in order.
func (q *Inquirer) Close(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.conn == nil {
		return nil
	}
	select {
	case <-q.conn.done:
		return nil
	default:
	}
	if err := q.conn.disconnect(ctx); err != nil {
		return fmt.Errorf("disconnect from broker: %w", err)
	}
	return nil
}
