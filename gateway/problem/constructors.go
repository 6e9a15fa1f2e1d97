package problem

import (
	"net/http"
	"time"

	"chatgate/gateway/web"
)

// How long a caller is asked to wait before it tries again what depends on somebody else.
const (
	retryStore    = 5 * time.Second
	retryChat     = 10 * time.Second
	retryProvider = 15 * time.Second
)

// The steps that pages offer.
var (
	signIn      = web.Action{Label: "action.sign_in", Href: "/login", Hook: "login"}
	signInAgain = web.Action{Label: "action.sign_in_again", Href: "/login", Hook: "login"}
	tryAgain    = web.Action{Label: "action.try_again"}
	toAccount   = web.Action{Label: "action.to_account", Href: "/"}
)

// wording is what a problem says in English: a heading for pages, and a sentence with {places}. Other languages have
// the same under the keys problem.<code>.heading and problem.<code>.detail.
type wording struct{ heading, detail string }

// newError fills the places of w from name-value pairs.
func newError(status int, code string, w wording, cause error, places ...string) *Error {
	return &Error{
		Status: status, Code: code, Heading: web.Fill(w.heading, places...), Detail: web.Fill(w.detail, places...),
		places: places, cause: cause,
	}
}

// newRefusal is newError for wordings with the place {reason}.
func newRefusal(status int, code string, w wording, reason Reason, cause error, places ...string) *Error {
	e := newError(status, code, w, cause, append(places, "reason", reason.Phrase)...)
	e.Reason, e.places = reason, places
	return e
}

// The caller's session.

// SessionRequired answers a request that needs a session and has none that is alive. Unknown, expired and revoked
// sessions all get it, so that the answer tells nothing about which it was (S127).
func SessionRequired(cause error) *Error {
	return newError(http.StatusUnauthorized, "session_required",
		wording{"Please sign in", "Sign in to continue."}, cause).WithActions(signIn)
}

// SignedOutOfChat answers a live session whose person signed out inside the chat and has not pressed Continue (R12).
func SignedOutOfChat(chat string, cause error) *Error {
	return newError(http.StatusUnauthorized, "signed_out_of_chat",
		wording{"You signed out of {chat}", "Your sign-in is still open here. Press Continue to go back to {chat}."},
		cause, "chat", chat)
}

// SignedOutEverywhere answers a session that has just ended because its person signed out inside the chat, where that
// counts as signing out altogether (R12).
func SignedOutEverywhere(chat string, cause error) *Error {
	return newError(http.StatusUnauthorized, "signed_out_everywhere",
		wording{"You are signed out", "You signed out of {chat}, and your sign-in here has ended with it."},
		cause, "chat", chat).WithActions(signInAgain)
}

// AccessDenied answers a signed-in person whom the chat's access rules leave out (D7).
func AccessDenied(chat string, reason Reason, cause error) *Error {
	return newRefusal(http.StatusForbidden, "access_denied",
		wording{"No access to {chat}", "You are signed in, but {chat} is not open to you: {reason}."},
		reason, cause, "chat", chat).WithActions(toAccount)
}

// Where a request came from.

// OriginNotAllowed answers a page that is not on the list of those who may ask (S73, S79, B-03).
func OriginNotAllowed(cause error) *Error {
	return newError(http.StatusForbidden, "origin_not_allowed",
		wording{"This page may not ask", "The page that sent this request is not allowed to."}, cause)
}

// CrossSiteRequest answers a form or a call that must come from our own pages and did not (S105, S151, B-08).
func CrossSiteRequest(cause error) *Error {
	return newError(http.StatusForbidden, "cross_site_request",
		wording{"Please start again", "This step has to be started from a page of this site."}, cause).WithActions(toAccount)
}

// InvalidRequest answers a request that is malformed; detail is the whole sentence, and never repeats what was sent.
func InvalidRequest(detail string, cause error) *Error {
	return newError(http.StatusBadRequest, "invalid_request",
		wording{"This request cannot be read", "{detail}"}, cause, "detail", detail)
}

// Login.

// ReturnToRefused answers a return address that is none of ours (S1-S16).
func ReturnToRefused(cause error) *Error {
	return newError(http.StatusBadRequest, "return_to_refused",
		wording{"This address is not allowed", "The address to return to after signing in is not one of this organisation's."},
		cause).WithActions(toAccount)
}

// LoginExpired answers a callback whose attempt is over: used, too old, or reached again with the back button (B-19).
func LoginExpired(cause error) *Error {
	return newError(http.StatusBadRequest, "login_expired",
		wording{"This sign-in is over", "It was finished already or took too long. Nothing is lost: sign in again."},
		cause).WithActions(signInAgain)
}

// HandOffOver answers a frame or a form whose hand-off is over: redeemed, too old, or not its own (B-10). Which of them
// it was is not told.
func HandOffOver(cause error) *Error {
	return newError(http.StatusGone, "handoff_over",
		wording{"This sign-in is over", "It was finished already or took too long. Go back to the page you came from and press Sign in there once more."},
		cause)
}

// LoginLoop answers a browser that is sent to sign in again and again (S32). The caller adds the action that goes on.
func LoginLoop(cause error) *Error {
	return newError(http.StatusTooManyRequests, "login_loop",
		wording{"You were sent round in circles", "A page keeps sending you here although you have signed in. Your browser may block its cookies for this site. Try once more, or open the page anew."},
		cause)
}

// LoginMismatch answers a callback that belongs to another browser or another login (S18, B-09).
func LoginMismatch(cause error) *Error {
	return newError(http.StatusBadRequest, "login_mismatch",
		wording{"This sign-in began elsewhere", "It was started in another browser, or cookies are blocked for this site. Sign in again here."},
		cause).WithActions(signInAgain)
}

// The gateway as a provider.

// SignInRequestRefused answers a person whom a chat's own login has sent with a request that is wrong. They cannot help
// it, and it never goes back to the chat: Coral has no page for errors (G26, G27).
func SignInRequestRefused(chat string, reason Reason, cause error) *Error {
	return newRefusal(http.StatusBadRequest, "sign_in_request_refused",
		wording{"This sign-in cannot go on", "{chat} asked for your sign-in in a way that is refused here: {reason}. Please tell its operator, who finds the details in the gateway's log under the reference below."},
		reason, cause, "chat", chat).WithActions(toAccount)
}

// RedirectURIRefused answers a request that would end at an address which is not registered (G23). It names one that is,
// and nothing of the request.
func RedirectURIRefused(chat, registered string, cause error) *Error {
	return newError(http.StatusBadRequest, "redirect_uri_refused",
		wording{"This sign-in would end elsewhere", "{chat} wants the sign-in to end at an address that is not registered here. Registered is {registered}. Please tell its operator, who finds the cause in the gateway's log under the reference below."},
		cause, "chat", chat, "registered", registered).WithActions(toAccount)
}

// The provider.

// ProviderUnavailable answers while the provider cannot be reached or does not answer in time.
func ProviderUnavailable(cause error) *Error {
	e := newError(http.StatusServiceUnavailable, "provider_unavailable",
		wording{"Sign-in is not available right now", "The identity provider does not answer. Try again in a moment."},
		cause).WithActions(signInAgain)
	e.RetryAfter = retryProvider
	return e
}

// ProviderDenied answers a person who cancelled at the provider, or whom the provider turned away.
func ProviderDenied(cause error) *Error {
	return newError(http.StatusForbidden, "provider_denied",
		wording{"You are not signed in", "The sign-in was cancelled, or the identity provider did not allow it."},
		cause).WithActions(signInAgain)
}

// ProviderAnswerRefused answers when we turn the provider's answer away: an ID token that fails its checks, a code
// that buys nothing (S34-S48).
func ProviderAnswerRefused(cause error) *Error {
	return newError(http.StatusForbidden, "provider_answer_refused",
		wording{"You could not be signed in", "The identity provider's answer did not pass our checks."},
		cause).WithActions(signInAgain)
}

// The chat and its accounts.

// ChatUnavailable answers while the chat cannot be reached or fails (R5, S91).
func ChatUnavailable(chat string, cause error) *Error {
	e := newError(http.StatusServiceUnavailable, "chat_unavailable",
		wording{"{chat} is not available right now", "You are signed in, but {chat} does not answer. Try again in a moment."},
		cause, "chat", chat).WithActions(tryAgain)
	e.RetryAfter = retryChat
	return e
}

// AccountDeactivated answers a person whose account the chat has switched off; a login never switches it on (S93).
func AccountDeactivated(chat string, cause error) *Error {
	return newError(http.StatusForbidden, "account_deactivated",
		wording{"Your account is switched off", "Your account in {chat} has been deactivated. An administrator of {chat} can activate it."},
		cause, "chat", chat)
}

// AccountLinkedToAnother answers when the matching account is another subject's already (D8, S55).
func AccountLinkedToAnother(chat string, cause error) *Error {
	return newError(http.StatusForbidden, "account_linked_to_another",
		wording{"This account is taken", "The account in {chat} with your e-mail address belongs to another sign-in. An operator can tell whose it is."},
		cause, "chat", chat)
}

// AccountIsAdministrator answers when the matching account has an administrator's role, and names the command that
// links it (D8).
func AccountIsAdministrator(chat string, cause error) *Error {
	return newError(http.StatusForbidden, "account_is_administrator",
		wording{"An operator has to link this account", "Your account in {chat} is an administrator's, and those are not linked by e-mail address. An operator links it with: chatgate accounts link"},
		cause, "chat", chat)
}

// EmailUnverified answers a person whose e-mail address the provider has not verified, where the chat takes nobody
// without: an account under that address may be another person's (D8).
func EmailUnverified(chat string, cause error) *Error {
	return newError(http.StatusForbidden, "email_unverified",
		wording{"Your e-mail address is not verified", "{chat} needs an e-mail address that your identity provider has verified. Verify yours there, then sign in again."},
		cause, "chat", chat).WithActions(signInAgain)
}

// SeatsExhausted answers when the chat's licence allows no further account.
func SeatsExhausted(chat string, cause error) *Error {
	return newError(http.StatusForbidden, "seats_exhausted",
		wording{"{chat} is full", "{chat} has no seat left for a new account. An administrator of {chat} can make room."},
		cause, "chat", chat)
}

// AccountRefused answers a person who is given no account in the chat, whoever decided so.
func AccountRefused(chat string, reason Reason, cause error) *Error {
	return newRefusal(http.StatusForbidden, "account_refused",
		wording{"No account in {chat}", "{chat} has no account for you: {reason}."},
		reason, cause, "chat", chat)
}

// The gateway itself.

// TooManyRequests answers a caller above a limit (S123).
func TooManyRequests(retryAfter time.Duration, cause error) *Error {
	e := newError(http.StatusTooManyRequests, "too_many_requests",
		wording{"Too many requests", "Wait a moment, then try again."}, cause).WithActions(tryAgain)
	e.RetryAfter = retryAfter
	return e
}

// StoreUnavailable answers while sessions cannot be read. It is no sign-out: the caller keeps its cookie (S67).
func StoreUnavailable(cause error) *Error {
	e := newError(http.StatusServiceUnavailable, "store_unavailable",
		wording{"Not available right now", "Your session cannot be checked at the moment. You stay signed in; try again shortly."},
		cause).WithActions(tryAgain)
	e.RetryAfter = retryStore
	return e
}

// KeysNotLoaded answers for signing keys before they are known; a key of one replica's own never leaves it (D26).
func KeysNotLoaded(cause error) *Error {
	e := newError(http.StatusServiceUnavailable, "keys_not_loaded",
		wording{"Not available right now", "The signing keys are not loaded yet. Try again shortly."},
		cause).WithActions(tryAgain)
	e.RetryAfter = retryStore
	return e
}

// NotFound answers for a route or a thing that is not there.
func NotFound(cause error) *Error {
	return newError(http.StatusNotFound, "not_found",
		wording{"Nothing here", "This address leads nowhere."}, cause).WithActions(toAccount)
}

// MethodNotAllowed answers a method that the route does not know. The router sets Allow.
func MethodNotAllowed(cause error) *Error {
	return newError(http.StatusMethodNotAllowed, "method_not_allowed",
		wording{"This does not work here", "This address does not take requests of this kind."}, cause)
}

// TooLarge answers a body above the route's limit (S122).
func TooLarge(cause error) *Error {
	return newError(http.StatusRequestEntityTooLarge, "too_large",
		wording{"This is too much", "The request is larger than this address takes."}, cause)
}

// Internal answers for everything that has no better word; any error that is not an *Error is told like this.
func Internal(cause error) *Error {
	return newError(http.StatusInternalServerError, "internal",
		wording{"Something went wrong", "This is our mistake, and it has been noted. Try again in a moment."},
		cause).WithActions(tryAgain)
}
