package talk_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/store"
)

// library is a Node process that judges tokens with the libraries that Talk and Coral ship: jsonwebtoken 8.5.1 and 9.0.0,
// jwks-rsa 1.12.3 and passport-jwt 4.0.0. It fetches the site's keys over HTTP, and knows issuer and audience from its own
// settings alone.
type library struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

// startLibrary sets the product of a site up. Secrets are by kid; without any the site's keys are fetched.
func startLibrary(t *testing.T, w *world, profile talk.Profile, audience string, secrets map[string]string) *library {
	t.Helper()
	verifier, err := filepath.Abs("../../../.ci/tokens/verify.mjs")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		needed(t, "node is not in the PATH")
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(verifier), "../node_modules/jwks-rsa")); err != nil {
		needed(t, "the Node packages of .ci are not installed: npm ci --prefix .ci")
	}
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	args := []string{verifier, "--profile", string(profile)}
	if profile != talk.CoralSSO {
		args = append(args, "--issuer", w.BaseURL+"/talk", "--audience", audience)
	}
	if secrets == nil {
		args = append(args, "--jwks", server.URL+"/talk/.well-known/jwks.json")
	} else {
		args = append(args, "--secrets-env", "TOKEN_SECRETS")
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	command := exec.CommandContext(ctx, node, append(args, "-")...)
	raw, err := json.Marshal(secrets)
	if err != nil {
		t.Fatal(err)
	}
	command.Env = append(os.Environ(), "TOKEN_SECRETS="+string(raw))
	command.Stderr = os.Stderr
	in, errIn := command.StdinPipe()
	out, errOut := command.StdoutPipe()
	if errIn != nil || errOut != nil || command.Start() != nil {
		t.Fatalf("start node: %v, %v", errIn, errOut)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
		stop()
	})
	return &library{t: t, in: in, out: bufio.NewScanner(out)}
}

type libraryAnswer struct {
	Accepted bool           `json:"accepted"`
	Reason   string         `json:"reason"`
	Claims   map[string]any `json:"claims"`
}

// verify asks about a token at a time.
func (l *library) verify(token string, now time.Time) libraryAnswer {
	l.t.Helper()
	if _, err := fmt.Fprintln(l.in, token, now.Unix()); err != nil || !l.out.Scan() {
		l.t.Fatalf("ask node: %v, %v", err, l.out.Err())
	}
	var answer libraryAnswer
	if err := json.Unmarshal(l.out.Bytes(), &answer); err != nil {
		l.t.Fatalf("node says %q: %v", l.out.Text(), err)
	}
	return answer
}

// needed skips a test whose parts are missing, except where all parts are promised.
func needed(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func TestTheProductsOwnLibrariesTakeTheTokensOfEveryProfile(t *testing.T) {
	for _, test := range []struct {
		name     string
		cfg      talk.Config
		audience string
		secrets  map[string]string
	}{
		{"coral-oidc", site(talk.CoralOIDC), "coral", nil},
		{"coral-oidc with everything", ornate(site(talk.CoralOIDC)), "coral", nil},
		{"coral-sso with Coral's one secret", site(talk.CoralSSO), "", map[string]string{"kid-1": ssoSecret}},
		{"coral-sso with everything and several secrets", ornate(site(talk.CoralSSO)), "", map[string]string{"kid-0": olderSecret, "kid-1": ssoSecret}},
		{"talk4 by keys", site(talk.Talk4), "talk", nil},
		{"talk4 by TALK_JWT_SECRET", sharedTalk4(), "talk", map[string]string{"": sharedSecret}},
		{"talk4 by TALK_JWT_SECRETS", ornate(sharedTalk4()), "talk", map[string]string{"own": olderSecret, "talk": sharedSecret}},
		{"talk4 with an audience of the operator's", with(site(talk.Talk4), func(c *talk.Config) { c.Audience = "newsroom" }), "newsroom", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.cfg, chattest.Options{})
			judge := startLibrary(t, w, test.cfg.Profile, test.audience, test.secrets)
			person := moderator()
			person.Groups = append(person.Groups, "editors")
			token := w.token(http.MethodGet, w.SignIn(person))
			last := time.Unix(token.ExpiresAt-1, 0)
			if got := judge.verify(token.Token, last); !got.Accepted {
				t.Errorf("refused: %s", got.Reason)
			}
			if got := judge.verify(token.Token, last.Add(time.Second)); got.Accepted {
				t.Error("accepted when it has expired (G7)")
			}
			if got := judge.verify(token.Token[:len(token.Token)-4]+"AAAA", last); got.Accepted {
				t.Error("accepted with another signature")
			}
		})
	}
}

func TestTheProductsOwnLibrariesRefuseWhatIsForAnother(t *testing.T) { // G5, G6
	for profile, audience := range map[talk.Profile]string{talk.CoralOIDC: "coral", talk.Talk4: "talk"} {
		t.Run(string(profile), func(t *testing.T) {
			w := open(t, site(profile), chattest.Options{})
			judge := startLibrary(t, w, profile, audience, nil)
			for name, change := range map[string]func(*talk.Config){
				"issuer": func(c *talk.Config) { c.Issuer = chattest.BaseURL + "/talk-2" },
				"audience": func(c *talk.Config) {
					if profile == talk.Talk4 {
						c.Audience = "another"
					} else {
						c.Client.ID = "another"
					}
				},
			} {
				w.reopen(with(site(profile), change))
				if got := judge.verify(w.token(http.MethodGet, w.SignIn(ada())).Token, w.Now()); got.Accepted {
					t.Errorf("a token for another %s is accepted: %v", name, got.Claims)
				}
			}
			other := openWithKey(t, site(profile), chattest.Options{}, 1)
			if got := judge.verify(other.token(http.MethodGet, other.SignIn(ada())).Token, w.Now()); got.Accepted {
				t.Errorf("a token by another site's key is accepted: %v", got.Claims)
			}
		})
	}
}

// TestTheProductsOwnLibrariesFollowAKeyChange: the same running Coral takes tokens by the new key at once, by the old one
// while it is published, and by either secret of a rotation (G3, G15).
func TestTheProductsOwnLibrariesFollowAKeyChange(t *testing.T) {
	t.Run("coral-oidc", func(t *testing.T) {
		w := openWithStoredKeys(t, with(site(talk.CoralOIDC), func(c *talk.Config) { c.TokenLifetime = time.Hour }))
		judge := startLibrary(t, w.world, talk.CoralOIDC, "coral", nil)
		cookie := w.SignIn(ada())
		before := w.token(http.MethodGet, cookie).Token
		if got := judge.verify(before, w.Now()); !got.Accepted {
			t.Fatalf("refused before the change: %s", got.Reason)
		}
		if _, err := w.keys.Rotate(ctx(), "talk"); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(20 * time.Minute)
		after := w.token(http.MethodGet, cookie).Token
		if part(t, before, 0)["kid"] == part(t, after, 0)["kid"] {
			t.Fatal("both tokens are by one key")
		}
		for name, token := range map[string]string{"before": before, "after": after} {
			if got := judge.verify(token, w.Now()); !got.Accepted {
				t.Errorf("a token from %s the change is refused: %s", name, got.Reason)
			}
		}
	})
	t.Run("coral-sso", func(t *testing.T) {
		both := map[string]store.Secret{"old": olderSecret, "new": ssoSecret}
		under := func(kid string) talk.Config {
			return with(site(talk.CoralSSO), func(c *talk.Config) { c.SSOSecrets, c.SSOCurrent = both, kid })
		}
		w := open(t, under("old"), chattest.Options{})
		judge := startLibrary(t, w, talk.CoralSSO, "", map[string]string{"old": olderSecret, "new": ssoSecret})
		cookie := w.SignIn(ada())
		before := w.token(http.MethodGet, cookie).Token
		w.reopen(under("new"))
		after := w.token(http.MethodGet, cookie).Token
		for name, token := range map[string]string{"before": before, "after": after} {
			if got := judge.verify(token, w.Now()); !got.Accepted {
				t.Errorf("a token from %s the change is refused: %s", name, got.Reason)
			}
		}
	})
}
