package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/mongo/readpref"
	"go.mongodb.org/mongo-driver/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/x/mongo/driver/connstring"

	"fleetman/services/internal/position"
)

// ErrNotFound says that there is no such vehicle.
var ErrNotFound = errors.New("not found")

// Store is the database. Open returns one.
type Store struct {
	client    *mongo.Client
	positions *mongo.Collection
	vehicles  *mongo.Collection
	retention time.Duration
	log       *slog.Logger
}

// Open returns the store without waiting for the database; Prepare does that.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Store, error) {
	cs, err := connstring.ParseAndValidate(cfg.URI)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	const pool = 16
	opts := options.Client().
		ApplyURI(cfg.URI).
		SetAuth(options.Credential{Username: cfg.User, Password: cfg.Password, AuthSource: authSource}).
		SetAppName("fleetman").
		SetMaxPoolSize(pool).
		SetServerSelectionTimeout(5 * time.Second).
		SetConnectTimeout(5 * time.Second).
		SetRetryWrites(false). // saving is idempotent and tried again as a whole
		SetWriteConcern(writeconcern.Majority())
	client, err := mongo.Connect(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db := client.Database(cs.Database)
	return &Store{
		client:    client,
		positions: db.Collection("positions"),
		vehicles:  db.Collection("vehicles"),
		retention: cfg.Retention,
		log:       log,
	}, nil
}

// Close ends the connections.
func (s *Store) Close(ctx context.Context) error {
	if err := s.client.Disconnect(ctx); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx, readpref.Primary()); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Measurement is what is known of a vehicle at a time. The time comes first: of two measurements the database takes the one with
// the later time for the greater. It is exported because the driver passes over an embedded struct that is not.
type Measurement struct {
	Time    time.Time `bson:"time"`
	Lat     float64   `bson:"lat"`
	Lon     float64   `bson:"lon"`
	Speed   *float64  `bson:"speed"`   // miles per hour
	Heading *float64  `bson:"heading"` // degrees clockwise from north
}

// historic is a document of the collection positions.
type historic struct {
	ID          string `bson:"_id,omitempty"`
	Vehicle     string `bson:"vehicle"`
	Measurement `bson:",inline"`
}

// latest is a document of the collection vehicles.
type latest struct {
	Name   string      `bson:"_id"`
	Latest Measurement `bson:"latest"`
}

func historyID(p position.VehiclePosition) string {
	return p.Name + "|" + strconv.FormatInt(p.Timestamp.UnixMilli(), 10)
}

func measurementOf(p position.VehiclePosition) Measurement {
	return Measurement{Time: p.Timestamp.Time, Lat: p.Lat, Lon: p.Longitude, Speed: p.Speed, Heading: p.Heading}
}

func (m Measurement) position(name string) position.VehiclePosition {
	return position.VehiclePosition{
		Name: name, Lat: m.Lat, Longitude: m.Lon, Timestamp: position.NewTime(m.Time),
		Speed: m.Speed, Heading: m.Heading,
	}
}

func (h historic) position() position.VehiclePosition { return h.Measurement.position(h.Vehicle) }

func (l latest) position() position.VehiclePosition { return l.Latest.position(l.Name) }

// updates is how many latest positions go into one command. FerretDB holds a connection to its own database for
// each until the command ends, and waits for ever for the 101st.
const updates = 50

// Save adds positions to the history and makes latest the latest ones, unless there are newer. What is there
// already is no error.
func (s *Store) Save(ctx context.Context, positions, latest []position.VehiclePosition) error {
	if len(positions) > 0 {
		docs := make([]any, len(positions))
		for i, p := range positions {
			docs[i] = historic{historyID(p), p.Name, measurementOf(p)}
		}
		_, err := s.positions.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
		if err := unlessDuplicate(err); err != nil {
			return fmt.Errorf("save history: %w", err)
		}
	}
	for some := range slices.Chunk(latest, updates) {
		models := make([]mongo.WriteModel, len(some))
		for i, p := range some {
			models[i] = mongo.NewUpdateOneModel().
				SetFilter(bson.D{{Key: "_id", Value: p.Name}}).
				SetUpdate(bson.D{{Key: "$max", Value: bson.D{{Key: "latest", Value: measurementOf(p)}}}}).
				SetUpsert(true)
		}
		if _, err := s.vehicles.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false)); err != nil {
			return fmt.Errorf("save latest: %w", err)
		}
	}
	return nil
}

// unlessDuplicate returns nil when all that went wrong is that documents were there already.
func unlessDuplicate(err error) error {
	const duplicateKey = 11000
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		return err
	}
	if bulk.WriteConcernError != nil {
		return err
	}
	for _, e := range bulk.WriteErrors {
		if e.Code != duplicateKey {
			return err
		}
	}
	return nil
}
