package audit

// Act is the stable code of something that happened. Codes are never reused for something else.
type Act string

// Sessions.
const (
	SignedIn      Act = "signed_in"       // a session began
	SignInRefused Act = "sign_in_refused" // a login ended without a session
	SignedOut     Act = "signed_out"      // the end user ended a session

	SessionRevoked Act = "session_revoked" // ended without its person; the reason says on whose word, and one line may stand for several
	LogoutRefused  Act = "logout_refused"  // a provider's logout call that is none
	ChatClosed     Act = "chat_closed"     // a session may not enter a chat any more, by what the provider says now
	GrantRevoked   Act = "grant_revoked"   // the provider was told to forget a refresh token

	SubjectErased Act = "subject_erased" // an operator had all that is kept on a person removed

	HandOffRedeemed Act = "handoff_redeemed" // a frame got the sign-in that it had asked for
	HandOffRefused  Act = "handoff_refused"  // somebody asked for a sign-in with a wrong secret
)

// What chats are given.
const (
	LoginTokenMinted  Act = "login_token_minted"  // Rocket.Chat made a login token
	LoginTokenRevoked Act = "login_token_revoked" // Rocket.Chat was told to forget one
	TalkTokenSigned   Act = "talk_token_signed"   // we signed a token for Talk or Coral
	TalkTokenRevoked  Act = "talk_token_revoked"  // Talk or Coral was told to take one no more
	CodeIssued        Act = "code_issued"         // Coral's own login, or Talk 4's, was let go on with a code
	CodeRefused       Act = "code_refused"        // somebody came with a code that is not theirs, used or over
	IDTokenIssued     Act = "id_token_issued"     // and bought its ID token with its code
	ChatTokenRefused  Act = "chat_token_refused"  // a signed-in person was given no token
)

// Accounts in chats.
const (
	AccountCreated Act = "account_created" // for a person who had none
	AccountLinked  Act = "account_linked"  // an account that was there is a person's from now on
	AccountRefused Act = "account_refused" // a person was given no account; the reason says why

	AccountReactivated Act = "account_reactivated" // a sign-in or an operator switched it on again
	AccountDeactivated Act = "account_deactivated" // an operator switched it off, or a rule that its person does not meet any more
	RoleGiven          Act = "role_given"          // by a group that the person is in
	RoleTaken          Act = "role_taken"          // by a group that the person is not in any more
	MemberAdded        Act = "member_added"        // to a channel, a private group or a team, by a group that the person is in
	MemberRemoved      Act = "member_removed"      // by a group that the person is not in any more

	LinkRemoved Act = "link_removed" // the account that a person was linked to is gone from the chat, or an operator unlinked it
)

// Chats themselves.
const (
	SettingChanged Act = "setting_changed" // an operator had a setting of the chat changed; the line names it
)

// Signing keys.
const (
	KeyAdded   Act = "signing_key_added"   // published; the line says from when on it signs
	KeyRemoved Act = "signing_key_removed" // by an operator; its tokens are refused from now on
)

// The gateway itself.
const (
	Started       Act = "started"        // the gateway begins to serve
	Stopped       Act = "stopped"        // the gateway has served
	LimitExceeded Act = "limit_exceeded" // the reason names the rule
	JobGaveUp     Act = "job_gave_up"    // something that had to reach a chat will not

	ConfigReloaded Act = "config_reloaded" // the configuration was read again and is served from now on
	ConfigRefused  Act = "config_refused"  // it was read again, and the former one goes on
)

// Reason is the stable code of why something happened or was refused. The package comment says where reasons come
// from that are not listed here.
type Reason string

// Why a login was refused, unless package oidc says it.
const (
	AttemptMissing      Reason = "attempt_missing"      // no attempt cookie, or one of another login
	ProviderDenied      Reason = "provider_denied"      // the provider said no
	ProviderUnavailable Reason = "provider_unavailable" // the provider did not answer, or with an error of its own
	WrongSecret         Reason = "wrong_secret"         // a hand-off was asked for with another secret than it was begun with
)

// Why sessions were revoked, and logout calls refused unless package oidc says it.
const (
	Backchannel    Reason = "backchannel"     // the provider's server said so
	Frontchannel   Reason = "frontchannel"    // the provider's page said so
	AccountPage    Reason = "account_page"    // their person, from another browser
	ByCommand      Reason = "command"         // an operator
	RefreshRefused Reason = "refresh_refused" // the provider has ended the grant (S71)
	AnotherSignIn  Reason = "another_sign_in" // somebody else has signed in in the same browser
	UnknownSID     Reason = "sid_unknown"     // no session of ours belongs to it (S113)
	LogoutForm     Reason = "logout_form"     // not the one form field
)

// Why a chat gave no token or no account, unless its access rules say it.
const (
	EmailUnverified  Reason = "email_unverified"  // the provider does not vouch for the address (D8)
	EmailAmbiguous   Reason = "email_ambiguous"   // several accounts have the address
	LinkedElsewhere  Reason = "linked_elsewhere"  // the account belongs to another subject (D8)
	Administrator    Reason = "administrator"     // the account has an administrator role (D8)
	Deactivated      Reason = "deactivated"       // the account is switched off (S93)
	SeatsExhausted   Reason = "seats_exhausted"   // the chat's licence has no room for another account
	CreationDisabled Reason = "creation_disabled" // the person has no account, and accounts.create is off
	ChatRefused      Reason = "chat_refused"      // the chat has something against this account, its address or its name
	StayedOut        Reason = "stayed_out"        // the person signed out inside the chat (R12)
	ClientRefused    Reason = "client_refused"    // a server that has not proved who it is (D19)
)

// Why a code of the gateway's own buys nothing, where the session behind it has not ended.
const (
	CodeUnknown  Reason = "code_unknown"  // made up, or too old
	CodeUsed     Reason = "code_used"     // a second time: what it bought is taken back
	CodeMismatch Reason = "code_mismatch" // with another redirect_uri or PKCE verifier than it was asked for with
)

// Why a configuration that was read again is not served.
const (
	ConfigInvalid Reason = "config_invalid" // something is wrong with it; the log has what, with line and column
	NeedsRestart  Reason = "needs_restart"  // a setting is new that cannot change while the gateway runs; the log names it
	NotReady      Reason = "not_ready"      // the store or a provider did not take it; it is tried again
)

// Why something was made, revoked or given up.
const (
	VerifiedEmail Reason = "verified_email" // the account has the person's verified address
	NewAccount    Reason = "new_account"    // it was made for the person
	SessionEnded  Reason = "session_ended"  // somebody signed out: a token of the session is revoked, or not made any more
	AbsoluteLimit Reason = "absolute_limit" // the session that a token was made for reached its absolute end
	TooOld        Reason = "too_old"        // retried for as long as a job may live
	Permanent     Reason = "permanent"      // no retry can help
)
