package handoff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"chatgate/gateway/decision"
	"chatgate/store"
)

// ErrOver says that a hand-off can do nothing any more: redeemed, expired, started too often, unknown, for another chat,
// or asked for with a wrong secret. Callers are not told which.
var ErrOver = decision.Because(decision.HandOffOver, errors.New("the hand-off is over"))

// ErrWrongSecret is an ErrOver that somebody guessed at a hand-off which is alive; only the audit log learns of it.
var ErrWrongSecret = errors.Join(ErrOver, decision.Because(decision.HandOffSecret, errors.New("wrong secret")))

const (
	// mostStarts is how often a person may press the button before the frame has to ask for another hand-off.
	mostStarts = 5
	// mostWrong is how many wrong secrets end a hand-off.
	mostWrong   = 5
	secretBytes = 32
	keyBytes    = 18
	maxID       = 1 << 10 // characters; ours are about 400
)

// Settings is the configuration's handOff section.
type Settings struct {
	Lifetime time.Duration `yaml:"lifetime" default:"5m" min:"1m" max:"15m" doc:"How long a frame waits for a sign-in in another window; more for slow second factors."`
}

// Manager makes, follows and redeems hand-offs. It is safe for concurrent use.
type Manager struct {
	offers  store.Sealed[offer]
	records store.Bucket[record]
	life    time.Duration
	now     func() time.Time
}

// Config says what a Manager works with.
type Config struct {
	Store    *store.Store
	Settings Settings
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// defaultLife is that of the configuration, for a Config written in Go.
const defaultLife = 5 * time.Minute

// New prepares a Manager.
func New(cfg Config) (*Manager, error) {
	if cfg.Store == nil {
		return nil, errors.New("handoff: a store is needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Settings.Lifetime <= 0 {
		cfg.Settings.Lifetime = defaultLife
	}
	place := cfg.Store.Passing("handoff")
	return &Manager{
		offers:  store.NewSealed[offer](place),
		records: store.NewBucket[record](place),
		life:    cfg.Settings.Lifetime,
		now:     cfg.Now,
	}, nil
}

// offer is what an id holds, sealed.
type offer struct {
	Key    string `json:"k"` // what the record is kept under
	Chat   string `json:"c"`
	Proof  []byte `json:"p"` // a hash of the secret
	Return string `json:"r"`
	Ends   int64  `json:"e"` // Unix milliseconds
}

// record is what becomes of a hand-off; it begins with the first start, or the first wrong secret.
type record struct {
	Starts  int    `json:"n,omitempty"`
	Wrong   int    `json:"w,omitempty"`
	Session string `json:"s,omitempty"` // the key of the session that the first finished login began
	Failed  string `json:"f,omitempty"` // the problem code of a login that did not finish
	Over    bool   `json:"o,omitempty"`
}

// Offered is a new hand-off.
type Offered struct {
	// ID goes into the form that starts the login. It opens nothing.
	ID string
	// Secret stays with the frame and redeems the hand-off.
	Secret store.Secret
	// Life is how long it is good for.
	Life time.Duration
}

// Offer makes a hand-off for the frame of a chat. returnURL is where a login in the same window ends: an address from
// the configuration, never one of a request (B-28). Nothing is written.
func (m *Manager) Offer(chat, returnURL string) (Offered, error) {
	secret := random(secretBytes)
	id, err := m.offers.Seal(offer{
		Key: random(keyBytes), Chat: chat, Proof: proofOf(secret), Return: returnURL, Ends: m.now().Add(m.life).UnixMilli(),
	}, m.life)
	return Offered{ID: id, Secret: store.Secret(secret), Life: m.life}, err
}

// Started is a hand-off that a login will finish. It is kept with the login's attempt.
type Started struct {
	Key    string    `json:"k"`
	Chat   string    `json:"c"`
	Return string    `json:"r"`
	Ends   time.Time `json:"e"`
}

// Start counts a login that is begun for a hand-off. It returns ErrOver, or an error of the store.
func (m *Manager) Start(ctx context.Context, id string) (Started, error) {
	o, err := m.open(id)
	if err != nil {
		return Started{}, err
	}
	_, err = m.change(ctx, o, func(r record) (record, error) {
		if r.Over || r.Starts >= mostStarts {
			return r, ErrOver
		}
		r.Starts++
		r.Failed = ""
		return r, nil
	})
	return Started{Key: o.Key, Chat: o.Chat, Return: o.Return, Ends: o.ends()}, err
}

// ChatOf is the chat whose frame waits for a hand-off. It returns ErrOver for a text that is no id of ours, or one past
// its end, and reads nothing.
func (m *Manager) ChatOf(id string) (string, error) {
	o, err := m.open(id)
	return o.Chat, err
}

// Finish makes the hand-off ready for its frame. The first finished login wins; a later one, and one for a hand-off that
// is over by now, changes nothing: its session is good all the same.
func (m *Manager) Finish(ctx context.Context, s Started, sessionKey string) error {
	return m.settle(ctx, s, func(r record) record {
		r.Session, r.Failed = sessionKey, ""
		return r
	})
}

// Fail notes why a login did not finish, as a problem's code, for the frame to tell. The same hand-off may be started
// again (B-18).
func (m *Manager) Fail(ctx context.Context, s Started, code string) error {
	return m.settle(ctx, s, func(r record) record {
		r.Failed = code
		return r
	})
}

// settle changes a hand-off that still waits for its login.
func (m *Manager) settle(ctx context.Context, s Started, change func(record) record) error {
	_, err := m.records.Update(ctx, s.Key, m.left(s.Ends), func(r record) (record, error) {
		if r.Over || r.Session != "" {
			return r, errSettled
		}
		return change(r), nil
	})
	if errors.Is(err, errSettled) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

var errSettled = errors.New("the hand-off is settled")

// State is what a frame learns of its hand-off.
type State struct {
	// Session is the key of the session to hand over, empty while there is none.
	Session string
	// Failed is the code of the problem that the last login ended with, empty when none failed since it was started.
	Failed string

	offer offer
}

// Key names the hand-off, for limits that count by it.
func (s State) Key() string { return s.offer.Key }

// Look says how a hand-off stands to whoever has its secret. It returns ErrOver, or an error of the store. Wrong secrets
// are counted, and the last one that is allowed ends the hand-off for its owner too (B-10).
func (m *Manager) Look(ctx context.Context, chat, id, secret string) (State, error) {
	o, err := m.open(id)
	if err != nil {
		return State{}, err
	}
	if o.Chat != chat {
		return State{}, ErrOver
	}
	if subtle.ConstantTimeCompare(proofOf(secret), o.Proof) != 1 {
		return State{}, m.countWrong(ctx, o)
	}
	r, err := m.records.Get(ctx, o.Key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return State{}, err
	}
	if r.Over {
		return State{}, ErrOver
	}
	return State{Session: r.Session, Failed: r.Failed, offer: o}, nil
}

func (m *Manager) countWrong(ctx context.Context, o offer) error {
	_, err := m.change(ctx, o, func(r record) (record, error) {
		if r.Over {
			return r, ErrOver
		}
		r.Wrong++
		r.Over = r.Wrong >= mostWrong
		return r, nil
	})
	if err != nil {
		return err
	}
	return ErrWrongSecret
}

// Take ends a hand-off whose State had a session. Of all callers exactly one gets nil, the others ErrOver (B-10). What
// is handed over must be ready by then, because there is no second time.
func (m *Manager) Take(ctx context.Context, s State) error {
	_, err := m.records.Update(ctx, s.offer.Key, m.left(s.offer.ends()), func(r record) (record, error) {
		if r.Over || r.Session == "" || r.Session != s.Session {
			return r, ErrOver
		}
		return record{Over: true}, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return ErrOver
	}
	return err
}

// open reads an id. One past its end, and a text that is none of ours, are over.
func (m *Manager) open(id string) (offer, error) {
	if len(id) > maxID {
		return offer{}, ErrOver
	}
	o, err := m.offers.Open(id)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrCorrupt) {
		return offer{}, ErrOver
	}
	return o, err
}

// change updates the record of a hand-off, or begins it.
func (m *Manager) change(ctx context.Context, o offer, change func(record) (record, error)) (record, error) {
	for {
		r, err := m.records.Update(ctx, o.Key, m.left(o.ends()), change)
		if !errors.Is(err, store.ErrNotFound) {
			return r, err
		}
		if r, err = change(record{}); err != nil {
			return r, err
		}
		if err = m.records.Add(ctx, o.Key, r, m.left(o.ends())); !errors.Is(err, store.ErrExists) {
			return r, err
		}
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
	}
}

func (o offer) ends() time.Time { return time.UnixMilli(o.Ends) }

// left is how long something that ends then still has; at least a moment, because a lifetime of 0 would have no end.
func (m *Manager) left(ends time.Time) time.Duration { return max(ends.Sub(m.now()), time.Millisecond) }

func proofOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func random(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(raw)
}
