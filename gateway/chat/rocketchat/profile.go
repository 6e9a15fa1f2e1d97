package rocketchat

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

// kindSync is the kind of the jobs that carry a profile over. Their payload is a syncJob.
const kindSync = "sync"

const (
	// profileLife is how long after a person's last sign-in it is remembered what they were given here. Who comes back
	// later keeps it.
	profileLife = 400 * 24 * time.Hour
	// carriedFor is how long a profile that was carried over is left alone: after that, the next sign-in puts right
	// what somebody has changed in Rocket.Chat.
	carriedFor = 24 * time.Hour
	// refusedFor is the same where Rocket.Chat refused a part: soon enough for the operator who has mended it.
	refusedFor = time.Hour
)

// profiles keep accounts like their people at the provider: a new sign-in notes what it says, and a job of the outbox
// carries it over. No sign-in waits for that, and none fails by it (R24).
type profiles struct {
	chat      string
	cfg       Accounts
	workspace *workspace
	links     *Links
	records   store.Bucket[profile]
	reported  store.Bucket[struct{}]
	outbox    *outbox.Outbox
	audit     *audit.Log
	log       *slog.Logger
	now       func() time.Time
}

// profile is the record of one account: what the newest sign-in or re-check of its person says, and what became of it. Jobs read it
// when they run, so that it does not matter in which order they do. It is the account's and not the person's, because
// what was given stays in the account when that is linked to somebody else, who may not merit it.
type profile struct {
	// Link is the name of the link of the person whose sign-in said so.
	Link   string `json:"l"`
	Wanted wanted `json:"w"`
	// Told is when the provider said so, in Unix seconds: what it said of the same person before counts for less.
	Told int64 `json:"b"`
	// Carried is the digest of what was carried over last, and Until how long that is believed, in Unix seconds.
	Carried string `json:"d,omitempty"`
	Until   int64  `json:"e,omitempty"`
	Given   given  `json:"g,omitzero"`
}

// wanted is what an account is to be like. What is empty is left as it is.
type wanted struct {
	Name     string            `json:"n,omitempty"`
	Email    string            `json:"m,omitempty"` // verified
	Avatar   string            `json:"p,omitempty"` // an https address
	Fields   map[string]string `json:"f,omitempty"`
	Roles    []string          `json:"r,omitempty"`
	Channels []string          `json:"c,omitempty"`
	Teams    []string          `json:"t,omitempty"`
}

// given is what the account has from us, and nobody else: only that is ever taken away.
type given struct {
	Roles  []string `json:"r,omitempty"`
	Places []place  `json:"p,omitempty"`
	Avatar string   `json:"a,omitempty"`
}

// syncJob says whose profile is to be carried over, and to which account.
type syncJob struct {
	UserID   string `json:"u"`
	Provider string `json:"p"`
	Subject  string `json:"b"`
}

// wants is what an identity's account is to be like by the configuration. Of a provider that is not believed it is
// nothing, so that what was given before is taken.
func (a Accounts) wants(id oidc.Identity) wanted {
	if !a.believes(id.Provider) {
		return wanted{}
	}
	w := wanted{
		Roles: a.Roles.of(id.Groups), Channels: a.Channels.of(id.Groups), Teams: a.Teams.of(id.Groups),
		Fields: map[string]string{},
	}
	if a.Sync.Name {
		w.Name = id.Name
	}
	if a.Sync.Email && id.EmailVerified {
		w.Email = id.Email
	}
	if a.Sync.Avatar && strings.HasPrefix(id.Picture, "https://") {
		w.Avatar = id.Picture
	}
	for field, claim := range a.Sync.CustomFields {
		if text := id.Custom[claim]; text != "" {
			w.Fields[field] = text
		}
	}
	return w
}

func (w wanted) nothing() bool { return w.digest() == wanted{}.digest() }

func (w wanted) digest() string {
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(w) // texts and lists of them always encode, and a hash takes all
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12])
}

// notice has the account kept like its person, after a sign-in that has succeeded whatever becomes of this.
func (p *profiles) notice(ctx context.Context, s session.Session, userID string) {
	if err := p.enqueue(ctx, s, userID); err != nil {
		p.log.WarnContext(ctx, "profile not noted", "chat", p.chat, "err", err)
	}
}

// recheck is enqueue for a person who is signed in, where the provider says something of them that it did not say before.
func (p *profiles) recheck(ctx context.Context, former, now session.Session) error {
	if p.cfg.wants(former.Identity).digest() == p.cfg.wants(now.Identity).digest() {
		return nil
	}
	userID, err := p.links.Account(ctx, now.Identity.Provider, now.Identity.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read account link: %w", err)
	}
	return p.enqueue(ctx, now, userID)
}

func (p *profiles) enqueue(ctx context.Context, s session.Session, userID string) error {
	link, err := p.links.link(ctx, s.Identity.Provider, s.Identity.Subject)
	if err != nil {
		return err
	}
	account, err := p.links.account(ctx, userID)
	if err != nil {
		return err
	}
	noted, err := p.note(ctx, account, profile{Link: link, Wanted: p.cfg.wants(s.Identity), Told: s.Rechecked.Unix()})
	if err != nil {
		return fmt.Errorf("note profile: %w", err)
	}
	if noted.settled(p.now()) {
		return nil
	}
	return p.outbox.Enqueue(ctx, kindSync, p.chat, syncJob{UserID: userID, Provider: s.Identity.Provider, Subject: s.Identity.Subject})
}

// note writes down what a sign-in says, unless a later one has spoken, and returns what stands.
func (p *profiles) note(ctx context.Context, account string, news profile) (profile, error) {
	stands, err := p.records.Update(ctx, account, profileLife, func(old profile) (profile, error) { return old.after(news), nil })
	if !errors.Is(err, store.ErrNotFound) {
		return stands, err
	}
	if news.Wanted.nothing() { // nor was anything given before
		return profile{}, nil
	}
	err = p.records.Add(ctx, account, news, profileLife)
	if errors.Is(err, store.ErrExists) { // another session of the person, at this moment
		return p.note(ctx, account, news)
	}
	return news, err
}

// after is the profile after further news. Whoever has the account now takes over what was given to it, whenever they
// signed in.
func (p profile) after(news profile) profile {
	news.Given = p.Given
	if news.Link != p.Link {
		return news
	}
	if news.Told < p.Told {
		return p
	}
	news.Carried, news.Until = p.Carried, p.Until
	return news
}

// settled says that there is nothing to carry over for now.
func (p profile) settled(now time.Time) bool {
	if p.Wanted.nothing() && p.Given.nothing() {
		return true
	}
	return p.Carried == p.Wanted.digest() && now.Before(time.Unix(p.Until, 0))
}

func (g given) nothing() bool { return len(g.Roles) == 0 && len(g.Places) == 0 }

// reseal brings the profiles of all linked accounts under the current sealing key: without them nothing could be taken
// away from people any more that they were given (D23).
func (p *profiles) reseal(ctx context.Context) error {
	return p.links.each(ctx, func(account string) error {
		_, err := p.records.Reseal(ctx, account, profileLife)
		return err
	})
}

// without is a list that lacks one of its values.
func without[T comparable](list []T, value T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(other T) bool { return other == value })
}
