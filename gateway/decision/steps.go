package decision

import "slices"

// Code names a step. Codes are stable and never reused for something else: scripts read them by chatgate explain --json.
type Code string

// What came, and what was answered.
const (
	Arrived Code = "request_arrived"
	Reply   Code = "answered"
)

// Where the request came from.
const (
	OriginUnlisted   Code = "origin_unlisted"
	OriginMissing    Code = "origin_missing"
	OriginsSeveral   Code = "origins_several"
	EmbedderUnlisted Code = "embedder_unlisted"
	NotOwnPage       Code = "not_own_page"
	ReturnUnlisted   Code = "return_unlisted"
)

// The session behind it.
const (
	CookieAbsent      Code = "session_cookie_absent"
	CookiesSeveral    Code = "session_cookies_several"
	CookieMalformed   Code = "session_cookie_malformed"
	SessionUnknown    Code = "session_unknown"
	SessionIdle       Code = "session_idle"
	SessionUnreadable Code = "session_unreadable"
	SealedElsewhere   Code = "sealed_elsewhere"
	ChildUnknown      Code = "child_unknown"
	ChildForeign      Code = "child_of_another_session"
	SessionOver       Code = "session_over"
	SignInTooOld      Code = "sign_in_too_old"
	RecheckEnded      Code = "recheck_ended_session"
	StayedOut         Code = "stayed_out"
	PromptNone        Code = "prompt_none"
)

// Rules, limits and the store.
const (
	RuleRefused   Code = "rule_refused"
	LimitReached  Code = "limit_reached"
	StoreDown     Code = "store_down"
	KeysMissing   Code = "keys_not_loaded"
	RoundsReached Code = "rounds_reached"
	Panicked      Code = "panicked"
)

// The login.
const (
	StateMissing      Code = "state_missing"
	AttemptUnknown    Code = "attempt_unknown"
	AttemptElsewhere  Code = "attempt_elsewhere"
	ProviderUnknown   Code = "provider_unknown"
	ProviderDenied    Code = "provider_denied"
	ProviderRefused   Code = "provider_answer_refused"
	ProviderFailed    Code = "provider_failed"
	LoginFailedBefore Code = "login_failed_before"
	HandOffOver       Code = "handoff_over"
	HandOffSecret     Code = "handoff_wrong_secret"
	LogoutRefused     Code = "logout_refused"
)

// The chat.
const (
	AccountMatched  Code = "account_matched"
	AccountRefused  Code = "account_refused"
	ChatDown        Code = "chat_down"
	ChatAnswered    Code = "chat_answered"
	ChatLimited     Code = "chat_limited"
	OperatorNeeded  Code = "operator_needed"
	AddressMissing  Code = "email_missing"
	TokenRefused    Code = "token_refused"
	ClientRefused   Code = "client_refused"
	RequestRefused  Code = "sign_in_request_refused"
	RedirectUnknown Code = "redirect_uri_unknown"
	CodeRefused     Code = "code_refused"
	NobodyBehind    Code = "nobody_behind"
)

// step is what is known of a code.
type step struct {
	// phrase says it to an operator.
	phrase string
	// leads are the codes of the answers that it can decide; empty for a step that only tells what was found.
	leads []string
}

// Codes of answers that several steps lead to.
var (
	noSession  = []string{"session_required"}
	noPerson   = []string{"session_required", "not_found", "invalid_grant", "invalid_token", "handoff_over"}
	noAccount  = []string{"account_refused", "account_deactivated", "account_linked_to_another", "account_is_administrator", "email_unverified", "seats_exhausted"}
	noOAuth    = []string{"invalid_request", "invalid_client", "invalid_grant", "invalid_token", "unsupported_grant_type"}
	noProvider = []string{"provider_unavailable"}
	noStore    = []string{"store_unavailable", "temporarily_unavailable"}
)

// steps is the closed set.
var steps = map[Code]step{
	Arrived: {phrase: "the request arrived"},
	Reply:   {phrase: "the request was answered"},

	OriginUnlisted:   {"its origin is none that may read tokens", []string{"origin_not_allowed"}},
	OriginMissing:    {"it names no origin, and is no script of the gateway's own pages", []string{"origin_not_allowed"}},
	OriginsSeveral:   {"it names several origins", []string{"origin_not_allowed"}},
	EmbedderUnlisted: {"the page that embeds the frame may not read tokens", []string{"origin_not_allowed"}},
	NotOwnPage:       {"it does not come from a page of the gateway's own", []string{"cross_site_request"}},
	ReturnUnlisted:   {"the sign-in would end at an address that is not listed", []string{"return_to_refused"}},

	CookieAbsent:      {"the browser sent no session cookie", noSession},
	CookiesSeveral:    {"the browser sent several session cookies, and none of them counts", noSession},
	CookieMalformed:   {"the browser sent a session cookie that the gateway cannot have made", noSession},
	SessionUnknown:    {"the session cookie leads to no session: it was signed out, or reached its absolute end", noPerson},
	SessionIdle:       {"the session was not used for longer than its idle limit", noPerson},
	SessionUnreadable: {"the session's record does not open", noPerson},
	SealedElsewhere:   {"a record is sealed under a key that this replica does not hold", noStore},
	ChildUnknown:      {"the frame's own cookie leads to no session", noSession},
	ChildForeign:      {"the frame's own cookie belongs to another session than the window's", noSession},
	SessionOver:       {"the person was signed out while the request was served", append([]string{"signed_out_everywhere", "login_expired"}, noPerson...)},
	SignInTooOld:      {"the sign-in is older than this chat takes", noPerson},
	RecheckEnded:      {"the provider does not let the session go on", noPerson},
	StayedOut:         {"the person signed out inside the chat, and has not pressed Continue", []string{"signed_out_of_chat", "signed_out_everywhere"}},
	PromptNone:        {"the chat's own login asked that nothing be asked, and nobody is signed in", noSession},

	RuleRefused:   {"the access rules leave this person out", append([]string{"access_denied"}, noPerson...)},
	LimitReached:  {"a limit was reached", []string{"too_many_requests", "temporarily_unavailable"}},
	StoreDown:     {"the store did not answer", noStore},
	KeysMissing:   {"the signing keys are not loaded", []string{"keys_not_loaded", "temporarily_unavailable"}},
	RoundsReached: {"the browser was sent to sign in again and again", []string{"login_loop"}},
	Panicked:      {"the gateway made a mistake", []string{"internal", "server_error"}},

	StateMissing:      {"the callback has no state, or several", []string{"login_expired"}},
	AttemptUnknown:    {"the login is over: it was finished already, or took longer than 10 minutes", []string{"login_expired"}},
	AttemptElsewhere:  {"the browser has not the cookie of this login", []string{"login_mismatch", "login_expired"}},
	ProviderUnknown:   {"the provider is not configured", []string{"not_found", "login_expired"}},
	ProviderDenied:    {"the provider refused the sign-in", []string{"provider_denied"}},
	ProviderRefused:   {"the provider's answer failed a check", append([]string{"provider_answer_refused"}, noOAuth...)},
	ProviderFailed:    {"the provider did not answer, or answered nonsense", noProvider},
	LoginFailedBefore: {"the login that this page is about had failed in an earlier request", []string{"provider_denied", "provider_answer_refused", "provider_unavailable", "internal"}},
	HandOffOver:       {"the hand-off to the frame is over: it was redeemed, took too long, or was started too often", []string{"handoff_over"}},
	HandOffSecret:     {"the hand-off was asked for with a wrong secret", []string{"handoff_over"}},
	LogoutRefused:     {"the provider's logout call failed a check", []string{"invalid_request"}},

	AccountMatched:  {phrase: "an account in the chat matches the person"},
	AccountRefused:  {"the account in the chat is not given to this person", noAccount},
	ChatDown:        {"the chat did not answer, or answered nonsense", []string{"chat_unavailable", "token_unverified"}},
	ChatAnswered:    {"the chat refused a call of the gateway", append([]string{"chat_unavailable", "token_unverified"}, noAccount...)},
	ChatLimited:     {"the chat limits the gateway's calls", []string{"chat_unavailable", "token_unverified"}},
	OperatorNeeded:  {"the chat refuses the gateway's service account something", []string{"chat_unavailable"}},
	AddressMissing:  {"the chat needs a verified e-mail address, and the provider gave none", []string{"email_unverified", "not_found", "invalid_grant", "invalid_token"}},
	TokenRefused:    {"the token is not good here", []string{"talk_token_refused", "invalid_token"}},
	ClientRefused:   {"the server has not proved which client it is", []string{"invalid_client", "client_refused"}},
	RequestRefused:  {"the chat's own login sent a request that is refused", append([]string{"sign_in_request_refused"}, noOAuth...)},
	RedirectUnknown: {"the chat's own login wants the sign-in to end at an address that is not registered", []string{"redirect_uri_refused"}},
	NobodyBehind:    {"nobody who may enter is signed in behind what was asked for", []string{"not_found"}},
	CodeRefused:     {"the code buys nothing", []string{"invalid_grant"}},
}

// Phrase says the step to an operator, in a few words.
func (c Code) Phrase() string { return steps[c].phrase }

// decides says whether the step can be why a request was answered with this code.
func (c Code) decides(answer string) bool { return slices.Contains(steps[c].leads, answer) }
