package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"chatgate/oidc"
	"chatgate/store"
)

// Farewell is what the browser of an ended session still needs to sign out at its provider.
type Farewell struct {
	Provider string
	Tokens   oidc.Tokens
}

// farewellLife is how long after the end a person may press the button that says so.
const farewellLife = 10 * time.Minute

// EndElsewhere is End for a sign-out that did not begin on a page of ours and so could not go on to the provider: what
// that needs is kept for ten minutes, for the browser that still has the session's cookie (R12).
func (m *Manager) EndElsewhere(ctx context.Context, s Session) error {
	tokens, err := m.ProviderTokens(ctx, s)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := m.farewells.Put(ctx, s.Key, Farewell{Provider: s.Identity.Provider, Tokens: oidc.Tokens{ID: tokens.ID}}, farewellLife); err != nil {
		return err
	}
	return m.End(ctx, s)
}

// Farewell finds what EndElsewhere kept for this browser, or returns ErrNone. It is there until Parted says otherwise.
func (m *Manager) Farewell(ctx context.Context, r *http.Request) (Farewell, error) {
	key, ok := present(r, cookieName)
	if !ok {
		return Farewell{}, ErrNone
	}
	f, err := m.farewells.Get(ctx, key)
	if err != nil && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrUnknownKey) {
		err = ErrNone
	}
	return f, err
}

// Parted forgets what EndElsewhere kept for this browser.
func (m *Manager) Parted(ctx context.Context, r *http.Request) error {
	key, ok := present(r, cookieName)
	if !ok {
		return nil
	}
	return m.farewells.Delete(ctx, key)
}
