package queue

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

var (
	// ErrClosed says that a connection, or the producer that is asked to send, has been closed.
	ErrClosed = errors.New("closed")
	// ErrRefused says that the broker answered with an ERROR frame.
	ErrRefused = errors.New("refused by the broker")
)

// Config says where the broker is and how to log in.
type Config struct {
	Addr     string // host:port of the STOMP connector
	User     string
	Password string
	Name     string // what connects, for the log
	Log      *slog.Logger

	// HeartBeat is how often each side shows that it is alive; zero means 10 s.
	HeartBeat time.Duration
	// Backoff returns the pause before attempt n (from 1); nil means a jittered 0.2 s to 10 s.
	Backoff func(n int) time.Duration
	// OnState, if set, is told of each change: nil when connected, otherwise why not.
	OnState func(error)
}

// The limits of one connection.
const (
	dialTimeout    = 5 * time.Second
	writeTimeout   = 10 * time.Second
	receiptTimeout = 30 * time.Second

	disconnectTimeout = 5 * time.Second
)

func (c Config) heartBeat() time.Duration {
	if c.HeartBeat > 0 {
		return c.HeartBeat
	}
	return 10 * time.Second
}

func (c Config) backoff(n int) time.Duration {
	if c.Backoff != nil {
		return c.Backoff(n)
	}
	const first, longest = 200 * time.Millisecond, 10 * time.Second
	d := longest
	if n < 7 {
		d = min(longest, first<<(n-1))
	}
	return d/2 + rand.N(d/2) //nolint:gosec // jitter, not a secret
}

func (c Config) state(err error) {
	if c.OnState != nil {
		c.OnState(err)
	}
}

// ValidateAddr says why addr is not a host:port, or nil.
func ValidateAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return errors.New("must be host:port")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("the port must be a number from 1 to 65535")
	}
	return nil
}

// Env is the part of a service's environment that says where the broker is.
type Env struct {
	Addr     string `name:"queue-addr" env:"QUEUE_ADDR" required:"" help:"The broker's STOMP address, host:port."`
	User     string `name:"queue-user" env:"QUEUE_USER" required:"" help:"The broker's login."`
	Password string `name:"queue-password" env:"QUEUE_PASSWORD" required:"" help:"The login's password."`
}

// Problem says what is wrong with the values that were given, or nil.
func (e Env) Problem() error {
	if e.Addr == "" {
		return nil
	}
	return ValidateAddr(e.Addr)
}

// Config returns the configuration of a connection. State is told of each change.
func (e Env) Config(name string, log *slog.Logger, state func(error)) Config {
	return Config{Addr: e.Addr, User: e.User, Password: e.Password, Name: name, Log: log, OnState: state}
}

// The destinations of the fleet.
const (
	Positions   = "/queue/positionQueue"
	DeadLetters = "/queue/positionQueue.DLQ"
	Latest      = "/topic/positions"
)
