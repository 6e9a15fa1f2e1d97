package audit

// Act is the stable code of something that happened. Codes are never reused for something else.
type Act string

// Sessions.
const (
	SignedIn        Act = "signed_in"         // a session began
	SignInRefused   Act = "sign_in_refused"   // a login ended without a session
	SignedOut       Act = "signed_out"        // the end user ended a session
	SessionRevoked  Act = "session_revoked"   // somebody else ended it: the provider, an operator, another sign-in
	ChildOpened     Act = "child_opened"      // a frame was given a cookie of its own
	HandoffRedeemed Act = "hand_off_redeemed" // a sign-in reached the frame that had asked for it
	HandoffRefused  Act = "hand_off_refused"  // it was asked for by somebody else, twice or too late
)

// What chats are given.
const (
	LoginTokenMinted  Act = "login_token_minted"  // Rocket.Chat made a login token
	LoginTokenRevoked Act = "login_token_revoked" // Rocket.Chat was told to forget one
	ChatTokenRefused  Act = "chat_token_refused"  // a signed-in person was given no token
	TalkTokenSigned   Act = "talk_token_signed"
	TalkTokenIssued   Act = "talk_token_issued" // signed for a site's own server (D19)
	CodeIssued        Act = "code_issued"       // Coral's own login: an authorization code was handed out
	CodeRefused       Act = "code_refused"      // and one was refused
	ClientRefused     Act = "client_refused"    // a client did not prove who it is
)

// Accounts in chats.
const (
	AccountCreated Act = "account_created"
	AccountLinked  Act = "account_linked"
	AccountChanged Act = "account_changed" // profile, roles or memberships
	AccountRefused Act = "account_refused"
	LinkRemoved    Act = "link_removed"
	LinksImported  Act = "links_imported"
)

// The gateway itself.
const (
	Started       Act = "started"
	Stopped       Act = "stopped"
	ConfigLoaded  Act = "config_loaded"
	KeyCreated    Act = "key_created"
	KeyRotated    Act = "key_rotated"
	KeyRemoved    Act = "key_removed"
	Resealed      Act = "resealed"       // records were written anew under the current sealing key
	LogoutRefused Act = "logout_refused" // a provider's logout call did not verify
	LimitExceeded Act = "limit_exceeded"
	JobGaveUp     Act = "job_gave_up" // something that had to reach a chat or provider will not
)

// Reason is the stable code of why something happened or was refused.
type Reason string

// Why a login or a provider's call was refused.
const (
	AttemptMissing      Reason = "attempt_missing" // no attempt cookie, or one of another login
	AttemptExpired      Reason = "attempt_expired" // the login took too long, or was finished before
	StateMismatch       Reason = "state_mismatch"  // the answer belongs to another login
	ProviderDenied      Reason = "provider_denied" // the provider said no
	ProviderUnavailable Reason = "provider_unavailable"
	TokenInvalid        Reason = "token_invalid" // an ID token or logout token did not verify
	TokenReplayed       Reason = "token_replayed"
	ReturnRefused       Reason = "return_refused"  // return_to is none of our origins
	OriginRefused       Reason = "origin_refused"  // the caller's origin is not in the list
	ClientInvalid       Reason = "client_invalid"  // unknown client or wrong secret
	RequestInvalid      Reason = "request_invalid" // malformed, too large or incomplete
	RateLimited         Reason = "rate_limited"
)

// Why a chat gave no token or no account.
const (
	AccessDenied     Reason = "access_denied"    // the chat's access rules say no (D7)
	EmailUnverified  Reason = "email_unverified" // D8
	EmailAmbiguous   Reason = "email_ambiguous"
	LinkedElsewhere  Reason = "linked_elsewhere" // the account belongs to another subject (D8)
	Administrator    Reason = "administrator"    // the account has an administrator role (D8)
	Deactivated      Reason = "deactivated"      // S93
	SeatsExhausted   Reason = "seats_exhausted"
	CreationDisabled Reason = "creation_disabled"
	ChatUnavailable  Reason = "chat_unavailable"
	ChatRefused      Reason = "chat_refused"
	StayedOut        Reason = "stayed_out" // the person signed out inside the chat (R12)
)

// Why something ended or was made.
const (
	ByEndUser      Reason = "by_end_user"
	ByProvider     Reason = "by_provider"
	ByOperator     Reason = "by_operator"
	ByNewSignIn    Reason = "by_new_sign_in" // the browser's former session gave way (D27)
	IdleLimit      Reason = "idle_limit"
	AbsoluteLimit  Reason = "absolute_limit"
	TokenExpired   Reason = "token_expired"
	SessionEnded   Reason = "session_ended" // while something was being made for it
	VerifiedEmail  Reason = "verified_email"
	NewAccount     Reason = "new_account"
	TooOld         Reason = "too_old"   // retried for as long as a job may live
	Permanent      Reason = "permanent" // no retry can help
	RecordCorrupt  Reason = "record_corrupt"
	SealingUnknown Reason = "sealing_key_unknown"
)
