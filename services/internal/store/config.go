package store

import (
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/x/mongo/driver/connstring"
)

// Config says where the database is and how to log in.
type Config struct {
	URI       string // mongodb://host:port/database, without credentials
	User      string
	Password  string
	Retention time.Duration // how long the history is kept
}

// authSource is the database that knows the login.
const authSource = "admin"

// ValidateURI says why uri cannot be used, or nil. The message never contains the URI.
func ValidateURI(uri string) error {
	cs, err := connstring.ParseAndValidate(uri)
	switch {
	case err != nil:
		return fmt.Errorf("must be mongodb://host:port/database: %w", err)
	case cs.Username != "" || cs.PasswordSet:
		return errors.New("must not contain credentials")
	case cs.Database == "":
		return errors.New("must name a database: mongodb://host:port/database")
	}
	return nil
}
