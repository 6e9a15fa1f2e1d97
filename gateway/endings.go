package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/session"
)

// Every sign-out that does not begin with a person's own press ends here. Each covers sessions with their children, every
// login token and Talk token that the ledger knows, whether its session is still there or not, and the refresh tokens at
// the provider; what has to reach somebody else goes through the outbox (D11, D20, D25).

// EndSession ends one session.
func (s *Server) EndSession(ctx context.Context, ending session.Session) error {
	return s.cfg.Sessions.End(ctx, ending)
}

// EndSubject ends all that is open for an identity, and says how many sessions that were (S72).
func (s *Server) EndSubject(ctx context.Context, provider, subject string) (int, error) {
	n, err := s.cfg.Sessions.EndSubject(ctx, provider, subject)
	return n, errors.Join(err, s.cfg.Ledger.RevokeSubject(ctx, provider, subject, ""))
}

// EndSID ends what belongs to one session at the provider, which has ended there, and says how many sessions that were.
// Without a subject, tokens are left to the sweep whose session is not there any more: the ledger knows them by subject.
func (s *Server) EndSID(ctx context.Context, provider, sid, subject string) (int, error) {
	n, err := s.cfg.Sessions.EndSID(ctx, provider, sid)
	if subject != "" {
		err = errors.Join(err, s.cfg.Ledger.RevokeSID(ctx, provider, subject, sid))
	}
	return n, err
}

// EndAll ends everything that is open for anybody, and says how many sessions that were.
func (s *Server) EndAll(ctx context.Context) (int, error) {
	n, err := s.cfg.Sessions.EndAll(ctx)
	return n, errors.Join(err, s.cfg.Ledger.RevokeAll(ctx))
}

// follower tells every connector that must know when a session ends, goes over into another or changes.
type follower struct {
	chats    map[string]Chat
	sessions *session.Manager
	audit    *audit.Log
	log      *slog.Logger
}

// EndSession implements session.Follower.
func (f follower) EndSession(ctx context.Context, s session.Session) error {
	return f.each(func(_ string, c Chat) error { return c.ended(ctx, s) })
}

// MoveSession implements session.Follower. A chat that is not open to who the person is now takes back what it gave to the
// former session, first, because what is moved is moved for all chats at once; and at the end what was moved in between.
// The others hear what has changed once their tokens belong to the new session.
func (f follower) MoveSession(ctx context.Context, from, to session.Session) error {
	err := f.each(func(_ string, c Chat) error {
		if !c.excludes(to) {
			return nil
		}
		return c.ended(ctx, from)
	})
	if err != nil {
		return err
	}
	err = f.each(func(_ string, c Chat) error {
		mover, ok := c.Connector.(chat.SessionMover)
		if !ok || c.excludes(to) {
			return nil
		}
		return mover.MoveSession(ctx, from, to)
	})
	if err != nil {
		return err
	}
	return f.RecheckSession(ctx, from, to)
}

// each calls do for every chat, and tells all that went wrong.
func (f follower) each(do func(name string, c Chat) error) error {
	var errs []error
	for name, c := range f.chats {
		if err := do(name, c); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// ended tells a connector that a session has ended.
func (c Chat) ended(ctx context.Context, s session.Session) error {
	if ender, ok := c.Connector.(chat.SessionEnder); ok {
		return ender.EndSession(ctx, s)
	}
	return nil
}

// RecheckSession implements session.Follower. A chat whose rules do not let the person in takes back what it gave to this
// session, at every re-check, since it may have been given something while the last one was done; the others hear what
// has changed (S54).
func (f follower) RecheckSession(ctx context.Context, former, now session.Session) error {
	changed := !reflect.DeepEqual(former.Identity, now.Identity)
	return f.each(func(name string, c Chat) error {
		switch {
		case c.excludes(now):
			return f.close(ctx, name, c, former, now)
		case changed:
			return c.rechecked(ctx, former, now)
		}
		return nil
	})
}

// excludes says that the rules do not let the session's person in.
func (c Chat) excludes(s session.Session) bool {
	return c.Rules != nil && c.Rules.Allow(s.Identity) != nil
}

// rechecked tells a connector what is known of a person now.
func (c Chat) rechecked(ctx context.Context, former, now session.Session) error {
	if r, ok := c.Connector.(chat.Rechecker); ok {
		return r.RecheckSession(ctx, former, now)
	}
	return nil
}

// close takes back what a session has of a chat that is not open to its person. Where that is news, it is audited, and the
// connector may do more.
func (f follower) close(ctx context.Context, name string, c Chat, former, now session.Session) error {
	if err := c.ended(ctx, now); err != nil {
		return err
	}
	if err := f.sessions.DropToken(ctx, now, name); err != nil && !errors.Is(err, session.ErrEnded) {
		return err
	}
	if reflect.DeepEqual(former.Identity, now.Identity) {
		return nil
	}
	if r, ok := c.Connector.(chat.Excluder); ok {
		if err := r.Exclude(ctx, now); err != nil {
			return err
		}
	}
	if denied, is := errors.AsType[*chat.DeniedError](c.Rules.Allow(now.Identity)); is && !c.excludes(former) {
		f.audit.Record(ctx, audit.Event{
			Act: audit.ChatClosed, Reason: audit.Reason(denied.Reason), Actor: audit.ActorGateway, Chat: name,
			Provider: now.Identity.Provider, Subject: now.Identity.Subject, Session: now.Label(),
		})
	}
	return nil
}

// Refused implements session.Follower.
func (f follower) Refused(ctx context.Context, s session.Session, err error) {
	f.audit.Record(ctx, audit.Event{
		Act: audit.SessionRevoked, Reason: audit.RefreshRefused, Actor: audit.ActorGateway,
		Provider: s.Identity.Provider, Subject: s.Identity.Subject, Session: s.Label(),
	})
	f.log.InfoContext(ctx, "session ended by its provider", "session", s.Label(), "err", err)
}
