package session

import (
	"encoding/json"
	"errors"
	"time"

	"chatgate/gateway/decision"
	"chatgate/oidc"
)

var (
	// ErrNone says that the request belongs to no live session: no cookie, a malformed one, or one whose session
	// is unknown, expired or revoked. Callers are not told which (S127).
	ErrNone = errors.New("no live session")
	// ErrEnded says that the session ended while something was being written to it.
	ErrEnded = decision.Because(decision.SessionOver, errors.New("session ended meanwhile"))
)

// Session is one signed-in browser as a request sees it.
type Session struct {
	// Key is the store id: a hash of the cookie. It opens nothing, so other records may hold it.
	Key string
	// Identity is what the provider asserted.
	Identity oidc.Identity
	// Begun and Ends are the moment of sign-in and the absolute end; read for a chat that takes sign-ins for a shorter
	// while, Ends is when that is over.
	Begun, Ends time.Time
	// Seen is when the session was last seen, to within a sixteenth of the idle limit.
	Seen time.Time
	// Rechecked is when the provider last said who this is: at the sign-in, or at a re-check since.
	Rechecked time.Time
	// Due is when the provider is asked again, zero where it cannot be.
	Due time.Time
	// Child says that the request came with a child cookie, which is good for one chat only.
	Child bool
	// Chat is what the session remembers for the chat it was read for.
	Chat ChatState
}

// ChatState is what a session remembers for one chat.
type ChatState struct {
	// Token is the connector's own record as JSON, nil when there is none.
	Token json.RawMessage
	// StayOut says that the person signed out inside the chat and has not asked to come back (R12).
	StayOut bool
	// HoldUntil is the end of a hold, zero when there is none (B-16).
	HoldUntil time.Time
}

// Held says whether a hold is in force.
func (c ChatState) Held(now time.Time) bool { return now.Before(c.HoldUntil) }

// Label is a short name of the session for audit lines.
func (s Session) Label() string { return s.Key[:min(8, len(s.Key))] }

const (
	fieldSession = "s"
	fieldSeen    = "l"
	fieldFrom    = "f"
	prefixToken  = "t."
	prefixMark   = "m."
	prefixHold   = "h."
)

// chatFields are the names of the fields that a session has for one chat.
type chatFields struct {
	token, mark, hold string
	read              []string // all that a call of the chat reads, in one command
	cookie            string   // the name of the cookie of its children

	limit time.Duration // how long a sign-in counts for the chat; 0 is as long as the session
}

func fieldsOf(chat string, limit time.Duration) chatFields {
	f := chatFields{limit: limit, token: prefixToken + chat, mark: prefixMark + chat, hold: prefixHold + chat, cookie: childCookie(chat)}
	f.read = []string{fieldSession, fieldSeen, f.token, f.mark, f.hold}
	return f
}
