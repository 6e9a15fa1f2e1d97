package oidctest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// logoutTokenLifetime is what OpenID Connect Back-Channel Logout 1.0, Section 2.4 prefers at most.
const logoutTokenLifetime = 2 * time.Minute

// LogoutClaims are those of a good logout token for a client (OpenID Connect Back-Channel Logout 1.0, Section 2.4),
// to be changed and signed with Sign("logout+jwt", …). A subject or sid that is empty is left out.
func (p *Provider) LogoutClaims(clientID, subject, sid string) map[string]any {
	now := p.cfg.Now()
	claims := map[string]any{
		"iss":    p.cfg.Issuer,
		"aud":    clientID,
		"iat":    now.Unix(),
		"exp":    now.Add(logoutTokenLifetime).Unix(),
		"jti":    rand.Text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if subject != "" {
		claims["sub"] = subject
	}
	if sid != "" {
		claims["sid"] = sid
	}
	return claims
}

// endSession is RP-Initiated Logout 1.0. With a valid hint it asks nothing; without one it asks first, since anybody
// can send a browser here.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	clientID, sid, hinted := p.readHint(r.FormValue("id_token_hint"))
	if !hinted && r.Method != http.MethodPost {
		p.page(w, http.StatusOK, "signout.html", map[string]string{"Action": p.endpoint(PathEndSession)})
		return
	}
	p.endBrowserSession(w, r, sid)
	client, _ := p.client(clientID)
	back, err := url.Parse(r.FormValue("post_logout_redirect_uri"))
	if err != nil || !hinted || !slices.Contains(client.PostLogoutRedirectURIs, back.String()) {
		p.page(w, http.StatusOK, "signedout.html", nil)
		return
	}
	query := back.Query()
	if state := r.FormValue("state"); state != "" {
		query.Set("state", state)
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// endBrowserSession ends the session of the cookie and that of the hint.
func (p *Provider) endBrowserSession(w http.ResponseWriter, r *http.Request, sid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cookie, err := r.Cookie(cookieName); err == nil {
		delete(p.sessions, cookie.Value)
	}
	for value, s := range p.sessions {
		if s.sid == sid {
			delete(p.sessions, value)
		}
	}
	http.SetCookie(w, p.cookie("", -1))
}

// readHint takes an ID token of ours, expired or not (RP-Initiated Logout 1.0, Section 2).
func (p *Provider) readHint(hint string) (clientID, sid string, ok bool) {
	jws, err := jose.ParseSignedCompact(hint, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	if err != nil {
		return "", "", false
	}
	for _, key := range p.keys.published().Keys {
		payload, err := jws.Verify(key)
		if err != nil {
			continue
		}
		var claims struct {
			Audience  string `json:"aud"`
			SessionID string `json:"sid"`
		}
		return claims.Audience, claims.SessionID, json.Unmarshal(payload, &claims) == nil
	}
	return "", "", false
}
