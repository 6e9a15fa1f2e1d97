package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatgate/cmd/internal/cli"
	"chatgate/store/storetest/redistest"
)

// TestSignedOutIsOutWhereverItHappens: two gateways that are processes of their own, and a third, on one real Redis. One
// browser has everything that a sign-in gives, in a window and in a frame. However its session ends, what it still holds
// opens nothing on any replica, and nothing at the chats and the provider (S63, S72, S90, S106, S108, S113, D11, D20).
func TestSignedOutIsOutWhereverItHappens(t *testing.T) {
	w, c := everyChat(t, worldConfig{Redis: redistest.Start(t).Addr, Providers: withRefreshTokens, Extra: noLimits})
	here, there := w.process(t, 0), w.process(t, 0)
	replicas := map[string]http.Handler{"the process where it ended": here, "the other process": there, "a third replica": w.App.Server().Handler()}
	for name, end := range map[string]func(t *testing.T, e everything){
		"by the person, who comes home from the provider": func(t *testing.T, e everything) {
			end, _ := e.window.at(here).open(goesOn(t, e.window.at(here).signOut()))
			if !strings.HasPrefix(end, w.Addresses().Gateway+"/") {
				t.Errorf("the sign-out ends at %s, want home", end)
			}
			if begun := e.window.send(http.MethodGet, w.Addresses().Gateway+"/login", ""); !asksForPassword(e.window, begun.header.Get("Location")) {
				t.Error("the provider knows the person still")
			}
		},
		"by the person, for every browser": func(t *testing.T, e everything) {
			other := w.visitor(t).at(here)
			other.signIn("/login", "ada")
			gateway := w.Addresses().Gateway
			if a := other.form(gateway+"/logout", url.Values{"everywhere": {"yes"}}, "Origin", gateway); a.status != http.StatusOK {
				t.Fatalf("sign-out everywhere = %d %s", a.status, a.body)
			}
		},
		"by the provider's logout token": func(t *testing.T, e everything) {
			token, err := w.Provider.Sign("logout+jwt", map[string]any{
				"iss": w.Addresses().Provider, "aud": "chatgate", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
				"jti": t.Name(), "sub": e.claims.Subject, "sid": e.claims.SID,
				"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
			})
			if err != nil {
				t.Fatal(err)
			}
			provider := w.visitor(t).at(here)
			if a := provider.form(w.Addresses().Gateway+"/logout/backchannel", url.Values{"logout_token": {token}}); a.status != http.StatusOK {
				t.Fatalf("the logout call = %d %s", a.status, a.body)
			}
		},
		"by the provider's frame": func(t *testing.T, e everything) {
			query := url.Values{"iss": {w.Addresses().Provider}, "sid": {e.claims.SID}}
			stranger := w.visitor(t).at(here) // the browser keeps our cookies back in such a frame
			if a := stranger.send(http.MethodGet, w.Addresses().Gateway+"/logout/frontchannel?"+query.Encode(), ""); a.status != http.StatusOK {
				t.Fatalf("the logout frame = %d %s", a.status, a.body)
			}
		},
		"by the operator": func(t *testing.T, e everything) {
			revokeByCommand(t, w, "--provider", "corp", "--subject", e.claims.Subject)
		},
		"by the operator, for everybody": func(t *testing.T, _ everything) { revokeByCommand(t, w, "--all", "--yes") },
	} {
		t.Run(name, func(t *testing.T) {
			e := w.signInEverywhere(t)
			e.isIn(t, there, c)
			end(t, e)
			for replica, gateway := range replicas {
				e.isRefused(t, replica, gateway)
			}
			e.isForgotten(t, c)
		})
	}
	t.Run("by its age", func(t *testing.T) {
		e := w.signInEverywhere(t)
		for i, replica := range []*process{w.process(t, 25*time.Hour), w.process(t, 25*time.Hour)} {
			e.isRefused(t, []string{"a process a day later", "another a day later"}[i], replica)
		}
		e.isForgottenByRocketChat(t) // tokens of Talk's and Coral's have ended long before, by themselves
	})
}

// everything is one browser with all that a sign-in gives it.
type everything struct {
	*world
	window *visitor
	frame  *frame
	claims idTokenClaims

	loginToken, ssoToken, fourToken, refreshToken string
}

type idTokenClaims struct {
	Subject string `json:"sub"`
	SID     string `json:"sid"`
}

func (w *world) signInEverywhere(t *testing.T) everything {
	t.Helper()
	issued := noteTokens(w)
	e := everything{world: w, window: w.visitor(t)}
	e.frame = e.window.frame()
	e.frame.signIn(inNewWindow, "ada")
	e.loginToken = e.frame.redeemed()
	e.ssoToken, e.fourToken = e.window.tokenOf("sso", pluginPage), e.window.tokenOf("four", pluginPage)
	e.refreshToken = issued.get("refresh_token")
	_, payload, _ := strings.Cut(issued.get("id_token"), ".")
	payload, _, _ = strings.Cut(payload, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(raw, &e.claims) != nil || e.claims.SID == "" || e.refreshToken == "" {
		t.Fatalf("the provider's ID token says %s, and there is a refresh token: %t", raw, e.refreshToken != "")
	}
	return e
}

// isIn makes sure of what isRefused and isForgotten deny.
func (e everything) isIn(t *testing.T, gateway http.Handler, c comments) {
	t.Helper()
	for who, v := range map[string]*visitor{"window": e.window, "frame": e.frame.visitor} {
		if a := v.at(gateway).rocketChatToken(); a.status != http.StatusOK {
			t.Fatalf("signed in, the %s's cookie brings %d %s", who, a.status, a.body)
		}
	}
	if viewer, err := c.sso.Verify(t.Context(), e.ssoToken); err != nil || viewer.Username != "ada" {
		t.Fatalf("Coral takes the token for %q, %v", viewer.Username, err)
	}
	if viewer, err := c.four.Verify(t.Context(), e.fourToken); err != nil || viewer.Username != "ada" {
		t.Fatalf("Talk takes the token for %q, %v", viewer.Username, err)
	}
}

// isRefused replays both cookies on every route that takes one.
func (e everything) isRefused(t *testing.T, replica string, gateway http.Handler) {
	t.Helper()
	a := e.Addresses()
	own := []string{"Origin", a.Gateway, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Content-Type", "application/json"}
	for who, v := range map[string]*visitor{"the window's cookie": e.window.at(gateway), "the frame's cookie": e.frame.at(gateway).visitor} {
		for _, route := range []struct {
			method, path string
			headers      []string
		}{
			{http.MethodPost, "/rocketchat/token", []string{"Origin", a.RocketChat}},
			{http.MethodGet, "/rocketchat/token", []string{"Origin", a.RocketChat}},
			{http.MethodPost, "/rocketchat/resume", own},
			{http.MethodGet, "/talk/token", []string{"Origin", a.Talk}},
			{http.MethodPost, "/talk/token", []string{"Origin", a.Talk}},
			{http.MethodPost, "/talk/resume", own},
			{http.MethodGet, "/sso/token", []string{"Origin", pluginPage}},
			{http.MethodGet, "/four/token", []string{"Origin", pluginPage}},
			{http.MethodGet, "/session", nil},
		} {
			body := ""
			if route.method == http.MethodPost && strings.HasSuffix(route.path, "/resume") {
				body = `{"confirm":true}`
			}
			held := v.client.Jar.(*loopbackJar).copy() // what the browser has is not taken from it between two tries
			replaying := *v
			client := *v.client
			client.Jar, replaying.client = held, &client
			if got := replaying.send(route.method, a.Gateway+route.path, body, route.headers...); got.status != http.StatusUnauthorized {
				t.Errorf("on %s %s brings %d %s at %s %s, want 401", replica, who, got.status, got.body, route.method, route.path)
			}
		}
	}
	coral := e.window.at(gateway)
	if got := coral.send(http.MethodGet, coral.askCoral(), ""); !strings.HasPrefix(got.header.Get("Location"), "/login?") {
		t.Errorf("on %s Coral's own sign-in is answered %d to %q, want to sign in", replica, got.status, got.header.Get("Location"))
	}
}

// isForgotten: the chats and the provider take nothing any more that they gave.
func (e everything) isForgotten(t *testing.T, c comments) {
	t.Helper()
	e.isForgottenByRocketChat(t)
	eventually(t, "to Coral the token makes nobody", func() bool {
		viewer, err := c.sso.Verify(t.Context(), e.ssoToken)
		return err != nil || viewer.Anonymous()
	})
	eventually(t, "Talk refuses the token", func() bool { _, err := c.four.Verify(t.Context(), e.fourToken); return err != nil })
	eventually(t, "the provider was told to forget the refresh token", func() bool { return c.revoked.has(e.refreshToken) })
	if refreshes(t, e.world, e.refreshToken) {
		t.Error("the provider's refresh token is good still")
	}
}

func (e everything) isForgottenByRocketChat(t *testing.T) {
	t.Helper()
	eventually(t, "Rocket.Chat forgot the login", func() bool { return !e.RocketChat.Alive(e.loginToken) })
}

// copy is a jar of its own with the same cookies.
func (j *loopbackJar) copy() *loopbackJar {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := newJar()
	c.partition = j.partition
	for host, cookies := range j.cookies {
		c.cookies[host] = map[string]*http.Cookie{}
		for name, cookie := range cookies {
			c.cookies[host][name] = cookie
		}
	}
	return c
}

// asksForPassword says whether the provider shows its form.
func asksForPassword(v *visitor, providerURL string) bool {
	_, page := v.open(providerURL)
	return strings.Contains(page.body, `type="password"`)
}

// revokeByCommand runs chatgate sessions revoke on the world's configuration.
func revokeByCommand(t *testing.T, w *world, which ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "chatgate.yaml")
	if err := os.WriteFile(file, []byte(w.config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	told := cli.Streams{Out: &out, Err: &out}
	if code := cli.Run(t.Context(), append([]string{"sessions", "revoke", "--config", file}, which...), told); code != 0 {
		t.Fatalf("chatgate sessions revoke %v = %d: %s", which, code, &out)
	}
	_, _ = watched.Write(out.Bytes())
}
