package keyring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"chatgate/store"
)

// ErrNotLoaded says that the keys were not read yet. Callers answer 503: it passes by itself.
var ErrNotLoaded = errors.New("signing keys not loaded")

// Config says which sets of keys there are.
type Config struct {
	// Store keeps the sets that do not come from files.
	Store *store.Store
	// Log is told when keys are made, change or cannot be read; nil keeps silent.
	Log *slog.Logger
	// Now is the clock that decides which key signs; nil means time.Now.
	Now func() time.Time
	// Sets are the sets of keys, one for each chat that verifies signatures.
	Sets []SetConfig
	// OnChange is told of every key that this process added or removed; nil does without. Of several replicas that find
	// a key due at once, one is told.
	OnChange func(context.Context, Change)
	// OnRead is told how each round of Run went, as Load has it; nil does without.
	OnRead func(error)
}

// SetConfig describes the keys of one chat.
type SetConfig struct {
	// Name is the chat's name. Stored keys live under it, so another name is another set of keys.
	Name string
	// Files are unencrypted PEM files (PKCS #1 or PKCS #8), one RSA key of at least 2048 bits in each, used instead of
	// stored keys. The first one signs; the others are published only. To rotate without a refused token: add the new
	// file at the end, a quarter of an hour later move it to the front, and two hours later remove the old one.
	Files []string
	// RotateEvery is how long a stored key signs before Run has another one take over, at least as long as one rotation
	// takes; 0 leaves that to Rotate.
	RotateEvery time.Duration
}

// Keyring is all sets of keys. It is safe for concurrent use.
type Keyring struct {
	bucket   store.Bucket[document]
	storeNow func(context.Context) (time.Time, error)
	log      *slog.Logger
	now      func() time.Time
	onChange func(context.Context, Change)
	onRead   func(error)
	sets     []*Set // by name
	union    atomic.Pointer[Document]
}

// New checks the configuration and reads the PEM files; a key that is weak or of another kind is an error that names
// its file (G1, S99). Stored keys are not read yet: that is Load or Run.
func New(cfg Config) (*Keyring, error) {
	if cfg.Store == nil {
		return nil, errors.New("keyring: a store is needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func(context.Context, Change) {}
	}
	if cfg.OnRead == nil {
		cfg.OnRead = func(error) {}
	}
	k := &Keyring{
		bucket: store.NewBucket[document](cfg.Store.Durable("keyring")), storeNow: cfg.Store.Time,
		log: cfg.Log, now: cfg.Now, onChange: cfg.OnChange, onRead: cfg.OnRead,
	}
	owners := map[string]string{}
	for _, sc := range cfg.Sets {
		s, err := k.newSet(sc, owners)
		if err != nil {
			return nil, fmt.Errorf("keyring: chat %q: %w", sc.Name, err)
		}
		k.sets = append(k.sets, s)
	}
	slices.SortFunc(k.sets, func(a, b *Set) int { return cmp.Compare(a.name, b.name) })
	if err := k.publish(); err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return k, nil
}

// newSet checks one set. Owners maps each kid that came from a file to its chat: a key that two chats share would let
// the tokens of one into the other (G4, G5).
func (k *Keyring) newSet(sc SetConfig, owners map[string]string) (*Set, error) {
	switch {
	case sc.Name == "":
		return nil, errors.New("a name is needed")
	case k.Set(sc.Name) != nil:
		return nil, errors.New("configured twice")
	case sc.RotateEvery != 0 && sc.RotateEvery < shortestTurn:
		return nil, fmt.Errorf("keys must sign for %s or longer, got %s", shortestTurn, sc.RotateEvery)
	}
	s := &Set{name: sc.Name, now: k.now, rotateEvery: sc.RotateEvery, fromFiles: len(sc.Files) > 0}
	if !s.fromFiles {
		return s, nil
	}
	var keys []signingKey
	for _, path := range sc.Files {
		key, exposed, err := k.readFile(path)
		if err != nil {
			return nil, fmt.Errorf("signing key file %q: %w", path, err)
		}
		if exposed {
			s.exposed = append(s.exposed, path)
		}
		if owner, taken := owners[key.kid]; taken {
			return nil, fmt.Errorf("signing key file %q: chat %q has this key already", path, owner)
		}
		owners[key.kid] = sc.Name
		keys = append(keys, key)
	}
	g, err := newGeneration(document{}, keys, keys[:1])
	if err != nil {
		return nil, err
	}
	s.current.Store(g)
	return s, nil
}

// Set returns the keys of a chat, or nil for a chat that has none.
func (k *Keyring) Set(name string) *Set {
	i := slices.IndexFunc(k.sets, func(s *Set) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return k.sets[i]
}

// named is Set for those who were given a name by somebody.
func (k *Keyring) named(chat string) (*Set, error) {
	if s := k.Set(chat); s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("signing keys of %q: no such set", chat)
}

// Ready returns nil once every set is loaded, else an ErrNotLoaded that names the first one missing.
func (k *Keyring) Ready() error {
	for _, s := range k.sets {
		if _, err := s.loaded(); err != nil {
			return err
		}
	}
	return nil
}

// JWKS returns every public key, or ErrNotLoaded until all sets are there: a consumer that caches half of the keys
// would refuse good tokens for as long.
func (k *Keyring) JWKS() (Document, error) {
	if d := k.union.Load(); d != nil {
		return *d, nil
	}
	return Document{}, k.Ready()
}

// publish renders the union anew, once there is one.
func (k *Keyring) publish() error {
	var all []signingKey
	for _, s := range k.sets {
		g, err := s.loaded()
		if err != nil {
			return nil
		}
		all = append(all, g.published...)
	}
	d, err := render(all)
	if err != nil {
		return err
	}
	k.union.Store(&d)
	return nil
}

// String names the sets and tells nothing of their keys.
func (k *Keyring) String() string { return fmt.Sprintf("keyring of %v", k.sets) }
