package gateway

import (
	"context"
	"log/slog"

	"fleetman/services/internal/queue"
	"fleetman/services/internal/sse"
)

// Feed keeps a broker of the stream up to date from the topic.
type Feed struct {
	tracker *Tracker
	broker  *sse.Broker
	log     *slog.Logger
}

// NewFeed returns a feed.
func NewFeed(tracker *Tracker, broker *sse.Broker, log *slog.Logger) *Feed {
	return &Feed{tracker: tracker, broker: broker, log: log}
}

// Begin loads the snapshot; what is published from now on waits meanwhile.
func (f *Feed) Begin(ctx context.Context) error {
	body, err := f.tracker.Vehicles(ctx, nil)
	if err != nil {
		return err
	}
	return f.broker.Load(body)
}

// Handle passes on what the tracker has published.
func (f *Feed) Handle(_ context.Context, m queue.Message) {
	if err := f.broker.Publish(m.Body); err != nil {
		f.log.Error("message from the topic is not usable", "message", m.ID, "error", err)
	}
}
