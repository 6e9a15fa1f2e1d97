package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"chatgate/oidc"
	"chatgate/store"
)

// Follower acts when sessions end, go over into another or change. Each call may come twice for one event.
type Follower interface {
	// EndSession queues what must reach the chats. An error keeps the session alive.
	EndSession(ctx context.Context, s Session) error
	// MoveSession hands what belongs to from over to to: the same person signed in again in the same browser.
	MoveSession(ctx context.Context, from, to Session) error
	// RecheckSession does what follows from a re-check at the provider, which says of the person what now holds: at every
	// one, whether it is something new or not. An error has the re-check done again.
	RecheckSession(ctx context.Context, former, now Session) error
	// Refused hears of a session that is about to end because the provider has ended the grant behind it (S71).
	Refused(ctx context.Context, s Session, err error)
}

// Provider is what a Manager wants of the providers.
type Provider interface {
	// Refresh asks the identity's provider who that is now. An error that is oidc.ErrRefused ends the session; after any
	// other it goes on (S71).
	Refresh(ctx context.Context, former oidc.Identity, t oidc.Tokens) (oidc.Identity, oidc.Tokens, error)
	// RevokeLater has a refresh token revoked, once the provider can be reached.
	RevokeLater(ctx context.Context, provider string, t oidc.Tokens) error
}

// SignIn is a finished login.
type SignIn struct {
	Identity oidc.Identity
	Tokens   oidc.Tokens
	// Began is when the browser was sent to the provider; zero is not looked at.
	Began time.Time
	// Address is where the browser is, as the gateway sees it.
	Address string
}

// Config says what a Manager is made of.
type Config struct {
	Store     *store.Store
	Names     *store.Names
	Heartbeat *store.Heartbeat
	Settings  Settings
	// Chats are the names of the configured chats, each with how long a sign-in counts for it; 0 is as long as the session.
	Chats map[string]time.Duration
	// Provider is asked for living sessions and told of ended ones; without one, which only tests want, neither happens.
	Provider Provider
	// Rechecked, when set, hears how each re-check at a provider went. It may be called from several goroutines at once.
	Rechecked func(provider string, outcome Outcome)
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
	tokens    store.Bucket[kept]
	farewells store.Bucket[Farewell]
	ended     store.Bucket[int64]
	bySubject store.Index
	bySID     store.Index
	live      store.Index
	due       store.Index
	// Re-checks are done once across replicas, and waited for once in this process.
	rechecks store.Locks
	asked    singleflight.Group
	troubled trouble
	// starts and successors keep two tabs that finish at once from losing each other's session.
	starts     store.Locks
	successors store.Bucket[string]
	names      *store.Names
	heartbeat  *store.Heartbeat
	settings   Settings
	chats      map[string]chatFields
	crossSite  bool
	follower   Follower
	provider   Provider
	rechecked  func(provider string, outcome Outcome)
	log        *slog.Logger
	now        func() time.Time
	unopened   atomic.Int64 // sessions that were ended without being read
}

// New prepares a Manager.
func New(cfg Config) (*Manager, error) {
	if cfg.Store == nil || cfg.Names == nil || cfg.Heartbeat == nil || cfg.Log == nil {
		return nil, errors.New("session: store, names, heartbeat and log are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rechecked == nil {
		cfg.Rechecked = func(string, Outcome) {}
	}
	chats := map[string]chatFields{}
	for chat, limit := range cfg.Chats {
		chats[chat] = fieldsOf(chat, cfg.Settings.lasts(limit))
	}
	return &Manager{
		records:    store.NewRecords(cfg.Store.Passing("session"), fieldSession),
		children:   store.NewBucket[child](cfg.Store.Passing("child")),
		tokens:     store.NewBucket[kept](cfg.Store.Passing("provider")),
		farewells:  store.NewBucket[Farewell](cfg.Store.Passing("farewell")),
		ended:      store.NewBucket[int64](cfg.Store.Passing("ended")),
		bySubject:  store.NewIndex(cfg.Store.Passing("subject")),
		bySID:      store.NewIndex(cfg.Store.Passing("sid")),
		live:       store.NewIndex(cfg.Store.Passing("live")),
		due:        store.NewIndex(cfg.Store.Passing("recheckdue")),
		rechecks:   store.NewLocks(cfg.Store.Passing("recheck")),
		starts:     store.NewLocks(cfg.Store.Passing("start")),
		successors: store.NewBucket[string](cfg.Store.Passing("successor")),
		names:      cfg.Names,
		heartbeat:  cfg.Heartbeat,
		settings:   cfg.Settings,
		chats:      chats,
		crossSite:  cfg.CrossSite,
		provider:   cfg.Provider,
		rechecked:  cfg.Rechecked,
		log:        cfg.Log,
		now:        cfg.Now,
	}, nil
}

// Follow names who acts on endings. It is called once, before the first request.
func (m *Manager) Follow(f Follower) { m.follower = f }

// Start begins a session for who has just signed in and sets its cookie. The value is always new, so a planted cookie
// is never adopted (S27). The browser's former session ends, one that has idled away included, since its chats are still
// signed in: for the same identity they go over to the new session, for another they are signed out (D27, R14).
//
// It returns ErrEnded where a sign-out that covers this sign-in came while it was on its way (S114).
func (m *Manager) Start(ctx context.Context, w http.ResponseWriter, r *http.Request, in SignIn) (Session, error) {
	value := newSecret()
	key, _ := keyOf(value)
	now := m.now()
	b := beginning{
		Session: Session{Key: key, Identity: in.Identity, Begun: now, Seen: now, Rechecked: now, Ends: now.Add(m.settings.Absolute)},
		tokens:  keep(in.Identity.Provider, in.Tokens),
		from:    fromOf(r, in.Address),
	}
	if m.provider != nil && m.settings.Recheck > 0 && b.tokens.Refresh != "" {
		b.Due = now.Add(m.soon()).Truncate(time.Second)
	}
	var err error
	if former, ok := present(r, cookieName); ok {
		// Two tabs may finish at the same moment, with the same cookie: one after the other.
		err = m.starts.Do(ctx, former, startHold, func(ctx context.Context) error { return m.replace(ctx, former, b) })
	} else {
		err = m.create(ctx, b, m.newFields(b))
	}
	if err == nil {
		err = m.overtaken(ctx, b.Session, in.Began)
	}
	if err != nil { // nobody has its cookie, and what it took over from a former session would stay open
		return Session{}, errors.Join(err, m.End(context.WithoutCancel(ctx), b.Session))
	}
	m.set(w, value, m.settings.Absolute)
	return b.Session, nil
}

// beginning is a session that is not in the store yet, with what is kept beside it.
type beginning struct {
	Session
	tokens kept
	from   From
}

const (
	// startHold is how long one tab may take to replace the browser's former session.
	startHold = 10 * time.Second
	// successorLife is how long a tab that began with the former session may come after.
	successorLife = 10 * time.Minute
	mostSuccessor = 8
)

// replace begins s in the place of the session that the browser came with.
func (m *Manager) replace(ctx context.Context, formerKey string, s beginning) error {
	former, all, err := m.former(ctx, formerKey)
	if err != nil {
		return err
	}
	if former.Key == "" {
		return m.create(ctx, s, m.newFields(s))
	}
	if former.Identity.Provider != s.Identity.Provider || former.Identity.Subject != s.Identity.Subject {
		if err := m.End(ctx, former); err != nil {
			return fmt.Errorf("end the former session: %w", err)
		}
		return m.create(ctx, s, m.newFields(s))
	}
	fields := m.newFields(s)
	m.carry(all, fields)
	if err := m.create(ctx, s, fields); err != nil {
		return err
	}
	if err := m.successors.Put(ctx, formerKey, s.Key, successorLife); err != nil {
		return err
	}
	return m.handOver(ctx, former, s.Session)
}

// former is the session behind a store id, or what it was replaced by while this tab was on its way. It may have idled
// away; its key is empty when there is none.
func (m *Manager) former(ctx context.Context, key string) (Session, store.Fields, error) {
	for range mostSuccessor {
		all, err := m.records.All(ctx, key)
		if err != nil {
			return Session{}, all, err
		}
		s, err := m.recognise(ctx, key, all)
		if !errors.Is(err, ErrNone) {
			return s, all, err
		}
		if key, err = m.successors.Get(ctx, key); errors.Is(err, store.ErrUnavailable) {
			return Session{}, all, err
		} else if err != nil {
			break
		}
	}
	return Session{}, store.Fields{}, nil
}

func (m *Manager) newFields(s beginning) map[string]store.Value {
	return map[string]store.Value{
		fieldSession: m.sessionValue(s.Session),
		fieldSeen:    m.seenValue(s.Seen),
		fieldFrom:    {V: s.from},
	}
}

func (m *Manager) sessionValue(s Session) store.Value {
	r := record{Identity: s.Identity, Begun: s.Begun.Unix(), Ends: s.Ends.Unix(), Rechecked: s.Rechecked.Unix()}
	if !s.Due.IsZero() {
		r.Due = s.Due.Unix()
	}
	return store.Value{V: r, End: s.Ends}
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
func (m *Manager) create(ctx context.Context, s beginning, fields map[string]store.Value) error {
	if err := m.addToIndexes(ctx, s.Session); err != nil {
		return fmt.Errorf("index the session: %w", err)
	}
	if err := m.keepTokens(ctx, s); err != nil {
		return fmt.Errorf("keep the provider's tokens: %w", err)
	}
	if err := m.records.Add(ctx, s.Key, fields, m.settings.Absolute); err != nil {
		return fmt.Errorf("write the session: %w", err)
	}
	return nil
}

// handOver ends the former session of the same person without signing its chats out. What was minted for it after
// carry looked is ended like any other ending. Its refresh token is left to its own expiry: a provider may take one that
// is revoked for the end of all that the person has in this browser, the new session's tokens among it.
func (m *Manager) handOver(ctx context.Context, from, to Session) error {
	if m.follower != nil {
		if err := m.follower.MoveSession(ctx, from, to); err != nil {
			return fmt.Errorf("move to the new session: %w", err)
		}
	}
	if err := m.remove(ctx, from); err != nil {
		return err
	}
	return m.tokens.Delete(ctx, from.Key)
}
