package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

// kindDeactivate is the kind of the jobs that switch an account off. Their payload is a leaving.
const kindDeactivate = "deactivate"

// standingLife outlives every job of the outbox.
const standingLife = 60 * 24 * time.Hour

// fewAtOnce is how many accounts are switched off by themselves: a group that was renamed at the provider leaves everybody
// out who is re-checked, and an operator is to notice before they all are. The others wait, and are let off where they are
// let in meanwhile.
var fewAtOnce = limit.Rule{Name: "deactivation_chat", Max: 20, Per: time.Hour}

// leavers switch off the accounts of people whom the access rules let in no more, where accounts.deactivate says so. What
// the provider said last decides: a browser that was signed in before somebody joined a group, or left it, knows less than
// the one that signed in since. Nothing of it holds up or fails a call; a job of the outbox does the work.
type leavers struct {
	chat      string
	policy    DeactivatePolicy
	rules     *chat.AccessRules
	workspace *workspace
	links     *Links
	standings store.Bucket[standing] // by account
	outbox    *outbox.Outbox
	limits    *limit.Limiter
	audit     *audit.Log
	log       *slog.Logger
}

// standing is what the provider's newest word on the person of an account means to the rules.
type standing struct {
	// Link is the name of the person's link: somebody else's word on the account counts anew.
	Link string `json:"l"`
	// Told is when the provider said it, in Unix seconds.
	Told int64 `json:"t"`
	// Out is why the rules leave the person out, empty while they let them in.
	Out audit.Reason `json:"o,omitempty"`
	// Queued says that the job for it is in the outbox, or was.
	Queued bool `json:"q,omitempty"`
}

// leaving says whose account is to be switched off.
type leaving struct {
	UserID   string `json:"u"`
	Provider string `json:"p"`
	Subject  string `json:"b"`
}

// letIn notes that the rules let a session's person in.
func (l *leavers) letIn(ctx context.Context, s session.Session) {
	if l.policy == DeactivateRefused {
		l.warn(ctx, l.judge(ctx, s, ""))
	}
}

// leftOut is exclude after a call that was refused, whatever becomes of this.
func (l *leavers) leftOut(ctx context.Context, s session.Session) { l.warn(ctx, l.exclude(ctx, s)) }

func (l *leavers) warn(ctx context.Context, err error) {
	if err != nil {
		l.log.WarnContext(ctx, "standing of an account not noted", "err", err)
	}
}

// exclude notes that the rules leave a session's person out, where they do and that is certain.
func (l *leavers) exclude(ctx context.Context, s session.Session) error {
	if l.policy != DeactivateRefused {
		return nil
	}
	why := l.verdict(s.Identity)
	if why == "" {
		return nil
	}
	return l.judge(ctx, s, why)
}

// verdict is why the rules leave an identity out, or empty. A claim that is missing or could not be read whole says
// nothing of the person, and no account is lost by it: groups that were not told, or were too many to be, and an address
// that is not given or not verified.
func (l *leavers) verdict(id oidc.Identity) audit.Reason {
	denied, ok := errors.AsType[*chat.DeniedError](l.rules.Allow(id))
	switch {
	case !ok:
		return ""
	case denied.Reason == chat.ReasonGroup && id.Groups != nil,
		denied.Reason == chat.ReasonEmail, denied.Reason == chat.ReasonProvider:
		return audit.Reason(denied.Reason)
	}
	return ""
}

// judge writes a verdict down, and then has it carried out. It is marked as queued last: a crash in between queues it
// twice.
func (l *leavers) judge(ctx context.Context, s session.Session, out audit.Reason) error {
	id := s.Identity
	userID, err := l.links.Account(ctx, id.Provider, id.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read account link: %w", err)
	}
	link, err := l.links.link(ctx, id.Provider, id.Subject)
	if err != nil {
		return err
	}
	news := standing{Link: link, Told: s.Rechecked.Unix(), Out: out}
	stands, err := l.note(ctx, userID, news)
	if err != nil || out == "" || stands != news {
		return err
	}
	if err := l.outbox.Enqueue(ctx, kindDeactivate, l.chat, leaving{UserID: userID, Provider: id.Provider, Subject: id.Subject}); err != nil {
		return err
	}
	news.Queued = true
	_, err = l.note(ctx, userID, news)
	return err
}

// note writes a standing down, unless a later word has been heard, and returns what stands.
func (l *leavers) note(ctx context.Context, userID string, news standing) (standing, error) {
	account, err := l.links.account(ctx, userID)
	if err != nil {
		return standing{}, err
	}
	stands, err := l.standings.Update(ctx, account, standingLife, func(old standing) (standing, error) { return old.after(news), nil })
	if errors.Is(err, store.ErrNotFound) {
		stands, err = news, l.standings.Add(ctx, account, news, standingLife)
	}
	if err != nil && !errors.Is(err, store.ErrExists) { // who was first will do
		return standing{}, fmt.Errorf("note standing: %w", err)
	}
	return stands, nil
}

// after is the standing after further news.
func (s standing) after(news standing) standing {
	switch {
	case news.Link != s.Link, news.Told > s.Told:
		return news
	case news.Told < s.Told:
		return s
	}
	news.Queued = news.Queued || s.Queued && news.Out == s.Out
	return news
}

// deactivate carries out one job.
func (l *leavers) deactivate(ctx context.Context, j leaving) error {
	return l.links.alone(ctx, func(ctx context.Context) error { return l.seeOff(ctx, j) }, j.UserID)
}

// seeOff switches an account off when its person is still its person, and still left out.
func (l *leavers) seeOff(ctx context.Context, j leaving) error {
	why, err := l.stillOut(ctx, j)
	if err != nil || why == "" {
		return err
	}
	found, err := l.workspace.byID(ctx, j.UserID)
	if errors.Is(err, errNoAccount) {
		return nil
	}
	if err != nil {
		return err
	}
	if goOn, err := l.mayDeactivate(found); err != nil || !goOn {
		return err
	}
	if err := l.brake(ctx); err != nil {
		return err
	}
	if err := l.workspace.deactivate(ctx, found.ID, false); err != nil {
		return l.undone(j, err)
	}
	l.audit.Record(ctx, audit.Event{
		Act: audit.AccountDeactivated, Reason: why, Actor: audit.ActorGateway, Chat: l.chat,
		Provider: j.Provider, Subject: j.Subject, Attrs: []slog.Attr{slog.String("account", j.UserID)},
	})
	return nil
}

// brake has a job wait when many accounts were switched off of late, and says so aloud for the first that does.
func (l *leavers) brake(ctx context.Context) error {
	err := l.limits.Allow(ctx, fewAtOnce, l.chat)
	exceeded, ok := errors.AsType[*limit.Exceeded](err)
	if !ok {
		return err
	}
	if exceeded.First {
		l.log.ErrorContext(ctx, "many accounts to be deactivated: are the access rules and the provider's groups as they should be?")
		l.audit.Record(ctx, audit.Event{
			Act: audit.LimitExceeded, Reason: audit.Reason(exceeded.Rule), Actor: audit.ActorGateway, Chat: l.chat,
		})
	}
	return outbox.Later(err, exceeded.RetryAfter)
}

// stillOut is why the person of a job is left out, or empty when they are let in again, are another account's person now,
// or when what was known of them is lost.
func (l *leavers) stillOut(ctx context.Context, j leaving) (audit.Reason, error) {
	if l.policy != DeactivateRefused {
		return "", nil
	}
	account, err := l.links.account(ctx, j.UserID)
	if err != nil {
		return "", err
	}
	stands, err := l.standings.Get(ctx, account)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUnknownKey) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read standing: %w", err)
	}
	theirs, err := l.links.has(ctx, j.Provider, j.Subject, j.UserID)
	if err != nil || !theirs {
		return "", err
	}
	link, err := l.links.link(ctx, j.Provider, j.Subject)
	if err != nil || stands.Link != link {
		return "", err
	}
	return stands.Out, nil
}

var errAdministrator = errors.New("only an operator switches an administrator's account off: chatgate accounts deactivate --admin")

// mayDeactivate leaves alone what is no person's, and administrators: who could be locked out by a group that was renamed
// must be somebody who cannot mend it (S93).
func (l *leavers) mayDeactivate(found account) (bool, error) {
	switch {
	case found.deactivated():
		return false, nil
	case found.Type == "" || found.Roles == nil:
		return false, hiddenAccount()
	case found.ID == l.workspace.self.userID || found.Type != "user":
		return false, nil
	case found.administrator():
		return false, outbox.Permanent(fmt.Errorf("account %s: %w", found.ID, errAdministrator))
	}
	return true, nil
}

// undone says of a refusal whether trying again can help, and of one that cannot what an operator has to do. Rooms are
// never given up without one: those with nobody else in them would be gone.
func (l *leavers) undone(j leaving, err error) error {
	if _, owns := errors.AsType[*ownsRoomsError](err); owns {
		return outbox.Permanent(fmt.Errorf("account %s: %w: chatgate accounts deactivate --relinquish", j.UserID, err))
	}
	if errors.Is(err, errFederated) {
		return outbox.Permanent(fmt.Errorf("account %s: %w", j.UserID, err))
	}
	return err
}

// reseal brings the standings of all linked accounts under the current sealing key (D23).
func (l *leavers) reseal(ctx context.Context) error {
	return l.links.each(ctx, func(account string) error {
		_, err := l.standings.Reseal(ctx, account, standingLife)
		return err
	})
}
