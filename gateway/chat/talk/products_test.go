package talk_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/oidc"
	"chatgate/store"
)

// verifier is a product at the other end.
type verifier interface {
	Verify(ctx context.Context, bearer string) (talktest.Viewer, error)
}

// ssoCoral is a Coral that knows the site's secrets.
func ssoCoral(t *testing.T, w *world, version string) *talktest.Coral {
	t.Helper()
	return newCoral(t, talktest.CoralConfig{
		URL: coralURL, Version: version, Now: w.Now,
		SSO: &talktest.SSOIntegration{Enabled: true, AllowRegistration: true, Secrets: map[string]string{"kid-1": ssoSecret}},
	})
}

// oidcCoral is a Coral that was set up for the issuer of the world's site, whose JWKS it fetches.
func oidcCoral(t *testing.T, w *world, version string) *talktest.Coral {
	t.Helper()
	issuer := w.BaseURL + "/" + w.Name
	return newCoral(t, talktest.CoralConfig{
		URL: coralURL, Version: version, Now: w.Now, Transport: w,
		OIDC: &talktest.OIDCIntegration{
			Enabled: true, AllowRegistration: true, ClientID: "coral", ClientSecret: "s3cret", Issuer: issuer,
			JWKSURI: issuer + "/jwks.json", AuthorizationURL: issuer + "/oauth/authorize", TokenURL: issuer + "/oauth/token",
		},
	})
}

func newCoral(t *testing.T, cfg talktest.CoralConfig) *talktest.Coral {
	t.Helper()
	coral, err := talktest.NewCoral(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return coral
}

// newTalk4 is a Talk 4 whose plugin makes accounts from the claims, as the README's settings have it.
func newTalk4(t *testing.T, w *world, cfg talktest.Talk4Config) *talktest.Talk4 {
	t.Helper()
	cfg.URL, cfg.Issuer, cfg.Now = coralURL, w.BaseURL+"/"+w.Name, w.Now
	cfg.TokenUserNotFound = func(_ context.Context, talk4 *talktest.Talk4, claims map[string]any, _ string) (*talktest.Talk4User, error) {
		return talk4.UpsertExternalUser(claims["sub"].(string), "chatgate", claims["username"].(string))
	}
	talk4, err := talktest.NewTalk4(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return talk4
}

// publicPEM is the site's public key as an operator puts it into TALK_JWT_SECRETS (G14).
func publicPEM(t *testing.T, w *world) talktest.Talk4Secret {
	t.Helper()
	keys, err := w.Keys.Keys()
	if err != nil {
		t.Fatal(err)
	}
	return talktest.Talk4Secret{KID: keys[0].KID, Public: pemOf(t, keys[0].Public)}
}

func TestProductsTakeTheTokens(t *testing.T) {
	picture := "https://idp.example.org/ada.png"
	for _, test := range []struct {
		name    string
		cfg     talk.Config
		product func(*testing.T, *world) verifier
		want    talktest.User
	}{
		{"Coral 9.11.8 by single sign-on", site(talk.CoralSSO),
			func(t *testing.T, w *world) verifier { return ssoCoral(t, w, "9.11.8") },
			talktest.User{
				Username: "ada", Email: "ada@example.org", EmailVerified: true, Role: talktest.RoleCommenter,
				URL: chattest.BaseURL + "/", Avatar: picture,
			}},
		{"Coral 5.0.0 by single sign-on", site(talk.CoralSSO),
			func(t *testing.T, w *world) verifier { return ssoCoral(t, w, "5.0.0") },
			talktest.User{Username: "ada", Email: "ada@example.org", EmailVerified: true, Role: talktest.RoleCommenter}},
		{"Coral 9.11.8 by OpenID Connect", site(talk.CoralOIDC),
			func(t *testing.T, w *world) verifier { return oidcCoral(t, w, "9.11.8") },
			talktest.User{Username: "ada", Email: "ada@example.org", EmailVerified: true, Role: talktest.RoleCommenter, Avatar: picture}},
		{"Coral 5.0.0 by OpenID Connect", site(talk.CoralOIDC),
			func(t *testing.T, w *world) verifier { return oidcCoral(t, w, "5.0.0") },
			talktest.User{Username: "ada", Email: "ada@example.org", EmailVerified: true, Role: talktest.RoleCommenter, Avatar: picture}},
		{"Talk 4 by a public key", site(talk.Talk4),
			func(t *testing.T, w *world) verifier {
				return newTalk4(t, w, talktest.Talk4Config{Algorithm: "RS256", Secrets: []talktest.Talk4Secret{publicPEM(t, w)}})
			},
			talktest.User{Username: "ada"}},
		{"Talk 4 by a shared secret", with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret }),
			func(t *testing.T, w *world) verifier {
				return newTalk4(t, w, talktest.Talk4Config{Secret: sharedSecret})
			},
			talktest.User{Username: "ada"}},
		{"Talk 4 by one of several shared secrets", with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret }),
			func(t *testing.T, w *world) verifier {
				return newTalk4(t, w, talktest.Talk4Config{Secrets: []talktest.Talk4Secret{
					{KID: "own", Secret: "talk's own"}, {KID: "talk", Secret: sharedSecret},
				}})
			},
			talktest.User{Username: "ada"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.cfg, chattest.Options{})
			token := w.token(http.MethodGet, w.SignIn(ada())).Token
			got, err := test.product(t, w).Verify(ctx(), token)
			if err != nil {
				t.Fatalf("Verify() = %v, want the token accepted", err)
			}
			got.ID, got.Profiles = "", nil
			if diff := cmp.Diff(test.want, got.User); diff != "" {
				t.Errorf("the account (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCoralFollowsRolesAndNames(t *testing.T) {
	w := open(t, with(site(talk.CoralSSO), func(c *talk.Config) {
		c.Roles = map[string]talk.Role{"everyone": talk.Commenter, "moderators": talk.Moderator}
	}), chattest.Options{})
	coral := ssoCoral(t, w, "")
	person := ada()
	person.Groups = []string{"everyone", "moderators"}
	cookie := w.SignIn(person)
	for _, step := range []struct {
		groups         []string
		username, role string
	}{
		{[]string{"everyone", "moderators"}, "ada", talktest.RoleModerator},
		{[]string{"everyone"}, "countess", talktest.RoleCommenter},
	} {
		person.Groups, person.Username = step.groups, step.username
		cookie = w.SignInAgain(cookie, person)
		got, err := coral.Verify(ctx(), w.token(http.MethodGet, cookie).Token)
		if err != nil || got.Username != step.username || got.Role != step.role {
			t.Errorf("Coral has %q as %s, %v, want %q as %s (G16, G17)", got.Username, got.Role, err, step.username, step.role)
		}
	}
}

func TestARawRoleClaimIsNoRole(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	person := ada()
	person.Groups = []string{"ADMIN", "MODERATOR"}
	got, err := ssoCoral(t, w, "").Verify(ctx(), w.token(http.MethodGet, w.SignIn(person)).Token)
	if err != nil || got.Role != talktest.RoleCommenter {
		t.Errorf("Coral has the role %s, %v, want COMMENTER (G16)", got.Role, err)
	}
}

func TestACoralWithBothIntegrationsTakesEachKindOfToken(t *testing.T) {
	byKeys := open(t, site(talk.CoralOIDC), chattest.Options{})
	bySecret := open(t, site(talk.CoralSSO), chattest.Options{})
	issuer := byKeys.BaseURL + "/talk"
	coral := newCoral(t, talktest.CoralConfig{
		URL: coralURL, Now: byKeys.Now, Transport: byKeys,
		SSO: &talktest.SSOIntegration{Enabled: true, AllowRegistration: true, Secrets: map[string]string{"kid-1": ssoSecret}},
		OIDC: &talktest.OIDCIntegration{
			Enabled: true, AllowRegistration: true, ClientID: "coral", ClientSecret: "s3cret", Issuer: issuer,
			JWKSURI: issuer + "/jwks.json", AuthorizationURL: issuer + "/a", TokenURL: issuer + "/t",
		},
	})
	bob := oidc.Identity{Provider: "corp", Subject: "bob", Username: "bob", Email: "bob@example.org", EmailVerified: true}
	for name, token := range map[string]string{
		"coral-oidc": byKeys.token(http.MethodGet, byKeys.SignIn(ada())).Token,
		"coral-sso":  bySecret.token(http.MethodGet, bySecret.SignIn(bob)).Token,
	} {
		if _, err := coral.Verify(ctx(), token); err != nil {
			t.Errorf("%s: Verify() = %v, want the token accepted", name, err)
		}
	}
}

func TestCoralRevokesASignOnTokenWhenItsReaderSignsOutThere(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	coral := ssoCoral(t, w, "")
	cookie := w.SignIn(ada())
	token := w.token(http.MethodGet, cookie).Token
	r, err := http.NewRequest(http.MethodDelete, coralURL+"/api/auth", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if res := answer(coral, r); res.StatusCode != http.StatusNoContent {
		t.Fatalf("DELETE /api/auth = %d, want 204", res.StatusCode)
	}
	if viewer, err := coral.Verify(ctx(), token); err != nil || !viewer.Anonymous() {
		t.Errorf("after its sign-out Coral takes the token for %+v, %v, want nobody", viewer, err)
	}
	next := w.token(http.MethodPost, cookie).Token
	if viewer, err := coral.Verify(ctx(), next); err != nil || viewer.Anonymous() {
		t.Errorf("Coral takes the token of a POST for %+v, %v, want the reader (D18)", viewer, err)
	}
}

func TestSecretsThatRotateAtCoral(t *testing.T) {
	both := map[string]store.Secret{"old": olderSecret, "new": ssoSecret}
	before := with(site(talk.CoralSSO), func(c *talk.Config) { c.SSOSecrets, c.SSOCurrent = both, "old" })
	after := with(site(talk.CoralSSO), func(c *talk.Config) { c.SSOSecrets, c.SSOCurrent = both, "new" })
	w := open(t, before, chattest.Options{})
	coral := newCoral(t, talktest.CoralConfig{URL: coralURL, Now: w.Now, SSO: &talktest.SSOIntegration{
		Enabled: true, AllowRegistration: true, Secrets: map[string]string{"old": olderSecret, "new": ssoSecret},
	}})
	cookie := w.SignIn(ada())
	first := w.token(http.MethodGet, cookie).Token
	w.reopen(after)
	second := w.token(http.MethodGet, cookie).Token
	for _, token := range []string{first, second} {
		if _, err := coral.Verify(ctx(), token); err != nil {
			t.Errorf("Verify() of a token by %v = %v, want it accepted (G15)", part(t, token, 0)["kid"], err)
		}
		if res := w.whose(token); res.StatusCode != http.StatusOK {
			t.Errorf("GET /user with a token by %v = %d, want 200", part(t, token, 0)["kid"], res.StatusCode)
		}
	}
}

func TestCoralTakesTokensAcrossAKeyChange(t *testing.T) {
	cfg := with(site(talk.CoralOIDC), func(c *talk.Config) { c.TokenLifetime = time.Hour })
	w := openWithStoredKeys(t, cfg)
	coral := oidcCoral(t, w.world, "")
	cookie := w.SignIn(ada())
	before := w.token(http.MethodGet, cookie).Token
	if _, err := w.keys.Rotate(ctx(), "talk"); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(20 * time.Minute)
	after := w.token(http.MethodGet, cookie).Token
	for name, token := range map[string]string{"before": before, "after": after} {
		if _, err := coral.Verify(ctx(), token); err != nil {
			t.Errorf("Verify() of a token from %s the change = %v, want it accepted (G3)", name, err)
		}
	}
	var set struct {
		Keys []struct{ KID string }
	}
	if err := json.NewDecoder(w.call(http.MethodGet, "/talk/jwks.json", nil).Body).Decode(&set); err != nil || len(set.Keys) != 2 {
		t.Errorf("the JWKS has %d keys, %v, want both", len(set.Keys), err)
	}
}
