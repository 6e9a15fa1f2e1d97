package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/oidc"
	"chatgate/store"
)

// kept is what is kept of the tokens that the provider issued, in a record of its own beside the session's (D21). It
// outlives the session by keptAfter, so that a refresh token is revoked at the absolute end too.
type kept struct {
	oidc.Tokens
	Provider string `json:"p,omitempty"`
}

const keptAfter = time.Hour

// keep leaves the access token out: nothing here uses it, and what is not kept cannot leak.
func keep(provider string, t oidc.Tokens) kept {
	return kept{Provider: provider, Tokens: oidc.Tokens{ID: t.ID, Refresh: t.Refresh}}
}

// keepTokens writes what came with the sign-in, and when a refresh token is next looked at.
func (m *Manager) keepTokens(ctx context.Context, s beginning) error {
	if s.tokens.Tokens == (oidc.Tokens{}) {
		return nil
	}
	if err := m.tokens.Put(ctx, s.Key, s.tokens, m.settings.Absolute+keptAfter); err != nil {
		return err
	}
	if m.provider == nil || s.tokens.Refresh == "" {
		return nil
	}
	return m.schedule(ctx, s.Session)
}

// ProviderTokens are what is kept of the tokens that the provider issued at sign-in, or store.ErrNotFound.
func (m *Manager) ProviderTokens(ctx context.Context, s Session) (oidc.Tokens, error) {
	t, err := m.tokens.Get(ctx, s.Key)
	return t.Tokens, err
}

// revokeGrant has the refresh token of a session revoked at the provider, unless it is the one that was revoked already.
func (m *Manager) revokeGrant(ctx context.Context, key string, done kept) (kept, error) {
	t, err := m.tokens.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return t, fmt.Errorf("read the provider's tokens: %w", err)
	case err != nil || m.provider == nil || t.Refresh == "" || t.Refresh == done.Refresh: // one that does not open cannot be revoked
		return t, nil
	}
	if err := m.provider.RevokeLater(ctx, t.Provider, t.Tokens); err != nil {
		return t, fmt.Errorf("queue the end of the provider's grant: %w", err)
	}
	return t, nil
}

// expired does what is left of a session that has reached its absolute end.
func (m *Manager) expired(ctx context.Context, key string) error {
	if _, err := m.revokeGrant(ctx, key, kept{}); err != nil {
		return err
	}
	if err := m.tokens.Delete(ctx, key); err != nil {
		return err
	}
	return m.due.Drop(ctx, dueSet, key)
}
