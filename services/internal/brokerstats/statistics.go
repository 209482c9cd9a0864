package brokerstats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"fleetman/services/internal/jmsmap"
	"fleetman/services/internal/queue"
)

// What is asked. The names of the first two, and the keys of their answers, are of StatisticsBroker.java in ActiveMQ's
// activemq-broker, the last is of AdvisorySupport.java in activemq-client.
const (
	queuesQuestion   = "/queue/ActiveMQ.Statistics.Destination.>"
	brokerQuestion   = "/queue/ActiveMQ.Statistics.Broker"
	connectionsTopic = "/topic/ActiveMQ.Advisory.Connection"

	queueScheme  = "queue://"
	statistics   = "ActiveMQ.Statistics"
	connected    = "ConnectionInfo"
	disconnected = "RemoveInfo"
)

// Statistics is what the broker counts, at one moment.
type Statistics struct {
	Connections         int
	Memory, Store, Temp Usage
	Queues              map[string]Queue // by name
}

// Queue is what the broker counts of one queue. The counts of messages that passed are since the broker's start.
type Queue struct {
	Messages, InFlight          int64 // waiting or on their way to a consumer; of these, on their way
	Consumers, Producers        int64
	Enqueued, Dequeued, Expired int64
	Memory                      Usage
}

// Usage is how much there is of something and how much there may be, in bytes.
type Usage struct{ Used, Limit int64 }

// Ratio is 1 when nothing more fits; it can be a little more. Without a limit it is 0.
func (u Usage) Ratio() float64 {
	if u.Limit <= 0 {
		return 0
	}
	return float64(u.Used) / float64(u.Limit)
}

// Asker asks the broker; a queue.Inquirer is one.
type Asker interface {
	Ask(ctx context.Context, in queue.Inquiry, take func(from string, m queue.Message) (enough bool, err error)) error
}

// Ask asks for the statistics. The broker answers in order: its connections first, because it is told to before it is
// asked, then an answer for each queue, and its own last.
func Ask(ctx context.Context, broker Asker) (*Statistics, error) {
	s := &Statistics{Queues: make(map[string]Queue)}
	err := broker.Ask(ctx, queue.Inquiry{Watch: connectionsTopic, Questions: []string{queuesQuestion, brokerQuestion}}, s.take)
	if err != nil {
		return nil, fmt.Errorf("ask for statistics: %w", err)
	}
	return s, nil
}

// take adds what is in a message, and says whether it was the last.
func (s *Statistics) take(from string, m queue.Message) (last bool, err error) {
	switch from {
	case connectionsTopic:
		err = s.takeConnection(m.Body)
	case queuesQuestion:
		err = s.takeQueue(m.Body)
	case brokerQuestion:
		return true, s.takeBroker(m.Body)
	default:
		err = fmt.Errorf("unexpected message from %s", from)
	}
	return false, err
}

func (s *Statistics) takeConnection(body []byte) error {
	var command map[string]json.RawMessage
	if err := json.Unmarshal(body, &command); err != nil {
		return fmt.Errorf("read advisory of a connection: %w", err)
	}
	switch {
	case command[connected] != nil:
		s.Connections++
	case command[disconnected] != nil:
		s.Connections--
	default:
		return fmt.Errorf("read advisory of a connection: it is neither %s nor %s", connected, disconnected)
	}
	return nil
}

func (s *Statistics) takeQueue(body []byte) error {
	fields, err := jmsmap.FromJSON(body)
	if err != nil {
		return fmt.Errorf("read statistics of a queue: %w", err)
	}
	name, isQueue := strings.CutPrefix(fields["destinationName"], queueScheme)
	if !isQueue || strings.HasPrefix(name, statistics) {
		return nil
	}
	n := numbers{fields: fields}
	q := Queue{
		Messages: n.of("size"), InFlight: n.of("inflightCount"),
		Consumers: n.of("consumerCount"), Producers: n.of("producerCount"),
		Enqueued: n.of("enqueueCount"), Dequeued: n.of("dequeueCount"), Expired: n.of("expiredCount"),
		Memory: n.usage("memory"),
	}
	if err := errors.Join(n.errs...); err != nil {
		return fmt.Errorf("read statistics of queue %.100q: %w", name, err)
	}
	s.Queues[name] = q
	return nil
}

func (s *Statistics) takeBroker(body []byte) error {
	fields, err := jmsmap.FromJSON(body)
	if err != nil {
		return fmt.Errorf("read statistics of the broker: %w", err)
	}
	n := numbers{fields: fields}
	s.Memory, s.Store, s.Temp = n.usage("memory"), n.usage("store"), n.usage("temp")
	if err := errors.Join(n.errs...); err != nil {
		return fmt.Errorf("read statistics of the broker: %w", err)
	}
	return nil
}

// numbers reads whole numbers from a map, and remembers which were none.
type numbers struct {
	fields map[string]string
	errs   []error
}

func (n *numbers) of(key string) int64 {
	text, ok := n.fields[key]
	if !ok {
		n.errs = append(n.errs, fmt.Errorf("%s is missing", key))
		return 0
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		n.errs = append(n.errs, fmt.Errorf("%s %.40q is not a whole number", key, text))
	}
	return v
}

func (n *numbers) usage(of string) Usage {
	return Usage{Used: n.of(of + "Usage"), Limit: n.of(of + "Limit")}
}
