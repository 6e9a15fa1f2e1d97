package chat

import (
	"context"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/keyring"
	"chatgate/gateway/session"
)

// Connector adapts one chat. It never sends a browser to the provider: it answers 401 and its page opens /login.
type Connector interface {
	// Access is fixed for the life of the connector.
	Access() Access
	// Mount adds the routes; r is rooted at /<name>.
	Mount(r gin.IRouter)
}

// Config is a connector's section of the configuration. Its settings are bound by their tags; what tags cannot say is
// for a method Check(report func(key, problem string)), which the application calls once they are bound.
type Config interface {
	// AccessRules are the section's rules on who may enter, never nil: its own field, whose Check refuses rules that
	// are missing (D7, S52).
	AccessRules() *AccessRules
	// Addresses gives every origin that browsers meet, by its key relative to the section: each must be https outside
	// development, and they decide whether our cookie has to cross sites (S128, B-29).
	Addresses() map[string]Origin
	// APIAddress is where the gateway itself calls the chat; empty where that is where browsers meet it.
	APIAddress() string
	// Called is what people call this chat, on every page that speaks of it.
	Called() string
	// Open builds the connector. It dials nothing. Errors name the key relative to the section.
	Open(env Env) (Connector, error)
}

// Signer is a section whose chat verifies our signatures. It gets a set of signing keys of its own: from the PEM files
// named, or without any from the store (D16). The set's name is the chat's, and left to the application.
type Signer interface {
	SigningKeys() (set keyring.SetConfig, wanted bool)
}

// SessionEnder is a connector that must act when a session ends. Acting twice on one ending must be harmless.
type SessionEnder interface {
	EndSession(ctx context.Context, s session.Session) error
}

// SessionMover is a connector that keeps something by session and must follow when the same person's session is
// replaced by a new one in the same browser (D11, D27).
type SessionMover interface {
	MoveSession(ctx context.Context, from, to session.Session) error
}

// Rechecker is a connector that follows when the provider, asked again, says something else of a person who may still
// enter: their groups, their name, their address (S54). It may be told twice, and then it must be harmless.
type Rechecker interface {
	RecheckSession(ctx context.Context, former, now session.Session) error
}

// Excluder is a connector that does more than to take its tokens back when a re-check shows that the rules do not let a
// person in any more. It may be told twice, and then it must be harmless.
type Excluder interface {
	Exclude(ctx context.Context, s session.Session) error
}

// Archivist is a connector that keeps records on people beside their sessions and what the ledger holds.
type Archivist interface {
	// Export tells what is kept on an identity, and never a secret.
	Export(ctx context.Context, provider, subject string) ([]Record, error)
	// Erase removes what Export tells of. Erasing twice is fine.
	Erase(ctx context.Context, provider, subject string) error
}

// Record is one thing that is kept on a person.
type Record struct {
	// Kind says in a word or two what it is.
	Kind string `json:"kind"`
	// Data is encoded as JSON.
	Data any `json:"data"`
}

// Lingerer is a connector whose chat takes what it was given for a while longer when the session has ended: the page
// after a sign-out names it (D20).
type Lingerer interface {
	Lingers() bool
}

// Worker is a connector with background work. Run returns nil when ctx ends.
type Worker interface {
	Run(ctx context.Context) error
}

// Checker is a connector that can tell whether its chat is reachable and set up as it must be.
type Checker interface {
	Check(ctx context.Context) []Finding
}

// Examiner is a connector that can look its chat over from top to bottom, for an operator who waits: everything that
// Check looks at, and what costs too much to be asked every minute.
type Examiner interface {
	Examine(ctx context.Context) []Finding
}

// Finding is one thing a Checker or an Examiner found.
type Finding struct {
	// Name says what was looked at, in a few words.
	Name string
	// OK is true when nothing needs doing.
	OK bool
	// Minor says of what is not OK that people get in all the same.
	Minor bool
	// Text says what was found.
	Text string
	// Fix says, when something is wrong, which setting, variable or permission to change. It is empty where the text says
	// that already.
	Fix string
}

// String is the whole finding in one sentence.
func (f Finding) String() string {
	if f.Fix == "" {
		return f.Text
	}
	return f.Text + ": " + f.Fix
}
