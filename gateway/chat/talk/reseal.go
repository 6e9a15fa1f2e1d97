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

// Run brings registered names, aliases, and what setup remembers, under the current sealing key, now and every hour, until ctx ends:
// they have no lifetime, and waiting for everybody to come back would take for ever (D23).
func (c *connector) Run(ctx context.Context) error {
	for {
		wait := resealEvery
		err := c.reseal(ctx)
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

// reseal does nothing while there is but one sealing key.
func (c *connector) reseal(ctx context.Context) error {
	rotating := c.env.Store.Rotating()
	if !rotating {
		return nil
	}
	named, errNames := c.register.reseal(ctx, rotating)
	aliased, errAliases := c.aliases.reseal(ctx)
	if named+aliased > 0 {
		c.env.Log.InfoContext(ctx, "talk records resealed", "usernames", named, "aliases", aliased)
	}
	return errors.Join(errNames, errAliases, chat.NewOriginals(c.env).Reseal(ctx))
}
