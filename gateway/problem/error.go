package problem

import (
	"strings"
	"time"
	"unicode"

	"chatgate/gateway/web"
)

// maxQuoted bounds, in runes, a text of somebody else that becomes part of a sentence of ours.
const maxQuoted = 200

// Error is a refusal or a failure that may be told to the client. Make one with a constructor, so that its wording has
// one home.
type Error struct {
	Status     int           // HTTP status, 400 to 599
	Code       string        // snake_case and stable
	Heading    string        // what a page says above the sentence; the JSON title is the status's own phrase
	Detail     string        // a sentence for a person, in English
	RetryAfter time.Duration // when trying again makes sense; 0 when it is not known to
	Actions    []web.Action  // what a page offers as the next step

	places []string // name-value pairs that Detail was filled with, for its translations
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

// quoted prepares a text of a provider or a chat for a sentence of ours: one line, without control and formatting
// characters, cut to a length (S24, S135).
func quoted(text string) string {
	line := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.TrimSpace(line))
	if len(runes) > maxQuoted {
		return string(runes[:maxQuoted]) + "…"
	}
	return string(runes)
}
