package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"chatgate/oidc"
	"chatgate/store"
)

// Follower acts when sessions end or go over into another. Both calls may come twice for one ending.
type Follower interface {
	// EndSession queues what must reach the chats. An error keeps the session alive.
	EndSession(ctx context.Context, s Session) error
	// MoveSession hands what belongs to from over to to: the same person signed in again in the same browser.
	MoveSession(ctx context.Context, from, to Session) error
}

// Config says what a Manager is made of.
type Config struct {
	Store     *store.Store
	Names     *store.Names
	Heartbeat *store.Heartbeat
	Settings  Settings
	// Chats are the names of the configured chats.
	Chats []string
	// CrossSite makes the cookie SameSite=None: needed when a chat or an embedding page is on another site.
	CrossSite bool
	Log       *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Manager starts, finds and ends sessions. It is safe for concurrent use once Follow has been called.
type Manager struct {
	records   store.Records
	children  store.Bucket[child]
	tokens    store.Bucket[oidc.Tokens]
	bySubject store.Index
	bySID     store.Index
	names     *store.Names
	heartbeat *store.Heartbeat
	settings  Settings
	chats     map[string]chatFields
	crossSite bool
	follower  Follower
	log       *slog.Logger
	now       func() time.Time
}

// New prepares a Manager.
func New(cfg Config) (*Manager, error) {
	if cfg.Store == nil || cfg.Names == nil || cfg.Heartbeat == nil || cfg.Log == nil {
		return nil, errors.New("session: store, names, heartbeat and log are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	chats := map[string]chatFields{}
	for _, chat := range cfg.Chats {
		chats[chat] = fieldsOf(chat)
	}
	return &Manager{
		records:   store.NewRecords(cfg.Store.Passing("session"), fieldSession),
		children:  store.NewBucket[child](cfg.Store.Passing("child")),
		tokens:    store.NewBucket[oidc.Tokens](cfg.Store.Passing("provider")),
		bySubject: store.NewIndex(cfg.Store.Passing("subject")),
		bySID:     store.NewIndex(cfg.Store.Passing("sid")),
		names:     cfg.Names,
		heartbeat: cfg.Heartbeat,
		settings:  cfg.Settings,
		chats:     chats,
		crossSite: cfg.CrossSite,
		log:       cfg.Log,
		now:       cfg.Now,
	}, nil
}

// Follow names who acts on endings. It is called once, before the first request.
func (m *Manager) Follow(f Follower) { m.follower = f }

// Start begins a session for who has just signed in and sets its cookie. The value is always new, so a planted cookie
// is never adopted (S27). The browser's former session ends: for the same identity its chats go over to the new one,
// for another they are signed out (D27).
func (m *Manager) Start(ctx context.Context, w http.ResponseWriter, r *http.Request, id oidc.Identity, tokens oidc.Tokens) (Session, error) {
	value := newSecret()
	key, _ := keyOf(value)
	now := m.now()
	s := Session{Key: key, Identity: id, Begun: now, Seen: now, Ends: now.Add(m.settings.Absolute)}

	former, all, err := m.former(ctx, r)
	if err != nil {
		return Session{}, err
	}
	same := former.Key != "" && former.Identity.Provider == id.Provider && former.Identity.Subject == id.Subject
	if former.Key != "" && !same {
		if err := m.End(ctx, former); err != nil {
			return Session{}, fmt.Errorf("end the former session: %w", err)
		}
	}
	fields := m.newFields(s)
	if same {
		m.carry(all, fields)
	}
	if err := m.create(ctx, s, fields, tokens); err != nil {
		return Session{}, err
	}
	if same {
		if err := m.handOver(ctx, former, s); err != nil {
			return Session{}, err
		}
	}
	m.set(w, value, m.settings.Absolute)
	return s, nil
}

// former is the live session this browser comes with; its key is empty when there is none.
func (m *Manager) former(ctx context.Context, r *http.Request) (Session, store.Fields, error) {
	key, ok := present(r, cookieName)
	if !ok {
		return Session{}, store.Fields{}, nil
	}
	all, err := m.records.All(ctx, key)
	if err != nil {
		return Session{}, all, err
	}
	s, err := m.open(key, all, "")
	if errors.Is(err, ErrNone) {
		return Session{}, all, nil
	}
	return s, all, err
}

func (m *Manager) newFields(s Session) map[string]store.Value {
	return map[string]store.Value{
		fieldSession: {V: record{Identity: s.Identity, Begun: s.Begun.Unix(), Ends: s.Ends.Unix()}, End: s.Ends},
		fieldSeen:    m.seenValue(s.Seen),
	}
}

func (m *Manager) seenValue(at time.Time) store.Value {
	return store.Value{V: at.Unix(), End: at.Add(m.settings.Idle)}
}

// carry copies what the former session keeps for the chats. A mark goes along, since only a press clears it (D13);
// a hold does not, since it belonged to a tab's unfinished sign-in.
func (m *Manager) carry(former store.Fields, fields map[string]store.Value) {
	for _, names := range m.chats {
		var token json.RawMessage
		if end, err := former.OpenUntil(names.token, &token); err == nil {
			fields[names.token] = store.Value{V: token, End: end}
		}
		var mark bool
		if former.Open(names.mark, &mark) == nil {
			fields[names.mark] = store.Value{V: mark}
		}
	}
}

// create writes the indexes first: an index entry without a session is a hint that leads nowhere, a session without
// one could not be found by a provider's sign-out.
func (m *Manager) create(ctx context.Context, s Session, fields map[string]store.Value, tokens oidc.Tokens) error {
	if err := m.addToIndexes(ctx, s); err != nil {
		return fmt.Errorf("index the session: %w", err)
	}
	// The ID token alone: it is the hint of a sign-out. Nothing here uses another, and what is not kept cannot leak.
	if tokens.ID != "" {
		if err := m.tokens.Put(ctx, s.Key, oidc.Tokens{ID: tokens.ID}, m.settings.Absolute); err != nil {
			return fmt.Errorf("keep the provider's tokens: %w", err)
		}
	}
	if err := m.records.Add(ctx, s.Key, fields, m.life(s)); err != nil {
		return fmt.Errorf("write the session: %w", err)
	}
	return nil
}

// handOver ends the former session of the same person without signing its chats out. What was minted for it after
// carry looked is ended like any other ending.
func (m *Manager) handOver(ctx context.Context, from, to Session) error {
	if m.follower != nil {
		if err := m.follower.MoveSession(ctx, from, to); err != nil {
			return fmt.Errorf("move to the new session: %w", err)
		}
	}
	return m.remove(ctx, from)
}

// life is how long Redis keeps the record from now: until the next of both ends.
func (m *Manager) life(s Session) time.Duration {
	return min(m.settings.Idle, s.Ends.Sub(m.now()))
}

// ProviderTokens are what is kept of the tokens that the provider issued at sign-in, or store.ErrNotFound.
func (m *Manager) ProviderTokens(ctx context.Context, s Session) (oidc.Tokens, error) {
	return m.tokens.Get(ctx, s.Key)
}
