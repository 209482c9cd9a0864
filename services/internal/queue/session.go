package queue

import (
	"context"
	"errors"
)

// keepConnected dials, runs session over the connection, and starts again when the connection is lost, until ctx
// ends. It returns nil then.
func keepConnected(ctx context.Context, cfg Config, room int, session func(ctx context.Context, c *conn) error) {
	failures := 0
	for ctx.Err() == nil {
		c, err := dial(ctx, cfg, room)
		if err == nil {
			cfg.Log.Info("connected to broker", "for", cfg.Name, "broker", cfg.Addr)
			failures = 0
			cfg.state(nil)
			err = session(ctx, c)
			_ = c.fail(ErrClosed)
		}
		if ctx.Err() != nil || errors.Is(err, errFinished) {
			break
		}
		failures++
		wait := cfg.backoff(failures)
		cfg.state(err)
		cfg.Log.Warn("not connected to broker", "for", cfg.Name, "broker", cfg.Addr, "error", err, "retry_in", wait.String())
		if pause(ctx, wait) != nil {
			break
		}
	}
	cfg.state(ErrClosed)
}

// errFinished says that a session has nothing left to do.
var errFinished = errors.New("finished")
