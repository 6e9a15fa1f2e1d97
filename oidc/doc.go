// Package oidc is chatgate's relying party towards one OpenID provider: it begins a login, finishes it, and says
// who the person is.
//
// A login is two calls with a redirect to the provider between them:
//
//	attempt, providerURL, err := rp.Begin(ctx, oidc.LoginRequest{RedirectURL: callbackURL})
//	// the caller seals and keeps the attempt, and sends the browser to providerURL
//	identity, tokens, err := rp.Finish(ctx, attempt, callbackQuery)
//
// Where the provider gave a refresh token, Refresh asks later what it says about the person by then. The end of a
// session comes from either side: VerifyLogoutToken checks the provider's word that it ended there, LogoutURL and
// Revoke tell the provider that it ended here. What products do in their own way is a Preset.
//
// Only the authorization code flow is spoken, always with PKCE (S256), a state and a nonce; no setting switches
// one of them off. The caller's part is to take an attempt exactly once (S17, S25), to bind it to the browser that
// began it (S18), and to bring the query of the callback unchanged.
//
// A RelyingParty is useful before its provider answers: New never dials, Run discovers in the background and keeps
// the last good document, and until the first one is there Begin says ErrNotReady. Whatever the provider sends is
// taken for hostile until checked: answers are bounded in size and time, endpoints must be https and may not point
// into this machine (S130), JSON with repeated names or deep nesting is refused (S48), and signatures are verified
// with the algorithms that are both configured and advertised, nothing else (S35).
//
// Four errors are worth branching on. ErrNotReady and ErrProvider pass by themselves: the provider cannot be
// reached or does not make sense. ErrDenied is the provider's own refusal. ErrRefused is ours: what came back
// failed a check, which a RefusedError names. No error text holds a token, a code, a state or the text of a claim
// about a person.
//
// An identity is the pair of the provider's key in the configuration and the subject, and nothing else (S49).
// E-mail addresses and names are what the provider said about it.
package oidc
