package chat

import (
	"context"
	"errors"

	"chatgate/gateway/audit"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/store"
)

// phrases say why the rules leave a person out, to that person and in words that complete a sentence.
var phrases = map[Reason]string{
	ReasonProvider: "it is open to people of another identity provider",
	ReasonGroup:    "you are in none of the groups it is open to",
	ReasonEmail:    "it is not open to your e-mail address",
	ReasonVerified: "your e-mail address is not verified",
}

// Enter asks the access rules about a caller, as every call does (D7, S54). Whom they leave out is audited, and told
// why.
func (e *Env) Enter(ctx context.Context, rules *AccessRules, who Caller) error {
	err := rules.Allow(who.Session.Identity)
	denied, ok := errors.AsType[*DeniedError](err)
	if !ok {
		return err
	}
	noteDenied(ctx, rules, who, denied.Reason)
	e.Record(ctx, who, audit.Event{Act: audit.ChatTokenRefused, Reason: audit.Reason(denied.Reason)})
	return problem.AccessDenied(e.Title, problem.Reason{Code: string(denied.Reason), Phrase: phrases[denied.Reason]}, err)
}

// Allow counts a call against a limit that holds across replicas. The first one that is refused in a window is audited
// and the others are not, nor are those that [Callers] refuses: whoever floods us must not flood the audit log too.
func (e *Env) Allow(ctx context.Context, rule limit.Rule, key string, who Caller) error {
	err := e.Limits.Allow(ctx, rule, key)
	if exceeded, ok := errors.AsType[*limit.Exceeded](err); ok && exceeded.First {
		e.Record(ctx, who, audit.Event{Act: audit.LimitExceeded, Reason: audit.Reason(exceeded.Rule)})
	}
	return err
}

// Record writes an audit line about a caller at this chat.
func (e *Env) Record(ctx context.Context, who Caller, event audit.Event) {
	s := who.Session
	event.Provider, event.Subject, event.Session = s.Identity.Provider, s.Identity.Subject, s.Label()
	event.Chat, event.Address = e.Name, who.Address
	e.Audit.Record(ctx, event)
}

// Told turns an error into what a client may know of it. One that is a *problem.Error already stays as it is, and so
// does one that nobody has words for, which is told as a mistake of ours.
func Told(err error) error {
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	exceeded, limited := errors.AsType[*limit.Exceeded](err)
	switch {
	case limited:
		return problem.TooManyRequests(exceeded.RetryAfter, err)
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrEnded):
		return problem.SessionRequired(err)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrUnknownKey): // S67, D23
		return problem.StoreUnavailable(err)
	}
	return err
}
