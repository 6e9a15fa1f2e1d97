package app

import (
	"context"
	"net/netip"
)

// SetLookup replaces the resolver.
func (t *Tools) SetLookup(lookup func(ctx context.Context, host string) ([]netip.Addr, error)) {
	t.lookup = lookup
}

// NameSomebody makes the store's key of names, as the first sign-in does.
func (a *App) NameSomebody(ctx context.Context) error {
	_, err := a.parts.names.Of(ctx, "test", "somebody")
	return err
}
