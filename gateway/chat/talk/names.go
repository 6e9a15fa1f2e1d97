package talk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// names is the register of usernames at one site, where that gives nobody a name that somebody else has there
// (T-D15). It is kept among the durable records: who came first keeps a name, whichever replica they came to
// and however long ago.
//
// A nil register lets everyone have the name they ask for.
type names struct {
	profile Profile
	// scope tells this site's names, and those of the generation of its user ids, from others.
	scope   []string
	derive  *store.Names
	people  store.Bucket[registered] // by user id
	holders store.Bucket[holder]     // by name
	every   store.Index              // all people, so that sealing keys can be replaced
	locks   store.Locks              // one call at a time for one person
	// elsewhere says whether another replica holds the sealing key with this fingerprint.
	elsewhere func(fingerprint string) bool
}

// registered is the name of one person.
type registered struct {
	Wanted string `json:"w"`           // what was asked for, by which a person who renames is told
	Name   string `json:"n"`           // what they got
	Former string `json:"f,omitempty"` // to be freed
}

// holder is whose a name is.
type holder struct {
	ID string `json:"i"` // the user id
}

// newNames opens the register of a site. One that gives everyone the name they ask for may have entries all the same, of a
// time when it did not.
func newNames(cfg *Config, env chat.Env) *names {
	return &names{
		profile: cfg.Profile, scope: []string{env.Name, strconv.FormatUint(uint64(cfg.Generation), 10)}, derive: env.Names,
		people:  store.NewBucket[registered](env.Store.Durable("talknames").In(env.Name)),
		holders: store.NewBucket[holder](env.Store.Durable("talkholders").In(env.Name)),
		every:   store.NewIndex(env.Store.Durable("talknamed").In(env.Name)),
		locks:   store.NewLocks(env.Store.Passing("talknames").In(env.Name)),

		elsewhere: env.Heartbeat.Held,
	}
}

// named is the account under the name that it goes by at this site.
func (c *connector) named(ctx context.Context, a account) (_ account, err error) {
	a.Username, err = c.names.of(ctx, a.ID, a.Username)
	return a, err
}

// holdName is how long one settling of a name may take. It is some ten commands of the store, or once in a while thirty.
const holdName = 10 * time.Second

// of returns the name that a person goes by who asks for one: the same every time, for as long as they ask for the same.
// Whoever renames upstream takes another, and their former name is free again. It costs one command of the store, where
// nothing changed.
//
// Whose record nobody holds the sealing key of goes by a stopgap until the key is back.
func (n *names) of(ctx context.Context, userID, wanted string) (string, error) {
	if n == nil {
		return wanted, nil
	}
	name, err := n.register(ctx, userID, wanted)
	if n.keyless(err) {
		return n.stopgap(ctx, userID, wanted)
	}
	return name, err
}

func (n *names) register(ctx context.Context, userID, wanted string) (string, error) {
	kept, err := n.kept(ctx, userID)
	if err != nil {
		return "", err
	}
	if n.settled(kept, wanted) && kept.Former == "" {
		return kept.Name, nil
	}
	err = n.locks.Do(ctx, userID, holdName, func(ctx context.Context) error {
		kept, err = n.settle(ctx, userID, wanted)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("register a username: %w", err)
	}
	return kept.Name, nil
}

// settled says whether what a person has answers what they ask for. Coral never renames a person of OpenID Connect (G22):
// there the first name stays theirs for ever, because it is shown for ever.
func (n *names) settled(kept registered, wanted string) bool {
	return kept.Wanted == wanted || kept.Name != "" && n.profile == CoralOIDC
}

// stopgap is a name that is the same every time and that nobody can foresee, and so take. It is registered nowhere: a
// record may be written over only once it is sure that nothing will open it again.
func (n *names) stopgap(ctx context.Context, userID, wanted string) (string, error) {
	letters, err := n.derive.Of(ctx, "talk stopgap username", append([]string{userID}, n.scope...)...)
	if err != nil {
		return "", fmt.Errorf("make up a username: %w", err)
	}
	return n.lettered(wanted, letters), nil
}

// kept is what is registered of a person, or nothing. Where that is garbage, the holders still say which name is theirs.
func (n *names) kept(ctx context.Context, userID string) (registered, error) {
	kept, err := n.people.Get(ctx, userID)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrCorrupt) {
		return registered{}, nil
	}
	if err != nil {
		return registered{}, fmt.Errorf("read the username of a talk user: %w", err)
	}
	return kept, nil
}

// keyless says whether a record is one that no live replica holds the key of, so that waiting for it could shut its owner
// out for good (S68). It is passing evidence: the replicas that have the key may be about to start. What another replica can
// open is not keyless: there the answer is 503, until this one has the key too (D23).
func (n *names) keyless(err error) bool {
	unknown, ok := errors.AsType[*store.UnknownKeyError](err)
	return ok && !n.elsewhere(unknown.Fingerprint)
}

// settle gives a person the name they ask for. A new name is theirs before the former is let go of, so that whatever comes
// in between leaves them with one too many, which the next call frees.
func (n *names) settle(ctx context.Context, userID, wanted string) (registered, error) {
	kept, err := n.kept(ctx, userID)
	if err != nil {
		return registered{}, err
	}
	if kept, err = n.free(ctx, userID, kept); err != nil || n.settled(kept, wanted) {
		return kept, err
	}
	name, err := n.claim(ctx, userID, wanted)
	if err != nil {
		return registered{}, err
	}
	next := registered{Wanted: wanted, Name: name}
	if n.fold(kept.Name) != n.fold(name) {
		next.Former = kept.Name
	}
	if err := n.every.Put(ctx, everyone, userID, indexed, 0); err != nil {
		return registered{}, err
	}
	if err := n.people.Put(ctx, userID, next, 0); err != nil {
		return registered{}, err
	}
	return n.free(ctx, userID, next)
}

// free lets go of the former name of a person who has one.
func (n *names) free(ctx context.Context, userID string, kept registered) (registered, error) {
	if kept.Former == "" {
		return kept, nil
	}
	if err := n.release(ctx, userID, kept.Former); err != nil {
		return registered{}, err
	}
	kept.Former = ""
	return kept, n.people.Put(ctx, userID, kept, 0)
}

// tries is how many people share a name before one gets letters of the user id behind it and no longer a number.
// randomTries follow, with letters that nobody can foresee: whoever holds all the others keeps nobody out.
const (
	tries       = 20
	randomTries = 5
)

// claim takes the first name that is free, or that the person has already: the one wanted, or that with a number.
func (n *names) claim(ctx context.Context, userID, wanted string) (string, error) {
	for i := range tries + 1 + randomTries {
		name := n.candidate(userID, wanted, i)
		key, err := n.key(ctx, name)
		if err != nil {
			return "", err
		}
		err = n.holders.Add(ctx, key, holder{ID: userID}, 0)
		if errors.Is(err, store.ErrExists) {
			var mine bool
			if mine, err = n.holds(ctx, key, userID); err == nil && !mine {
				continue
			}
		}
		return name, err
	}
	return "", errors.New("no username is free")
}

// holds says whether a name is the person's. A record that nobody can open is somebody else's.
func (n *names) holds(ctx context.Context, key, userID string) (bool, error) {
	h, err := n.holders.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrCorrupt), n.keyless(err):
		return false, nil
	case err != nil:
		return false, err
	}
	return h.ID == userID, nil
}

// key is what a name is kept under, which tells a reader of a dump nothing.
func (n *names) key(ctx context.Context, name string) (string, error) {
	return n.derive.Of(ctx, "talk username", append([]string{n.fold(name)}, n.scope...)...)
}

// fold makes one of names that would be one at the site. Talk 4 takes digits and everything else out of them that is no
// letter.
func (n *names) fold(name string) string {
	if n.profile == Talk4 {
		name = strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '_'
			case isASCIILetter(r), r == '_':
				return r
			}
			return -1
		}, name)
	}
	return folded(name)
}

// candidate is the name of the i-th try in the form that the profile needs.
func (n *names) candidate(userID, wanted string, i int) string {
	switch {
	case i == 0:
		return wanted
	case i == tries:
		return n.lettered(wanted, userID)
	case i > tries:
		return n.lettered(wanted, rand.Text())
	case n.profile == Talk4:
		return n.longer(wanted, "_"+"abcdefghijklmnopqrst"[i:i+1]) // b for the second, since Talk 4 takes digits out
	default:
		return n.longer(wanted, "_"+strconv.Itoa(i+1))
	}
}

// lettered is a name with letters behind it that are made of an id.
func (n *names) lettered(name, id string) string {
	return n.longer(name, strings.TrimPrefix(madeUp(id), "user"))
}

// longer is a name with more behind it, cut where the two would be too long.
func (n *names) longer(name, more string) string {
	limit := maxUsername
	if n.profile == CoralOIDC {
		limit = maxCoralUsername
	}
	return cut(name, limit-len(more)) + more
}
