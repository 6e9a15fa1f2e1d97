package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"chatgate/oidc"
)

// nobodyThere are the errors of a provider that knows the client and its redirect URI, and nobody who is signed in
// (OpenID Connect Core 1.0, Section 3.1.2.6).
var nobodyThere = []string{"login_required", "interaction_required", "account_selection_required", "consent_required", "access_denied"}

// examineRedirect begins a sign-in that asks the provider to show nothing to anybody, and looks where the answer leads. A
// provider sends errors to registered addresses alone (RFC 6749, Section 4.1.2.1): one that comes back shows that ours
// is registered, one that stays there mostly that it is not. No session, code or record comes of it.
func (t *Tools) examineRedirect(ctx context.Context, about string, rp *oidc.RelyingParty) Finding {
	f := Finding{About: about, Name: "redirect URI", Level: Well}
	callback := string(t.app.cfg.BaseURL) + "/login/callback"
	register := "register " + callback + " there as redirect URI of client.id, exactly so"
	got, err := t.beginNothing(ctx, rp, callback)
	if err != nil {
		f.Text = fmt.Sprintf("cannot be told from here, since the provider's sign-in page does not answer (%v): %s, if you have not", err, register)
		return f
	}
	location, _ := url.Parse(got.header.Get("Location"))
	switch code := errorOf(location); {
	case got.redirected() && leadsTo(location, callback) && (code == "" || slices.Contains(nobodyThere, code)):
		f.Text = callback + " is registered"
	case got.redirected() && leadsTo(location, callback):
		f.Level = Failure
		f.Text = fmt.Sprintf("the provider knows %s, and answers a sign-in with %s", callback, code)
		f.Fix = "see what its client allows: the authorization code flow, PKCE with S256, and each of scopes"
	case got.status == http.StatusBadRequest || namesRedirect(got.body):
		f.Level = Failure
		f.Text = fmt.Sprintf("the provider answers a sign-in with a page of its own (%d), as for a client or a redirect URI that it does not know", got.status)
		f.Fix = register + ", and see whether client.id is the one that it has"
	default:
		f.Text = fmt.Sprintf("cannot be told, since the provider asks for a sign-in all the same (%d): %s, if you have not", got.status, register)
	}
	return f
}

// beginNothing asks with prompt=none. Where the configuration asks for another prompt of every sign-in, it asks with that:
// a page is what comes of it, or an error.
func (t *Tools) beginNothing(ctx context.Context, rp *oidc.RelyingParty, callback string) (seen, error) {
	_, address, err := rp.Begin(ctx, oidc.LoginRequest{RedirectURL: callback, Prompt: oidc.PromptNone})
	if err != nil {
		_, address, err = rp.Begin(ctx, oidc.LoginRequest{RedirectURL: callback})
	}
	if err != nil {
		return seen{}, err
	}
	return browse(ctx, t.app.parts.transport, address, nil)
}

// leadsTo says whether an address is the callback, whatever its query.
func leadsTo(location *url.URL, callback string) bool {
	if location == nil {
		return false
	}
	bare := url.URL{Scheme: location.Scheme, Host: location.Host, Path: location.Path}
	return bare.String() == callback
}

func errorOf(location *url.URL) string {
	if location == nil {
		return ""
	}
	return location.Query().Get("error")
}

// namesRedirect says whether a page that stays at the provider speaks of the redirect URI or the client: Entra answers
// with 200 and its number for either (AADSTS50011, AADSTS700016), others with 403.
func namesRedirect(body []byte) bool {
	for _, words := range []string{"AADSTS50011", "AADSTS700016", "redirect_uri_mismatch", "invalid redirect_uri", "unregistered redirect_uri"} {
		if bytes.Contains(bytes.ToLower(body), []byte(strings.ToLower(words))) {
			return true
		}
	}
	return false
}
