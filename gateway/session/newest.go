package session

import (
	"context"
	"errors"
	"slices"

	"chatgate/store"
)

// Newest lists this session and those others of its person that end last, which are the newest, for a page: most of them
// together. More is how many it leaves out, unread: one that is gone may be counted among them.
func (m *Manager) Newest(ctx context.Context, s Session, most int) (known []Known, more int, err error) {
	set, belongs, err := m.ofSubject(ctx, s.Identity.Provider, s.Identity.Subject)
	if err != nil {
		return nil, 0, err
	}
	others, err := m.entries(ctx, m.bySubject, set)
	if err != nil {
		return nil, 0, err
	}
	others = slices.DeleteFunc(others, func(e store.Entry) bool { return e.Member == s.Key })
	more = max(len(others)-(most-1), 0)
	for _, e := range append([]store.Entry{{Member: s.Key}}, others[more:]...) {
		k, err := m.known(ctx, e.Member)
		switch {
		case errors.Is(err, ErrNone):
		case err != nil:
			return nil, 0, err
		case belongs(k.Identity):
			known = append(known, k)
		}
	}
	return known, more, nil
}
