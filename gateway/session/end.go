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
	ended := 0
	var failures []error
	err := m.All(ctx, func(k Known) error {
		if err := m.End(ctx, k.Session); err != nil {
			failures = append(failures, err)
			return nil
		}
		ended++
		return nil
	})
	return ended, errors.Join(append(failures, err)...)
}

// endEach ends the sessions of an index one after the other, as it finds them: a caller who has no more patience has
// ended some, and comes again for the others.
func (m *Manager) endEach(ctx context.Context, index store.Index, set string, belongs func(oidc.Identity) bool) (int, error) {
	ended := 0
	var failures []error
	err := m.each(ctx, index, set, belongs, func(k Known) error {
		if err := m.End(ctx, k.Session); err != nil {
			failures = append(failures, err)
			return nil
		}
		ended++
		return nil
	})
	return ended, errors.Join(append(failures, err)...)
}
