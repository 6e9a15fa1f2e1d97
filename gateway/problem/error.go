package problem

import (
	"time"

	"chatgate/gateway/web"
)

// Reason says why a person was left out. Whoever refuses declares its own; the message reason.<code> is its phrase in
// other languages, and English is told where a language has none.
type Reason struct {
	Code   string // snake_case and stable: scripts choose their words by it
	Phrase string // completes a sentence after a colon, in English and without a full stop
}

// Error is a refusal or a failure that may be told to the client. Make one with a constructor, so that its wording has
// one home.
type Error struct {
	Status     int           // HTTP status, 400 to 599
	Code       string        // snake_case and stable
	Heading    string        // what a page says above the sentence; the JSON title is the status's own phrase
	Detail     string        // a sentence for a person, in English; who reads it gets it in their language
	Reason     Reason        // why, where the code alone does not say it; else empty
	RetryAfter time.Duration // when trying again makes sense; 0 when it is not known to
	Actions    []web.Action  // what a page offers as the next step

	places []string // name-value pairs for the places of the wording and its translations, without the reason
	cause  error
}

// Error names the code and the cause. It is for logs.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Code
	}
	return e.Code + ": " + e.cause.Error()
}

// Unwrap gives the cause, which may be nil.
func (e *Error) Unwrap() error { return e.cause }

// WithActions returns a copy of e whose page offers these steps instead of the usual ones, such as the same login
// with its address kept.
func (e *Error) WithActions(actions ...web.Action) *Error {
	changed := *e
	changed.Actions = actions
	return &changed
}
