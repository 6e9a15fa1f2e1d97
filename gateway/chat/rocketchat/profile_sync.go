package rocketchat

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chatgate/gateway/audit"
	"chatgate/store"
)

// reportedFor is how long an operator is not told the same again.
const reportedFor = 24 * time.Hour

// sync carries one person's profile over. Whatever of it was done before, by a job that was interrupted or on another
// replica, is found done: every step begins with looking.
func (p *profiles) sync(ctx context.Context, j syncJob) error {
	return p.links.alone(ctx, func(ctx context.Context) error { return p.carryOver(ctx, j) }, j.UserID)
}

func (p *profiles) carryOver(ctx context.Context, j syncJob) error {
	name, err := p.links.account(ctx, j.UserID)
	if err != nil {
		return err
	}
	found, err := p.records.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read profile: %w", err)
	}
	if found.settled(p.now()) { // another job has seen to it
		return nil
	}
	if theirs, err := p.concerns(ctx, found, j); err != nil || !theirs {
		return err
	}
	u := &update{profiles: p, job: j, name: name, profile: found}
	if err := u.carryOver(ctx); err != nil {
		return err
	}
	return u.settle(ctx)
}

// concerns says whether a profile is what the job's person said, and the account still theirs.
func (p *profiles) concerns(ctx context.Context, found profile, j syncJob) (bool, error) {
	link, err := p.links.link(ctx, j.Provider, j.Subject)
	if err != nil || found.Link != link {
		return false, err
	}
	return p.links.has(ctx, j.Provider, j.Subject, j.UserID)
}

// update is one profile on its way to its account.
type update struct {
	*profiles
	profile
	job     syncJob
	name    string // of the profile
	account account
	// refused is what no repetition can help, for the operator.
	refused []error
}

func (u *update) carryOver(ctx context.Context) error {
	err := u.read(ctx)
	if errors.Is(err, errNoAccount) { // the next sign-in makes another
		return nil
	}
	if err != nil {
		return u.tried(err)
	}
	if !u.touchable() {
		return nil
	}
	for _, step := range []func(context.Context) error{u.setRoles, u.setPlaces, u.setName, u.setFields, u.setAddress, u.setAvatar} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// read looks at the account as it is now, and at its rooms where they matter.
func (u *update) read(ctx context.Context) (err error) {
	if len(u.Wanted.Channels)+len(u.Wanted.Teams)+len(u.Given.Places) == 0 {
		u.account, err = u.workspace.byID(ctx, u.job.UserID)
		return err
	}
	traits, err := u.workspace.traits(ctx)
	if err != nil {
		return err
	}
	u.account, err = u.workspace.withRooms(ctx, traits.version, u.job.UserID)
	return err
}

// touchable leaves alone what is nobody's account, whoever is linked to it, and one that is switched off. An account
// that does not show its type and roles could be anything.
func (u *update) touchable() bool {
	a := u.account
	if a.Type == "" || a.Roles == nil {
		u.refused = append(u.refused, hiddenAccount())
		return false
	}
	return a.ID != u.workspace.self.userID && a.Type == "user" && !a.deactivated()
}

// tried returns how a call ended, but for what no repetition can help: that is kept, and the rest goes on without it.
func (u *update) tried(err error) error {
	if err == nil || !hopeless(err) {
		return err
	}
	u.refused = append(u.refused, err)
	return nil
}

var errRelinked = errors.New("the account is linked otherwise now")

// save writes down what is about to be given, or was taken, so that a crash after it loses nothing of it.
func (u *update) save(ctx context.Context) error {
	_, err := u.records.Update(ctx, u.name, profileLife, func(stands profile) (profile, error) {
		if stands.Link != u.Link {
			return stands, errRelinked
		}
		stands.Given = u.Given
		return stands, nil
	})
	if err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	return nil
}

// settle notes what was carried over, and tells the operator what was not. News that came meanwhile have a job of their
// own.
func (u *update) settle(ctx context.Context) error {
	lasts := carriedFor
	if len(u.refused) > 0 {
		lasts = refusedFor
	}
	_, err := u.records.Update(ctx, u.name, profileLife, func(stands profile) (profile, error) {
		if stands.Link != u.Link {
			return stands, errRelinked
		}
		stands.Given, stands.Carried, stands.Until = u.Given, u.Wanted.digest(), u.now().Add(lasts).Unix()
		return stands, nil
	})
	if err != nil {
		return fmt.Errorf("settle profile: %w", err)
	}
	for _, err := range u.refused {
		u.report(ctx, err)
	}
	return nil
}

// report tells the operator of a refusal once a day: one that is about this account alone with its id, and any other
// for all accounts at once.
func (u *update) report(ctx context.Context, refused error) {
	text, attrs := refused.Error(), []any{"chat", u.chat, "err", refused}
	if _, general := errors.AsType[*operatorError](refused); !general {
		text += u.job.UserID
		attrs = append(attrs, "account", u.job.UserID)
	}
	sum := sha256.Sum256([]byte(text))
	err := u.reported.Add(ctx, base64.RawURLEncoding.EncodeToString(sum[:]), struct{}{}, reportedFor)
	if errors.Is(err, store.ErrExists) {
		return
	}
	u.log.ErrorContext(ctx, "account not kept like its person", attrs...)
}

// record writes the audit line of an act that changes what a person may do.
func (u *update) record(ctx context.Context, act audit.Act, attr slog.Attr) {
	u.audit.Record(ctx, audit.Event{
		Act: act, Actor: audit.ActorGateway, Chat: u.chat, Provider: u.job.Provider, Subject: u.job.Subject,
		Attrs: []slog.Attr{slog.String("account", u.job.UserID), attr},
	})
}
