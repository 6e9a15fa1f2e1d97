package talk

import (
	"context"
	"errors"
	"time"

	"chatgate/gateway/chat"
)

const (
	resealEvery = time.Hour
	resealAgain = time.Minute // after a failure
)

var _ chat.Worker = (*connector)(nil)

// Run brings registered names, and what setup remembers, under the current sealing key, now and every hour, until ctx ends:
// they have no lifetime, and waiting for everybody to come back would take for ever (D23).
func (c *connector) Run(ctx context.Context) error {
	for {
		wait := resealEvery
		n, err := c.names.reseal(ctx, c.env.Store.Rotating())
		if c.env.Store.Rotating() {
			err = errors.Join(err, chat.NewOriginals(c.env).Reseal(ctx))
		}
		if n > 0 {
			c.env.Log.InfoContext(ctx, "talk usernames resealed", "people", n)
		}
		if err != nil && ctx.Err() == nil {
			wait = resealAgain
			c.env.Log.WarnContext(ctx, "talk records not resealed", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}
