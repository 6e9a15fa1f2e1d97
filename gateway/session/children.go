package session

import (
	"context"
	"errors"
	"net/http"

	"chatgate/store"
)

// child is the record behind a child cookie. It is bound to one chat, so the cookie of one never opens another.
type child struct {
	Parent string `json:"p"`
	Chat   string `json:"c"`
}

// StartChild gives the frame of a chat a cookie of its own in its partition. It lives no longer than its parent.
func (m *Manager) StartChild(ctx context.Context, w http.ResponseWriter, parent Session, chat string) error {
	value := newSecret()
	key, _ := keyOf(value)
	life := parent.Ends.Sub(m.now())
	if err := m.children.Put(ctx, key, child{Parent: parent.Key, Chat: chat}, life); err != nil {
		return err
	}
	m.setChild(w, chat, value, life)
	return nil
}

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
		m.clearChild(w, chat)
		return top, topErr
	}
	if topErr == nil {
		if c.Parent != top.Key {
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
