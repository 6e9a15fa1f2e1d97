package session

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"chatgate/store"
)

// PutToken keeps the connector's record, which is JSON, for a chat until the time given, at most the session's own end.
// It returns ErrEnded when the session ended meanwhile: whatever the record stands for must then be revoked (D21).
func (m *Manager) PutToken(ctx context.Context, s Session, chat string, token json.RawMessage, until time.Time) error {
	if until.After(s.Ends) {
		until = s.Ends
	}
	value := store.Value{V: token, End: until}
	return m.change(ctx, s, map[string]store.Value{prefixToken + chat: value}, nil)
}

// DropToken forgets the connector's record for a chat.
func (m *Manager) DropToken(ctx context.Context, s Session, chat string) error {
	return m.change(ctx, s, nil, []string{prefixToken + chat})
}

// StayOut marks that the person signed out inside the chat, and forgets the token that was signed out (R11, R12).
func (m *Manager) StayOut(ctx context.Context, s Session, chat string) error {
	return m.change(ctx, s, map[string]store.Value{prefixMark + chat: {V: true}}, []string{prefixToken + chat})
}

// ComeBack clears the mark and any hold, after a person pressed a button that says so.
func (m *Manager) ComeBack(ctx context.Context, s Session, chat string) error {
	return m.change(ctx, s, nil, []string{prefixMark + chat, prefixHold + chat})
}

// Hold keeps the chat's API silent until the time given (B-16).
func (m *Manager) Hold(ctx context.Context, s Session, chat string, until time.Time) error {
	return m.change(ctx, s, map[string]store.Value{prefixHold + chat: {V: until.Unix(), End: until}}, nil)
}

func (m *Manager) change(ctx context.Context, s Session, set map[string]store.Value, remove []string) error {
	err := m.records.Set(ctx, s.Key, set, remove, 0)
	if errors.Is(err, store.ErrConflict) {
		return ErrEnded
	}
	return err
}
