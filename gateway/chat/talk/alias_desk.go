package talk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"chatgate/gateway/audit"
	"chatgate/store"
)

// Aliases is where an operator sees and changes who goes by somebody else's user id at this site, so that a provider can be
// replaced and nobody becomes a stranger (D6). It works while the gateway runs.
type Aliases struct{ c *connector }

// Aliases are those of this site.
func (c *connector) Aliases() *Aliases { return &Aliases{c: c} }

// Alias is one person who goes by the user id of who they were before.
type Alias struct {
	Provider, Subject string
	// UserID is as the site knows it.
	UserID string
	// FormerProvider and FormerSubject are who had it before; both are empty once that was erased.
	FormerProvider, FormerSubject string
}

// byOperator is how an alias came or went.
const byOperator audit.Reason = "operator"

// List returns every alias, by provider and subject. One that is removed meanwhile is left out, and so is one that was
// passed on.
func (d *Aliases) List(ctx context.Context) ([]Alias, error) {
	all, err := members(ctx, d.c.aliases.every)
	if err != nil {
		return nil, err
	}
	var listed []Alias
	for _, e := range all {
		record, err := d.c.aliases.record(ctx, e.Member)
		if err != nil {
			return nil, err
		}
		if record.ID == "" || record.To != "" {
			continue
		}
		former, err := d.c.aliases.record(ctx, record.From)
		if err != nil {
			return nil, err
		}
		listed = append(listed, Alias{
			Provider: record.Provider, Subject: record.Subject, UserID: d.c.cfg.numbered(record.ID),
			FormerProvider: former.Provider, FormerSubject: former.Subject,
		})
	}
	slices.SortFunc(listed, func(a, b Alias) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Subject, b.Subject))
	})
	return listed, nil
}

// holdAliases is how long one change may take: some twenty commands of the store, and some more for each session of the two
// people.
const holdAliases = 30 * time.Second

// alone lets work be the only one that changes aliases of this site, in any command.
func (d *Aliases) alone(ctx context.Context, work func(ctx context.Context) error) error {
	return d.c.aliases.locks.Do(ctx, "change", holdAliases, work)
}

// Unlink takes back what Replace or Import did for a person: who had their user id before has it again. It returns the alias
// that was there, or store.ErrNotFound. The tokens of both are revoked as far as the product can revoke them.
func (d *Aliases) Unlink(ctx context.Context, provider, subject string) (gone Alias, err error) {
	err = d.alone(ctx, func(ctx context.Context) error {
		gone, err = d.unlink(ctx, person{Provider: provider, Subject: subject})
		return err
	})
	return gone, err
}

// UnlinkUser is Unlink by the user id.
func (d *Aliases) UnlinkUser(ctx context.Context, userID string) (Alias, error) {
	all, err := d.List(ctx)
	if err != nil {
		return Alias{}, err
	}
	for _, a := range all {
		if a.UserID == userID {
			return d.Unlink(ctx, a.Provider, a.Subject)
		}
	}
	return Alias{}, store.ErrNotFound
}

// unlink is for whoever is alone. The id is let go of before it is given back, so that whatever comes in between leaves it
// with nobody; to unlink once more finishes that.
func (d *Aliases) unlink(ctx context.Context, who person) (Alias, error) {
	a := d.c.aliases
	key, err := a.key(ctx, who)
	if err != nil {
		return Alias{}, err
	}
	record, err := a.record(ctx, key)
	switch {
	case err != nil:
		return Alias{}, err
	case record.From == "":
		return Alias{}, store.ErrNotFound
	case record.To != "":
		return Alias{}, &RefusedError{Why: "the user id of " + who.String() + " went on to somebody else: take it from there first"}
	}
	former, err := a.record(ctx, record.From)
	if err != nil {
		return Alias{}, err
	}
	gone := Alias{
		Provider: who.Provider, Subject: who.Subject, UserID: d.c.cfg.numbered(record.ID),
		FormerProvider: former.Provider, FormerSubject: former.Subject,
	}
	giver := person{Provider: former.Provider, Subject: former.Subject}
	return gone, d.ending(ctx, func() error { return d.giveBack(ctx, key, record, former, gone) }, who, giver)
}

func (d *Aliases) giveBack(ctx context.Context, key string, record, former alias, gone Alias) error {
	a := d.c.aliases
	record.ID = ""
	if err := a.put(ctx, key, record); err != nil {
		return err
	}
	if former.To == key {
		former.To = ""
		if err := a.put(ctx, record.From, former); err != nil {
			return err
		}
	}
	record.From = ""
	if err := a.put(ctx, key, record); err != nil {
		return err
	}
	d.record(ctx, audit.LinkRemoved, person{Provider: gone.Provider, Subject: gone.Subject}, gone.UserID)
	return nil
}

// erase leaves nothing of a person. A user id that they took goes back; of one that they gave it stays known, without a
// name, that it is somebody else's.
func (d *Aliases) erase(ctx context.Context, who person) error {
	a := d.c.aliases
	return d.alone(ctx, func(ctx context.Context) error {
		key, err := a.key(ctx, who)
		if err != nil {
			return err
		}
		record, err := a.record(ctx, key)
		switch {
		case err != nil, record == (alias{}):
			return err
		case record.To == "":
			_, err := d.unlink(ctx, who)
			return err
		}
		record.Provider, record.Subject = "", ""
		return a.put(ctx, key, record)
	})
}

// ending has the tokens of people revoked whose user id changes, and those forgotten that pages would be given once more:
// before the change and once more after it, for what was signed in between.
func (d *Aliases) ending(ctx context.Context, change func() error, people ...person) error {
	if err := d.endTokens(ctx, people); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	// The change stands by now: an operator who stops the command here does not stop this.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	if err := d.endTokens(ctx, people); err != nil {
		return fmt.Errorf("the user id has changed, but a token with the former one may be good until it expires: %w", err)
	}
	return nil
}

// endWithin is how long the second look for tokens may take.
const endWithin = 10 * time.Second

func (d *Aliases) endTokens(ctx context.Context, people []person) error {
	for _, who := range people {
		if err := d.c.endTokensOf(ctx, who); err != nil {
			return err
		}
	}
	return nil
}

func (d *Aliases) record(ctx context.Context, act audit.Act, who person, userID string) {
	d.c.env.Audit.Record(ctx, audit.Event{
		Act: act, Reason: byOperator, Actor: audit.ActorOperator, Chat: d.c.env.Name,
		Provider: who.Provider, Subject: who.Subject, Attrs: []slog.Attr{slog.String("account", userID)},
	})
}

// String names a person for an operator.
func (p person) String() string {
	if p.Provider == "" {
		return "somebody who was erased"
	}
	return fmt.Sprintf("subject %q of provider %s", p.Subject, p.Provider)
}

// signedIn says whether somebody is signed in at the gateway, in whatever browser.
func (d *Aliases) signedIn(ctx context.Context, who person) (bool, error) {
	sessions, err := d.c.env.Sessions.OfSubject(ctx, who.Provider, who.Subject)
	if err != nil {
		return false, errors.Join(errors.New("look for sessions"), err)
	}
	return len(sessions) > 0, nil
}
