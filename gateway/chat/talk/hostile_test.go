package talk_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/oidc"
)

// hostile are identities that a provider may send, in the hope that a product trips over one of them.
func hostile() []oidc.Identity {
	texts := []string{
		"", " ", "a", "ab", "ada", "Ada Lovelace", "ada@example.org", "@", "_", "...", "-", "123", "李雷", "王", "Жанна", "José", "ÅÄÖ",
		"🦉", "👩‍👩‍👧", "null", "undefined", "\u202eevil", "a\x00b", "\xff", "<script>", "a'b\"c", strings.Repeat("x", 128),
		strings.Repeat("漢", 42), "e\u0301", "ﬁ", "①", "×÷", "ß",
	}
	addresses := []string{
		"", "ada@example.org", "ADA@EXAMPLE.ORG", "ada@corp.local", "ada@localhost", "ada@example.test", "a@b", "@", "ada", "ada@", "@b.org",
		"ada@[192.0.2.1]", "ada@192.0.2.1", "ada@bücher.de", "käthe@example.org", `"a b"@example.org`, "a..b@example.org", "a@example.org.",
		"a@b@example.org", "ada+news@sub.example.co.uk", strings.Repeat("a", 95) + "@x.org", strings.Repeat("a", 70) + "@example.org",
		"a@example.onion", "a@example.ck", "null", " ada@example.org", "a@-b.org", "a@" + strings.Repeat("b", 64) + ".org",
	}
	pictures := []string{
		"", "https://p.example.org/a.png", "http://p.example.org/a.png", "https://p.example.org/a b.png", "https://p.example.org/ä.png",
		"https://", "data:,", "javascript:alert(1)", "https://p.example.org/%zz", "https://[::1]/a.png", "null",
	}
	source := rand.New(rand.NewPCG(1, 2)) // the same identities in every run
	pick := func(from []string) string { return from[source.IntN(len(from))] }
	var all []oidc.Identity
	add := func(id oidc.Identity) {
		id.Provider, id.Subject = "corp", fmt.Sprintf("%d", len(all))
		all = append(all, id)
	}
	for _, text := range texts {
		add(oidc.Identity{Username: text, Name: pick(texts), Email: "a@example.org", EmailVerified: true})
	}
	for _, address := range addresses {
		add(oidc.Identity{Username: "ada", Email: address, EmailVerified: true, Picture: pick(pictures)})
	}
	for range 150 {
		add(oidc.Identity{
			Username: pick(texts), Name: pick(texts), Email: pick(addresses), EmailVerified: source.IntN(4) > 0,
			Picture: pick(pictures), Groups: []string{pick(texts)},
		})
	}
	return all
}

// ownAddress keeps Coral from refusing a token because somebody else has its address already: that is another matter.
func ownAddress(id oidc.Identity) oidc.Identity {
	if local, domain, ok := strings.Cut(id.Email, "@"); ok && local != "" && len(local) < 50 {
		id.Email = local[:1] + id.Subject + local[1:] + "@" + domain
	}
	return id
}

func TestNoIdentityGetsATokenThatAProductRefuses(t *testing.T) {
	shared := with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret })
	for _, test := range []struct {
		name    string
		cfg     talk.Config
		product func(*testing.T, *world) verifier
	}{
		{"coral-sso", site(talk.CoralSSO), func(t *testing.T, w *world) verifier { return ssoCoral(t, w, "") }},
		{"coral-oidc", site(talk.CoralOIDC), func(t *testing.T, w *world) verifier { return oidcCoral(t, w, "") }},
		{"talk4", shared, func(t *testing.T, w *world) verifier {
			return newTalk4(t, w, talktest.Talk4Config{Secret: sharedSecret})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.cfg, chattest.Options{})
			product := test.product(t, w)
			for _, id := range hostile() {
				id = ownAddress(id)
				res := w.ask(http.MethodGet, w.SignIn(id))
				if res.StatusCode == http.StatusForbidden && test.name == "coral-sso" {
					if got := decode[problemBody](t, res); got.Code != "email_unverified" {
						t.Errorf("%+v is refused as %q, want email_unverified", id, got.Code)
					}
					continue
				}
				token := decode[tokenAnswer](t, res).Token
				viewer, err := product.Verify(ctx(), token)
				if err != nil || viewer.Anonymous() || viewer.Username == "" {
					t.Fatalf("%+v: Verify() = %+v, %v, want an account with a name; claims: %v", id, viewer, err, part(t, token, 1))
				}
				if why := emptyClaim(part(t, token, 1)); why != "" {
					t.Errorf("%+v: %s (G10)", id, why)
				}
			}
		})
	}
}

// emptyClaim names a claim that is null or empty, or one that must never be there.
func emptyClaim(claims map[string]any) string {
	for name, value := range claims {
		if inner, ok := value.(map[string]any); ok {
			if why := emptyClaim(inner); why != "" {
				return why
			}
		}
		if value == nil || value == "" || name == "pat" || name == "nbf" {
			return fmt.Sprintf("the claim %q is %v", name, value)
		}
	}
	return ""
}
