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

// RunKeys is the gateway's work on signing keys, LoadKeys one round of it.
func (a *App) RunKeys(ctx context.Context) error { return a.parts.keys.Run(ctx) }

// LoadKeys is one round of RunKeys.
func (a *App) LoadKeys(ctx context.Context) error { return a.parts.keys.Load(ctx) }

// ExamineKeys is the doctor's look at signing keys.
func (t *Tools) ExamineKeys(ctx context.Context) []Finding { return t.examineKeys(ctx) }
