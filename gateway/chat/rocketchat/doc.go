// Package rocketchat signs people in to a Rocket.Chat workspace by iframe authentication.
//
// Rocket.Chat's web client asks an API for a login token, and shows a page in a frame when it gets none:
//
//	/<name>/token    the API. 200 with a login token for a browser that is signed in here, else 401, never a redirect.
//	/<name>/frame    the page. It offers to sign in, or completes the sign-in by posting a login token to its parent.
//	/<name>/handoff, /<name>/handoff/redeem
//	                 what that page asks signed out: a hand-off for a sign-in in another window, and its outcome.
//	/<name>/resume   what it asks signed in: verifies a token that was given before, and obeys a sign-out inside the chat.
//
// # Login tokens
//
// A login token is a credential of one account, made with users.createToken by a service account, or by a login with a
// password of our own where that cannot be had (passwords.go). There is one for
// each session here (D10): the browser keeps it, and a sign-out inside Rocket.Chat destroys it, so a shared one would
// sign out every browser of a person at once. It is made once by one caller on one replica, entered into the ledger,
// and only then kept in the session and handed out. Until Rocket.Chat's own expiry the session's copy is all that is
// needed: a warm call reads one record and calls nobody.
//
// Whether a token still lives is asked when the frame loads, because Rocket.Chat shows it only after it had no token
// or refused one. A refusal before the token's time means that the person signed out inside the chat.
//
// # Accounts
//
// An identity has one account and an account one identity, for ever (Links), whatever becomes of the sealing key that
// the link was written under. Without a link, an account is found by an e-mail address that both sides have verified, or
// by name where the operator says so, and otherwise made. Administrators' accounts, accounts that are not a person's, our
// own, and accounts of somebody else are never linked by themselves (D8).
//
// What a sign-in says of its person is carried over to the account by a job of the outbox (profile.go): name, address,
// picture and custom fields where they differ, and by group roles, channels and teams. The job reads what the newest
// sign-in has noted, so it does not matter how often or in which order jobs run. What is given is written down before it
// is given, and only what is written down is ever taken away. It is written down by account, so that it is found when
// that is linked to somebody else. Jobs and operators who change a link wait for each other (Links.alone).
//
// # People who leave
//
// Whom the access rules let in no more gets no login. Where accounts.deactivate says so, their account is switched off too,
// by a job of the outbox (leavers.go): what the provider said last decides, and nothing is decided by a claim that could not
// be read. A re-check of a session carries over what has changed like a new sign-in ([chat.Rechecker]). What is kept on a
// person can be told to them and forgotten (archive.go).
//
// # Operators
//
// An operator has the workspace examined (check*.go), its settings made right and put back (setup*.go), links made and
// removed by hand, and accounts switched off and on ([Operated]). All of it works beside a gateway that runs.
//
// # Versions
//
// What differs between Rocket.Chat 6, 7 and 8 stands in version.go and nowhere else.
package rocketchat
