package talk

import (
	"context"
	"fmt"
	"time"

	"chatgate/gateway/outbox"
	"chatgate/gateway/session"
)

// revocable says whether the product stops taking a token when it is told to. Coral does not for OpenID Connect: it never
// looks at the jti there, and the token is good until it expires (G22, D20).
func (c *Config) revocable() bool { return c.Profile != CoralOIDC }

// enter puts a token into the ledger before anybody is given it, so that every sign-out finds it (G31, D20).
func (c *connector) enter(ctx context.Context, s session.Session, a account, t signed) error {
	if !c.cfg.revocable() {
		return nil
	}
	if err := c.env.Ledger.Record(ctx, c.entry(s, a.ID, t)); err != nil {
		return fmt.Errorf("enter talk token: %w", err)
	}
	return nil
}

// takeBack has a token revoked that nobody was given.
func (c *connector) takeBack(ctx context.Context, s session.Session, t signed) error {
	if !c.cfg.revocable() {
		return nil
	}
	return c.env.Ledger.Revoke(ctx, c.entry(s, "", t))
}

func (c *connector) entry(s session.Session, userID string, t signed) outbox.Entry {
	return outbox.Entry{
		Provider: s.Identity.Provider, Subject: s.Identity.Subject, Chat: c.env.Name,
		Session: s.Key, SID: s.Identity.SID, UserID: userID, Token: t.Token,
		Expires: time.Unix(t.Expires, 0), End: s.Ends,
	}
}

// EndSession has every token of a session revoked that is still good (G31, D25).
func (c *connector) EndSession(ctx context.Context, s session.Session) error {
	if !c.cfg.revocable() {
		return nil
	}
	return c.env.Ledger.RevokeSession(ctx, s.Identity.Provider, s.Identity.Subject, s.Key, c.env.Name)
}

// MoveSession lets what a page holds belong to the session that replaced its own: the same person signed in again in the
// same browser (D11, D27). The kept token has gone over with the session's record already.
func (c *connector) MoveSession(ctx context.Context, from, to session.Session) error {
	if err := c.moveOwner(ctx, to); err != nil || !c.cfg.revocable() {
		return err
	}
	return c.env.Ledger.Move(ctx, from.Identity.Provider, from.Identity.Subject, from.Key,
		outbox.Holder{Session: to.Key, SID: to.Identity.SID, End: func(chat string) time.Time { return c.env.Sessions.EndsFor(to, chat) }})
}

// endTokensOf has every token of a person revoked that is still good, and lets no page have one again that was signed for it.
// It is for what makes their tokens wrong before their sessions end.
func (c *connector) endTokensOf(ctx context.Context, who person) error {
	if who == (person{}) {
		return nil // erased
	}
	if c.cfg.revocable() {
		if err := c.env.Ledger.RevokeSubject(ctx, who.Provider, who.Subject, c.env.Name); err != nil {
			return fmt.Errorf("revoke the talk tokens of a person: %w", err)
		}
	}
	sessions, err := c.env.Sessions.OfSubject(ctx, who.Provider, who.Subject)
	if err != nil {
		return fmt.Errorf("find the sessions of a person: %w", err)
	}
	for _, s := range sessions {
		if err := c.spoil(ctx, s.Key); err != nil {
			return err
		}
	}
	return nil
}
