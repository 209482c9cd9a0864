package queue

import (
	"context"

	"github.com/go-stomp/stomp/v3/frame"
)

// subscriberRoom is how many messages of a topic may wait; beyond that the broker holds them, or drops the oldest.
const subscriberRoom = 256

// Subscriber hands over the messages of a topic in order. A topic keeps nothing for those who are away, so it says
// when a subscription begins: whatever came before must be fetched elsewhere.
type Subscriber struct {
	cfg         Config
	destination string
	begin       func(ctx context.Context) error
	handle      func(ctx context.Context, m Message)
}

// NewSubscriber returns a subscriber to the destination, /topic/... . Each time the broker has confirmed the
// subscription, begin is called before the messages that came since are handed to handle; when begin fails, the
// subscriber connects again.
func NewSubscriber(cfg Config, destination string, begin func(context.Context) error, handle func(context.Context, Message)) *Subscriber {
	return &Subscriber{cfg: cfg, destination: destination, begin: begin, handle: handle}
}

// Run receives until ctx ends.
func (s *Subscriber) Run(ctx context.Context) {
	keepConnected(ctx, s.cfg, subscriberRoom, func(ctx context.Context, c *conn) error {
		const id = "subscribed"
		err := c.write(frame.New(frame.SUBSCRIBE, frame.Id, "0", frame.Destination, s.destination,
			frame.Ack, "auto", frame.Receipt, id))
		if err != nil {
			return err
		}
		if err := c.awaitReceipt(ctx, id); err != nil {
			return err
		}
		if err := s.begin(ctx); err != nil {
			return err
		}
		for {
			select {
			case f := <-c.messages:
				s.handle(ctx, incoming(f))
			case <-c.done:
				return c.err
			case <-ctx.Done():
				return c.disconnect(context.WithoutCancel(ctx))
			}
		}
	})
}
