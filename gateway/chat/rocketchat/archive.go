package rocketchat

import (
	"context"
	"errors"
	"fmt"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// What is kept on a person, by the kinds of chat.Record.
type (
	// linkRecord, "account_link", is whose account is whose.
	linkRecord struct {
		UserID string `json:"user_id"`
	}
	// profileRecord, "profile", is what the account is to be like, and what it was given for that.
	profileRecord struct {
		Name         string            `json:"name,omitempty"`
		Email        string            `json:"email,omitempty"`
		Picture      string            `json:"picture,omitempty"`
		CustomFields map[string]string `json:"custom_fields,omitempty"`
		Roles        []string          `json:"roles,omitempty"`
		Channels     []string          `json:"channels,omitempty"`
		Teams        []string          `json:"teams,omitempty"`
		GivenRoles   []string          `json:"given_roles,omitempty"`
		GivenPlaces  []string          `json:"given_places,omitempty"`
		ToldAt       int64             `json:"told_at,omitempty"` // Unix seconds
	}
	// creationRecord, "account_creation", is an account that Rocket.Chat was asked to make and has not answered about.
	creationRecord struct {
		Username string `json:"username"`
	}
	// standingRecord, "standing", is what the access rules said of the person last.
	standingRecord struct {
		LeftOut string `json:"left_out,omitempty"`
		ToldAt  int64  `json:"told_at"` // Unix seconds
	}
	// passwordRecord, "account_password", says that the account's password was made here. The password is a secret and is
	// not told.
	passwordRecord struct {
		MadeHere bool `json:"made_here"`
	}
)

// Export tells what is kept on an identity at this workspace.
func (c *connector) Export(ctx context.Context, provider, subject string) ([]chat.Record, error) {
	creation, err := c.creation(ctx, provider, subject)
	if err != nil {
		return nil, err
	}
	userID, err := c.accounts.links.Account(ctx, provider, subject)
	if errors.Is(err, store.ErrNotFound) {
		return creation, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read account link: %w", err)
	}
	kept, err := c.keptByAccount(ctx, Link{Provider: provider, Subject: subject, UserID: userID})
	if err != nil {
		return nil, err
	}
	return append(kept, creation...), nil
}

// keptByAccount are the link and the records that stand by its account, as far as they are about its person.
func (c *connector) keptByAccount(ctx context.Context, l Link) ([]chat.Record, error) {
	link, err := c.accounts.links.link(ctx, l.Provider, l.Subject)
	if err != nil {
		return nil, err
	}
	account, err := c.accounts.links.account(ctx, l.UserID)
	if err != nil {
		return nil, err
	}
	kept := []chat.Record{{Kind: "account_link", Data: linkRecord{UserID: l.UserID}}}
	p, err := c.profiles.records.Get(ctx, account)
	if err := tell(&kept, p.Link == link, "profile", p.record(), err); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	s, err := c.leavers.standings.Get(ctx, account)
	if err := tell(&kept, s.Link == link, "standing", standingRecord{LeftOut: string(s.Out), ToldAt: s.Told}, err); err != nil {
		return nil, fmt.Errorf("read standing: %w", err)
	}
	_, err = c.accounts.passwords.seeds.Get(ctx, account)
	if err := tell(&kept, true, "account_password", passwordRecord{MadeHere: true}, err); err != nil {
		return nil, fmt.Errorf("read seed of password: %w", err)
	}
	return kept, nil
}

// tell appends a record that was found and is theirs, and returns the error of one that could not be read.
func tell(kept *[]chat.Record, theirs bool, kind string, data any, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && theirs {
		*kept = append(*kept, chat.Record{Kind: kind, Data: data})
	}
	return err
}

func (c *connector) creation(ctx context.Context, provider, subject string) ([]chat.Record, error) {
	name, err := c.accounts.links.link(ctx, provider, subject)
	if err != nil {
		return nil, err
	}
	b, err := c.accounts.beginning(ctx, name)
	if err != nil || b.Username == "" {
		return nil, err
	}
	return []chat.Record{{Kind: "account_creation", Data: creationRecord{Username: b.Username}}}, nil
}

func (p profile) record() profileRecord {
	r := profileRecord{
		Name: p.Wanted.Name, Email: p.Wanted.Email, Picture: p.Wanted.Avatar, CustomFields: p.Wanted.Fields,
		Roles: p.Wanted.Roles, Channels: p.Wanted.Channels, Teams: p.Wanted.Teams, GivenRoles: p.Given.Roles, ToldAt: p.Told,
	}
	for _, given := range p.Given.Places {
		r.GivenPlaces = append(r.GivenPlaces, given.Name)
	}
	return r
}

// Erase forgets whose the account is and what is known of the person, and ends what they have open there. The link goes
// last, because all else is found by it: whoever is interrupted begins anew.
//
// Two things stay, which are the account's and tell nothing of the person: what it was given by groups, so that whoever
// has it next loses what they do not merit, and what its password is derived from, without which nobody could open it.
func (c *connector) Erase(ctx context.Context, provider, subject string) error {
	return c.accounts.alone(ctx, provider, subject, func(ctx context.Context) error {
		userID, err := c.accounts.links.Account(ctx, provider, subject)
		if err == nil {
			err = c.eraseAccount(ctx, Link{Provider: provider, Subject: subject, UserID: userID})
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("erase: %w", err)
		}
		name, err := c.accounts.links.link(ctx, provider, subject)
		if err != nil {
			return err
		}
		return c.accounts.begun.Delete(ctx, name)
	})
}

func (c *connector) eraseAccount(ctx context.Context, link Link) error {
	return c.accounts.links.alone(ctx, func(ctx context.Context) error { return c.Desk().release(ctx, link) }, link.UserID)
}

// forget leaves of what is kept by an account nothing that is about the person who has it, or had it.
func (c *connector) forget(ctx context.Context, userID string) error {
	account, err := c.accounts.links.account(ctx, userID)
	if err != nil {
		return err
	}
	if err := c.leavers.standings.Delete(ctx, account); err != nil {
		return fmt.Errorf("forget standing: %w", err)
	}
	return c.profiles.anonymise(ctx, account)
}

// anonymise leaves of an account's profile what was given to the account: that is known by names of roles and places.
func (p *profiles) anonymise(ctx context.Context, account string) error {
	left, err := p.records.Update(ctx, account, profileLife, func(was profile) (profile, error) {
		return profile{Given: given{Roles: was.Given.Roles, Places: was.Given.Places}}, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && left.Given.nothing() {
		err = p.records.Delete(ctx, account)
	}
	if err != nil {
		return fmt.Errorf("forget profile: %w", err)
	}
	return nil
}
