package oidc_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

// TestFinish names its cases after the OpenID Foundation's modules for relying parties, where there is one.
func TestFinish(t *testing.T) {
	provider := newProvider()
	accepted := []struct {
		name   string
		config func(c *oidc.Config)
		faults func(f *oidctest.Faults)
	}{
		{name: "oidcc-client-test"},
		{name: "oidcc-client-test-idtoken-sig-rs256", config: func(c *oidc.Config) { c.Algorithms = []string{"RS256"} }},
		{name: "an ES256 signature when configured", config: func(c *oidc.Config) { c.Algorithms = []string{"ES256"} }, faults: signedWith("ES256")},
		{name: "a PS256 signature when configured", config: func(c *oidc.Config) { c.Algorithms = []string{"RS256", "PS256"} }, faults: signedWith("PS256")},
		{name: "an EdDSA signature when configured", config: func(c *oidc.Config) { c.Algorithms = []string{"EdDSA"} }, faults: signedWith("EdDSA")},
		{name: "oidcc-client-test-kid-absent-single-jwks", faults: func(f *oidctest.Faults) { f.NoKID = true }},
		{name: "oidcc-client-test-client-secret-basic", config: func(c *oidc.Config) { c.Client.Auth = oidc.AuthBasic }},
		{name: "client_secret_post", config: func(c *oidc.Config) { c.Client.Auth = oidc.AuthPost }},
		{name: "oidcc-client-test-scope-userinfo-claims", faults: func(f *oidctest.Faults) { f.LeanIDToken = true }},
		{name: "an exp within the leeway", config: leeway(30 * time.Second), faults: claim("exp", ago(29*time.Second))},
		{name: "an iat within the leeway", config: leeway(30 * time.Second), faults: claim("iat", ago(-29*time.Second))},
		{name: "an nbf within the leeway", config: leeway(30 * time.Second), faults: claim("nbf", ago(-29*time.Second))},
		{name: "numbers with a fraction", faults: claim("iat", func() any { return float64(time.Now().Unix()) - 0.5 })},
		{name: "an audience in a list of one", faults: claim("aud", is([]string{"chatgate"}))},
		{name: "an extra audience that is listed", config: func(c *oidc.Config) { c.ExtraAudiences = []string{"api"} }, faults: claim("aud", is([]string{"chatgate", "api"}))},
		{name: "azp is the client", faults: claim("azp", is("chatgate"))},
		{name: "auth_time within max_age", config: maxAge(time.Minute), faults: claim("auth_time", ago(time.Minute))},
		{name: "an acr that is asked for", config: acr("gold", "silver"), faults: claim("acr", is("silver"))},
		{name: "no at_hash", faults: claim("at_hash", nil)},
	}
	for _, c := range accepted {
		cfg := config()
		if c.config != nil {
			c.config(&cfg)
		}
		bubble(t, c.name, provider, cfg, func(w *world) {
			if c.faults != nil {
				w.provider.Set(c.faults)
			}
			identity, tokens, err := w.signIn("ada")
			if err != nil {
				w.t.Fatalf("Finish() = %v, want nil", err)
			}
			if identity.Provider != "corp" || identity.Subject != "sub-ada" || identity.Name != "Ada Lovelace" {
				w.t.Errorf("identity = %+v, want ada's at corp", identity)
			}
			if tokens.ID == "" || tokens.Access == "" || !tokens.Expiry.Equal(time.Now().Add(5*time.Minute)) {
				w.t.Errorf("tokens expire at %s, want five minutes from now", tokens.Expiry)
			}
		})
	}
}

func TestFinishRefusesIDTokens(t *testing.T) {
	provider := newProvider()
	refused := []struct {
		name   string
		config func(c *oidc.Config)
		faults func(f *oidctest.Faults)
		want   oidc.Reason
	}{
		// S34
		{name: "oidcc-client-test-nonce-invalid", faults: claim("nonce", is("another")), want: oidc.ReasonNonce},
		{name: "a missing nonce", faults: claim("nonce", nil), want: oidc.ReasonNonce},
		{name: "oidcc-client-test-invalid-iss", faults: claim("iss", is("https://evil.example")), want: oidc.ReasonIDToken},
		{name: "an issuer with a trailing slash", faults: claim("iss", is(issuer+"/")), want: oidc.ReasonIDToken},
		{name: "oidcc-client-test-invalid-aud", faults: claim("aud", is("another")), want: oidc.ReasonIDToken},
		{name: "oidcc-client-test-missing-aud", faults: claim("aud", nil), want: oidc.ReasonIDToken},
		{name: "oidcc-client-test-missing-sub", faults: claim("sub", nil), want: oidc.ReasonSubject},
		{name: "an empty sub", faults: claim("sub", is("")), want: oidc.ReasonSubject},
		{name: "a sub with a line break", faults: claim("sub", is("ada\nroot")), want: oidc.ReasonSubject},
		{name: "a sub of 256 bytes", faults: claim("sub", is(strings.Repeat("a", 256))), want: oidc.ReasonSubject},
		{name: "oidcc-client-test-missing-iat", faults: claim("iat", nil), want: oidc.ReasonTime},
		// S35, S36
		{name: "oidcc-client-test-idtoken-sig-none", faults: signedWith("none"), want: oidc.ReasonIDToken},
		{name: "HS256 with the client secret", faults: hmacWith([]byte(strings.Repeat(secret, 3))), want: oidc.ReasonIDToken},
		{name: "oidcc-client-test-invalid-sig-hs256", faults: hmacWith([]byte(strings.Repeat("k", 32))), want: oidc.ReasonIDToken},
		{name: "an algorithm that is advertised but not configured", faults: signedWith("ES256"), want: oidc.ReasonIDToken},
		{name: "oidcc-client-test-invalid-sig-rs256", faults: foreign("RS256"), want: oidc.ReasonSignature},
		{name: "oidcc-client-test-invalid-sig-es256", config: func(c *oidc.Config) { c.Algorithms = []string{"ES256"} }, faults: foreign("ES256"), want: oidc.ReasonSignature},
		{name: "claims changed after signing", faults: signed(swapPayload), want: oidc.ReasonSignature},
		// S43
		{name: "exp past the leeway", config: leeway(30 * time.Second), faults: claim("exp", ago(31*time.Second)), want: oidc.ReasonTime},
		{name: "a missing exp", faults: claim("exp", nil), want: oidc.ReasonTime},
		{name: "exp as text", faults: claim("exp", is("tomorrow")), want: oidc.ReasonIDToken},
		{name: "exp beyond all dates", faults: claim("exp", is(json.RawMessage("1e300"))), want: oidc.ReasonTime},
		{name: "nbf past the leeway", config: leeway(30 * time.Second), faults: claim("nbf", ago(-31*time.Second)), want: oidc.ReasonTime},
		{name: "iat in the future", config: leeway(30 * time.Second), faults: claim("iat", ago(-31*time.Second)), want: oidc.ReasonTime},
		{name: "iat older than the limit", faults: claim("iat", ago(11*time.Minute)), want: oidc.ReasonTime},
		// S44
		{name: "an extra audience", faults: claim("aud", is([]string{"chatgate", "evil"})), want: oidc.ReasonAudience},
		{name: "azp is another client", faults: claim("azp", is("evil")), want: oidc.ReasonAudience},
		{name: "azp is not text", faults: claim("azp", is([]string{"chatgate"})), want: oidc.ReasonAudience},
		// S45
		{name: "auth_time older than max_age", config: maxAge(time.Minute), faults: claim("auth_time", ago(2*time.Minute)), want: oidc.ReasonAuthTime},
		{name: "auth_time missing when max_age was sent", config: maxAge(time.Minute), faults: claim("auth_time", nil), want: oidc.ReasonAuthTime},
		{name: "auth_time in the future", config: maxAge(time.Minute), faults: claim("auth_time", ago(-time.Minute)), want: oidc.ReasonAuthTime},
		{name: "acr is not the one required", config: acr("gold"), faults: claim("acr", is("bronze")), want: oidc.ReasonACR},
		{name: "acr is missing when required", config: acr("gold"), faults: claim("acr", nil), want: oidc.ReasonACR},
		// S46
		{name: "at_hash of another access token", faults: claim("at_hash", is("AAAAAAAAAAAAAAAAAAAAAA")), want: oidc.ReasonAccessToken},
		// S48
		{name: "five dots", faults: signed(func(s string) string { return s + "..." }), want: oidc.ReasonIDTokenForm},
		{name: "an encrypted token", faults: signed(func(string) string { return "eyJhbGciOiJkaXIifQ.a.b.c.d" }), want: oidc.ReasonIDTokenForm},
		{name: "the JSON serialisation", faults: signed(func(string) string { return `{"payload":"..","signatures":[]}` }), want: oidc.ReasonIDTokenForm},
		{name: "a header of 300 KiB", faults: signed(func(s string) string { return strings.Repeat("A", 300<<10) + s }), want: oidc.ReasonIDTokenForm},
		{name: "a header of 9 KiB", faults: header(`{"alg":"RS256","x":"` + strings.Repeat("x", 7<<10) + `"}`), want: oidc.ReasonIDTokenForm},
		{name: "claims of 300 KiB", faults: claim("x", is(strings.Repeat("x", 300<<10))), want: oidc.ReasonIDTokenForm},
		{name: "a header that is not base64url", faults: signed(func(s string) string { return "+" + s }), want: oidc.ReasonIDTokenForm},
		{name: "a header that gives alg twice", faults: header(`{"alg":"none","alg":"RS256"}`), want: oidc.ReasonIDTokenForm},
		{name: "a header that demands an extension", faults: header(`{"alg":"RS256","crit":["b64"],"b64":false}`), want: oidc.ReasonIDTokenForm},
		{name: "duplicate claims", faults: payload(`{"sub":"sub-ada","sub":"sub-bob"}`), want: oidc.ReasonIDTokenForm},
		{name: "duplicate claims in another case", faults: payload(`{"sub":"sub-ada","SUB":"sub-bob"}`), want: oidc.ReasonIDTokenForm},
		{name: "duplicate claims to a reader that folds", faults: payload(`{"sub":"sub-ada","\u017fub":"sub-bob"}`), want: oidc.ReasonIDTokenForm},
		{name: "deep nesting", faults: payload(`{"a":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`), want: oidc.ReasonIDTokenForm},
		{name: "claims that are no object", faults: payload(`["sub"]`), want: oidc.ReasonIDTokenForm},
		{name: "claims followed by more", faults: payload(`{"sub":"sub-ada"}{}`), want: oidc.ReasonIDTokenForm},
		{name: "claims that are not UTF-8", faults: payload("{\"sub\":\"\xff\"}"), want: oidc.ReasonIDTokenForm},
		{name: "no ID token", faults: func(f *oidctest.Faults) { f.TokenAnswer = func(a map[string]any) { delete(a, "id_token") } }, want: oidc.ReasonIDTokenMissing},
	}
	for _, c := range refused {
		cfg := config()
		if c.config != nil {
			c.config(&cfg)
		}
		bubble(t, c.name, provider, cfg, func(w *world) {
			w.provider.Set(func(f *oidctest.Faults) { f.LeanIDToken = true })
			w.provider.Set(c.faults)
			before := w.provider.Calls(oidctest.PathUserinfo)
			identity, tokens, err := w.signIn("ada")
			wantRefused(w.t, identity, tokens, err, c.want)
			if w.provider.Calls(oidctest.PathUserinfo) != before {
				w.t.Error("userinfo was called after a refused ID token")
			}
		})
	}
}

// A public key used as an HMAC key must not sign (S35). It has its own test because it needs the provider's key.
func TestFinishRefusesHMACWithThePublicKey(t *testing.T) {
	bubble(t, "HS256 with the provider's public key", newProvider(), config(), func(w *world) {
		key := w.provider.Key()
		public, err := json.Marshal(key.Public())
		if err != nil {
			w.t.Fatal(err)
		}
		w.provider.Set(hmacWith(public))
		identity, tokens, err := w.signIn("ada")
		wantRefused(w.t, identity, tokens, err, oidc.ReasonIDToken)
	})
}

// A token for one login is no good for the next (S21).
func TestFinishRefusesAReusedIDToken(t *testing.T) {
	bubble(t, "an ID token from an earlier login", newProvider(), config(), func(w *world) {
		_, tokens, err := w.signIn("ada")
		if err != nil {
			w.t.Fatal(err)
		}
		w.provider.Set(signed(func(string) string { return tokens.ID.Reveal() }))
		identity, none, err := w.signIn("ada")
		wantRefused(w.t, identity, none, err, oidc.ReasonNonce)
	})
}

// Subjects are opaque: these are four people (S49).
func TestSubjectsAreNotFolded(t *testing.T) {
	provider := newProvider()
	for _, subject := range []string{"User", "user", "user ", " user"} {
		bubble(t, "subject "+subject, provider, config(), func(w *world) {
			w.provider.Set(claim("sub", is(subject)))
			identity, _, err := w.signIn("ada")
			if err != nil || identity.Subject != subject {
				w.t.Errorf("subject = %q, %v, want %q", identity.Subject, err, subject)
			}
		})
	}
}

// The provider's text makes neither long nor several log lines (S135).
func TestErrorsAreOneBoundedLine(t *testing.T) {
	provider := newProvider()
	for name, issuer := range map[string]string{
		"an issuer with line breaks": "https://evil.example\r\n\x1b[31mforged=line",
		"an issuer of 64 KiB":        strings.Repeat("é", 32<<10),
	} {
		bubble(t, name, provider, config(), func(w *world) {
			w.provider.Set(claim("iss", is(issuer)))
			_, _, err := w.signIn("ada")
			if err == nil || len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\r\n\x1b") || !utf8.ValidString(err.Error()) {
				w.t.Errorf("Finish() = %q, want one line of bounded length", err)
			}
		})
	}
}

// An unreachable JWKS is the provider's trouble, not a forged token.
func TestFinishWithKeysOutOfReach(t *testing.T) {
	bubble(t, "the keys rotate while they cannot be fetched", newProvider(), config(), func(w *world) {
		w.provider.RotateKeys()
		w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathJWKS] = oidctest.Status(http.StatusBadGateway) })
		_, _, err := w.signIn("ada")
		wantProviderError(w.t, err)
	})
}
