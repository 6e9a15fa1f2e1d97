package rocketchat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
)

// errUnavailable says that Rocket.Chat gave no answer worth the name: no connection, no time, a 5xx, no JSON. The last
// is how a proxy refuses.
var errUnavailable = decision.Because(decision.ChatDown, errors.New("rocket.chat unavailable"))

// limitedError is a 429.
type limitedError struct{ wait time.Duration }

func (e *limitedError) Error() string {
	return fmt.Sprintf("rate limited for %s", e.wait.Round(time.Second))
}

// apiError is a refusal. Callers decide by status and code; but for two fixed sentences the text is for people alone,
// because it changes between versions (R30).
type apiError struct {
	status int
	// code is errorType, or empty for a plain failure.
	code string
	text string
	// details are what Rocket.Chat has to say beside the code; they have no fixed type.
	details json.RawMessage
	// stranger says that the credentials of the call were not accepted. Its fixed sentence is the only way to tell
	// that from a missing permission, which used to be a 401 too.
	stranger bool
}

func (e *apiError) Error() string {
	if e.code != "" {
		return fmt.Sprintf("refused with %d %s", e.status, chat.Printable(e.code))
	}
	return fmt.Sprintf("refused with %d", e.status)
}

// isRefusal says whether err is a refusal with this code.
func isRefusal(err error, codes ...string) bool {
	refusal, ok := errors.AsType[*apiError](err)
	if !ok {
		return false
	}
	for _, code := range codes {
		if refusal.code == code {
			return true
		}
	}
	return false
}

// missing says whether Rocket.Chat knows no such account. A link is removed on this word, so a 400 of anybody else's, or
// for any other reason, must not pass for it.
func missing(err error) bool {
	refusal, ok := errors.AsType[*apiError](err)
	return ok && refusal.status == http.StatusBadRequest && (refusal.text == userNotFound || refusal.code == "error-invalid-user")
}

// strangers says whether Rocket.Chat did not accept the credentials of the call. A login token is held for dead on this
// word, so a 401 of anybody else's must not pass for it.
func strangers(err error) bool {
	refusal, ok := errors.AsType[*apiError](err)
	return ok && refusal.status == http.StatusUnauthorized && refusal.stranger
}

// The fixed sentences that Rocket.Chat says in place of a code.
const (
	loginRequired = "You must be logged in to do this."
	userNotFound  = "User not found."
)

const maxText = 300 // bytes of a message that are kept

// refusalOf reads a refusal's body. Its members have no fixed types: error may be a number, details anything (R30).
func refusalOf(status int, answer []byte) error {
	var body struct{ Error, ErrorType, Message, Details json.RawMessage }
	if json.Unmarshal(answer, &body) != nil {
		return fmt.Errorf("%w: status %d without JSON: is this Rocket.Chat?", errUnavailable, status)
	}
	text, message := textOf(body.Error), textOf(body.Message)
	return &apiError{
		status: status, code: textOf(body.ErrorType), text: text, details: body.Details,
		stranger: text == loginRequired || message == loginRequired,
	}
}

func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return strings.ToValidUTF8(text[:min(len(text), maxText)], "")
}

const longestWait = 10 * time.Minute

var secondsToWait = regexp.MustCompile(`must wait (\d{1,6}) seconds`)

// waitOf says when a limited call may be made again. The header counts milliseconds since 1970 by Rocket.Chat's clock,
// so the text comes first.
func (c *client) waitOf(h http.Header, answer []byte) time.Duration {
	if found := secondsToWait.FindSubmatch(answer); found != nil {
		seconds, _ := strconv.Atoi(string(found[1]))
		return clampWait(time.Duration(seconds) * time.Second)
	}
	reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return clampWait(0)
	}
	return clampWait(time.UnixMilli(reset).Sub(c.now()))
}

func clampWait(d time.Duration) time.Duration { return min(max(d, time.Second), longestWait) }

// outcome is the result label of a call.
func outcome(err error) string {
	limited, refusal := (*limitedError)(nil), (*apiError)(nil)
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &limited):
		return "limited"
	case errors.As(err, &refusal):
		return "refused"
	default:
		return "unavailable"
	}
}
