package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"chatgate/gateway/audit"
	"chatgate/gateway/session"
)

// SeenSession is a session as a command shows it.
type SeenSession struct {
	session.Known
	// Open are the chats that it has been let into, by name and in order.
	Open []string
}

// SessionDesk is where an operator looks sessions over and ends them. It works while providers and chats are down, and
// beside a gateway that runs: what has to reach them is in the outbox when a session has ended.
type SessionDesk struct{ tools *Tools }

// Sessions is that desk.
func (t *Tools) Sessions() *SessionDesk { return &SessionDesk{tools: t} }

// Each calls each for every session there is, one after the other.
func (d *SessionDesk) Each(ctx context.Context, each func(SeenSession) error) error {
	return d.manager().All(ctx, func(k session.Known) error { return d.see(ctx, k, each) })
}

// EachOf calls each for the sessions of one person.
func (d *SessionDesk) EachOf(ctx context.Context, provider, subject string, each func(SeenSession) error) error {
	known, err := d.manager().OfSubject(ctx, provider, subject)
	if err != nil {
		return err
	}
	for _, k := range known {
		if err := d.see(ctx, k, each); err != nil {
			return err
		}
	}
	return nil
}

func (d *SessionDesk) manager() *session.Manager { return d.tools.app.parts.sessions }

func (d *SessionDesk) see(ctx context.Context, k session.Known, each func(SeenSession) error) error {
	states, err := d.manager().ChatStates(ctx, k.Session)
	if err != nil {
		return fmt.Errorf("read session %s: %w", k.Label(), err)
	}
	seen := SeenSession{Known: k}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if state := states[name]; state.Token != nil && !state.StayOut {
			seen.Open = append(seen.Open, name)
		}
	}
	return each(seen)
}

// Which sessions End is to end: exactly one of Handle, Provider with Subject, Provider with SID, and All.
type Which struct {
	// Handle is a session's short name, or more of its id.
	Handle                 string
	Provider, Subject, SID string
	All                    bool
}

// ErrAmbiguous says that a handle is the beginning of several sessions' ids.
var ErrAmbiguous = errors.New("several sessions begin like this: give more of the id, as list --json shows it")

// UnopenedError says that sessions were ended of which something is left over.
type UnopenedError struct{ Sessions int }

func (e *UnopenedError) Error() string {
	return fmt.Sprintf("%s could not be read, being under a sealing key that is not in sealing.keys: ended here, and their refresh tokens"+
		" at the provider could not be revoked: end these people's sessions at the provider, too", Count(e.Sessions, "session", "sessions"))
}

// End ends sessions, with their child sessions and all that they opened, and says how many. None is fine. With an
// UnopenedError all of them are ended.
func (d *SessionDesk) End(ctx context.Context, w Which) (ended int, err error) {
	// What a running gateway can read and this configuration cannot is that gateway's to end.
	if err := d.tools.app.parts.heartbeat.Listen(ctx); err != nil {
		return 0, err
	}
	server := d.tools.app.server
	switch {
	case w.All:
		ended, err = server.EndAll(ctx)
	case w.Handle != "":
		return d.endOne(ctx, w.Handle)
	case w.SID != "":
		ended, err = server.EndSID(ctx, w.Provider, w.SID, "")
	default:
		ended, err = server.EndSubject(ctx, w.Provider, w.Subject)
	}
	if ended > 0 || err == nil {
		d.record(ctx, audit.Event{Provider: w.Provider, Subject: w.Subject, Attrs: []slog.Attr{slog.Int("sessions", ended)}})
	}
	if n := d.manager().Unopened(); n > 0 && err == nil {
		err = &UnopenedError{n}
	}
	return ended, err
}

func (d *SessionDesk) endOne(ctx context.Context, handle string) (ended int, err error) {
	s, err := d.find(ctx, handle)
	if errors.Is(err, session.ErrNone) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := d.tools.app.server.EndSession(ctx, s); err != nil {
		return 0, err
	}
	d.record(ctx, audit.Event{
		Provider: s.Identity.Provider, Subject: s.Identity.Subject, Session: s.Label(), Attrs: []slog.Attr{slog.Int("sessions", 1)},
	})
	return 1, nil
}

// find looks at every session, since nothing finds them by the beginning of their id. It returns session.ErrNone.
func (d *SessionDesk) find(ctx context.Context, handle string) (found session.Session, err error) {
	err = d.manager().All(ctx, func(k session.Known) error {
		switch {
		case !strings.HasPrefix(k.Key, handle):
		case found.Key != "" && found.Key != k.Key:
			return ErrAmbiguous
		default:
			found = k.Session
		}
		return nil
	})
	if err == nil && found.Key == "" {
		err = session.ErrNone
	}
	return found, err
}

func (d *SessionDesk) record(ctx context.Context, e audit.Event) {
	e.Act, e.Reason, e.Actor = audit.SessionRevoked, audit.ByCommand, audit.ActorOperator
	d.tools.app.audit.Record(ctx, e)
}

// MostWaiting is how far Waiting counts.
const MostWaiting = 1000

// Waiting is how many jobs wait for a running gateway, counted no further than MostWaiting.
func (d *SessionDesk) Waiting(ctx context.Context) (int, error) {
	return d.tools.app.parts.outbox.Depth(ctx)
}
