package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
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
	clock := &movable{}
	w, c := everyChat(t, worldConfig{
		Redis: redistest.Start(t).Addr, Providers: withRefreshTokens, Extra: noLimits + "session: {idle: 10m, absolute: 10m}\n", Now: clock.now,
	})
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
			w.visitor(t).at(here).hearFromProvider(w.Provider.LogoutClaims("chatgate", e.claims.Subject, e.claims.SID))
		},
		"by the provider's frame": func(t *testing.T, e everything) {
			query := url.Values{"iss": {w.Addresses().Provider}, "sid": {e.claims.SID}}
			stranger := w.visitor(t).at(here) // the browser keeps our cookies back in such a frame
			if a := stranger.send(http.MethodGet, w.Addresses().Gateway+"/logout/frontchannel?"+query.Encode(), ""); a.status != http.StatusOK {
				t.Fatalf("the logout frame = %d %s", a.status, a.body)
			}
		},
		"by the person, from another browser": func(t *testing.T, e everything) {
			other := w.visitor(t).at(here)
			other.signIn("/login", "ada")
			for _, handle := range other.otherSessions() {
				if a := other.endOther(handle); a.status != http.StatusSeeOther {
					t.Fatalf("the end of the other session = %d %s", a.status, a.body)
				}
			}
			if a := other.rocketChatToken(); a.status != http.StatusOK {
				t.Errorf("the browser that ended the other is answered %d %s", a.status, a.body)
			}
			other.signOut()
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
		clock.forward(9*time.Minute + 30*time.Second)
		e.ssoToken, e.fourToken = e.window.tokenOf("sso", pluginPage), e.window.tokenOf("four", pluginPage) // while there is some time left
		e.isIn(t, w.App.Server().Handler(), c)
		clock.forward(time.Minute)
		for i, replica := range []*process{w.process(t, 11*time.Minute), w.process(t, 11*time.Minute)} {
			e.isRefused(t, []string{"a process after its end", "another after its end"}[i], replica)
		}
		e.isForgotten(t, c)
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
	readClaims(t, issued.get("id_token"), &e.claims)
	if e.claims.SID == "" || e.refreshToken == "" {
		t.Fatalf("the provider's ID token says %+v, and there is a refresh token: %t", e.claims, e.refreshToken != "")
	}
	return e
}

// readClaims reads a JWT without a look at its signature.
func readClaims(t *testing.T, token string, into any) {
	t.Helper()
	_, payload, _ := strings.Cut(token, ".")
	payload, _, _ = strings.Cut(payload, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(raw, into) != nil {
		t.Fatalf("a token says %q, %v", raw, err)
	}
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
			if got := v.replaying().send(route.method, a.Gateway+route.path, body, route.headers...); got.status != http.StatusUnauthorized {
				t.Errorf("on %s %s brings %d %s at %s %s, want 401", replica, who, got.status, got.body, route.method, route.path)
			}
		}
		home := v.replaying().send(http.MethodGet, a.Gateway+"/", "")
		if home.status != http.StatusOK || !strings.Contains(home.body, `data-chatgate="login"`) || strings.Contains(home.body, "/account/end") {
			t.Errorf("on %s %s brings %d at /, want the page of somebody who is signed out: %s", replica, who, home.status, home.body)
		}
		e.endsNothing(t, replica+" "+who, v)
	}
	coral := e.window.at(gateway)
	if got := coral.send(http.MethodGet, coral.askCoral(), ""); !strings.HasPrefix(got.header.Get("Location"), "/login?") {
		t.Errorf("on %s Coral's own sign-in is answered %d to %q, want to sign in", replica, got.status, got.header.Get("Location"))
	}
}

// endsNothing presses the account page's button for another session of the same person.
func (e everything) endsNothing(t *testing.T, what string, v *visitor) {
	t.Helper()
	other, witness := e.visitor(t), e.visitor(t)
	other.signIn("/login", "ada")
	witness.signIn("/login", "ada")
	handles := witness.otherSessions()
	if len(handles) != 1 {
		t.Fatalf("the account page names %d other sessions, want 1", len(handles))
	}
	if got := v.replaying().endOther(handles[0]); got.status != http.StatusUnauthorized {
		t.Errorf("on %s brings %d %s at /account/end, want 401", what, got.status, got.body)
	}
	if got := other.rocketChatToken(); got.status != http.StatusOK {
		t.Errorf("%s has ended another session: %d %s", what, got.status, got.body)
	}
	other.signOut()
	witness.signOut()
}

var sessionHandle = regexp.MustCompile(`name="session" value="([^"]+)"`)

// otherSessions are the handles by which the account page can end the person's sessions in other browsers.
func (v *visitor) otherSessions() (handles []string) {
	v.t.Helper()
	page := v.send(http.MethodGet, v.w.Addresses().Gateway+"/", "")
	for _, found := range sessionHandle.FindAllStringSubmatch(page.body, -1) {
		handles = append(handles, found[1])
	}
	return handles
}

// endOther presses the account page's button for one of them.
func (v *visitor) endOther(handle string) answer {
	v.t.Helper()
	gateway := v.w.Addresses().Gateway
	return v.form(gateway+"/account/end", url.Values{"session": {handle}}, "Origin", gateway, "Sec-Fetch-Site", "same-origin")
}

// replaying is the browser with a copy of its cookies: what it has is not taken from it between two tries.
func (v *visitor) replaying() *visitor {
	replaying, client := *v, *v.client
	client.Jar, replaying.client = v.client.Jar.(*loopbackJar).copy(), &client
	return &replaying
}

// hearFromProvider brings the gateway a logout token, as the provider does.
func (v *visitor) hearFromProvider(claims map[string]any) {
	v.t.Helper()
	token, err := v.w.Provider.Sign("logout+jwt", claims)
	if err != nil {
		v.t.Fatal(err)
	}
	if a := v.form(v.w.Addresses().Gateway+"/logout/backchannel", url.Values{"logout_token": {token}}); a.status != http.StatusOK {
		v.t.Errorf("the logout call = %d %s", a.status, a.body)
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
	return strings.Contains(page.body, `name="password"`)
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
