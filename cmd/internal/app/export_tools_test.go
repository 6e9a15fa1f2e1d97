package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"chatgate/gateway/session"
	"chatgate/oidc"
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

// TellOfItself puts the gateway's card into the store, as it does while it runs.
func (a *App) TellOfItself(ctx context.Context) error { return newPresence(a).tell(ctx) }

// TellAndStop is a gateway's work of telling, from its start to its end.
func (a *App) TellAndStop(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	stop()
	return newPresence(a).Run(ctx)
}

// TellCard puts the card of another replica into the store.
func (t *Tools) TellCard(ctx context.Context, card string) error {
	end := t.app.parts.now().Add(tellLives)
	return replicaIndex(t.app.parts.store).Put(ctx, replicaSet, card, end, tellLives)
}

// RunKeys is the gateway's work on signing keys, LoadKeys one round of it.
func (a *App) RunKeys(ctx context.Context) error { return a.parts.keys.Run(ctx) }

// LoadKeys is one round of RunKeys.
func (a *App) LoadKeys(ctx context.Context) error { return a.parts.keys.Load(ctx) }

// ExamineKeys is the doctor's look at signing keys.
func (t *Tools) ExamineKeys(ctx context.Context) []Finding { return t.examineKeys(ctx) }

// SignIn begins a session as a finished login does.
func (t *Tools) SignIn(ctx context.Context, id oidc.Identity) (session.Session, error) {
	return t.SignInFrom(ctx, id, "203.0.113.7")
}

// SignInFrom is SignIn at an address.
func (t *Tools) SignInFrom(ctx context.Context, id oidc.Identity, address string) (session.Session, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/login/callback", http.NoBody)
	return t.app.parts.sessions.Start(ctx, httptest.NewRecorder(), r, session.SignIn{Identity: id, Address: address})
}

// KeepNames seals the key of names anew, as a running gateway does.
func (t *Tools) KeepNames(ctx context.Context) error { return t.app.parts.names.Keep(ctx) }
