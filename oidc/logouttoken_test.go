package oidc_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"

	"github.com/google/go-cmp/cmp"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutToken is a token whose claims have been changed; keys with a nil value are removed.
func (w *world) logoutToken(typ string, changes map[string]any) string {
	w.t.Helper()
	claims := w.provider.LogoutClaims("chatgate", "sub-ada", "sid-1")
	merge(claims, changes)
	token, err := w.provider.Sign(typ, claims)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

func TestVerifyLogoutToken(t *testing.T) {
	provider := newProvider()
	later := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for _, c := range []struct {
		name    string
		typ     string
		changes func() map[string]any
		config  func(c *oidc.Config)
		want    oidc.LogoutToken
	}{
		{name: "oidcc-client-test-rp-backchannel-rpinitlogout", want: oidc.LogoutToken{Subject: "sub-ada", SID: "sid-1"}},
		{name: "a session without its person", changes: func() map[string]any { return map[string]any{"sub": nil} }, want: oidc.LogoutToken{SID: "sid-1"}},
		{name: "a person without a session", changes: func() map[string]any { return map[string]any{"sid": nil} }, want: oidc.LogoutToken{Subject: "sub-ada"}},
		{name: "typ JWT", typ: "JWT", want: oidc.LogoutToken{Subject: "sub-ada", SID: "sid-1"}},
		{name: "typ in full and in another case", typ: "application/Logout+JWT", want: oidc.LogoutToken{Subject: "sub-ada", SID: "sid-1"}},
		{
			name: "an audience in a list", changes: func() map[string]any { return map[string]any{"aud": []string{"chatgate"}} },
			want: oidc.LogoutToken{Subject: "sub-ada", SID: "sid-1"},
		},
		{
			name: "an extra audience that is listed", changes: func() map[string]any { return map[string]any{"aud": []string{"api", "chatgate"}} },
			config: func(c *oidc.Config) { c.ExtraAudiences = []string{"api"} },
			want:   oidc.LogoutToken{Subject: "sub-ada", SID: "sid-1"},
		},
		{
			name: "an event with a member of its own", changes: func() map[string]any {
				return map[string]any{"events": map[string]any{logoutEvent: map[string]any{"reason": "idle"}, "other": 1}}
			},
			want: oidc.LogoutToken{Subject: "sub-ada", SID: "sid-1"},
		},
		{
			name: "an exp within the leeway", changes: func() map[string]any { return map[string]any{"exp": later(-30 * time.Second)} },
			config: leeway(30 * time.Second), want: oidc.LogoutToken{Subject: "sub-ada", SID: "sid-1"},
		},
	} {
		cfg := config()
		if c.config != nil {
			c.config(&cfg)
		}
		bubble(t, c.name, provider, cfg, func(w *world) {
			changes := map[string]any{"jti": "id-1"}
			if c.changes != nil {
				maps.Copy(changes, c.changes())
			}
			typ := c.typ
			if typ == "" {
				typ = "logout+jwt"
			}
			got, err := w.rp.VerifyLogoutToken(w.t.Context(), w.logoutToken(typ, changes))
			if err != nil {
				w.t.Fatalf("VerifyLogoutToken() = %v, want nil", err)
			}
			if got.Issued.IsZero() || got.Expires.IsZero() {
				w.t.Error("the token has no times")
			}
			c.want.ID, got.Issued, got.Expires = "id-1", time.Time{}, time.Time{}
			if diff := cmp.Diff(c.want, got); diff != "" {
				w.t.Errorf("logout token (-want +got):\n%s", diff)
			}
		})
	}
}

// TestVerifyLogoutTokenRefuses names its cases after the OpenID Foundation's modules, where there is one (S109).
func TestVerifyLogoutTokenRefuses(t *testing.T) {
	provider := newProvider()
	at := func(name string, d time.Duration) func() map[string]any {
		return func() map[string]any { return map[string]any{name: time.Now().Add(d).Unix()} }
	}
	with := func(name string, value any) func() map[string]any {
		return func() map[string]any { return map[string]any{name: value} }
	}
	for _, c := range []struct {
		name    string
		typ     string
		changes func() map[string]any
		faults  func(f *oidctest.Faults)
		want    oidc.Reason
	}{
		{name: "oidcc-client-test-rp-backchannel-rpinitlogout-alg-none", faults: signedWith("none"), want: oidc.ReasonLogoutSignature},
		{name: "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg", faults: signedWith("ES256"), want: oidc.ReasonLogoutSignature},
		{name: "HS256 with the client secret", faults: hmacWith([]byte(strings.Repeat(secret, 3))), want: oidc.ReasonLogoutSignature},
		{name: "a key that is not the provider's", faults: foreign("RS256"), want: oidc.ReasonLogoutSignature},
		{name: "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss", changes: with("iss", "https://evil.example"), want: oidc.ReasonLogoutIssuer},
		{name: "an issuer with a trailing slash", changes: with("iss", issuer+"/"), want: oidc.ReasonLogoutIssuer},
		{name: "no issuer", changes: with("iss", nil), want: oidc.ReasonLogoutIssuer},
		{name: "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud", changes: with("aud", "another"), want: oidc.ReasonLogoutAudience},
		{name: "an audience beside us", changes: with("aud", []string{"chatgate", "another"}), want: oidc.ReasonLogoutAudience},
		{name: "an audience that is no text", changes: with("aud", []any{"chatgate", 7}), want: oidc.ReasonLogoutAudience},
		{name: "no audience", changes: with("aud", nil), want: oidc.ReasonLogoutAudience},
		{name: "an empty list of audiences", changes: with("aud", []string{}), want: oidc.ReasonLogoutAudience},
		{name: "oidcc-client-test-rp-backchannel-rpinitlogout-no-event", changes: with("events", nil), want: oidc.ReasonLogoutEvents},
		{name: "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event", changes: with("events", map[string]any{"https://evil.example/event": map[string]any{}}), want: oidc.ReasonLogoutEvents},
		{name: "events is a list", changes: with("events", []any{logoutEvent}), want: oidc.ReasonLogoutEvents},
		{name: "the event is no object", changes: with("events", map[string]any{logoutEvent: true}), want: oidc.ReasonLogoutEvents},
		{name: "oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce", changes: with("nonce", "n"), want: oidc.ReasonLogoutNonce},
		{name: "neither sub nor sid", changes: func() map[string]any { return map[string]any{"sub": nil, "sid": nil} }, want: oidc.ReasonLogoutSubject},
		{name: "a sub that is a number", changes: with("sub", 7), want: oidc.ReasonLogoutSubject},
		{name: "an empty sid", changes: with("sid", ""), want: oidc.ReasonLogoutSubject},
		{name: "a sid of 256 bytes", changes: with("sid", strings.Repeat("s", 256)), want: oidc.ReasonLogoutSubject},
		{name: "a sub with a line break", changes: with("sub", "ada\n"), want: oidc.ReasonLogoutSubject},
		{name: "no jti", changes: with("jti", nil), want: oidc.ReasonLogoutID},
		{name: "a jti of 256 bytes", changes: with("jti", strings.Repeat("j", 256)), want: oidc.ReasonLogoutID},
		{name: "no iat", changes: with("iat", nil), want: oidc.ReasonLogoutTime},
		{name: "iat in the future", changes: at("iat", time.Minute), want: oidc.ReasonLogoutTime},
		{name: "iat older than the limit", changes: at("iat", -11*time.Minute), want: oidc.ReasonLogoutTime},
		{name: "no exp", changes: with("exp", nil), want: oidc.ReasonLogoutTime},
		{name: "expired", changes: at("exp", -time.Minute), want: oidc.ReasonLogoutTime},
		{name: "nbf in the future", changes: at("nbf", time.Minute), want: oidc.ReasonLogoutTime},
		{name: "a name that is given twice", changes: with("events", json.RawMessage(`{"a":{},"a":{}}`)), want: oidc.ReasonLogoutForm},
		{name: "another type of token", typ: "at+jwt", want: oidc.ReasonLogoutType},
		{name: "a type that says nothing", typ: " ", want: oidc.ReasonLogoutType},
	} {
		bubble(t, c.name, provider, config(), func(w *world) {
			changes := map[string]any{}
			if c.changes != nil {
				changes = c.changes()
			}
			if c.faults != nil {
				w.provider.Set(c.faults)
			}
			typ := c.typ
			if typ == "" {
				typ = "logout+jwt"
			}
			w.wantLogoutRefused(w.logoutToken(typ, changes), c.want)
		})
	}
}

func (w *world) wantLogoutRefused(raw string, want oidc.Reason) {
	w.t.Helper()
	token, err := w.rp.VerifyLogoutToken(w.t.Context(), raw)
	if token != (oidc.LogoutToken{}) {
		w.t.Errorf("a refused logout token says %+v", token)
	}
	wantRefused(w.t, oidc.Identity{}, oidc.Tokens{}, err, want)
}

// What is no signed token is refused before any key is tried (S48).
func TestVerifyLogoutTokenRefusesOtherForms(t *testing.T) {
	bubble(t, "forms", newProvider(), config(), func(w *world) {
		good := w.logoutToken("logout+jwt", nil)
		_, rest, _ := strings.Cut(good, ".")
		for name, raw := range map[string]string{
			"nothing":                          "",
			"words":                            "sign everybody out",
			"an encrypted token":               "eyJhbGciOiJkaXIifQ.a.b.c.d",
			"the JSON serialisation":           `{"payload":"..","signatures":[]}`,
			"1 MiB":                            good + strings.Repeat("A", 1<<20),
			"a header that is not base64url":   "+" + good,
			"a header that gives alg twice":    encoded(`{"alg":"none","alg":"RS256"}`) + "." + rest,
			"a header that demands extensions": encoded(`{"alg":"RS256","crit":["b64"],"b64":false}`) + "." + rest,
		} {
			w.t.Log(name)
			w.wantLogoutRefused(raw, oidc.ReasonLogoutForm)
		}
		w.wantLogoutRefused(swapPayload(good), oidc.ReasonLogoutSignature)
		w.wantLogoutRefused(encoded(`{"alg":"RS256","typ":7}`)+"."+rest, oidc.ReasonLogoutType)
	})
}

// An ID token signs nobody out (OpenID Connect Back-Channel Logout 1.0, Section 2.6, step 5; S109).
func TestVerifyLogoutTokenRefusesAnIDToken(t *testing.T) {
	bubble(t, "an ID token in place of a logout token", newProvider(), config(), func(w *world) {
		_, tokens, err := w.signIn("ada")
		if err != nil {
			w.t.Fatal(err)
		}
		w.wantLogoutRefused(tokens.ID.Reveal(), oidc.ReasonLogoutEvents)
	})
}

// A logout token signs nobody in.
func TestFinishRefusesALogoutToken(t *testing.T) {
	bubble(t, "a logout token in place of an ID token", newProvider(), config(), func(w *world) {
		token := w.logoutToken("logout+jwt", nil)
		w.provider.Set(signed(func(string) string { return token }))
		identity, tokens, err := w.signIn("ada")
		wantRefused(w.t, identity, tokens, err, oidc.ReasonNonce)
	})
}

func TestVerifyLogoutTokenFetchesRotatedKeys(t *testing.T) {
	bubble(t, "a key that is new", newProvider(), config(), func(w *world) {
		w.provider.RotateKeys()
		if _, err := w.rp.VerifyLogoutToken(w.t.Context(), w.logoutToken("logout+jwt", nil)); err != nil {
			w.t.Errorf("VerifyLogoutToken() = %v, want nil", err)
		}
	})
	bubble(t, "a key that is new while the keys are out of reach", newProvider(), config(), func(w *world) {
		w.provider.RotateKeys()
		w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathJWKS] = oidctest.Status(http.StatusBadGateway) })
		_, err := w.rp.VerifyLogoutToken(w.t.Context(), w.logoutToken("logout+jwt", nil))
		wantProviderError(w.t, err)
	})
}

func TestVerifyLogoutTokenBeforeDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newProvider(), config())
		if _, err := w.rp.VerifyLogoutToken(t.Context(), w.logoutToken("logout+jwt", nil)); !errors.Is(err, oidc.ErrNotReady) {
			t.Errorf("VerifyLogoutToken() = %v, want ErrNotReady", err)
		}
	})
}

func TestPeekIssuer(t *testing.T) {
	bubble(t, "tokens and what is none", newProvider(), config(), func(w *world) {
		good := w.logoutToken("logout+jwt", nil)
		header, _, _ := strings.Cut(good, ".")
		for raw, want := range map[string]string{
			good:                    issuer,
			swapPayload(good):       "", // it has no iss
			"":                      "",
			"a.b.c":                 "",
			good + "." + good:       "",
			header + ".+.signature": "",
			header + "." + encoded(`{"iss":"a","iss":"b"}`) + ".signature": "",
			header + "." + encoded(`{"iss":["a"]}`) + ".signature":         "",
			header + "." + encoded(`{"iss":"a"}`) + ".signature":           "a",
		} {
			if got := oidc.PeekIssuer(raw); got != want {
				w.t.Errorf("PeekIssuer(%.60q) = %q, want %q", raw, got, want)
			}
		}
	})
}

func TestOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := newProvider()
		provider.Set(document("authorization_endpoint", "https://login.example.org:443/authorize"))
		w := newWorld(t, provider, config())
		if diff := cmp.Diff([]string{"https://idp.example.org"}, w.rp.Origins()); diff != "" {
			t.Errorf("origins before discovery (-want +got):\n%s", diff)
		}
		w.start()
		if diff := cmp.Diff([]string{"https://idp.example.org", "https://login.example.org"}, w.rp.Origins()); diff != "" {
			t.Errorf("origins (-want +got):\n%s", diff)
		}
		if got := w.rp.Issuer(); got != issuer {
			t.Errorf("Issuer() = %q, want %q", got, issuer)
		}
	})
	bubble(t, "endpoints at the issuer", newProvider(), config(), func(w *world) {
		if diff := cmp.Diff([]string{"https://idp.example.org"}, w.rp.Origins()); diff != "" {
			w.t.Errorf("origins (-want +got):\n%s", diff)
		}
	})
}
