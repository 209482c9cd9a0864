package store

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// The codes that the database answers with.
const (
	codeIndexOptionsConflict  = 85
	codeIndexKeySpecsConflict = 86
	codeCommandNotSupported   = 115
	codeNotImplemented        = 238
)

const expiryIndex = "expiry"

// Prepare makes the indexes, and brings the expiry of an existing history to the configured retention. A database
// that cannot expire documents is warned of in the log, not refused.
func (s *Store) Prepare(ctx context.Context) error {
	_, err := s.positions.Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys:    bson.D{{Key: "vehicle", Value: 1}, {Key: "time", Value: -1}},
		Options: options.Index().SetName("history"),
	})
	if err != nil {
		return fmt.Errorf("prepare history index: %w", err)
	}
	_, err = s.vehicles.Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys:    bson.D{{Key: "latest.time", Value: 1}},
		Options: options.Index().SetName("since"),
	})
	if err != nil {
		return fmt.Errorf("prepare since index: %w", err)
	}
	return s.prepareExpiry(ctx)
}

func (s *Store) prepareExpiry(ctx context.Context) error {
	seconds := int32(s.retention.Seconds()) //nolint:gosec // the configuration bounds it
	_, err := s.positions.Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys:    bson.D{{Key: "time", Value: 1}},
		Options: options.Index().SetName(expiryIndex).SetExpireAfterSeconds(seconds),
	})
	if hasCode(err, codeIndexOptionsConflict) || hasCode(err, codeIndexKeySpecsConflict) {
		err = s.positions.Database().RunCommand(ctx, bson.D{
			{Key: "collMod", Value: s.positions.Name()},
			{Key: "index", Value: bson.D{{Key: "name", Value: expiryIndex}, {Key: "expireAfterSeconds", Value: seconds}}},
		}).Err()
	}
	if hasCode(err, codeNotImplemented) || hasCode(err, codeCommandNotSupported) {
		s.log.Warn("database cannot expire positions", "retention", s.retention.String(), "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("prepare expiry index: %w", err)
	}
	return nil
}

// Drop removes the database and all that is in it. It is for tests.
func (s *Store) Drop(ctx context.Context) error {
	if err := s.positions.Database().Drop(ctx); err != nil {
		return fmt.Errorf("drop database: %w", err)
	}
	return nil
}

func hasCode(err error, code int) bool {
	var server mongo.ServerError
	return errors.As(err, &server) && server.HasErrorCode(code)
}
