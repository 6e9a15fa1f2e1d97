package rocketchat

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// operatorError is a refusal that only an operator can end. It is no fault of the person who meets it (R31).
type operatorError struct {
	advice string
	cause  error
}

func (e *operatorError) Error() string { return e.cause.Error() + ": " + e.advice }
func (e *operatorError) Unwrap() error { return e.cause }

// asOurselves makes a call with the service account's credentials. What only an operator can mend is said in the
// operator's words.
func (w *workspace) asOurselves(ctx context.Context, k call, into any) error {
	k.as = &w.self
	err := w.client.do(ctx, k, into)
	if advice := adviceFor(k, err); advice != "" {
		return &operatorError{advice: advice, cause: err}
	}
	return err
}

// adviceFor says what to do about a refusal of the service account itself, or nothing.
func adviceFor(k call, err error) string {
	if _, limited := errors.AsType[*limitedError](err); limited { // R28
		return "give the service account the permission api-bypass-rate-limit"
	}
	refusal, ok := errors.AsType[*apiError](err)
	switch {
	case !ok:
		return ""
	case strings.HasPrefix(refusal.code, "totp-"): // R27
		return "make a personal access token with Ignore Two Factor Authentication for the service account and put it into api.token"
	case strangers(err): // R31
		return "api.userID and api.token are not accepted: the token was removed, or an administrator changed the service account's password or logged it out"
	case refusal.status == http.StatusUnauthorized, refusal.status == http.StatusForbidden, slices.Contains(notAllowed, refusal.code):
		if k.permission != "" {
			return "the service account lacks a permission: this call takes " + k.permission
		}
		return "the service account lacks a permission for this call; chatgate doctor says which"
	}
	return ""
}

// notAllowed are the codes by which Rocket.Chat refuses for want of a permission when its status is 400. It is not
// consistent.
var notAllowed = []string{"error-action-not-allowed", "error-not-allowed", "error-unauthorized", "error-forbidden"}

// hopeless says whether no repetition of a call can help: Rocket.Chat has said no, and not for want of time.
func hopeless(err error) bool {
	if _, limited := errors.AsType[*limitedError](err); limited {
		return false
	}
	_, ours := errors.AsType[*operatorError](err)
	_, theirs := errors.AsType[*apiError](err)
	return ours || theirs
}
