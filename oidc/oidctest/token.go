package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	idTokenLifetime = 5 * time.Minute
	accessLifetime  = 5 * time.Minute
	refreshLifetime = time.Hour
)

// Prefixes keep one kind of grant from passing for another.
const (
	codePrefix    = "code-"
	accessPrefix  = "access-"
	refreshPrefix = "refresh-"
)

// grant is what a code, an access token or a refresh token stands for.
type grant struct {
	id          string // shared by everything that came from one code
	clientID    string
	redirectURI string
	challenge   string
	nonce       string
	acr         string
	scopes      []string
	session     session
	expires     time.Time
}

func (p *Provider) newCode(client Client, s session, query url.Values) string {
	acr, _, _ := strings.Cut(query.Get("acr_values"), " ")
	return p.issue(codePrefix, codeLifetime, grant{
		id:          rand.Text(),
		clientID:    client.ID,
		redirectURI: query.Get("redirect_uri"),
		challenge:   query.Get("code_challenge"),
		nonce:       query.Get("nonce"),
		acr:         acr,
		scopes:      strings.Fields(query.Get("scope")),
		session:     s,
	})
}

func (p *Provider) issue(prefix string, lifetime time.Duration, g grant) string {
	g.expires = p.cfg.Now().Add(lifetime)
	token := prefix + rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.grants[token] = g
	return token
}

// token is the token endpoint (RFC 6749, Section 3.2).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	client, ok := p.authenticate(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
		writeError(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	var g grant
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		g, ok = p.takeCode(client, r)
	case "refresh_token":
		g, ok = p.takeRefresh(client, r)
	default:
		writeError(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	if !ok {
		writeError(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	p.answerTokens(w, g)
}

// takeCode spends a code. A code that comes twice ends everything the first use gave (RFC 6749, Section 4.1.2).
func (p *Provider) takeCode(client Client, r *http.Request) (grant, bool) {
	code := r.PostFormValue("code")
	g, ok := p.take(codePrefix, code)
	if !ok {
		p.revoke(code)
		return g, false
	}
	return g, g.clientID == client.ID && g.redirectURI == r.PostFormValue("redirect_uri") &&
		challengeMatches(g.challenge, r.PostFormValue("code_verifier"))
}

func (p *Provider) takeRefresh(client Client, r *http.Request) (grant, bool) {
	g, ok := p.take(refreshPrefix, r.PostFormValue("refresh_token"))
	g.nonce = "" // OpenID Connect Core 1.0, Section 12.2
	return g, ok && g.clientID == client.ID
}

func (p *Provider) take(prefix, token string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.grants[token]
	if !ok || !strings.HasPrefix(token, prefix) {
		return grant{}, false
	}
	delete(p.grants, token)
	p.spent[token] = g.id
	return g, p.cfg.Now().Before(g.expires)
}

func (p *Provider) revoke(code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id, ok := p.spent[code]; ok {
		p.endGrant(id)
	}
}

// endGrant needs the lock.
func (p *Provider) endGrant(id string) {
	maps.DeleteFunc(p.grants, func(_ string, g grant) bool { return g.id == id })
}

// revocation ends what a refresh token was given with. A token that nobody knows is as good as revoked (RFC 7009,
// Section 2.2), and the answer has no body.
func (p *Provider) revocation(w http.ResponseWriter, r *http.Request) {
	client, ok := p.authenticate(r)
	if !ok {
		writeError(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if g, known := p.grants[r.PostFormValue("token")]; known && g.clientID == client.ID {
		p.endGrant(g.id)
	}
}

// challengeMatches verifies PKCE (RFC 7636, Section 4.6). A verifier without a challenge is a downgrade.
func challengeMatches(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	return encode(sum[:]) == challenge
}

func (p *Provider) answerTokens(w http.ResponseWriter, g grant) {
	access := p.issue(accessPrefix, accessLifetime, g)
	id, err := p.idToken(g, access)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := map[string]any{
		"access_token": access,
		"token_type":   "Bearer",
		"expires_in":   int(accessLifetime / time.Second),
		"id_token":     id,
	}
	if slices.Contains(g.scopes, "offline_access") {
		answer["refresh_token"] = p.issue(refreshPrefix, refreshLifetime, g)
	}
	if edit := p.faultsNow().TokenAnswer; edit != nil {
		edit(answer)
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) idToken(g grant, access string) (string, error) {
	faults := p.faultsNow()
	claims := p.idTokenClaims(g, access, faults.LeanIDToken)
	if faults.IDToken != nil {
		faults.IDToken(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	if faults.Payload != nil {
		payload = faults.Payload
	}
	token, err := p.signBytes("JWT", payload)
	if faults.Signed != nil {
		token = faults.Signed(token)
	}
	return token, err
}

func (p *Provider) idTokenClaims(g grant, access string, lean bool) map[string]any {
	now := p.cfg.Now()
	claims := map[string]any{}
	if !lean {
		claims = p.personClaims(g)
	}
	claims["iss"] = p.cfg.Issuer
	claims["sub"] = p.subject(g)
	claims["aud"] = g.clientID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(idTokenLifetime).Unix()
	claims["auth_time"] = g.session.authTime.Unix()
	claims["sid"] = g.session.sid
	sum := sha256.Sum256([]byte(access))
	claims["at_hash"] = encode(sum[:len(sum)/2])
	if p.algorithm() == "EdDSA" {
		delete(claims, "at_hash") // its hash is another one, and at_hash is optional here
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if g.acr != "" {
		claims["acr"] = g.acr
	}
	return claims
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func writeError(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]string{"error": code})
}
