package oidc_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"

	"github.com/google/go-cmp/cmp"
)

// claimsOf replaces what the ID token says about the person; keys with a nil value are removed.
func claimsOf(changes map[string]any) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) {
		f.IDToken = func(claims map[string]any) { merge(claims, changes) }
	}
}

func merge(claims, changes map[string]any) {
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
}

func TestIdentity(t *testing.T) {
	cfg := config()
	cfg.Claims.Picture = nil
	bubble(t, "everything the provider says", newProvider(), cfg, func(w *world) {
		w.provider.Set(claimsOf(map[string]any{"picture": "https://idp.example.org/ada.png", "sid": "sid-1", "acr": "gold"}))
		identity, _, err := w.signIn("ada")
		if err != nil {
			w.t.Fatal(err)
		}
		want := oidc.Identity{
			Provider: "corp", Subject: "sub-ada", SID: "sid-1", Username: "ada", Name: "Ada Lovelace",
			Email: "ada@example.org", EmailVerified: true, Picture: "https://idp.example.org/ada.png",
			Groups: []string{"staff"}, AuthTime: time.Now(), ACR: "gold",
		}
		if diff := cmp.Diff(want, identity); diff != "" {
			w.t.Errorf("identity (-want +got):\n%s", diff)
		}
		data, err := json.Marshal(identity)
		if err != nil {
			w.t.Fatal(err)
		}
		var stored oidc.Identity
		if err := json.Unmarshal(data, &stored); err != nil {
			w.t.Fatal(err)
		}
		if diff := cmp.Diff(identity, stored); diff != "" {
			w.t.Errorf("stored identity (-want +got):\n%s", diff)
		}
	})
	if data, _ := json.Marshal(oidc.Identity{Provider: "corp", Subject: "s"}); string(data) != `{"p":"corp","s":"s"}` {
		t.Errorf("a bare identity is stored as %s", data)
	}
}

func TestEmail(t *testing.T) {
	provider := newProvider()
	trusting, principal := config(), config()
	trusting.TrustEmail = true
	principal.Claims.Email = oidc.Path{"upn"}
	nested := config()
	nested.Claims.Email = oidc.Path{"contact", "email"}
	verified := func(v any) map[string]any { return map[string]any{"email": "ada@example.org", "email_verified": v} }
	email := func(s string) map[string]any { return map[string]any{"email": s, "email_verified": true} }
	for _, c := range []struct {
		name     string
		config   oidc.Config
		claims   map[string]any
		want     string
		verified bool
	}{
		// S50
		{"verified by a boolean", config(), verified(true), "ada@example.org", true},
		{"not verified", config(), verified(false), "ada@example.org", false},
		{"verified by text", config(), verified("true"), "ada@example.org", false},
		{"verified by a number", config(), verified(1), "ada@example.org", false},
		{"verified by nothing", config(), verified(nil), "ada@example.org", false},
		{"trusted without a word", trusting, verified(nil), "ada@example.org", true},
		{"trusted, but no address", trusting, map[string]any{"email": nil}, "", false},
		{"email_verified does not vouch for another claim", principal, map[string]any{"upn": "ada@example.org", "email_verified": true}, "ada@example.org", false},
		{"a nested address is vouched for beside it", nested, map[string]any{"contact": email("ada@example.org")}, "ada@example.org", true},
		{"a nested address is not vouched for at the top", nested, map[string]any{"contact": map[string]any{"email": "ada@example.org"}, "email_verified": true}, "ada@example.org", false},
		// S51: what is no plain address is none
		{"two @", config(), email("a@b@allowed.example"), "", false},
		{"two addresses", config(), email("a@evil.example,b@allowed.example"), "", false},
		{"no @", config(), email("ada"), "", false},
		{"no domain", config(), email("ada@"), "", false},
		{"no person", config(), email("@example.org"), "", false},
		{"spaces", config(), email("ada @example.org"), "", false},
		{"a line break", config(), email("ada@example.org\nBcc: x"), "", false},
		{"too long", config(), email(strings.Repeat("a", 250) + "@example.org"), "", false},
		{"a number", config(), map[string]any{"email": 7}, "", false},
		{"upper case stays", config(), email("Ada@Example.ORG"), "Ada@Example.ORG", true},
	} {
		bubble(t, c.name, provider, c.config, func(w *world) {
			w.provider.Set(claimsOf(c.claims))
			w.provider.Set(func(f *oidctest.Faults) { f.Userinfo = onlySubject })
			identity, _, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			if identity.Email != c.want || identity.EmailVerified != c.verified {
				w.t.Errorf("e-mail = %q, verified %v, want %q, %v", identity.Email, identity.EmailVerified, c.want, c.verified)
			}
		})
	}
}

func onlySubject(claims map[string]any) {
	maps.DeleteFunc(claims, func(name string, _ any) bool { return name != "sub" })
}

// Groups that cannot be read whole are none at all, so that rules fail closed (S53).
func TestGroups(t *testing.T) {
	provider := newProvider()
	roles := config()
	roles.Claims.Groups = oidc.Path{"realm_access", "roles"}
	dotted := config()
	dotted.Claims.Groups = oidc.Path{"https://example.org/groups.v1"}
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprint("group-", i)
	}
	groups := func(v any) map[string]any { return map[string]any{"groups": v} }
	for _, c := range []struct {
		name   string
		config oidc.Config
		claims map[string]any
		want   []string
		warns  bool
	}{
		{"a list", config(), groups([]string{"staff", "chat admins"}), []string{"staff", "chat admins"}, false},
		{"an empty list", config(), groups([]string{}), []string{}, false},
		{"nested", roles, map[string]any{"realm_access": map[string]any{"roles": []string{"staff"}}}, []string{"staff"}, false},
		{"a name with dots and slashes", dotted, map[string]any{"https://example.org/groups.v1": []string{"staff"}}, []string{"staff"}, false},
		{"missing", config(), groups(nil), nil, false},
		{"missing on the way", roles, map[string]any{"realm_access": "staff"}, nil, false},
		{"text", config(), groups("staff"), nil, true},
		{"an object", config(), groups(map[string]any{"staff": true}), nil, true},
		{"a list with a number", config(), groups([]any{"staff", 7}), nil, true},
		{"a list with an empty name", config(), groups([]string{"staff", ""}), nil, true},
		{"a name with a control character", config(), groups([]string{"ad\x00min"}), nil, true},
		{"a name that is too long", config(), groups([]string{strings.Repeat("g", 513)}), nil, true},
		{"too many", config(), groups(many), nil, true},
		{"overage", config(), map[string]any{
			"groups": nil, "_claim_names": map[string]any{"groups": "src1"},
			"_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "https://graph.example/"}},
		}, nil, true},
	} {
		bubble(t, c.name, provider, c.config, func(w *world) {
			w.provider.Set(claimsOf(c.claims))
			w.provider.Set(func(f *oidctest.Faults) { f.Userinfo = onlySubject })
			identity, _, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, identity.Groups); diff != "" {
				w.t.Errorf("groups (-want +got):\n%s", diff)
			}
			if got := strings.Contains(w.log.String(), "groups claim cannot be used"); got != c.warns {
				w.t.Errorf("warned %v, want %v: %s", got, c.warns, w.log)
			}
		})
	}
}

// Text from the provider is bounded and clean before it goes anywhere (S86, S135).
func TestTextClaims(t *testing.T) {
	provider := newProvider()
	cfg := config()
	cfg.Claims.Picture = nil
	for _, c := range []struct {
		name, claim string
		value       any
		got         func(oidc.Identity) string
		want        string
	}{
		{"a name with terminal escapes", "name", "Ada\x1b[31m\r\nLovelace", nameOf, "Ada[31mLovelace"},
		{"a name that turns the writing direction", "name", "Ada\u202egpj.exe", nameOf, "Adagpj.exe"},
		{"a name of 1 KiB", "name", strings.Repeat("é", 512), nameOf, strings.Repeat("é", 128)},
		{"a name cut within a letter", "name", "x" + strings.Repeat("é", 512), nameOf, "x" + strings.Repeat("é", 127)},
		{"a name that is an object", "name", map[string]any{"$ne": ""}, nameOf, ""},
		{"a user name stays as it is", "preferred_username", "Ada.L+1", usernameOf, "Ada.L+1"},
		{"a user name with a control character", "preferred_username", "ad\x00min", usernameOf, ""},
		{"a user name that is too long", "preferred_username", strings.Repeat("a", 129), usernameOf, ""},
		{"a portrait that is a script", "picture", "javascript:alert(1)", pictureOf, ""},
		{"a portrait over http", "picture", "http://example.org/a.png", pictureOf, ""},
		{"a portrait with credentials", "picture", "https://a:b@example.org/a.png", pictureOf, ""},
		{"a portrait that is too long", "picture", "https://example.org/" + strings.Repeat("a", 2048), pictureOf, ""},
		{"a sid that is a number", "sid", 7, func(i oidc.Identity) string { return i.SID }, ""},
	} {
		bubble(t, c.name, provider, cfg, func(w *world) {
			w.provider.Set(claimsOf(map[string]any{c.claim: c.value}))
			identity, _, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			if got := c.got(identity); got != c.want {
				w.t.Errorf("%s = %q, want %q", c.claim, got, c.want)
			}
		})
	}
}

func nameOf(i oidc.Identity) string     { return i.Name }
func usernameOf(i oidc.Identity) string { return i.Username }
func pictureOf(i oidc.Identity) string  { return i.Picture }

// Userinfo is called only for what the ID token lacks (S40, S41).
func TestUserinfo(t *testing.T) {
	provider := newProvider()
	reticent := config()
	reticent.Claims = oidc.ClaimsConfig{Username: oidc.Path{}, Email: oidc.Path{}, Name: oidc.Path{}, Groups: oidc.Path{}, Picture: oidc.Path{}}
	for _, c := range []struct {
		name     string
		config   oidc.Config
		claims   map[string]any
		userinfo map[string]any
		calls    int
		want     oidc.Identity
	}{
		{"nothing is missing", config(), nil, nil, 0, oidc.Identity{Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true}},
		{"nothing is configured", reticent, map[string]any{"name": nil}, nil, 0, oidc.Identity{}},
		{"groups kept elsewhere", config(), map[string]any{
			"groups": nil, "_claim_names": map[string]any{"groups": "src1"}, "_claim_sources": map[string]any{"src1": map[string]any{}},
		}, nil, 0, oidc.Identity{Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true}},
		{"a missing claim", config(), map[string]any{"name": nil}, nil, 1, oidc.Identity{Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true}},
		{"the ID token wins", config(), map[string]any{"groups": nil}, map[string]any{"name": "Mallory"}, 1, oidc.Identity{Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true}},
		{"the word on the same address", config(), map[string]any{"email_verified": nil}, nil, 1, oidc.Identity{Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true}},
		{"the word on another address", config(), map[string]any{"email_verified": nil}, map[string]any{"email": "mallory@example.org"}, 1, oidc.Identity{Name: "Ada Lovelace", Email: "ada@example.org"}},
		{"userinfo knows no more", config(), map[string]any{"name": nil}, map[string]any{"name": nil}, 1, oidc.Identity{Email: "ada@example.org", EmailVerified: true}},
	} {
		bubble(t, c.name, provider, c.config, func(w *world) {
			w.provider.Set(claimsOf(c.claims))
			w.provider.Set(func(f *oidctest.Faults) {
				f.Userinfo = func(claims map[string]any) { merge(claims, c.userinfo) }
			})
			before := w.provider.Calls(oidctest.PathUserinfo)
			identity, _, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			got := oidc.Identity{Name: identity.Name, Email: identity.Email, EmailVerified: identity.EmailVerified}
			if diff := cmp.Diff(c.want, got); diff != "" {
				w.t.Errorf("identity (-want +got):\n%s", diff)
			}
			if n := w.provider.Calls(oidctest.PathUserinfo) - before; n != c.calls {
				w.t.Errorf("userinfo was called %d times, want %d", n, c.calls)
			}
		})
	}
}

// signedUserinfo changes one claim of a signed answer; nil leaves it out.
func signedUserinfo(name string, value any) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) {
		f.SignedUserinfo = true
		f.Userinfo = func(c map[string]any) { merge(c, map[string]any{name: value}) }
	}
}

// A client may be registered for signed answers (OpenID Connect Core 1.0, Section 5.3.2).
func TestSignedUserinfo(t *testing.T) {
	for _, c := range []struct {
		name  string
		claim string
		value any
	}{
		{"for this client", "aud", "chatgate"},
		{"for this client in a list", "aud", []string{"chatgate"}},
		{"with an expiry to come", "exp", json.RawMessage("4102444800")},
	} {
		bubble(t, c.name, newProvider(), config(), func(w *world) {
			w.provider.Set(func(f *oidctest.Faults) { f.LeanIDToken = true })
			w.provider.Set(signedUserinfo(c.claim, c.value))
			identity, _, err := w.signIn("ada")
			if err != nil || identity.Name != "Ada Lovelace" || !identity.EmailVerified {
				w.t.Errorf("Finish() = %+v, %v, want ada by a signed answer", identity, err)
			}
		})
	}
}

// The answer's algorithm and keys are those of ID tokens (S35, S36).
func TestSignedUserinfoRefusesOtherSignatures(t *testing.T) {
	provider := newProvider()
	for name, forge := range map[string]func(f *oidctest.Faults){
		"no signature":                     signedWith("none"),
		"the client secret":                hmacWith([]byte(strings.Repeat(secret, 3))),
		"an algorithm not configured":      signedWith("ES256"),
		"a key that is not the provider's": foreign("RS256"),
	} {
		bubble(t, name, provider, config(), func(w *world) {
			attempt, callback := w.begin("ada")
			forged := w.forged(forge, map[string]any{"iss": issuer, "aud": "chatgate", "sub": "sub-ada", "name": "Mallory"})
			w.provider.Set(func(f *oidctest.Faults) {
				f.LeanIDToken = true
				f.Answers[oidctest.PathUserinfo] = oidctest.Text("application/jwt", forged)
			})
			identity, tokens, err := w.rp.Finish(w.t.Context(), attempt, callback)
			wantRefused(w.t, identity, tokens, err, oidc.ReasonUserinfo)
		})
	}
}

func TestUserinfoRefused(t *testing.T) {
	provider := newProvider()
	subject := func(v any) func(f *oidctest.Faults) {
		return func(f *oidctest.Faults) { f.Userinfo = func(c map[string]any) { merge(c, map[string]any{"sub": v}) } }
	}
	answer := func(h http.HandlerFunc) func(f *oidctest.Faults) {
		return func(f *oidctest.Faults) { f.Answers[oidctest.PathUserinfo] = h }
	}
	for _, c := range []struct {
		name   string
		faults func(f *oidctest.Faults)
		want   oidc.Reason // empty for ErrProvider
	}{
		{"oidcc-client-test-userinfo-invalid-sub", subject("sub-bob"), oidc.ReasonUserinfo},
		{"no sub", subject(nil), oidc.ReasonUserinfo},
		{"sub in another case", subject("SUB-ADA"), oidc.ReasonUserinfo},
		{"status 401", answer(oidctest.Status(http.StatusUnauthorized)), oidc.ReasonUserinfo},
		{"status 500", answer(oidctest.Status(http.StatusInternalServerError)), ""},
		{"status 429", answer(oidctest.Status(http.StatusTooManyRequests)), ""},
		{"a signature that is none", answer(oidctest.Text("application/jwt", "e30.e30.e30")), oidc.ReasonUserinfo},
		{"an encrypted answer", answer(oidctest.Text("application/jwt", "eyJhbGciOiJkaXIifQ.a.b.c.d")), oidc.ReasonUserinfo},
		{"an HTML page that says it is signed", answer(oidctest.Text("application/jwt", "<!doctype html>")), oidc.ReasonUserinfo},
		{"a signed answer of another subject", signedUserinfo("sub", "sub-bob"), oidc.ReasonUserinfo},
		{"a signed answer of another issuer", signedUserinfo("iss", "https://evil.example"), oidc.ReasonUserinfo},
		{"a signed answer of no issuer", signedUserinfo("iss", nil), oidc.ReasonUserinfo},
		{"a signed answer for another client", signedUserinfo("aud", "evil"), oidc.ReasonUserinfo},
		{"a signed answer for others too", signedUserinfo("aud", []string{"chatgate", "evil"}), oidc.ReasonUserinfo},
		{"a signed answer for nobody", signedUserinfo("aud", nil), oidc.ReasonUserinfo},
		{"a signed answer that has expired", signedUserinfo("exp", 1), oidc.ReasonUserinfo},
		{"an HTML page", answer(oidctest.HTML()), ""},
		{"a huge answer", answer(oidctest.Huge(2 << 20)), ""},
		{"a slow answer", answer(oidctest.Slow(time.Minute)), ""},
		{"a redirect elsewhere", answer(oidctest.Redirect("https://evil.example/")), ""},
		{"sub given twice", answer(oidctest.JSON(`{"sub":"sub-ada","sub":"sub-bob"}`)), ""},
	} {
		bubble(t, c.name, provider, config(), func(w *world) {
			w.provider.Set(func(f *oidctest.Faults) { f.LeanIDToken = true })
			w.provider.Set(c.faults)
			identity, tokens, err := w.signIn("ada")
			if c.want == "" {
				wantProviderError(w.t, err)
				wantNothing(w.t, identity, tokens)
				return
			}
			wantRefused(w.t, identity, tokens, err, c.want)
		})
	}
}
