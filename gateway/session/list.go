package session

import (
	"context"
	"errors"
	"time"

	"chatgate/oidc"
	"chatgate/store"
)

// Known is a session as lists show it.
type Known struct {
	Session
	// From is where it began.
	From From
	// Idle says that it was not used for longer than the idle limit: nobody is signed in by it, and yet the chats it
	// opened may still be (D11).
	Idle bool
}

const (
	// listed is how many entries of an index are asked for at first; nobody has more.
	listed = 500
	// liveSet is the set of all sessions.
	liveSet = "all"
)

// OfSubject lists the sessions of an identity.
func (m *Manager) OfSubject(ctx context.Context, provider, subject string) ([]Known, error) {
	set, belongs, err := m.ofSubject(ctx, provider, subject)
	if err != nil {
		return nil, err
	}
	return m.list(ctx, m.bySubject, set, belongs)
}

// ofSubject is where sessions of an identity stand, and which of those that stand there are.
func (m *Manager) ofSubject(ctx context.Context, provider, subject string) (set string, belongs func(oidc.Identity) bool, err error) {
	set, err = m.names.Of(ctx, "sessions of subject", provider, subject)
	return set, func(id oidc.Identity) bool { return id.Provider == provider && id.Subject == subject }, err
}

// OfSID lists the sessions that belong to one session at the provider.
func (m *Manager) OfSID(ctx context.Context, provider, sid string) ([]Known, error) {
	set, belongs, err := m.ofSID(ctx, provider, sid)
	if err != nil {
		return nil, err
	}
	return m.list(ctx, m.bySID, set, belongs)
}

func (m *Manager) ofSID(ctx context.Context, provider, sid string) (set string, belongs func(oidc.Identity) bool, err error) {
	set, err = m.names.Of(ctx, "sessions of sid", provider, sid)
	return set, func(id oidc.Identity) bool { return id.Provider == provider && id.SID == sid }, err
}

func (m *Manager) list(ctx context.Context, index store.Index, set string, belongs func(oidc.Identity) bool) ([]Known, error) {
	var all []Known
	err := m.each(ctx, index, set, visitor{known: func(k Known) error {
		if belongs(k.Identity) {
			all = append(all, k)
		}
		return nil
	}})
	return all, err
}

// visitor does something with sessions that are come across.
type visitor struct {
	known func(Known) error
	// unopened is for those whose records do not open, by their keys; nil passes them over.
	unopened func(key string) error
}

// each follows an index. Its entries are hints: a visitor checks the session that each leads to (D21). Sessions that
// have idled away are among them, because their chats may still be signed in. It stops at the first error.
func (m *Manager) each(ctx context.Context, index store.Index, set string, v visitor) error {
	entries, err := m.entries(ctx, index, set)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := m.visit(ctx, e.Member, v); err != nil {
			return err
		}
	}
	return nil
}

// known reads a session with what lists show of it.
func (m *Manager) known(ctx context.Context, key string) (Known, error) {
	fields, err := m.records.Get(ctx, key, fieldSession, fieldSeen, fieldFrom)
	if err != nil {
		return Known{}, err
	}
	s, err := m.recognise(ctx, key, fields)
	if err != nil {
		return Known{}, err
	}
	k := Known{Session: s, Idle: true}
	var seen int64
	switch err := m.field(ctx, fields, fieldSeen, &seen); {
	case err == nil:
		k.Seen, k.Idle = time.Unix(seen, 0), false
	case !errors.Is(err, ErrNone):
		return Known{}, err
	}
	if err := m.field(ctx, fields, fieldFrom, &k.From); err != nil && !errors.Is(err, ErrNone) {
		return Known{}, err
	}
	return k, nil
}

// Count says how many sessions there are, without reading them. Those that idled away count until their absolute end, or
// until a re-check finds them ended.
func (m *Manager) Count(ctx context.Context) (int, error) {
	return m.live.Count(ctx, liveSet, m.now(), m.now().AddDate(100, 0, 0))
}

// All calls each for every session there is, those that end first first. It stops at the first error of each and returns
// it. Sessions that begin meanwhile may be left out.
func (m *Manager) All(ctx context.Context, each func(Known) error) error {
	return m.all(ctx, visitor{known: each})
}

func (m *Manager) all(ctx context.Context, v visitor) error {
	from, last := m.now(), m.now().AddDate(100, 0, 0)
	done := map[string]bool{} // of those that end at the moment from
	for limit := listed; ; {
		entries, err := m.live.List(ctx, liveSet, from, last, limit)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if done[e.Member] {
				continue
			}
			if e.At.After(from) {
				from, done = e.At, map[string]bool{}
			}
			done[e.Member] = true
			if err := m.visit(ctx, e.Member, v); err != nil {
				return err
			}
		}
		if len(entries) < limit {
			return nil
		}
		limit = listed + len(done)
	}
}

func (m *Manager) visit(ctx context.Context, key string, v visitor) error {
	k, err := m.known(ctx, key)
	switch {
	case err == nil:
		return v.known(k)
	case errors.Is(err, errUnreadable) && v.unopened != nil:
		return v.unopened(key)
	case errors.Is(err, ErrNone):
		return nil
	}
	return err
}

// ChatStates are what a session remembers for each chat that is configured, in one command.
func (m *Manager) ChatStates(ctx context.Context, s Session) (map[string]ChatState, error) {
	var names []string
	for _, f := range m.chats {
		names = append(names, f.token, f.mark, f.hold)
	}
	fields, err := m.records.Get(ctx, s.Key, names...)
	if err != nil {
		return nil, err
	}
	states := make(map[string]ChatState, len(m.chats))
	for chat, f := range m.chats {
		var o opened
		if err := m.openChat(ctx, fields, f, &o); err != nil {
			return nil, err
		}
		states[chat] = o.state()
	}
	return states, nil
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
		return index.Put(ctx, set, s.Key, s.Ends, s.Ends.Sub(m.now()))
	})
}

func (m *Manager) dropFromIndexes(ctx context.Context, s Session) error {
	if err := m.due.Drop(ctx, dueSet, s.Key); err != nil {
		return err
	}
	return m.eachIndex(ctx, s, func(index store.Index, set string) error { return index.Drop(ctx, set, s.Key) })
}

// eachIndex is for the indexes that a session stands in: by subject, by the provider's sid, and of all there are.
func (m *Manager) eachIndex(ctx context.Context, s Session, do func(index store.Index, set string) error) error {
	if err := do(m.live, liveSet); err != nil {
		return err
	}
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
