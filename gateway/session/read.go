package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
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
	s, err := Session{}, ErrNone
	if ok {
		s, err = m.ByKey(ctx, key, chat)
	}
	if chat != "" && (err == nil || errors.Is(err, ErrNone)) {
		s, err = m.withChild(ctx, w, r, chat, s, err)
	}
	if err == nil && m.overdue(s) {
		s, err = m.recheckNow(ctx, s, chat)
	}
	if err != nil {
		return Session{}, err
	}
	decision.Person(ctx, s.Identity.Provider, s.Identity.Subject, s.Label())
	return s, m.touch(ctx, s)
}

// Recognise finds the session that a browser's cookie belongs to even when it has idled away: nobody is signed in by it,
// and yet the chats it opened may still be (D11). Where another tab has just replaced the session, it is that which took
// its place in this browser. It returns ErrNone where there is nothing left to end.
func (m *Manager) Recognise(ctx context.Context, r *http.Request) (Session, error) {
	key, ok := present(r, cookieName)
	if !ok {
		return Session{}, ErrNone
	}
	fields, err := m.records.Get(ctx, key, fieldSession)
	if err != nil {
		return Session{}, err
	}
	s, err := m.recognise(ctx, key, fields)
	if errors.Is(err, ErrNone) {
		if s, _, err = m.former(ctx, key); err == nil && s.Key == "" {
			err = ErrNone
		}
	}
	return s, err
}

// IsNamed says whether a request's own cookie names the session, and not one that has been replaced by it.
func (m *Manager) IsNamed(r *http.Request, s Session) bool {
	key, ok := present(r, cookieName)
	return ok && key == s.Key
}

// recognise opens a session without asking when it was last seen.
func (m *Manager) recognise(ctx context.Context, key string, fields store.Fields) (Session, error) {
	var rec record
	if err := m.field(ctx, fields, fieldSession, &rec); err != nil {
		return Session{}, err
	}
	return rec.session(key), nil
}

// session is what a record says of the session behind a key.
func (r record) session(key string) Session {
	s := Session{
		Key: key, Identity: r.Identity,
		Begun: time.Unix(r.Begun, 0), Ends: time.Unix(r.Ends, 0), Rechecked: time.Unix(r.Rechecked, 0),
	}
	if r.Rechecked == 0 { // a record of a version that never asked again
		s.Rechecked = s.Begun
	}
	if r.Due != 0 {
		s.Due = time.Unix(r.Due, 0)
	}
	return s
}

// EndsFor is when a session is over for a chat.
func (m *Manager) EndsFor(s Session, chat string) time.Time {
	limit := m.fieldsFor(chat).limit
	if over := s.Begun.Add(limit); limit > 0 && over.Before(s.Ends) {
		return over
	}
	return s.Ends
}

// ByKey reads a session by its store id.
func (m *Manager) ByKey(ctx context.Context, key, chat string) (Session, error) {
	names := sessionFields
	if chat != "" {
		names = m.fieldsFor(chat).read
	}
	fields, err := m.records.Get(ctx, key, names...)
	if err != nil {
		return Session{}, err
	}
	return m.open(ctx, key, fields, chat)
}

// Latest is ByKey for somebody who was told of a session a while ago: another tab's sign-in may have taken its place in
// the same browser since (B-20).
func (m *Manager) Latest(ctx context.Context, key, chat string) (Session, error) {
	for range mostSuccessor {
		s, err := m.ByKey(ctx, key, chat)
		if !errors.Is(err, ErrNone) {
			return s, err
		}
		if key, err = m.successors.Get(ctx, key); errors.Is(err, store.ErrUnavailable) {
			return Session{}, err
		} else if err != nil {
			break
		}
	}
	return Session{}, ErrNone
}

// fieldsFor are the names for a chat; one that is not configured has a session like any other, and nothing in it.
func (m *Manager) fieldsFor(chat string) chatFields {
	if names, ok := m.chats[chat]; ok {
		return names
	}
	return fieldsOf(chat, 0)
}

// sessionFields are read where no chat is concerned.
var sessionFields = []string{fieldSession, fieldSeen}

// opened is what the fields of a session hold; a field that is absent leaves its zero value.
type opened struct {
	record  record
	seen    int64
	token   json.RawMessage
	stayOut bool
	hold    int64
}

func (o opened) state() ChatState {
	c := ChatState{Token: o.token, StayOut: o.stayOut}
	if o.hold != 0 {
		c.HoldUntil = time.Unix(o.hold, 0)
	}
	return c
}

// open checks both ends of a session by this process's clock and decodes it.
func (m *Manager) open(ctx context.Context, key string, fields store.Fields, chat string) (Session, error) {
	var o opened
	if err := m.field(ctx, fields, fieldSession, &o.record); err != nil {
		return Session{}, err
	}
	if err := m.field(ctx, fields, fieldSeen, &o.seen); err != nil {
		return Session{}, err
	}
	if chat != "" {
		if s := o.record.session(key); !m.now().Before(m.EndsFor(s, chat)) {
			decision.Note(ctx, decision.SignInTooOld, "chat", chat)
			return Session{}, fmt.Errorf("%w: the sign-in is too old for this chat", ErrNone)
		}
		if err := m.openChat(ctx, fields, m.fieldsFor(chat), &o); err != nil {
			return Session{}, err
		}
	}
	s := o.record.session(key)
	s.Seen, s.Chat = time.Unix(o.seen, 0), o.state()
	if chat != "" {
		s.Ends = m.EndsFor(s, chat)
	}
	return s, nil
}

// openChat decodes what a session remembers for a chat, each of which may be absent.
func (m *Manager) openChat(ctx context.Context, fields store.Fields, names chatFields, o *opened) error {
	if err := m.field(ctx, fields, names.token, &o.token); err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	if err := m.field(ctx, fields, names.hold, &o.hold); err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	if err := m.field(ctx, fields, names.mark, &o.stayOut); err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	return nil
}

// field tells apart what a caller must: nothing there that counts (ErrNone), and a store that cannot say.
func (m *Manager) field(ctx context.Context, fields store.Fields, name string, v any) error {
	err := fields.Open(name, v)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		noteAbsent(ctx, name)
		return ErrNone
	}
	return m.unreadable(ctx, name, err)
}

// unreadable decides about a field that does not open. It refuses this one session (S68), unless the field is under a
// key that a live replica holds: then it is that replica's, and the answer is 503 and not a sign-out (D23).
func (m *Manager) unreadable(ctx context.Context, name string, err error) error {
	if unknown, ok := errors.AsType[*store.UnknownKeyError](err); ok && m.heartbeat.Held(unknown.Fingerprint) {
		decision.Note(ctx, decision.SealedElsewhere, "key", unknown.Fingerprint)
		return fmt.Errorf("open session: %w: %w", store.ErrUnavailable, err)
	}
	decision.Note(ctx, decision.SessionUnreadable, "field", name)
	m.log.WarnContext(ctx, "session refused", "field", name, "err", err)
	return fmt.Errorf("%w: %w: %w", ErrNone, errUnreadable, err)
}

// errUnreadable tells a session whose record is there and does not open from one that is not there.
var errUnreadable = errors.New("its record does not open")

// noteAbsent says what it means that a field of a session is not there; what it keeps for a chat may be absent.
func noteAbsent(ctx context.Context, name string) {
	switch name {
	case fieldSession:
		decision.Note(ctx, decision.SessionUnknown)
	case fieldSeen:
		decision.Note(ctx, decision.SessionIdle)
	}
}

// touch writes when the session was seen, at most every sixteenth of the idle limit, so that a busy person costs Redis
// nothing. A store that reads and cannot write takes nobody's session away; the next call tries again.
func (m *Manager) touch(ctx context.Context, s Session) error {
	now := m.now()
	if now.Sub(s.Seen) < m.settings.Idle/16 {
		return nil
	}
	err := m.records.Set(ctx, s.Key, map[string]store.Value{fieldSeen: m.seenValue(now)}, nil, 0)
	if errors.Is(err, store.ErrConflict) {
		return ErrNone
	}
	if err != nil {
		m.log.WarnContext(ctx, "last use of a session not written", "err", err)
	}
	return nil
}
