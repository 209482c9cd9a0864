package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"fleetman/services/internal/position"
)

// MaxHistory is the most positions that History returns.
const MaxHistory = 50_000

// History asks for the history of one vehicle. A zero From or To is open.
type History struct {
	Vehicle  string
	From, To time.Time // inclusive
	Limit    int       // 1..MaxHistory
}

// Latest returns the latest position of every vehicle by name, of those later than since unless that is zero.
func (s *Store) Latest(ctx context.Context, since time.Time) ([]position.VehiclePosition, error) {
	filter := bson.D{}
	if !since.IsZero() {
		filter = bson.D{{Key: "latest.time", Value: bson.D{{Key: "$gt", Value: since}}}}
	}
	found, err := find[latest](ctx, s.vehicles, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, fmt.Errorf("find latest: %w", err)
	}
	return found, nil
}

// LatestOf returns the latest positions of the named vehicles, as far as they are known, in no order.
func (s *Store) LatestOf(ctx context.Context, names []string) ([]position.VehiclePosition, error) {
	if len(names) == 0 {
		return nil, nil
	}
	found, err := find[latest](ctx, s.vehicles, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: names}}}}, options.Find())
	if err != nil {
		return nil, fmt.Errorf("find latest of %d: %w", len(names), err)
	}
	return found, nil
}

// Vehicle returns the latest position of the vehicle, or ErrNotFound.
func (s *Store) Vehicle(ctx context.Context, name string) (position.VehiclePosition, error) {
	var d latest
	err := s.vehicles.FindOne(ctx, bson.D{{Key: "_id", Value: name}}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return position.VehiclePosition{}, fmt.Errorf("find vehicle: %w", ErrNotFound)
	}
	if err != nil {
		return position.VehiclePosition{}, fmt.Errorf("find vehicle: %w", err)
	}
	return d.position(), nil
}

// History returns the newest positions of the vehicle that the query allows, newest first.
func (s *Store) History(ctx context.Context, q History) ([]position.VehiclePosition, error) {
	if q.Limit < 1 || q.Limit > MaxHistory {
		return nil, fmt.Errorf("find history: limit %d is not in 1..%d", q.Limit, MaxHistory)
	}
	between := bson.D{}
	if !q.From.IsZero() {
		between = append(between, bson.E{Key: "$gte", Value: q.From})
	}
	if !q.To.IsZero() {
		between = append(between, bson.E{Key: "$lte", Value: q.To})
	}
	filter := bson.D{{Key: "vehicle", Value: q.Vehicle}}
	if len(between) > 0 {
		filter = append(filter, bson.E{Key: "time", Value: between})
	}
	const batch = 5000
	found, err := find[historic](ctx, s.positions, filter, options.Find().
		SetSort(bson.D{{Key: "time", Value: -1}}).
		SetLimit(int64(q.Limit)).
		SetBatchSize(batch).
		SetProjection(bson.D{{Key: "_id", Value: 0}}))
	if err != nil {
		return nil, fmt.Errorf("find history: %w", err)
	}
	return found, nil
}

// find returns an empty slice, not nil, when there is nothing.
func find[D interface {
	position() position.VehiclePosition
}](ctx context.Context, c *mongo.Collection, filter bson.D, opts *options.FindOptions) ([]position.VehiclePosition, error) {
	cursor, err := c.Find(ctx, filter, opts)
	if err != nil {
		return nil, err
	}
	var docs []D
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, err
	}
	positions := make([]position.VehiclePosition, len(docs))
	for i, d := range docs {
		positions[i] = d.position()
	}
	return positions, nil
}
