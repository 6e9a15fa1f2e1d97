// Package audit writes one line for every act that matters: who came in, who was refused and why, what was made,
// signed, revoked or changed (S142).
//
// A line is a record of the structured log that carries audit=true. Its message and its codes are constants, so that
// an alert can be built on them; what came from outside is cleaned and cut, so that it can neither forge nor break a
// line (S135). It names people by provider and subject. It never holds a token, a cookie, an e-mail address or a name.
//
// Every [Act] is listed here. A [Reason] that is not comes from whoever decided: oidc.Reason says which check of a login
// failed, chat.Reason which access rule left a person out, the name of a limit.Rule which limit was exceeded,
// keyring.Cause what brought a signing key or took it away, and the connector for Rocket.Chat has reasons of its own for
// linking an account and for not linking one.
package audit

import (
	"context"
	"log/slog"
	"strings"
)

// Event is one act.
type Event struct {
	// Act says what happened. It is required.
	Act Act
	// Reason says why, where there is more than one reason: always for a refusal.
	Reason Reason
	// Actor is who did it when that is not the subject: ActorGateway or ActorOperator.
	Actor string
	// Provider and Subject are the identity concerned.
	Provider, Subject string
	// Chat is the chat's name.
	Chat string
	// Session is the short name of a session, as session.Session.Label gives it; never a cookie.
	Session string
	// Address is the client's address.
	Address string
	// Attrs are further facts with constant keys, such as an account's id in the chat. Strings are cleaned like all
	// the rest; groups and foreign types are written as cleaned text.
	Attrs []slog.Attr
}

// ActorGateway acts by itself: it starts and stops, and does what was left to do when a session ended.
const ActorGateway = "gateway"

// ActorOperator is whoever may run commands on the gateway's configuration.
const ActorOperator = "operator"

// Log writes events. It is safe for concurrent use.
type Log struct {
	log   *slog.Logger
	count func(Act)
}

// New makes a Log that writes to the logger given. A nil logger discards, which only tests want.
func New(log *slog.Logger) *Log {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Log{log: log, count: func(Act) {}}
}

// Counting is this Log, telling of every act besides. The function may be called from several goroutines at once.
func (l *Log) Counting(count func(Act)) *Log { return &Log{log: l.log, count: count} }

// Record writes one line. The request's id is added by the logger's handler from ctx.
func (l *Log) Record(ctx context.Context, e Event) {
	l.count(e.Act)
	attrs := make([]slog.Attr, 0, 9+len(e.Attrs))
	attrs = append(attrs, slog.Bool("audit", true), slog.String("act", string(e.Act)))
	for _, fact := range []struct{ key, value string }{
		{"reason", string(e.Reason)},
		{"actor", e.Actor},
		{"provider", e.Provider},
		{"sub", e.Subject},
		{"chat", e.Chat},
		{"session", e.Session},
		{"remote_ip", e.Address},
	} {
		if fact.value != "" {
			attrs = append(attrs, slog.String(fact.key, clean(fact.value)))
		}
	}
	for _, a := range e.Attrs {
		attrs = append(attrs, cleanAttr(a))
	}
	l.log.LogAttrs(ctx, slog.LevelInfo, e.Act.phrase(), attrs...)
}

// phrase is the line's message, in the words of the rest of the log: "login token minted".
func (a Act) phrase() string { return strings.ReplaceAll(string(a), "_", " ") }
