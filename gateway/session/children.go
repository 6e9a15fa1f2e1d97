package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"chatgate/gateway/decision"
	"chatgate/store"
)

// child is the record behind a child cookie. It is bound to one chat, so the cookie of one never opens another.
type child struct {
	Parent string `json:"p"`
	Chat   string `json:"c"`
}

// Child is a child session whose cookie no browser has yet.
type Child struct {
	key, value, chat string
	life             time.Duration
}

// NewChild prepares a child session for the frame of a chat. It lives no longer than its parent.
func (m *Manager) NewChild(ctx context.Context, parent Session, chat string) (Child, error) {
	value := newSecret()
	key, _ := keyOf(value)
	c := Child{key: key, value: value, chat: chat, life: parent.Ends.Sub(m.now())}
	return c, m.children.Put(ctx, key, child{Parent: parent.Key, Chat: chat}, c.life)
}

// Give sets the child's cookie, in the partition of the page that the frame is in.
func (m *Manager) Give(w http.ResponseWriter, c Child) { m.setChild(w, c.chat, c.value, c.life) }

// Drop forgets a child that nobody got.
func (m *Manager) Drop(ctx context.Context, c Child) error { return m.children.Delete(ctx, c.key) }

// withChild completes what the session cookie gave by what the chat's child cookie says. A valid top-level session
// wins; a child of another parent is then a leftover and goes (D27).
func (m *Manager) withChild(ctx context.Context, w http.ResponseWriter, r *http.Request, chat string, top Session, topErr error) (Session, error) {
	key, ok := present(r, m.fieldsFor(chat).cookie)
	if !ok {
		return top, topErr
	}
	c, err := m.children.Get(ctx, key)
	if errors.Is(err, store.ErrUnavailable) {
		return top, err
	}
	if err != nil || c.Chat != chat {
		decision.Note(ctx, decision.ChildUnknown)
		m.clearChild(w, chat)
		return top, topErr
	}
	if topErr == nil {
		if c.Parent != top.Key {
			decision.Note(ctx, decision.ChildForeign)
			m.clearChild(w, chat)
			return top, m.children.Delete(ctx, key)
		}
		return top, nil
	}
	s, err := m.ByKey(ctx, c.Parent, chat)
	if errors.Is(err, ErrNone) {
		m.clearChild(w, chat)
	}
	s.Child = true
	return s, err
}
