package oidctest

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// discovery is the document of OpenID Connect Discovery 1.0, Section 4.
func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	document := map[string]any{
		"issuer":                                p.cfg.Issuer,
		"authorization_endpoint":                p.endpoint(PathAuthorize),
		"token_endpoint":                        p.endpoint(PathToken),
		"userinfo_endpoint":                     p.endpoint(PathUserinfo),
		"jwks_uri":                              p.endpoint(PathJWKS),
		"end_session_endpoint":                  p.endpoint(PathEndSession),
		"revocation_endpoint":                   p.endpoint(PathRevoke),
		"response_types_supported":              []string{"code"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "PS256", "ES256", "EdDSA"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"prompt_values_supported":               []string{"none", "login", "select_account"},

		"authorization_response_iss_parameter_supported": true,
		"backchannel_logout_supported":                   true,
		"backchannel_logout_session_supported":           true,
	}
	if edit := p.faultsNow().Discovery; edit != nil {
		edit(document)
	}
	writeJSON(w, http.StatusOK, document)
}

// userinfo is the endpoint of OpenID Connect Core 1.0, Section 5.3.
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	g, ok := p.grants[token]
	p.mu.Unlock()
	if !ok || !strings.HasPrefix(token, accessPrefix) || p.cfg.Now().After(g.expires) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		writeError(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	claims := p.personClaims(g)
	claims["sub"] = p.subject(g)
	faults := p.faultsNow()
	if faults.SignedUserinfo {
		claims["iss"], claims["aud"] = p.cfg.Issuer, g.clientID
	}
	if faults.Userinfo != nil {
		faults.Userinfo(claims)
	}
	if !faults.SignedUserinfo {
		writeJSON(w, http.StatusOK, claims)
		return
	}
	token, err := p.Sign("JWT", claims)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	_, _ = io.WriteString(w, token)
}

func (p *Provider) subject(g grant) string {
	user, _ := p.user(g.session.username)
	return user.Subject
}

// personClaims are the claims that the granted scopes open (OpenID Connect Core 1.0, Section 5.4); groups come with
// profile.
func (p *Provider) personClaims(g grant) map[string]any {
	user, _ := p.user(g.session.username)
	claims := map[string]any{}
	if slices.Contains(g.scopes, "profile") {
		claims["preferred_username"] = user.Username
		claims["name"] = user.Name
		if user.Groups != nil {
			claims["groups"] = user.Groups
		}
	}
	if slices.Contains(g.scopes, "email") && user.Email != "" {
		claims["email"] = user.Email
		claims["email_verified"] = user.EmailVerified
	}
	maps.Copy(claims, user.Extra)
	return claims
}
