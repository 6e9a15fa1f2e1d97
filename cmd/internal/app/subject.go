package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"chatgate/gateway"
	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/outbox"
)

// Dossier is what the gateway holds on one person, fit to be handed to them: no token, no key and no cookie is in it.
type Dossier struct {
	Provider string `json:"provider"`
	Subject  string `json:"subject"`
	// Sessions are the signed-in browsers.
	Sessions []DossierSession `json:"sessions"`
	// Chats is what each chat's connector keeps, by the chat's name.
	Chats map[string][]chat.Record `json:"chats"`
	// LoginTokens are the logins in chats that the ledger has to have revoked in the end.
	LoginTokens []DossierToken `json:"login_tokens"`
	// Jobs are those that wait and name the person.
	Jobs []DossierJob `json:"jobs"`
}

// DossierSession is one signed-in browser.
type DossierSession struct {
	ID       string            `json:"id"`
	Username string            `json:"username,omitempty"`
	Name     string            `json:"name,omitempty"`
	Email    string            `json:"email,omitempty"`
	Picture  string            `json:"picture,omitempty"`
	Verified bool              `json:"email_verified"`
	Groups   []string          `json:"groups"`
	Claims   map[string]string `json:"claims,omitempty"`
	Begun    time.Time         `json:"begun"`
	Seen     time.Time         `json:"seen,omitzero"`
	Told     time.Time         `json:"rechecked,omitzero"`
	Ends     time.Time         `json:"ends"`
	Browser  string            `json:"browser,omitempty"`
	System   string            `json:"system,omitempty"`
	Address  string            `json:"address,omitempty"`
	Open     []string          `json:"chats_open"`
}

// DossierToken is a login in a chat, without the token.
type DossierToken struct {
	Chat    string    `json:"chat"`
	UserID  string    `json:"user_id"`
	Expires time.Time `json:"expires"`
	Revoked time.Time `json:"revoked_by,omitzero"` // at the latest
}

// DossierJob is work that waits, without its payload.
type DossierJob struct {
	Kind     string    `json:"kind"`
	Chat     string    `json:"chat,omitempty"`
	Enqueued time.Time `json:"enqueued"`
	Attempts int       `json:"failed_attempts"`
}

// Empty says that nothing is held.
func (d *Dossier) Empty() bool {
	return len(d.Sessions)+len(d.Chats)+len(d.LoginTokens)+len(d.Jobs) == 0
}

// Dossier gathers what is held on a person.
func (t *Tools) Dossier(ctx context.Context, provider, subject string) (*Dossier, error) {
	d := &Dossier{
		Provider: provider, Subject: subject, Sessions: []DossierSession{},
		Chats: map[string][]chat.Record{}, LoginTokens: []DossierToken{}, Jobs: []DossierJob{},
	}
	for _, part := range []func(context.Context, *Dossier) error{t.addSessions, t.addChats, t.addTokens, t.addJobs} {
		if err := part(ctx, d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (t *Tools) addSessions(ctx context.Context, d *Dossier) error {
	return t.Sessions().EachOf(ctx, d.Provider, d.Subject, func(s SeenSession) error {
		id := s.Identity
		one := DossierSession{
			ID: s.Label(), Username: id.Username, Name: id.Name, Email: id.Email, Verified: id.EmailVerified, Picture: id.Picture,
			Groups: id.Groups, Claims: id.Custom, Begun: s.Begun.UTC(), Seen: s.Seen.UTC(), Told: s.Rechecked.UTC(), Ends: s.Ends.UTC(),
			Browser: s.From.Browser, System: s.From.System, Address: s.From.Address, Open: append([]string{}, s.Open...),
		}
		d.Sessions = append(d.Sessions, one)
		return nil
	})
}

func (t *Tools) addChats(ctx context.Context, d *Dossier) error {
	for name, archive := range t.archives() {
		records, err := archive.Export(ctx, d.Provider, d.Subject)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(records) > 0 {
			d.Chats[name] = records
		}
	}
	return nil
}

func (t *Tools) addTokens(ctx context.Context, d *Dossier) error {
	held, err := t.app.parts.ledger.OfSubject(ctx, d.Provider, d.Subject)
	for _, h := range held {
		d.LoginTokens = append(d.LoginTokens, DossierToken{Chat: h.Chat, UserID: h.UserID, Expires: h.Expires.UTC(), Revoked: h.End.UTC()})
	}
	return err
}

// addJobs finds the jobs whose payload names the person, as those of all connectors do. A revocation that the sweep has
// queued names an account alone, and one at the provider a refresh token alone.
func (t *Tools) addJobs(ctx context.Context, d *Dossier) error {
	return t.app.parts.outbox.Waiting(ctx, func(job outbox.Job) {
		var about struct {
			Provider string `json:"p"`
			Subject  string `json:"b"`
		}
		if json.Unmarshal(job.Payload, &about) != nil || about.Provider != d.Provider || about.Subject != d.Subject {
			return
		}
		d.Jobs = append(d.Jobs, DossierJob{Kind: job.Kind, Chat: job.Chat, Enqueued: job.Enqueued.UTC(), Attempts: job.Attempts})
	})
}

// archives are the connectors that keep something on people, by the chat's name.
func (t *Tools) archives() map[string]chat.Archivist {
	archives := map[string]chat.Archivist{}
	t.connectors(func(name string, c gateway.Chat) {
		if a, ok := c.Connector.(chat.Archivist); ok {
			archives[name] = a
		}
	})
	return archives
}

// Remains are what Erase leaves, and why.
func (t *Tools) Remains() []string {
	remains := slices.Clone(remains)
	if kept := t.Remembers(); kept != "" {
		remains = append(remains, "why requests of theirs were refused, for "+kept+" (explain.keep), by provider and subject")
	}
	return append(remains, "copies in backups, until they are replaced")
}

var remains = []string{
	"the audit log: it is evidence, names nobody but by provider and subject, and is kept and removed by whoever collects it",
	"accounts in the chats with all that was written there: remove the account in Rocket.Chat, Talk or Coral itself",
	"the user id in Talk, which is computed from provider and subject and stands in no record here",
	"what a Rocket.Chat account was given by groups, and what its password is made of: both are the account's, and name nobody",
}

// Erase ends everything that is open for a person and then removes what is kept on them, chat by chat; one that fails
// holds up no other. It says how many sessions ended. Whoever is interrupted begins anew.
func (t *Tools) Erase(ctx context.Context, provider, subject string) (ended int, err error) {
	ended, err = t.Sessions().End(ctx, Which{Provider: provider, Subject: subject})
	if unopened, _ := errors.AsType[*UnopenedError](err); err != nil && unopened == nil {
		return ended, err
	}
	var failures []error
	archives := t.archives()
	for _, name := range slices.Sorted(maps.Keys(archives)) {
		if err := archives[name].Erase(ctx, provider, subject); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", name, err))
		}
	}
	if len(failures) > 0 {
		return ended, errors.Join(append(failures, err)...)
	}
	t.app.audit.Record(ctx, audit.Event{
		Act: audit.SubjectErased, Actor: audit.ActorOperator, Provider: provider, Subject: subject,
		Attrs: []slog.Attr{slog.Int("sessions", ended)},
	})
	return ended, err // of sessions that are over, and of which something is left
}
