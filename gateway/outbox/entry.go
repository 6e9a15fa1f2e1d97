package outbox

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
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

const digestBytes = 12 // 96 bits: enough that no two tokens or sessions of one subject meet

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:digestBytes])
}

// held is an entry as it is stored. What is only compared is kept as a digest, and what the place already says is left
// out, because every session pays for it: a session costs Redis less than 1.8 KiB all in.
type held struct {
	Chat    string       `json:"c"`
	Session string       `json:"s"`           // digest of the session's key
	SID     string       `json:"d,omitempty"` // digest of the provider's sid
	UserID  string       `json:"u"`
	Token   store.Secret `json:"t"`
	Expires int64        `json:"e"`           // Unix seconds
	End     int64        `json:"x,omitempty"` // Unix seconds; absent for an entry that is kept
}

func (e Entry) held() held {
	h := held{
		Chat: e.Chat, Session: digest(e.Session), SID: digestSID(e.SID),
		UserID: e.UserID, Token: e.Token, Expires: e.Expires.Unix(),
	}
	if !e.Keep {
		h.End = e.End.Unix()
	}
	return h
}

func digestSID(sid string) string {
	if sid == "" {
		return ""
	}
	return digest(sid)
}

// due is when the sweep looks at the entry: at the end of its session, or when it is worth nothing any more.
func (h held) due() time.Time {
	if h.End == 0 || h.Expires < h.End {
		return time.Unix(h.Expires, 0)
	}
	return time.Unix(h.End, 0)
}

// value is the entry to be sealed; it stops opening when the chat has forgotten the token.
func (h held) value() store.Value { return store.Value{V: h, End: time.Unix(h.Expires, 0)} }

func (h held) revocation(cause Cause) RevokeJob {
	return RevokeJob{UserID: h.UserID, Token: h.Token, Expires: time.Unix(h.Expires, 0).UTC(), Cause: cause}
}

// member names the entry in the due index.
func member(id, field string) string { return id + "/" + field }

func splitMember(m string) (id, field string, err error) {
	id, field, ok := strings.Cut(m, "/")
	if !ok {
		return "", "", fmt.Errorf("due member without a field: %w", store.ErrCorrupt)
	}
	return id, field, nil
}

// KindRevoke is the kind of the jobs by which the ledger has a login token revoked. Their chat is the entry's, their
// payload a RevokeJob.
const KindRevoke = "revoke"

// Cause says why a login token is revoked; a closed set, fit for an audit line.
type Cause string

// The causes.
const (
	CauseSignOut    Cause = "sign_out"    // the session was ended by somebody
	CauseSessionEnd Cause = "session_end" // it reached its absolute end
)

// RevokeJob is the payload of a revocation.
type RevokeJob struct {
	// Provider and Subject are the identity, empty when the sweep found the token: entries do not repeat them.
	Provider string `json:"p,omitempty"`
	Subject  string `json:"b,omitempty"`
	// UserID is the account's id in the chat.
	UserID string       `json:"u"`
	Token  store.Secret `json:"t"`
	// Expires is when the chat forgets the token by itself: nothing is left to do then. Zero means unknown.
	Expires time.Time `json:"e,omitzero"`
	Cause   Cause     `json:"w"`
}

// LogValue keeps the token out of the log, JSON included.
func (r RevokeJob) LogValue() slog.Value {
	return slog.GroupValue(slog.String("provider", r.Provider), slog.String("sub", r.Subject),
		slog.String("account", r.UserID), slog.String("cause", string(r.Cause)))
}
