package outbox

import (
	"errors"
	"log/slog"
	"time"

	"chatgate/store"
)

// Entry is one login token that a browser was given.
type Entry struct {
	// Provider and Subject are the identity it was given to.
	Provider, Subject string
	// Chat is the chat's name.
	Chat string
	// Session is the key of the session, and SID the provider's session behind it, which may be empty.
	Session, SID string
	// UserID is the account's id in the chat.
	UserID string
	// Token is the login token itself. Entries with the same token for the same chat are one entry.
	Token store.Secret
	// Expires is when the chat forgets the token by itself.
	Expires time.Time
	// End is the absolute end of the session, at which the token is revoked unless Keep is set.
	End time.Time
	// Keep lets the token live on after the session, as `onExpiry: keep` asks. A sign-out revokes it all the same.
	Keep bool
}

// LogValue keeps the token out of the log, JSON included.
func (e Entry) LogValue() slog.Value {
	return slog.GroupValue(slog.String("chat", e.Chat), slog.String("provider", e.Provider), slog.String("sub", e.Subject))
}

func (e Entry) check(now time.Time) error {
	var missing string
	switch {
	case e.Provider == "" || e.Subject == "":
		missing = "an identity"
	case e.Chat == "":
		missing = "a chat"
	case e.Session == "":
		missing = "a session"
	case e.Token == "":
		missing = "a token"
	case !e.Expires.After(now):
		missing = "an expiry to come"
	case e.End.IsZero() && !e.Keep:
		missing = "the session's end"
	default:
		return nil
	}
	return errors.New("ledger entry needs " + missing)
}

// field is the entry's name inside its subject's record. It is derived from the token, so that an entry never takes the
// place of another and whoever removes one removes that very token's; moving to another session keeps it.
func (e Entry) field() string { return digest(e.Chat, e.Token.Reveal()) }
