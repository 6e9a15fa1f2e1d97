package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"chatgate/gateway/decision"
	"chatgate/oidc"
	"chatgate/store"
)

const (
	// recheckHold is longer than the provider may take to answer, so that two replicas never spend one refresh token.
	recheckHold = 45 * time.Second
	// recheckWait is how long a request waits for a re-check that nobody has done in time.
	recheckWait = 4 * time.Second
	// recheckAgain is when somebody is asked for whom nobody had the time to ask, and recheckFailed when one for whom it
	// failed: later, so that of those who wait it is not always the same one who finds out whether the provider is back.
	recheckAgain  = time.Minute
	recheckFailed = 2 * time.Minute
	// keepTries is how often the outcome is written down: the refresh token that was spent is worth nothing any more.
	keepTries = 3
	keepWait  = 200 * time.Millisecond
)

// Outcome says how a re-check at the provider went.
type Outcome string

// The outcomes.
const (
	Confirmed  Outcome = "confirmed" // the session goes on, with what the provider now says of the person
	GrantOver  Outcome = "ended"     // the provider has ended the grant, and with it the session
	Unanswered Outcome = "failed"    // the provider did not answer in time: the session goes on
)

// Outcomes are all of them.
func Outcomes() []Outcome { return []Outcome{Confirmed, GrantOver, Unanswered} }

func outcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Confirmed
	case errors.Is(err, oidc.ErrRefused):
		return GrantOver
	}
	return Unanswered
}

var errSuperseded = errors.New("another re-check came first")

// overdue says that a session should have been re-checked by now, and was not: no replica was there to do it.
func (m *Manager) overdue(s Session) bool {
	return !s.Due.IsZero() && m.provider != nil && m.settings.Recheck > 0 && m.now().Sub(s.Due) > m.settings.Recheck/5
}

// recheckNow does what the sweep has not got round to, before a request is answered by what may hold no longer. Without an
// answer in time the session goes on (S71). The re-check itself is not the request's: one that is cut off half-way has
// spent the refresh token for nothing.
func (m *Manager) recheckNow(ctx context.Context, s Session, chat string) (Session, error) {
	done := m.asked.DoChan(s.Key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recheckHold)
		defer cancel()
		return nil, m.recheck(ctx, s.Key)
	})
	patience := time.NewTimer(recheckWait)
	defer patience.Stop()
	select {
	case <-ctx.Done():
		return Session{}, fmt.Errorf("wait for a re-check: %w: %w", store.ErrUnavailable, ctx.Err())
	case <-patience.C:
		return s, nil
	case result := <-done:
		if result.Err != nil {
			m.log.WarnContext(ctx, "session not re-checked in time", "session", s.Label(), "err", result.Err)
			return s, nil
		}
	}
	now, err := m.ByKey(ctx, s.Key, chat)
	if errors.Is(err, ErrNone) {
		decision.Note(ctx, decision.RecheckEnded)
	}
	now.Child = s.Child
	return now, err
}

// recheck asks for one session, once across replicas: whoever waited meanwhile finds that it is not due any more (S70).
func (m *Manager) recheck(ctx context.Context, key string) error {
	return m.rechecks.Do(ctx, key, recheckHold, func(ctx context.Context) error {
		fields, err := m.records.Get(ctx, key, fieldSession)
		if err != nil {
			return err
		}
		s, err := m.recognise(ctx, key, fields)
		switch {
		case errors.Is(err, ErrNone):
			return m.expired(ctx, key)
		case err != nil:
			return err
		case m.settings.Recheck == 0: // switched off since the session began
			s.Due = time.Time{}
			return m.schedule(ctx, s)
		case s.Due.IsZero() || s.Due.After(m.now()):
			return m.schedule(ctx, s)
		}
		return m.ask(ctx, s)
	})
}

// ask asks the provider, and does what follows.
func (m *Manager) ask(ctx context.Context, s Session) error {
	used, err := m.ProviderTokens(ctx, s)
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return err
	case err != nil:
		// Lost, or under a key that is gone: there is nothing to ask with, now or later.
		m.log.WarnContext(ctx, "session cannot be re-checked any more", "session", s.Label(), "err", err)
		s.Due = time.Time{}
		return m.rewrite(ctx, s)
	case m.troubled.pause(s.Identity.Provider, m.now()):
		return m.postpone(ctx, s, recheckAgain)
	}
	// From here on the refresh token may be spent: what comes of it is written down, also while this process is asked to end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recheckHold*3/4)
	defer cancel()
	began := m.now()
	identity, fresh, err := m.provider.Refresh(ctx, s.Identity, used)
	if errors.Is(err, oidc.ErrNotReady) { // this process has not met the provider yet: nobody was asked, and another may
		return m.due.Put(ctx, dueSet, s.Key, m.now().Add(sweepEvery), keptAfter)
	}
	m.rechecked(s.Identity.Provider, outcomeOf(err))
	m.troubled.told(s.Identity.Provider, m.now(), m.now().Sub(began), err == nil || errors.Is(err, oidc.ErrRefused))
	switch {
	case errors.Is(err, oidc.ErrRefused):
		return m.refused(ctx, s, used, err)
	case err != nil:
		m.log.WarnContext(ctx, "session not re-checked, it goes on", "session", s.Label(), "err", err)
		return m.postpone(ctx, s, recheckFailed)
	}
	return m.take(ctx, s, identity, used, fresh)
}

// refused ends a session whose grant the provider has ended (S71). A refresh token that another re-check has replaced
// meanwhile was refused for that alone.
func (m *Manager) refused(ctx context.Context, s Session, used oidc.Tokens, refusal error) error {
	now, err := m.ProviderTokens(ctx, s)
	if err == nil && now.Refresh != used.Refresh {
		return nil
	}
	if m.follower != nil {
		m.follower.Refused(ctx, s, refusal)
	}
	return m.End(ctx, s)
}

// postpone asks again after a while and up to half of that, and writes it down where requests look, so that they do not all
// wait for the provider.
func (m *Manager) postpone(ctx context.Context, s Session, wait time.Duration) error {
	s.Due = m.now().Add(wait + rand.N(wait/2))
	return m.rewrite(ctx, s)
}

// take writes down what the provider said. The refresh token goes first, since the former is spent, and only in the place of
// the one that was used (S70); then what follows for the chats, then the record, and once more what must be closed, for what
// a chat was given in between. That is looked at at every re-check: what fails now is done at the next.
func (m *Manager) take(ctx context.Context, s Session, identity oidc.Identity, used, fresh oidc.Tokens) error {
	now := s
	now.Identity, now.Rechecked, now.Due = identity, m.now(), m.now().Add(m.soon())
	err := again(ctx, func() error { return m.replaceTokens(ctx, s, used, fresh) })
	switch {
	case errors.Is(err, errSuperseded):
		return nil
	case errors.Is(err, store.ErrNotFound):
		return m.tooLate(ctx, s, fresh)
	case err != nil:
		return err
	}
	if identity.SID != s.Identity.SID {
		if err := m.addToIndexes(ctx, now); err != nil {
			return err
		}
	}
	if !reflect.DeepEqual(s.Identity, identity) {
		if err := m.follow(ctx, s, now); err != nil {
			return err
		}
	}
	switch err := again(ctx, func() error { return m.rewrite(ctx, now) }); {
	case errors.Is(err, ErrEnded):
		return m.tooLate(ctx, s, fresh)
	case err != nil:
		return err
	}
	return m.follow(ctx, now, now)
}

// replaceTokens returns errSuperseded where others took the place of those that were used, and store.ErrNotFound where
// the session has ended.
func (m *Manager) replaceTokens(ctx context.Context, s Session, used, fresh oidc.Tokens) error {
	next := keep(s.Identity.Provider, fresh)
	if next.Refresh == "" {
		next.Refresh = used.Refresh
	}
	_, err := m.tokens.Update(ctx, s.Key, s.Ends.Sub(m.now())+keptAfter, func(t kept) (kept, error) {
		switch t.Refresh {
		case used.Refresh:
			return next, nil
		case next.Refresh: // written by an earlier try whose answer was lost
			return t, nil
		}
		return t, errSuperseded
	})
	return err
}

// follow tells the chats what now holds.
func (m *Manager) follow(ctx context.Context, former, now Session) error {
	if m.follower == nil {
		return nil
	}
	if err := m.follower.RecheckSession(ctx, former, now); err != nil {
		return fmt.Errorf("follow a re-check: %w", err)
	}
	return nil
}

// rewrite writes the session's own field anew while it lives, else it returns ErrEnded (S114).
func (m *Manager) rewrite(ctx context.Context, s Session) error {
	err := m.records.Set(ctx, s.Key, map[string]store.Value{fieldSession: m.sessionValue(s)}, nil, 0)
	if errors.Is(err, store.ErrConflict) {
		return ErrEnded
	}
	if err != nil {
		return err
	}
	return m.schedule(ctx, s)
}

// tooLate has a refresh token revoked that came for a session which ended meanwhile. One that went over to another session
// of the same browser leaves that one's grant alone.
func (m *Manager) tooLate(ctx context.Context, s Session, fresh oidc.Tokens) error {
	_, err := m.successors.Get(ctx, s.Key)
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return err
	case err == nil || fresh.Refresh == "":
		return nil
	}
	return m.provider.RevokeLater(ctx, s.Identity.Provider, fresh)
}

// again repeats what the store had no time for.
func again(ctx context.Context, write func() error) (err error) {
	for try := range keepTries {
		if err = write(); !errors.Is(err, store.ErrUnavailable) || try == keepTries-1 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(keepWait):
		}
	}
	return err
}
