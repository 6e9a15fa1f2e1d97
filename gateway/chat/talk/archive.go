package talk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// What is kept on a person, by the kinds of chat.Record. The user id itself is derived, and no record unless it came from
// somebody or went to somebody: it cannot be erased, and leads to nobody without the key that it is derived by.
type (
	// nameRecord, "username", is a name that nobody else gets at this site, and what was asked for.
	nameRecord struct {
		UserID   string `json:"user_id"`
		Username string `json:"username"`
		Wanted   string `json:"wanted,omitempty"`
	}
	// issueRecord, "issue", lets the site's servers ask for tokens by the user id.
	issueRecord struct {
		UserID string `json:"user_id"`
	}
	// aliasRecord, "alias", is a user id that the person has from who they were at a former provider.
	aliasRecord struct {
		UserID         string `json:"user_id"`
		FormerProvider string `json:"former_provider,omitempty"`
		FormerSubject  string `json:"former_subject,omitempty"`
	}
	// givenRecord, "alias_given", is a user id that went over to who they are at another provider.
	givenRecord struct {
		UserID string `json:"user_id"`
	}
)

var _ chat.Archivist = (*connector)(nil)

// Export tells what is kept on an identity at this site.
func (c *connector) Export(ctx context.Context, provider, subject string) ([]chat.Record, error) {
	who := person{Provider: provider, Subject: subject}
	kept, err := c.exportAlias(ctx, who)
	if err != nil {
		return nil, err
	}
	err = c.eachID(ctx, who, func(id, _ string) error {
		entry, err := c.register.people.Get(ctx, id)
		if err := keep(&kept, "username", nameRecord{UserID: id, Username: entry.Name, Wanted: entry.Wanted}, err); err != nil {
			return fmt.Errorf("read the username of a talk user: %w", err)
		}
		asked, err := c.people.Get(ctx, id)
		if err == nil && asked != who {
			return nil
		}
		if err := keep(&kept, "issue", issueRecord{UserID: id}, err); err != nil {
			return fmt.Errorf("read whose the talk user id is: %w", err)
		}
		return nil
	})
	return kept, err
}

// keep appends a record that was found, and returns the error of one that could not be read.
func keep(kept *[]chat.Record, kind string, data any, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		*kept = append(*kept, chat.Record{Kind: kind, Data: data})
	}
	return err
}

func (c *connector) exportAlias(ctx context.Context, who person) (kept []chat.Record, err error) {
	key, err := c.aliases.key(ctx, who)
	if err != nil {
		return nil, err
	}
	record, err := c.aliases.record(ctx, key)
	if err != nil || record.Provider == "" { // none, or erased
		return nil, err
	}
	held, err := c.aliases.held(ctx, who, record)
	if err != nil {
		return nil, err
	}
	if record.From != "" {
		former, err := c.aliases.record(ctx, record.From)
		if err != nil {
			return nil, err
		}
		kept = append(kept, chat.Record{Kind: "alias", Data: aliasRecord{
			UserID: c.cfg.numbered(held), FormerProvider: former.Provider, FormerSubject: former.Subject,
		}})
	}
	if record.To != "" {
		kept = append(kept, chat.Record{Kind: "alias_given", Data: givenRecord{UserID: c.cfg.numbered(held)}})
	}
	return kept, nil
}

// Erase removes what is kept on an identity. A user id that came from somebody goes back to them. Of one that went over to
// somebody nothing is left but that it is theirs: that is kept without a name, for as long as the other has it, because a
// former subject must not get the id of somebody else.
//
// What is known by the id goes first, since the alias leads to it: whoever is interrupted begins anew.
func (c *connector) Erase(ctx context.Context, provider, subject string) error {
	who := person{Provider: provider, Subject: subject}
	err := c.eachID(ctx, who, func(id, generation string) error {
		if err := c.register.inGeneration(generation).forget(ctx, id); err != nil {
			return err
		}
		asked, err := c.people.Get(ctx, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && asked != who {
			return nil
		}
		return c.people.Delete(ctx, id)
	})
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return c.Aliases().erase(ctx, who)
}

// formerGenerations is how many raises of generation ago a server may have asked for tokens by a user id that is still kept.
const formerGenerations = 20

// eachID does something with every user id under which there may be a record of a person, and the generation that it is of.
func (c *connector) eachID(ctx context.Context, who person, do func(id, generation string) error) error {
	bases, err := c.aliases.bases(ctx, who)
	if err != nil {
		return err
	}
	named, err := members(ctx, c.register.every)
	if err != nil {
		return err
	}
	for _, base := range bases {
		ids := c.cfg.numberings(base)
		for _, e := range named {
			if strings.HasPrefix(e.Member, base) {
				ids = append(ids, e.Member)
			}
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			if err := do(id, generationOf(base, id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// bases are the user ids that are a person's, without what generations add: the derived one, and that of an alias. One that
// they gave away is somebody else's.
func (a *aliases) bases(ctx context.Context, who person) ([]string, error) {
	key, err := a.key(ctx, who)
	if err != nil {
		return nil, err
	}
	record, err := a.record(ctx, key)
	if err != nil {
		return nil, err
	}
	own, err := a.held(ctx, who, alias{})
	switch {
	case err != nil:
		return nil, err
	case record.ID == "" && record.To != "":
		return nil, nil
	case record.ID == "" || record.To != "":
		return []string{own}, nil
	}
	return []string{own, record.ID}, nil
}

// numberings are the ids that a person has or had at this site, as far as the configuration tells.
func (c *Config) numberings(base string) (ids []string) {
	for back := range min(c.Generation, formerGenerations) + 1 {
		name := numbered(base, ".", c.Generation-back)
		for n := range c.Deleted[name] + 1 {
			ids = append(ids, numbered(name, "-", n))
		}
	}
	return ids
}

// generationOf is the generation that an id is of, as names are registered by it.
func generationOf(base, id string) string {
	_, after, ok := strings.Cut(strings.TrimPrefix(id, base), ".")
	if !ok {
		return "0"
	}
	generation, _, _ := strings.Cut(after, "-")
	return generation
}
