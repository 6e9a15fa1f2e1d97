// Package talk signs people in to Coral and to Talk 4, its predecessor, with short-lived JSON Web Tokens.
//
// # Three profiles
//
// Three releases of the product take three kinds of token, and each refuses the others' (G1, G11, G15, G19):
//
//	talk4       Talk 4.x: RS256 or HS256; iss, aud, sub, username
//	coral-sso   Coral 5 to 9, single sign-on: HS256 with a secret that Coral made; a user object and nothing else
//	coral-oidc  Coral 5 to 9, OpenID Connect: RS256 against our JWKS; an ID token with a nonce
//
// One chat section is one site and has one profile. A site with signing keys has an issuer and a key set of its own,
// because Coral does not look at the audience: whatever verifies with its keys is a login there (G5, D16).
//
// # The way of a token
//
//	/<name>/token   chat.TokenGuard -> session -> access rules -> account -> cached token, or sign -> {"token", "expires_at"}
//	/<name>/resume  the frame: the same for a page that cookies do not reach
//	/<name>/issue   a server's name and secret -> the session of a user id -> sign
//	/<name>/user    token verified -> the session it was signed for -> {"id", "email", "username"}
//	/<name>/admin   session -> staff? -> sign for five minutes -> Coral's administration
//
// A GET may answer with the session's last token while half of its life is left; a POST signs anew (D18). The token is
// kept in the session's own record, so that it is gone the moment the session is. Beside it stands a fingerprint of all
// that decided on it: another e-mail address, another role, another key, and the token is not given out again.
//
// # What a token says
//
// The user id is derived from the provider's key and the subject, is the same for ever and names nobody (G8, S94); only an
// operator can give somebody the id that they had at another provider (D6). An
// e-mail address is said only when it is verified (G9, D8), a role only when a group of the person's is mapped to one
// (G16). What does not fit is left out, never null or empty, because Coral refuses the token for it or, at worst, ends
// its process (G10, G19 to G21).
//
// # Sign-out
//
// A token that the product can revoke is in the ledger before anybody is given it, so that whatever ends its session has it
// revoked there: the product is called with the token itself (G31, D20). Coral revokes none of OpenID Connect; those end by
// themselves. No token outlives the session that it was signed for.
//
// # Who else signs in
//
// Coral's own login, and the window of the plugin for Talk 4, sign in at the provider face of package issuer, to which this
// package lends the claims (login.go). The plugin runs inside Talk 4; this package only carries it (talk-plugin-chatgate).
//
// # Where to look
//
//	config.go check*.go              the section, and what is wrong in it
//	account.go username.go email.go  what a site is told of a person; names*.go lets nobody have another's name
//	alias*.go                        who goes by the user id that they had at a provider which was replaced
//	claims.go signer.go token.go     how that becomes a token
//	ledger.go revoke.go recheck.go   how a token ends
//	archive.go                       what is kept on a person, for who asks for it or wants it gone
//	frame.go resume.go issue.go user.go admin.go login.go   who asks for one
//	setup*.go settings.go graphql.go Coral's administration, and the environment of a Talk 4, for commands
//	examine*.go                      what the doctor looks at
//	judge*.go                        the rules of a profile and a release, applied to any token
package talk
