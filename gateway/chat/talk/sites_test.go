package talk_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/gateway/keyring"
	"chatgate/store"
	"chatgate/store/memstore"
)

// twoSites are two sites of one kind at one gateway: one store, and keys or secrets of their own.
func twoSites(t *testing.T, profile talk.Profile) (city, sports *world) {
	t.Helper()
	engine := memstore.New(memstore.Config{})
	second := site(profile)
	if profile == talk.CoralSSO {
		second.SSOSecrets = map[string]store.Secret{"kid-2": olderSecret}
	}
	return openWithKey(t, site(profile), chattest.Options{Name: "city", Engine: engine}, 0),
		openWithKey(t, second, chattest.Options{Name: "sports", Engine: engine}, 1)
}

func TestTwoSitesRefuseEachOthersTokens(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralOIDC, talk.CoralSSO, talk.Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			city, sports := twoSites(t, profile)
			token := city.token(http.MethodGet, city.SignIn(ada())).Token
			if res := city.whose(token); res.StatusCode != http.StatusOK {
				t.Errorf("the token's own site says %d, want 200", res.StatusCode)
			}
			if res := sports.whose(token); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("the other site says %d, want 401 (G5, D5)", res.StatusCode)
			}
		})
	}
}

// kinds are the sites that sign in ways of their own.
func kinds() map[string]talk.Config {
	return map[string]talk.Config{
		"coral-sso": site(talk.CoralSSO), "coral-oidc": site(talk.CoralOIDC), "talk4": site(talk.Talk4), "talk4 by a secret": sharedTalk4(),
	}
}

// TestNoSiteTakesATokenThatIsForAnotherOfAnyKind pairs every kind of site with every kind, at the gateway and at the
// product (G5, D5).
func TestNoSiteTakesATokenThatIsForAnotherOfAnyKind(t *testing.T) {
	for from, giver := range kinds() {
		for to, taker := range kinds() {
			t.Run("from "+from+" to "+to, func(t *testing.T) {
				engine := memstore.New(memstore.Config{})
				city := openWithKey(t, giver, chattest.Options{Name: "city", Engine: engine}, 0)
				sports := openWithKey(t, with(taker, func(c *talk.Config) {
					if c.Profile == talk.CoralSSO {
						c.SSOSecrets = map[string]store.Secret{"kid-1": olderSecret} // under the very same key id
					}
					if c.SharedSecret != "" {
						c.SharedSecret = olderSecret
					}
				}), chattest.Options{Name: "sports", Engine: engine}, 1)
				token := city.token(http.MethodGet, city.SignIn(ada())).Token
				if res := sports.whose(token); res.StatusCode != http.StatusUnauthorized {
					t.Errorf("GET /user = %d, want 401", res.StatusCode)
				}
				viewer, err := strictProduct(t, sports, taker).Verify(ctx(), token)
				if _, stopped := errors.AsType[*talktest.ProcessStopped](err); stopped || err == nil && !viewer.Anonymous() {
					t.Errorf("Verify() = %+v, %v, want the token refused", viewer, err)
				}
			})
		}
	}
}

// strictProduct is a site's product with the secrets and keys of that site, whatever other sites have.
func strictProduct(t *testing.T, w *world, cfg talk.Config) verifier {
	t.Helper()
	switch {
	case cfg.Profile == talk.CoralSSO:
		return newCoral(t, talktest.CoralConfig{URL: coralURL, Now: w.Now, SSO: &talktest.SSOIntegration{
			Enabled: true, AllowRegistration: true, Secrets: map[string]string{"kid-1": olderSecret},
		}})
	case cfg.SharedSecret != "":
		return newTalk4(t, w, talktest.Talk4Config{Secret: olderSecret})
	default:
		return productOf(t, w, cfg)
	}
}

// TestNoSiteTakesWhatWasMadeForRocketChat: neither its login tokens nor what the keys of another chat sign, though it names
// the site's own issuer and audience (G5).
func TestNoSiteTakesWhatWasMadeForRocketChat(t *testing.T) {
	for name, cfg := range kinds() {
		t.Run(name, func(t *testing.T) {
			w := open(t, cfg, chattest.Options{})
			w.token(http.MethodGet, w.SignIn(ada()))
			foreign := w.keyring(keyring.SetConfig{Name: "rocketchat", Files: []string{keyFile(t, 1)}}).Set("rocketchat")
			claims := map[string]any{
				"iss": w.BaseURL + "/talk", "aud": "talk", "sub": "u-eve", "jti": "an-id", "nonce": "a-nonce", "iat": w.Now().Unix(),
				"exp": w.Now().Add(time.Minute).Unix(),
			}
			if cfg.Profile == talk.CoralOIDC {
				claims["aud"] = "coral"
			}
			if cfg.Profile == talk.CoralSSO {
				claims = map[string]any{"jti": "an-id", "exp": claims["exp"], "user": map[string]any{
					"id": "u-eve", "email": "eve@example.org", "username": "eve",
				}}
			}
			signed, _, err := foreign.Sign(claims)
			if err != nil {
				t.Fatal(err)
			}
			product := productOf(t, w, cfg)
			for what, token := range map[string]string{
				"a login token": "a8IZxkJ6iRkX1SWXjTWzVdpxkLz5a7t0bn7XyVZUIVN", "a token by another chat's keys": signed,
			} {
				if res := w.whose(token); res.StatusCode != http.StatusUnauthorized {
					t.Errorf("GET /user with %s = %d, want 401", what, res.StatusCode)
				}
				if viewer, err := product.Verify(ctx(), token); err == nil && !viewer.Anonymous() {
					t.Errorf("the product takes %s for %+v", what, viewer)
				}
			}
		})
	}
}

func TestACoralRefusesTheTokensOfAnotherSite(t *testing.T) {
	city, sports := twoSites(t, talk.CoralOIDC)
	for name, coral := range map[string]*talktest.Coral{
		"under its own issuer": oidcCoral(t, sports, ""),
		// Coral does not look at the audience, so the keys alone have to keep the other site's tokens out.
		"under the other's issuer, with its own keys": newCoral(t, talktest.CoralConfig{
			URL: coralURL, Now: sports.Now, Transport: sports,
			OIDC: &talktest.OIDCIntegration{
				Enabled: true, AllowRegistration: true, ClientID: "coral", ClientSecret: "s3cret", Issuer: city.BaseURL + "/city",
				JWKSURI: sports.BaseURL + "/sports/jwks.json", AuthorizationURL: "https://a.example", TokenURL: "https://t.example",
			},
		}),
	} {
		if _, err := coral.Verify(ctx(), city.token(http.MethodGet, city.SignIn(ada())).Token); err == nil {
			t.Errorf("a Coral %s takes the token of another site (G5)", name)
		}
	}
}

func TestTwoSitesWithOneSharedSecretStillTellTheirTokensApart(t *testing.T) {
	cfg := with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret })
	engine := memstore.New(memstore.Config{})
	city := open(t, cfg, chattest.Options{Name: "city", Engine: engine})
	sports := open(t, with(cfg, func(c *talk.Config) { c.Audience = "talk" }), chattest.Options{Name: "sports", Engine: engine})
	if res := sports.whose(city.token(http.MethodGet, city.SignIn(ada())).Token); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET /user with the other site's token = %d, want 401 (D5)", res.StatusCode)
	}
}

func TestATokenNamesItsIssuerAndAudienceToTheByte(t *testing.T) {
	base := with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret })
	for _, test := range []struct {
		name   string
		change func(*talk.Config)
	}{
		{"another issuer", func(c *talk.Config) { c.Issuer = chattest.BaseURL + "/Talk" }},
		{"another audience", func(c *talk.Config) { c.Audience = "Talk" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, base, chattest.Options{})
			token := w.token(http.MethodGet, w.SignIn(ada())).Token
			w.reopen(with(base, test.change))
			if res := w.whose(token); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("GET /user where %s is expected = %d, want 401 (G6)", test.name, res.StatusCode)
			}
		})
	}
}

func TestOneBrowserHasATokenForEachSite(t *testing.T) {
	city, sports := twoSites(t, talk.CoralOIDC)
	cookie := city.SignIn(ada())
	first, second := city.token(http.MethodGet, cookie).Token, sports.token(http.MethodGet, cookie).Token
	if part(t, first, 1)["iss"] == part(t, second, 1)["iss"] {
		t.Errorf("both tokens name the issuer %v, want one for each site (G5)", part(t, first, 1)["iss"])
	}
	if again := city.token(http.MethodGet, cookie).Token; again != first {
		t.Error("the token of one site took the place of the other's (D5)")
	}
}

func TestJWKSIsThePublicKeyOfTheSite(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	for _, path := range []string{"/talk/.well-known/jwks.json", "/talk/jwks.json"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			res := w.call(method, path, nil, "Origin", "https://anyone.example")
			if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" ||
				res.Header.Get("Access-Control-Allow-Origin") != "*" || res.Header.Get("Cache-Control") != "public, max-age=300" {
				t.Errorf("%s %s = %d %v, want 200 for everyone, for five minutes (G2, G3)", method, path, res.StatusCode, res.Header)
			}
		}
	}
	var set struct{ Keys []map[string]any }
	if err := json.NewDecoder(w.call(http.MethodGet, "/talk/jwks.json", nil).Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	kid, err := w.Keys.SigningKID()
	if err != nil || len(set.Keys) != 1 {
		t.Fatalf("%d keys, %v, want one", len(set.Keys), err)
	}
	delete(set.Keys[0], "n")
	want := map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "e": "AQAB"}
	if diff := cmp.Diff(want, set.Keys[0]); diff != "" {
		t.Errorf("the key beside its modulus (-want +got):\n%s", diff)
	}
}

func TestASiteThatSharesASecretPublishesNoKeys(t *testing.T) {
	for _, cfg := range []talk.Config{
		site(talk.CoralSSO), with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret }),
	} {
		w := open(t, cfg, chattest.Options{})
		for _, path := range []string{"/talk/.well-known/jwks.json", "/talk/jwks.json"} {
			if res := w.call(http.MethodGet, path, nil); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s: GET %s = %d, want 404", cfg.Profile, path, res.StatusCode)
			}
		}
	}
}

func TestWhoMayReadTokensIsEachSitesOwn(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	city := open(t, site(talk.CoralSSO), chattest.Options{Name: "city", Engine: engine})
	sports := open(t, with(site(talk.CoralSSO), func(c *talk.Config) {
		c.EmbedOrigins = chat.EmbedOrigins{"https://sports.example.org": {Token: true}}
	}), chattest.Options{Name: "sports", Engine: engine})
	cookie := city.SignIn(ada())
	city.token(http.MethodGet, cookie)
	if res := sports.ask(http.MethodGet, cookie); res.StatusCode != http.StatusForbidden {
		t.Errorf("a page of the other site = %d, want 403", res.StatusCode)
	}
}
