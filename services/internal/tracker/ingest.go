package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"fleetman/services/internal/position"
	"fleetman/services/internal/queue"
	"fleetman/services/internal/track"
)

// saveTimeout is how long a batch may take to be stored.
const saveTimeout = 30 * time.Second

// Saver stores positions; saving the same ones again changes nothing.
type Saver interface {
	Save(ctx context.Context, positions, latest []position.VehiclePosition) error
}

// Publisher passes on a JSON array of positions, and returns once the broker has it.
type Publisher func(ctx context.Context, array []byte) error

// Ingest handles batches of reports, one at a time.
type Ingest struct {
	tracker *track.Tracker
	saver   Saver
	publish Publisher
	metrics *Metrics
	now     func() time.Time
	log     *slog.Logger
}

// NewIngest returns an ingest.
func NewIngest(tracker *track.Tracker, saver Saver, publish Publisher, metrics *Metrics, now func() time.Time, log *slog.Logger) *Ingest {
	return &Ingest{tracker: tracker, saver: saver, publish: publish, metrics: metrics, now: now, log: log}
}

// Handle is a queue.Handler.
func (in *Ingest) Handle(ctx context.Context, batch []queue.Message) ([]queue.Rejection, error) {
	start := in.now()
	reports, rejected, reasons := in.decode(batch, start)
	plan, err := in.tracker.Plan(ctx, reports)
	if err != nil {
		return nil, err
	}
	if err := in.save(ctx, plan); err != nil {
		return nil, err
	}
	plan.Remember()
	stored := in.now()
	if len(plan.Positions) > 0 {
		in.metrics.last.Set(float64(stored.UnixMilli()) / 1000)
	}
	if len(plan.Latest) > 0 {
		array, err := json.Marshal(plan.Latest)
		if err != nil {
			return nil, fmt.Errorf("encode positions: %w", err)
		}
		if err := in.publish(ctx, array); err != nil {
			return nil, fmt.Errorf("publish positions: %w", err)
		}
	}
	in.metrics.received.Add(float64(len(batch)))
	in.metrics.stored.Add(float64(len(plan.Positions)))
	in.metrics.batch.Observe(stored.Sub(start).Seconds())
	for _, p := range plan.Positions {
		in.metrics.lag.Observe(max(0, stored.Sub(p.Timestamp.Time).Seconds()))
	}
	for i, r := range rejected {
		in.metrics.rejected.WithLabelValues(reasons[i]).Inc()
		in.log.Warn("report rejected", "reason", r.Reason, "message", r.Message.ID)
	}
	return rejected, nil
}

func (in *Ingest) save(ctx context.Context, plan *track.Plan) error {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	return in.saver.Save(ctx, plan.Positions, plan.Latest)
}

// decode returns the reports, the messages that are none, and the metric's reason of each of those.
func (in *Ingest) decode(batch []queue.Message, now time.Time) (reports []position.Report, rejected []queue.Rejection, reasons []string) {
	reports = make([]position.Report, 0, len(batch))
	for _, m := range batch {
		r, err := position.Decode(m.Body)
		reason := "invalid"
		if err == nil {
			err = track.CheckTime(r, now)
			reason = "future"
		}
		if errors.Is(err, position.ErrInvalid) {
			rejected = append(rejected, queue.Rejection{Message: m, Reason: err.Error()})
			reasons = append(reasons, reason)
			continue
		}
		reports = append(reports, r)
	}
	return reports, rejected, reasons
}
