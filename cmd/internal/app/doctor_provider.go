package app

import (
	"context"
	"fmt"
	"slices"

	"chatgate/oidc"
)

// examineProvider asks a provider for its discovery document, and says what it makes of sign-outs.
func (t *Tools) examineProvider(ctx context.Context, key string) []Finding {
	ctx, cancel := context.WithTimeout(ctx, examineTime)
	defer cancel()
	about, rp := "provider "+key, t.app.parts.providers[key]
	if err := rp.Discover(ctx); err != nil {
		return []Finding{{
			About: about, Name: "discovery", Level: Failure, Text: err.Error(), Fix: fmt.Sprintf("see providers.%s.issuer and discoveryURL", key),
		}}
	}
	metadata, _ := rp.Metadata()
	return []Finding{
		{About: about, Name: "discovery", Level: Well, Text: "the issuer is the configured one, and its keys can be read"},
		{About: about, Name: "sign-out here", Level: Well, Text: signOutHere(metadata)},
		{About: about, Name: "sign-out there", Level: Well, Text: signOutThere(metadata, string(t.app.cfg.BaseURL))},
		examinePKCE(about, metadata),
		t.examineProviderClock(ctx, about, rp),
		t.examineRedirect(ctx, about, rp),
		t.examineRecheck(about, key),
	}
}

// examinePKCE warns of a provider that lists methods and not the one that every sign-in uses (S22).
func examinePKCE(about string, m oidc.Metadata) Finding {
	f := Finding{About: about, Name: "PKCE", Level: Well, Text: "the provider takes S256"}
	switch {
	case m.CodeChallengeMethods == nil:
		f.Text = "the provider does not say what it takes; every sign-in is sent with S256"
	case !slices.Contains(m.CodeChallengeMethods, "S256"):
		f.Level = Warning
		f.Text = fmt.Sprintf("the provider lists %q and not S256, which every sign-in is sent with", m.CodeChallengeMethods)
		f.Fix = "switch PKCE with S256 on for this client at the provider"
	}
	return f
}

// signOutHere says how far a sign-out at the gateway reaches at the provider (S106).
func signOutHere(m oidc.Metadata) string {
	if m.EndSessionEndpoint == "" {
		return "the provider has no logout page: people stay signed in there, and the next sign-in may ask for no password"
	}
	return "a sign-out at the gateway goes on to the provider's logout page"
}

// signOutThere says what to register, so that a sign-out at the provider reaches the gateway (S108, S113).
func signOutThere(m oidc.Metadata, baseURL string) string {
	switch {
	case m.BackchannelLogout:
		return "the provider can tell of sign-outs: register " + baseURL +
			"/logout/backchannel there as the gateway's back-channel logout URI, if you have not"
	case m.FrontchannelLogout && m.FrontchannelLogoutSID:
		return "the provider can tell of sign-outs in the browser alone: register " + baseURL +
			"/logout/frontchannel there as the gateway's front-channel logout URI, with issuer and session, if you have not"
	}
	return "the provider does not say that it can tell of sign-outs: they end nothing here before the next re-check or the session's end"
}

// examineRecheck says whether somebody who may not go on is noticed while a session lives (S54).
func (t *Tools) examineRecheck(about, key string) Finding {
	f := Finding{About: about, Name: "re-checks", Level: Well}
	every := t.app.cfg.Session.Recheck
	switch {
	case every == 0:
		f.Level = Warning
		f.Text = fmt.Sprintf("session.recheck is 0s: an account disabled there, or a group taken away, changes nothing for up to %s", t.app.cfg.Session.Absolute)
		f.Fix = "give session.recheck a time such as 15m"
	case slices.Contains(t.app.cfg.Providers[key].Scopes, "offline_access"):
		f.Text = fmt.Sprintf("sessions are asked for again every %s", every)
	default:
		f.Text = fmt.Sprintf("sessions are asked for again every %s where the provider gives a refresh token, "+
			"for which many want offline_access in providers.%s.scopes", every, key)
	}
	return f
}
