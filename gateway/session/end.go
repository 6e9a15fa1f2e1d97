package session

import (
	"context"
	"errors"
	"fmt"

	"chatgate/oidc"
	"chatgate/store"
)

// End ends a session everywhere: the next request with its cookie or a child's is refused on every replica (S63, S72).
// What must reach the chats and the provider is queued first; when that fails nothing has changed and the error is
// returned.
func (m *Manager) End(ctx context.Context, s Session) error {
	given, err := m.revokeGrant(ctx, s.Key, kept{})
	if err != nil {
		return err
	}
	if m.follower != nil {
		if err := m.follower.EndSession(ctx, s); err != nil {
			return fmt.Errorf("queue what ends with the session: %w", err)
		}
	}
	if err := m.remove(ctx, s); err != nil {
		return err
	}
	// A re-check may have got another refresh token since; none can follow, since writing one needs the record.
	if _, err := m.revokeGrant(ctx, s.Key, given); err != nil {
		return err
	}
	return m.tokens.Delete(ctx, s.Key)
}

// remove takes the record away and then asks the follower once more: a login token that was minted between its first
// look and the record's end is found now, and none can follow, since writes need the record.
func (m *Manager) remove(ctx context.Context, s Session) error {
	if err := m.records.Delete(ctx, s.Key); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if m.follower != nil {
		if err := m.follower.EndSession(ctx, s); err != nil {
			return fmt.Errorf("queue what came in between: %w", err)
		}
	}
	return m.dropFromIndexes(ctx, s)
}

// EndSubject ends every session of an identity and says how many. A sign-in that began before and has not come back from
// the provider yet comes to nothing (S114).
func (m *Manager) EndSubject(ctx context.Context, provider, subject string) (int, error) {
	if err := m.mark(ctx, endedSubject, provider, subject); err != nil {
		return 0, err
	}
	set, belongs, err := m.ofSubject(ctx, provider, subject)
	if err != nil {
		return 0, err
	}
	return m.endEach(ctx, m.bySubject, set, belongs)
}

// EndSID ends the sessions that belong to one session at the provider, which is over, and says how many. A sign-in that
// comes from it and is on its way comes to nothing (S110, S114).
func (m *Manager) EndSID(ctx context.Context, provider, sid string) (int, error) {
	if err := m.mark(ctx, endedSID, provider, sid); err != nil {
		return 0, err
	}
	set, belongs, err := m.ofSID(ctx, provider, sid)
	if err != nil {
		return 0, err
	}
	return m.endEach(ctx, m.bySID, set, belongs)
}

// EndAll ends every session there is and says how many, and every sign-in that is on its way with them.
func (m *Manager) EndAll(ctx context.Context) (int, error) {
	if err := m.mark(ctx, endedAll, "", ""); err != nil {
		return 0, err
	}
	var e endings
	err := m.all(ctx, e.visitor(ctx, m, m.live, liveSet, func(oidc.Identity) bool { return true }))
	return e.ended, errors.Join(append(e.failures, err)...)
}

// endEach ends the sessions of an index one after the other, as it finds them: a caller who has no more patience has
// ended some, and comes again for the others.
func (m *Manager) endEach(ctx context.Context, index store.Index, set string, belongs func(oidc.Identity) bool) (int, error) {
	var e endings
	err := m.each(ctx, index, set, e.visitor(ctx, m, index, set, belongs))
	return e.ended, errors.Join(append(e.failures, err)...)
}

// endings are what has come of ending several sessions.
type endings struct {
	ended    int
	failures []error
}

// visitor ends the sessions that it comes across in an index, and keeps what fails for the end.
func (e *endings) visitor(ctx context.Context, m *Manager, index store.Index, set string, belongs func(oidc.Identity) bool) visitor {
	count := func(err error) error {
		if err != nil {
			e.failures = append(e.failures, err)
			return nil
		}
		e.ended++
		return nil
	}
	return visitor{
		known: func(k Known) error {
			if !belongs(k.Identity) {
				return nil
			}
			return count(m.End(ctx, k.Session))
		},
		unopened: func(key string) error {
			return count(errors.Join(m.endUnopened(ctx, key), index.Drop(ctx, set, key)))
		},
	}
}

// endUnopened ends a session whose record does not open: it is under a sealing key that nobody holds any more, and would be
// signed in again when that key came back. Chats and the provider cannot be told of what nobody can read, except of a refresh
// token that a later re-check has sealed anew.
func (m *Manager) endUnopened(ctx context.Context, key string) error {
	if _, err := m.revokeGrant(ctx, key, kept{}); err != nil {
		return err
	}
	if err := m.records.Delete(ctx, key); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	m.unopened.Add(1)
	return errors.Join(m.tokens.Delete(ctx, key), m.due.Drop(ctx, dueSet, key), m.live.Drop(ctx, liveSet, key))
}

// Unopened is how many of the sessions that this Manager has ended did not open, so that their refresh tokens may live on at
// the provider.
func (m *Manager) Unopened() int { return int(m.unopened.Load()) }
