package oidctest

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	assertionType   = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionAtMost = 5 * time.Minute
)

// authenticate takes one way for a client to prove itself, never two (RFC 6749, Section 2.3): client_secret_basic,
// client_secret_post, or private_key_jwt for a client with a key.
func (p *Provider) authenticate(r *http.Request) (Client, bool) {
	id, secret := r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	assertion := r.PostFormValue("client_assertion")
	user, password, basic := r.BasicAuth()
	if basic && (secret != "" || assertion != "") || secret != "" && assertion != "" {
		return Client{}, false
	}
	if basic { // both halves are form-encoded before they are joined (RFC 6749, Section 2.3.1)
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(password)
	}
	client, known := p.client(id)
	switch {
	case !known:
		return client, false
	case client.Key != nil:
		return client, r.PostFormValue("client_assertion_type") == assertionType && p.takeAssertion(client, assertion, r.URL.Path)
	}
	return client, subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) == 1
}

// takeAssertion follows RFC 7523, Section 3. Its audience is the issuer or the endpoint that is called, and it is good
// once.
func (p *Provider) takeAssertion(client Client, assertion, path string) bool {
	jws, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil || jws.Signatures[0].Protected.KeyID != client.Key.KeyID {
		return false
	}
	payload, err := jws.Verify(client.Key)
	if err != nil {
		return false
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		ID       string `json:"jti"`
		Expires  int64  `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return false
	}
	left := time.Unix(claims.Expires, 0).Sub(p.cfg.Now())
	meant := claims.Audience == p.cfg.Issuer || claims.Audience == p.endpoint(path)
	return meant && claims.Issuer == client.ID && claims.Subject == client.ID && left > 0 && left <= assertionAtMost && p.firstUse(claims.ID)
}

func (p *Provider) firstUse(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, used := p.spent[id]
	p.spent[id] = ""
	return id != "" && !used
}
