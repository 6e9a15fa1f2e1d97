package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/problem"
	"chatgate/store"
)

// Require makes a handler that needs a session for the chat (empty: for none) out of one that says so in its
// signature. Without a live session it answers 401, with a store that does not answer 503, and the cookie stays (S67).
func (m *Manager) Require(chat string, h func(*gin.Context, Session) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		s, err := m.Read(c.Request.Context(), c.Writer, c.Request, chat)
		if err != nil {
			return m.Problem(err)
		}
		return h(c, s)
	}
}

// Problem is what a caller is told when Read failed.
func (m *Manager) Problem(err error) error {
	if errors.Is(err, ErrNone) {
		return problem.SessionRequired(err)
	}
	return problem.StoreUnavailable(err)
}

// Read finds the request's session. For a chat, its child cookie counts where there is no valid top-level session
// (D27). It returns ErrNone, or an error of the store.
func (m *Manager) Read(ctx context.Context, w http.ResponseWriter, r *http.Request, chat string) (Session, error) {
	key, ok := present(r, cookieName)
	err := error(ErrNone)
	var s Session
	if ok {
		s, err = m.ByKey(ctx, key, chat)
	}
	if chat != "" && (err == nil || errors.Is(err, ErrNone)) {
		s, err = m.withChild(ctx, w, r, chat, s, err)
	}
	if err != nil {
		return Session{}, err
	}
	return s, m.touch(ctx, s)
}

// ByKey reads a session by its store id.
func (m *Manager) ByKey(ctx context.Context, key, chat string) (Session, error) {
	names := []string{fieldSession, fieldSeen}
	if chat != "" {
		names = append(names, prefixToken+chat, prefixMark+chat, prefixHold+chat)
	}
	fields, err := m.records.Get(ctx, key, names...)
	if err != nil {
		return Session{}, err
	}
	return m.open(key, fields, chat)
}

// open checks both ends of a session by this process's clock and decodes it.
func (m *Manager) open(key string, fields store.Fields, chat string) (Session, error) {
	var rec record
	if err := m.field(fields, fieldSession, &rec); err != nil {
		return Session{}, err
	}
	var seen int64
	if err := m.field(fields, fieldSeen, &seen); err != nil {
		return Session{}, err
	}
	s := Session{
		Key: key, Identity: rec.Identity,
		Begun: time.Unix(rec.Begun, 0), Ends: time.Unix(rec.Ends, 0), Seen: time.Unix(seen, 0),
	}
	if chat == "" {
		return s, nil
	}
	return s, m.openChat(fields, chat, &s.Chat)
}

func (m *Manager) openChat(fields store.Fields, chat string, state *ChatState) error {
	var token kept
	if err := m.field(fields, prefixToken+chat, &token); err == nil {
		state.Token = token.Value
	} else if !errors.Is(err, ErrNone) {
		return err
	}
	var hold int64
	if err := m.field(fields, prefixHold+chat, &hold); err == nil {
		state.HoldUntil = time.Unix(hold, 0)
	} else if !errors.Is(err, ErrNone) {
		return err
	}
	err := m.field(fields, prefixMark+chat, &state.StayOut)
	if errors.Is(err, ErrNone) {
		return nil
	}
	return err
}

// field tells apart what a caller must: nothing there that counts (ErrNone), and a store that cannot say. A field that
// does not open refuses this one session (S68); one under a key that a live replica holds is that replica's, so the
// answer is 503 and not a sign-out (D23).
func (m *Manager) field(fields store.Fields, name string, v any) error {
	err := fields.Open(name, v)
	var unknown *store.UnknownKeyError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return ErrNone
	case errors.As(err, &unknown) && m.heartbeat.Held(unknown.Fingerprint):
		return fmt.Errorf("open session: %w: %w", store.ErrUnavailable, err)
	default:
		m.log.Warn("session refused", "field", name, "err", err)
		return fmt.Errorf("%w: %w", ErrNone, err)
	}
}

// touch writes when the session was seen, at most every sixteenth of the idle limit, so that a busy person costs Redis
// nothing.
func (m *Manager) touch(ctx context.Context, s Session) error {
	now := m.now()
	if now.Sub(s.Seen) < m.settings.Idle/16 {
		return nil
	}
	s.Seen = now
	err := m.records.Set(ctx, s.Key, map[string]store.Value{fieldSeen: m.seenValue(now)}, nil, m.life(s))
	if errors.Is(err, store.ErrConflict) {
		return ErrNone
	}
	return err
}
