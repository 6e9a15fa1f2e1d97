package session

import (
	"context"
	"errors"
	"fmt"

	"chatgate/oidc"
	"chatgate/store"
)

// End ends a session everywhere: the next request with its cookie or a child's is refused on every replica (S63, S72).
// What must reach the chats is queued first; when that fails nothing has changed and the error is returned.
func (m *Manager) End(ctx context.Context, s Session) error {
	if m.follower != nil {
		if err := m.follower.EndSession(ctx, s); err != nil {
			return fmt.Errorf("queue what ends with the session: %w", err)
		}
	}
	return m.remove(ctx, s)
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
	if err := m.tokens.Delete(ctx, s.Key); err != nil {
		return fmt.Errorf("forget the provider's tokens: %w", err)
	}
	return m.dropFromIndexes(ctx, s)
}

// EndSubject ends every session of an identity and says how many.
func (m *Manager) EndSubject(ctx context.Context, provider, subject string) (int, error) {
	all, err := m.OfSubject(ctx, provider, subject)
	return m.endAll(ctx, all, err)
}

// EndSID ends the sessions that belong to one session at the provider and says how many.
func (m *Manager) EndSID(ctx context.Context, provider, sid string) (int, error) {
	all, err := m.OfSID(ctx, provider, sid)
	return m.endAll(ctx, all, err)
}

func (m *Manager) endAll(ctx context.Context, all []Session, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	ended := 0
	var failures []error
	for _, s := range all {
		if err := m.End(ctx, s); err != nil {
			failures = append(failures, err)
			continue
		}
		ended++
	}
	return ended, errors.Join(failures...)
}

// listed is how many entries of an index are asked for at first; nobody has more.
const listed = 500

// OfSubject lists the sessions of an identity.
func (m *Manager) OfSubject(ctx context.Context, provider, subject string) ([]Session, error) {
	set, err := m.names.Of(ctx, "sessions of subject", provider, subject)
	if err != nil {
		return nil, err
	}
	return m.list(ctx, m.bySubject, set, func(id oidc.Identity) bool {
		return id.Provider == provider && id.Subject == subject
	})
}

// OfSID lists the sessions that belong to one session at the provider.
func (m *Manager) OfSID(ctx context.Context, provider, sid string) ([]Session, error) {
	set, err := m.names.Of(ctx, "sessions of sid", provider, sid)
	if err != nil {
		return nil, err
	}
	return m.list(ctx, m.bySID, set, func(id oidc.Identity) bool {
		return id.Provider == provider && id.SID == sid
	})
}

// list follows an index. Its entries are hints: each is checked against the session it leads to (D21). Sessions that
// have idled away are among them, because their chats may still be signed in.
func (m *Manager) list(ctx context.Context, index store.Index, set string, belongs func(oidc.Identity) bool) ([]Session, error) {
	entries, err := m.entries(ctx, index, set)
	if err != nil {
		return nil, err
	}
	var all []Session
	for _, e := range entries {
		fields, err := m.records.Get(ctx, e.Member, fieldSession)
		if err != nil {
			return nil, err
		}
		s, err := m.recognise(ctx, e.Member, fields)
		switch {
		case errors.Is(err, ErrNone):
		case err != nil:
			return nil, err
		case belongs(s.Identity):
			all = append(all, s)
		}
	}
	return all, nil
}

// entries are all that stand in an index, however many: an ending that leaves some out is none.
func (m *Manager) entries(ctx context.Context, index store.Index, set string) ([]store.Entry, error) {
	now := m.now()
	for limit := listed; ; limit *= 4 {
		entries, err := index.List(ctx, set, now, now.AddDate(100, 0, 0), limit)
		if err != nil || len(entries) < limit {
			return entries, err
		}
	}
}

func (m *Manager) addToIndexes(ctx context.Context, s Session) error {
	return m.eachIndex(ctx, s, func(index store.Index, set string) error {
		if err := index.Trim(ctx, set, m.now()); err != nil {
			return err
		}
		return index.Put(ctx, set, s.Key, s.Ends, m.settings.Absolute)
	})
}

func (m *Manager) dropFromIndexes(ctx context.Context, s Session) error {
	return m.eachIndex(ctx, s, func(index store.Index, set string) error { return index.Drop(ctx, set, s.Key) })
}

func (m *Manager) eachIndex(ctx context.Context, s Session, do func(index store.Index, set string) error) error {
	set, err := m.names.Of(ctx, "sessions of subject", s.Identity.Provider, s.Identity.Subject)
	if err != nil {
		return err
	}
	if err := do(m.bySubject, set); err != nil {
		return err
	}
	if s.Identity.SID == "" {
		return nil
	}
	if set, err = m.names.Of(ctx, "sessions of sid", s.Identity.Provider, s.Identity.SID); err != nil {
		return err
	}
	return do(m.bySID, set)
}
