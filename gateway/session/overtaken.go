package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/oidc"
	"chatgate/store"
)

// What a sign-out of more than one session covers. It leaves a mark, because the session of a sign-in that is on its way
// over the provider stands in no index yet (S114).
const (
	endedAll     = "all"
	endedSubject = "subject"
	endedSID     = "sid"
)

// markLives is for as long as a sign-in may be on its way, and a little longer for the time that its answer takes.
const markLives = oidc.AttemptLifetime + time.Minute

// mark notes that everything which is covered ends now. It comes before the sessions are looked for: a sign-in writes its
// session first and looks for marks second, so one of the two finds the other.
func (m *Manager) mark(ctx context.Context, covers, provider, id string) error {
	name, err := m.names.Of(ctx, "ended "+covers, provider, id)
	if err != nil {
		return err
	}
	return m.ended.Put(ctx, name, m.now().UnixMilli(), markLives)
}

// overtaken is ErrEnded for a session that has just begun where a sign-out which covers it came after its sign-in began.
// One that began later is let in, also by a session at the provider that was said to be over: whoever knows its name
// could keep its person out.
func (m *Manager) overtaken(ctx context.Context, s Session, began time.Time) error {
	if began.IsZero() {
		return nil
	}
	id := s.Identity
	for _, c := range []struct{ covers, provider, id string }{
		{endedSID, id.Provider, id.SID}, {endedSubject, id.Provider, id.Subject}, {endedAll, "", ""},
	} {
		name, err := m.names.Of(ctx, "ended "+c.covers, c.provider, c.id)
		if err != nil {
			return err
		}
		at, err := m.ended.Get(ctx, name)
		switch {
		case errors.Is(err, store.ErrNotFound), err == nil && began.UnixMilli() > at:
			continue
		case errors.Is(err, store.ErrUnavailable):
			return err
		}
		return fmt.Errorf("sign-out of its %s: %w", c.covers, ErrEnded) // a mark that does not open counts
	}
	return nil
}
