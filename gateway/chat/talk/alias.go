package talk

import (
	"context"
	"errors"
	"fmt"

	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/store"
)

// aliases say who goes by somebody else's user id at one site: by that of who they were at a provider that was replaced
// (D6). Everybody else's is derived and kept nowhere. Only commands write aliases, and no claim is looked at for them, so
// that nobody chooses whose id they have.
//
// They are kept among the durable records, under names that tell a reader of a dump nothing. An id has one owner: who gives
// theirs away has none, and nothing but taking it back gives them one.
type aliases struct {
	derive  *store.Names
	records store.Bucket[alias] // by person
	every   store.Index         // all people with a record, so that they can be listed and sealing keys be replaced
	locks   store.Locks         // one change at a time
}

// alias is what is kept of one person who has taken somebody's user id, or given theirs away. Both may be: a second
// provider was replaced too.
type alias struct {
	// Provider and Subject are the person's; both are empty once that was erased.
	Provider string `json:"p,omitempty"`
	Subject  string `json:"s,omitempty"`
	// ID is the user id that they took, without what the generation adds, and From the record of who had it before.
	ID   string `json:"i,omitempty"`
	From string `json:"f,omitempty"`
	// To is the record of who has theirs now.
	To string `json:"t,omitempty"`
}

func newAliases(env chat.Env) *aliases {
	return &aliases{
		derive:  env.Names,
		records: store.NewBucket[alias](env.Store.Durable("talkalias").In(env.Name)),
		every:   store.NewIndex(env.Store.Durable("talkaliases").In(env.Name)),
		locks:   store.NewLocks(env.Store.Passing("talkalias").In(env.Name)),
	}
}

// errGivenAway says that somebody's user id is another sign-in's now.
var errGivenAway = decision.Because(
	decision.AccountRefused, errors.New("the talk user id went over to another identity"), "reason", accountMoved.Code)

// userID is the id that a person goes by, without what the generation adds, or errGivenAway. A record that cannot be opened
// is an error too: who has an alias must never become a stranger because of it.
func (a *aliases) userID(ctx context.Context, who person) (string, error) {
	key, err := a.key(ctx, who)
	if err != nil {
		return "", err
	}
	record, err := a.record(ctx, key)
	switch {
	case err != nil:
		return "", err
	case record.To != "":
		return "", errGivenAway
	}
	return a.held(ctx, who, record)
}

// held is the id that a person has, or had before they gave it away.
func (a *aliases) held(ctx context.Context, who person, record alias) (string, error) {
	if record.ID != "" {
		return record.ID, nil
	}
	id, err := a.derive.Of(ctx, "talk user", who.Provider, who.Subject)
	if err != nil {
		return "", fmt.Errorf("derive the talk user id: %w", err)
	}
	return id, nil
}

// record is what is kept of a person, the zero value for almost everybody.
func (a *aliases) record(ctx context.Context, key string) (alias, error) {
	record, err := a.records.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return alias{}, nil
	}
	if err != nil {
		return alias{}, fmt.Errorf("read the alias of a talk user: %w", err)
	}
	return record, nil
}

// key is what a person's record is kept under.
func (a *aliases) key(ctx context.Context, who person) (string, error) {
	key, err := a.derive.Of(ctx, "talk alias", who.Provider, who.Subject)
	if err != nil {
		return "", fmt.Errorf("derive the name of an alias: %w", err)
	}
	return key, nil
}

// put writes a record, or removes one that says nothing any more.
func (a *aliases) put(ctx context.Context, key string, record alias) error {
	if record.From == "" && record.To == "" {
		if err := a.every.Drop(ctx, everyone, key); err != nil {
			return fmt.Errorf("unlist the alias of a talk user: %w", err)
		}
		if err := a.records.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove the alias of a talk user: %w", err)
		}
		return nil
	}
	if err := a.every.Put(ctx, everyone, key, indexed, 0); err != nil {
		return fmt.Errorf("list the alias of a talk user: %w", err)
	}
	if err := a.records.Put(ctx, key, record, 0); err != nil {
		return fmt.Errorf("write the alias of a talk user: %w", err)
	}
	return nil
}

// reseal brings every record under the current sealing key (D23), as names.reseal does.
func (a *aliases) reseal(ctx context.Context) (int, error) {
	return resealMembers(ctx, a.every, func(ctx context.Context, key string) (bool, error) {
		moved, err := a.records.Reseal(ctx, key, 0)
		if err != nil {
			return false, fmt.Errorf("reseal the alias of a talk user: %w", err)
		}
		return moved, nil
	})
}
