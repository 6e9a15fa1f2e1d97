package outbox

import (
	"log/slog"
	"time"

	"chatgate/store"
)

// KindRevoke is the kind of the jobs by which the ledger has a login token revoked. Their chat is the entry's, their
// payload a RevokeJob.
const KindRevoke = "revoke"

// KindGrant is the kind of the jobs by which a provider is told that a refresh token is not needed any more.
const KindGrant = "grant"

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
