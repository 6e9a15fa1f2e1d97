package oidc

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
)

const (
	goodLogoutHeader = `{"alg":"EdDSA","kid":"k","typ":"logout+jwt"}`
	goodLogoutClaims = `{"iss":"https://idp.example.org","aud":"chatgate","sub":"ada","sid":"s1","jti":"1","exp":1800000120,` +
		`"iat":1800000000,"events":{"http://schemas.openid.net/event/backchannel-logout":{}}}`
)

// FuzzLogoutToken signs whatever header and claims it is given with the provider's own key: what is accepted is a logout
// token by a reading that shares no code with ours, no ID token, and no longer passes with another signature. Whatever is
// refused is refused for a reason that names its clause (S48, S109).
func FuzzLogoutToken(f *testing.F) {
	for _, seed := range []struct{ header, claims string }{
		{goodLogoutHeader, goodLogoutClaims},
		{goodHeader, goodLogoutClaims},
		{`{"alg":"none","typ":"logout+jwt"}`, goodLogoutClaims},
		{`{"alg":"HS256","kid":"k"}`, goodLogoutClaims},
		{`{"alg":"EdDSA","kid":"k","typ":"at+jwt"}`, goodLogoutClaims},
		{`{"alg":"EdDSA","kid":"k","typ":["logout+jwt"]}`, goodLogoutClaims},
		{goodHeader, goodClaims},
		{goodLogoutHeader, `{"iss":"https://idp.example.org/","aud":["chatgate","api"],"sid":"s1","jti":"1","exp":1.80000012e9,"iat":1800000000,"events":{"http://schemas.openid.net/event/backchannel-logout":{"a":1}}}`},
		{goodLogoutHeader, `{"iss":"https://idp.example.org","aud":["chatgate","api"],"sid":"s1","jti":"1","exp":1.80000012e9,"iat":1800000000,"events":{"http://schemas.openid.net/event/backchannel-logout":{"a":1}}}`},
		{goodLogoutHeader, `{"iss":"https://idp.example.org","aud":[],"sub":7,"jti":"","exp":9e99,"iat":-1,"nonce":null,"events":["http://schemas.openid.net/event/backchannel-logout"]}`},
		{goodLogoutHeader, `{"iss":"https://idp.example.org","aud":"chatgate","sub":"ada","sub":"bob","jti":"1","events":{"http://schemas.openid.net/event/backchannel-logout":true}}`},
	} {
		f.Add(seed.header, seed.claims)
	}
	rp, p, key := fuzzParty(f)
	rp.current.Store(p)
	f.Fuzz(func(t *testing.T, header, payload string) {
		signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		signature := ed25519.Sign(key, []byte(signed))
		check := func(signature []byte) (LogoutToken, error) {
			return rp.VerifyLogoutToken(t.Context(), signed+"."+base64.RawURLEncoding.EncodeToString(signature))
		}
		token, err := check(signature)
		if err != nil {
			var refused *RefusedError
			if errors.As(err, &refused) && refused.Reason.Clause() == "" {
				t.Errorf("%v names no clause", err)
			}
			return
		}
		if why := wrongLogout(header, payload, token); why != "" {
			t.Errorf("accepted although %s:\n%s\n%s", why, header, payload)
		}
		if why := wrongTimes(claimsIn(payload), rp.env.Now()); why != "" {
			t.Errorf("accepted although %s:\n%s\n%s", why, header, payload)
		}
		signature[len(payload)%len(signature)] ^= 1
		if _, err := check(signature); err == nil {
			t.Errorf("accepted with a wrong signature:\n%s\n%s", header, payload)
		}
	})
}

func claimsIn(payload string) map[string]any {
	c := map[string]any{}
	_ = json.Unmarshal([]byte(payload), &c) // what is no JSON has no claims
	return c
}

// wrongLogout reads a token anew, by name, and says why it must not have been accepted.
func wrongLogout(header, payload string, token LogoutToken) string {
	h, c := claimsIn(header), claimsIn(payload)
	_, critical := h["crit"]
	_, hasNonce := c["nonce"]
	events, _ := c["events"].(map[string]any)
	_, hasEvent := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	subject, _ := c["sub"].(string)
	sid, _ := c["sid"].(string)
	delete(c, "azp") // a logout token has none
	switch {
	case h["alg"] != "EdDSA" || critical:
		return "its header is another"
	case c["iss"] != fuzzIssuer:
		return "its issuer is another"
	case !audienceIsOurs(c):
		return "it is not for this client alone"
	case hasNonce || !hasEvent:
		return "it is another kind of token"
	case subject == "" && sid == "" || token.Subject != subject || token.SID != sid:
		return "it says another thing of whose session it is"
	case c["jti"] != token.ID || token.ID == "":
		return "its id is another"
	}
	return ""
}
