package rocketchat

import (
	"errors"
	"strconv"

	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
)

// errStayedOut says that the person signed out inside the chat (R12).
var errStayedOut = decision.Because(decision.StayedOut, errors.New("signed out inside the chat"))

// Decision names what Rocket.Chat has answered: its text is for people alone, and may quote anybody.
func (e *apiError) Decision() (code string, facts []string) {
	return string(decision.ChatAnswered), []string{"status", strconv.Itoa(e.status), "error_type", chat.Printable(e.code)}
}

// Decision says how long Rocket.Chat wants to be left alone.
func (e *limitedError) Decision() (code string, facts []string) {
	return string(decision.ChatLimited), []string{"again_in", e.wait.String()}
}

// Decision says what the operator has to do.
func (e *operatorError) Decision() (code string, facts []string) {
	return string(decision.OperatorNeeded), []string{"advice", e.advice}
}
