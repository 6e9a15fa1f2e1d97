package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/oidc/oidctest"
	"chatgate/store"
)

const backchannel = "http://schemas.openid.net/event/backchannel-logout"

// sid is the provider's session behind a browser.
func (b *browser) sid() string {
	b.w.t.Helper()
	s, err := b.w.sessions.Recognise(b.w.t.Context(), b.request())
	b.w.must(err)
	if s.Identity.SID == "" {
		b.w.t.Fatal("the provider names no session")
	}
	return s.Identity.SID
}

// logoutToken is one of the provider's with its claims changed.
func (w *world) logoutToken(subject, sid string, change func(claims map[string]any)) string {
	w.t.Helper()
	claims := w.provider.LogoutClaims("chatgate", subject, sid)
	if change != nil {
		change(claims)
	}
	token, err := w.provider.Sign("logout+jwt", claims)
	w.must(err)
	return token
}

// tell posts a logout token as the provider's server does.
func (w *world) tell(token string) *http.Response {
	w.t.Helper()
	return w.post("application/x-www-form-urlencoded", url.Values{"logout_token": {token}}.Encode())
}

func (w *world) post(kind, body string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, base+"/logout/backchannel", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	server := w.browser()
	server.address = "198.51.100.9:443"
	return server.send(r)
}

// logged says whether one line of the log has all of these parts.
func (w *world) logged(parts ...string) bool {
	return slices.ContainsFunc(strings.Split(w.log.String(), "\n"), func(line string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) })
	})
}

func TestBackchannelLogoutEndsWhatTheTokenNames(t *testing.T) { // S108, S110: oidcc-client-test-rp-backchannel-rpinitlogout
	w := open(t, options{second: true})
	ada, alsoAda, bob, guest := w.browser(), w.browser(), w.browser(), w.browser()
	ada.signIn("/login?provider=corp", "ada")
	alsoAda.signIn("/login?provider=corp", "ada")
	bob.signIn("/login?provider=corp", "bob")
	guest.signIn("/login?provider=guests", "ada")
	for _, step := range []struct {
		name                       string
		subject, sid               string
		wantAda, wantAlso, wantBob string
	}{
		{"an unknown session ends none", "", "nobody's", "ada-1", "ada-1", "bob-2"},
		{"a session ends that one only", "ada-1", ada.sid(), "", "ada-1", "bob-2"},
		{"a subject ends all of theirs", "ada-1", "", "", "", "bob-2"},
		{"a session without a subject ends too", "", bob.sid(), "", "", ""},
	} {
		answer := w.tell(w.logoutToken(step.subject, step.sid, nil))
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Cache-Control") != "no-store" || len(answer.Cookies()) != 0 {
			t.Errorf("%s: answered %d, Cache-Control %q: %s", step.name, answer.StatusCode, answer.Header.Get("Cache-Control"), text(answer))
		}
		if ada.who() != step.wantAda || alsoAda.who() != step.wantAlso || bob.who() != step.wantBob {
			t.Errorf("%s: signed in are %q, %q, %q, want %q, %q, %q",
				step.name, ada.who(), alsoAda.who(), bob.who(), step.wantAda, step.wantAlso, step.wantBob)
		}
	}
	if guest.who() != "ada-1" {
		t.Error("the same subject of another provider was signed out")
	}
	if !w.logged(`"act":"session_revoked"`, `"reason":"backchannel"`, `"sub":"ada-1"`) {
		t.Error("no audit line tells of the sign-out")
	}
}

func TestBackchannelLogoutRefuses(t *testing.T) { // S109
	w := open(t, options{})
	b := w.signedIn()
	sid := b.sid()
	idToken := w.idToken(b)
	set := func(name string, value any) func(map[string]any) { return func(c map[string]any) { c[name] = value } }
	without := func(name string) func(map[string]any) { return func(c map[string]any) { delete(c, name) } }
	good := w.logoutToken("ada-1", sid, nil)
	header, rest, _ := strings.Cut(good, ".")
	form := "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name       string
		kind, body string
	}{
		{"oidcc-client-test-rp-backchannel-rpinitlogout-alg-none", form, "logout_token=eyJhbGciOiJub25lIn0." + strings.Split(rest, ".")[0] + "."},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg", form, "logout_token=eyJhbGciOiJIUzI1NiJ9." + rest},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss", form, "logout_token=" + w.logoutToken("ada-1", sid, set("iss", "https://evil.example"))},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud", form, "logout_token=" + w.logoutToken("ada-1", sid, set("aud", "another"))},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-no-event", form, "logout_token=" + w.logoutToken("ada-1", sid, without("events"))},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event", form, "logout_token=" + w.logoutToken("ada-1", sid, set("events", map[string]any{"https://evil.example": map[string]any{}}))},
		{"oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce", form, "logout_token=" + w.logoutToken("ada-1", sid, set("nonce", "n"))},
		{"no iat", form, "logout_token=" + w.logoutToken("ada-1", sid, without("iat"))},
		{"no jti", form, "logout_token=" + w.logoutToken("ada-1", sid, without("jti"))},
		{"expired", form, "logout_token=" + w.logoutToken("ada-1", sid, set("exp", w.clock.Now().Add(-time.Hour).Unix()))},
		{"events that are no object", form, "logout_token=" + w.logoutToken("ada-1", sid, set("events", []string{backchannel}))},
		{"neither sub nor sid", form, "logout_token=" + w.logoutToken("", "", nil)},
		{"an ID token", form, "logout_token=" + idToken},
		{"a signature that is not the provider's", form, "logout_token=" + header + "." + strings.Split(rest, ".")[0] + ".AAAA"},
		{"no field", form, "token=" + good},
		{"an empty field", form, "logout_token="},
		{"two fields", form, "logout_token=" + good + "&logout_token=" + good},
		{"another content type", "text/plain", "logout_token=" + good},
		{"JSON", "application/json", `{"logout_token":"` + good + `"}`},
		{"no content type", "", "logout_token=" + good},
		{"a megabyte", form, "logout_token=" + strings.Repeat("a", 1<<20)},
		{"no token at all", form, "logout_token=%00%ff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := w.within(t).post(c.kind, c.body)
			body := text(answer)
			if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Cache-Control") != "no-store" || !strings.Contains(body, `"request_id"`) {
				t.Errorf("answered %d, Cache-Control %q: %s", answer.StatusCode, answer.Header.Get("Cache-Control"), body)
			}
		})
		if b.who() != "ada-1" {
			t.Fatalf("%s: the session ended", c.name)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut} {
		if answer := b.do(method, "/logout/backchannel?logout_token="+good); answer.StatusCode != http.StatusMethodNotAllowed || b.who() == "" {
			t.Errorf("%s answered %d", method, answer.StatusCode)
		}
	}
	if answer := w.post(form, "logout_token="+good); answer.StatusCode != http.StatusOK || b.who() != "" {
		t.Errorf("the good one was answered %d and left %q", answer.StatusCode, b.who())
	}
}

// idToken is what the provider issued for a browser's session.
func (w *world) idToken(b *browser) string {
	w.t.Helper()
	s, err := w.sessions.Recognise(w.t.Context(), b.request())
	w.must(err)
	tokens, err := w.sessions.ProviderTokens(w.t.Context(), s)
	w.must(err)
	return tokens.ID.Reveal()
}

func TestALogoutTokenIsActedOnOnce(t *testing.T) { // S111
	w := open(t, options{})
	first := w.signedIn()
	token := w.logoutToken("ada-1", "", nil)
	if answer := w.tell(token); answer.StatusCode != http.StatusOK || first.who() != "" {
		t.Fatalf("answered %d, signed in is %q", answer.StatusCode, first.who())
	}
	w.clock.Advance(time.Second)
	second := w.signedIn()
	if answer := w.tell(token); answer.StatusCode != http.StatusOK || second.who() != "ada-1" {
		t.Errorf("the second time it was answered %d, and signed in is %q, want 200 and ada", answer.StatusCode, second.who())
	}
	if answer := w.tell(w.logoutToken("ada-1", "", nil)); answer.StatusCode != http.StatusOK || second.who() != "" {
		t.Errorf("another token was answered %d, and signed in is %q", answer.StatusCode, second.who())
	}
}

func TestALogoutThatCouldNotBeDoneIsAskedForAgain(t *testing.T) { // S111, S67
	w := open(t, options{})
	b := w.signedIn()
	token := w.logoutToken("ada-1", b.sid(), nil)
	w.engine.down = true
	if answer := w.tell(token); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("without a store answered %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
	}
	w.engine.down = false
	if b.who() != "ada-1" {
		t.Fatal("the session is gone already")
	}
	if answer := w.tell(token); answer.StatusCode != http.StatusOK || b.who() != "" {
		t.Errorf("asked again answered %d, signed in is %q", answer.StatusCode, b.who())
	}
}

func TestALogoutReachesTokensWhoseSessionIsLost(t *testing.T) { // D11
	for name, token := range map[string]func(w *world, sid string) string{
		"by subject": func(w *world, _ string) string { return w.logoutToken("ada-1", "", nil) },
		"by session": func(w *world, sid string) string { return w.logoutToken("ada-1", sid, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, options{})
			now := w.clock.Now()
			w.must(w.ledger.Record(t.Context(), outbox.Entry{
				Provider: "corp", Subject: "ada-1", Chat: "board", Session: "lost", SID: "sid-of-lost", UserID: "u",
				Token: store.Secret("login-token"), Expires: now.Add(time.Hour), End: now.Add(time.Hour),
			}))
			if answer := w.tell(token(w, "sid-of-lost")); answer.StatusCode != http.StatusOK {
				t.Fatalf("answered %d", answer.StatusCode)
			}
			if n, err := w.outbox.Depth(t.Context()); n != 1 || err != nil {
				t.Errorf("%d revocations wait, %v, want one", n, err)
			}
		})
	}
}

func TestALogoutOvertakesASignInOnItsWay(t *testing.T) { // S114
	w := open(t, options{})
	b := w.browser()
	back := b.callback("/login", "ada")
	if answer := w.tell(w.logoutToken("ada-1", "", nil)); answer.StatusCode != http.StatusOK {
		t.Fatalf("answered %d", answer.StatusCode)
	}
	if got := b.do(http.MethodGet, back); got.StatusCode != http.StatusBadRequest || b.who() != "" {
		t.Errorf("the callback = %d as %q, want 400 as nobody", got.StatusCode, b.who())
	}
	w.clock.Advance(time.Second)
	if b.signIn("/login", "ada"); b.who() != "ada-1" {
		t.Error("the next sign-in does not work")
	}
}

func TestRefusedLogoutCallsAreLimitedAndGoodOnesAreNot(t *testing.T) { // S112, S125
	w := open(t, options{rules: limit.Rules{LogoutAddress: limit.Rule{Name: "logout_address", Max: 3, Per: time.Minute}}})
	b := w.signedIn()
	for n := range 5 {
		want := http.StatusBadRequest
		if n >= 3 {
			want = http.StatusTooManyRequests
		}
		if answer := w.tell("nonsense"); answer.StatusCode != want {
			t.Errorf("call %d answered %d, want %d", n+1, answer.StatusCode, want)
		}
	}
	if answer := w.tell(w.logoutToken("ada-1", b.sid(), nil)); answer.StatusCode != http.StatusOK || b.who() != "" {
		t.Errorf("a good one at the limit answered %d, signed in is %q", answer.StatusCode, b.who())
	}
	if !w.logged(`"act":"limit_exceeded"`, `"reason":"logout_address"`) {
		t.Error("no audit line tells of the limit")
	}
}

// front is the provider's frame in a browser that may have no cookie of ours.
func (w *world) front(b *browser, issuer, sid string) *http.Response {
	return b.do(http.MethodGet, "/logout/frontchannel?"+url.Values{"iss": {issuer}, "sid": {sid}}.Encode(), "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe")
}

func TestFrontchannelLogoutEndsTheSessionItNames(t *testing.T) { // S113: oidcc-client-test-rp-frontchannel-rpinitlogout, -opinitlogout
	w := open(t, options{})
	b, other := w.signedIn(), w.signedIn()
	answer := w.front(w.browser(), issuer, b.sid())
	csp := answer.Header.Get("Content-Security-Policy")
	if answer.StatusCode != http.StatusOK || !strings.Contains(csp, "frame-ancestors "+issuer) || answer.Header.Get("X-Frame-Options") != "" ||
		answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("answered %d, policy %q, X-Frame-Options %q", answer.StatusCode, csp, answer.Header.Get("X-Frame-Options"))
	}
	if b.who() != "" || other.who() != "ada-1" {
		t.Errorf("signed in are %q and %q, want nobody and ada in the other browser", b.who(), other.who())
	}
	if !w.logged(`"act":"session_revoked"`, `"reason":"frontchannel"`) {
		t.Error("no audit line tells of the sign-out")
	}
	otherSID := other.sid()
	if answer := w.front(other, issuer, otherSID); answer.StatusCode != http.StatusOK || other.cookies["__Host-chatgate"] != "" {
		t.Errorf("with the cookie answered %d, cookies left: %v", answer.StatusCode, other.cookies)
	}
}

func TestFrontchannelLogoutEndsNothingElse(t *testing.T) { // S105, S113
	w := open(t, options{})
	b := w.signedIn()
	sid := b.sid()
	for name, c := range map[string]struct {
		query string
		want  int
	}{
		"the cookie alone":     {"", http.StatusBadRequest},
		"no issuer":            {"sid=" + sid, http.StatusBadRequest},
		"no session":           {"iss=" + issuer, http.StatusBadRequest},
		"another issuer":       {"iss=https://evil.example&sid=" + sid, http.StatusBadRequest},
		"an issuer with more":  {"iss=" + issuer + "/&sid=" + sid, http.StatusBadRequest},
		"a session repeated":   {"iss=" + issuer + "&sid=x&sid=" + sid, http.StatusBadRequest},
		"a session made up":    {"iss=" + issuer + "&sid=made-up", http.StatusOK},
		"a session cut short":  {"iss=" + issuer + "&sid=" + sid[:len(sid)-1], http.StatusOK},
		"a session with space": {"iss=" + issuer + "&sid=" + sid + "%20", http.StatusOK},
	} {
		if answer := b.do(http.MethodGet, "/logout/frontchannel?"+c.query); answer.StatusCode != c.want || b.who() != "ada-1" {
			t.Errorf("%s: answered %d as %q, want %d as ada", name, answer.StatusCode, b.who(), c.want)
		}
	}
	if answer := b.do(http.MethodPost, "/logout/frontchannel?iss="+issuer+"&sid="+sid); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST answered %d", answer.StatusCode)
	}
}

func TestASignOutEverywhereEndsEveryBrowserOfThePerson(t *testing.T) { // S72
	w := open(t, options{})
	one, two, bob := w.signedIn(), w.signedIn(), w.browser()
	bob.signIn("/login", "bob")
	if refused := one.submit("/logout", url.Values{"everywhere": {"yes"}}, "Origin", "https://evil.example"); refused.StatusCode != http.StatusForbidden || two.who() != "ada-1" {
		t.Fatalf("another site's form = %d, signed in is %q", refused.StatusCode, two.who())
	}
	if done := one.submit("/logout", url.Values{"everywhere": {"yes"}}); done.StatusCode != http.StatusOK {
		t.Errorf("POST /logout = %d", done.StatusCode)
	}
	if one.who() != "" || two.who() != "" || bob.who() != "bob-2" {
		t.Errorf("signed in are %q, %q and %q, want bob alone", one.who(), two.who(), bob.who())
	}
}

func TestEndingsOfAnOperatorReachEverything(t *testing.T) { // S72, D11
	w := open(t, options{})
	one, two, bob := w.signedIn(), w.signedIn(), w.browser()
	bob.signIn("/login", "bob")
	if n, err := w.EndSID(t.Context(), "corp", two.sid(), ""); n != 1 || err != nil || two.who() != "" {
		t.Errorf("EndSID() = %d, %v, signed in is %q", n, err, two.who())
	}
	if n, err := w.EndSubject(t.Context(), "corp", "ada-1"); n != 1 || err != nil || one.who() != "" {
		t.Errorf("EndSubject() = %d, %v, signed in is %q", n, err, one.who())
	}
	now := w.clock.Now()
	for _, session := range []string{"lost", "also lost"} {
		w.must(w.ledger.Record(t.Context(), outbox.Entry{
			Provider: "corp", Subject: "carol", Chat: "board", Session: session, UserID: "u",
			Token: store.Secret("token of " + session), Expires: now.Add(time.Hour), End: now.Add(time.Hour),
		}))
	}
	if n, err := w.EndAll(t.Context()); n != 1 || err != nil || bob.who() != "" {
		t.Errorf("EndAll() = %d, %v, signed in is %q", n, err, bob.who())
	}
	if n, err := w.outbox.Depth(t.Context()); n != 2 || err != nil {
		t.Errorf("%d revocations wait, %v, want two", n, err)
	}
}

func TestARecheckClosesAChatThatIsNotOpenAnyMore(t *testing.T) { // S54
	w := open(t, options{rulesOfBoard: &chat.AccessRules{Groups: []string{"staff"}}, scopes: []string{"openid", "offline_access"}})
	groups := func(names ...string) {
		w.provider.Set(func(f *oidctest.Faults) { f.IDToken = func(c map[string]any) { c["groups"] = names } })
	}
	groups("staff")
	b := w.signedIn()
	w.clock.Advance(recheck)
	groups("staff", "more")
	w.must(w.sessions.RecheckDue(t.Context()))
	if len(w.board.told.rechecked) == 0 || len(w.board.told.refused) != 0 {
		t.Fatalf("told of another group: %v, closed to: %v", w.board.told.rechecked, w.board.told.refused)
	}
	w.clock.Advance(recheck)
	groups("guests")
	w.must(w.sessions.RecheckDue(t.Context()))
	if len(w.board.told.refused) == 0 || len(w.board.told.ended) == 0 {
		t.Errorf("closed to %v, tokens taken back of %v", w.board.told.refused, w.board.told.ended)
	}
	if !w.logged(`"act":"chat_closed"`, `"reason":"group_missing"`, `"sub":"ada-1"`) {
		t.Error("no audit line tells of it")
	}
	if answer := b.do(http.MethodGet, "/session"); answer.StatusCode != http.StatusOK || strings.Contains(text(answer), "board") {
		t.Errorf("GET /session = %d, want a session to which the board is closed", answer.StatusCode)
	}
}

func TestASignOutRevokesTheProvidersGrant(t *testing.T) {
	w := open(t, options{scopes: []string{"openid", "offline_access"}})
	b := w.signedIn()
	s, err := w.sessions.Recognise(t.Context(), b.request())
	w.must(err)
	tokens, err := w.sessions.ProviderTokens(t.Context(), s)
	w.must(err)
	b.signOut()
	w.must(w.outbox.Drain(t.Context()))
	if !w.logged(`"act":"grant_revoked"`, `"reason":"`+string(audit.SessionEnded)+`"`) {
		t.Error("no audit line tells of the grant")
	}
	answer, err := b.provider.PostForm(issuer+"/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {tokens.Refresh.Reveal()}, "client_id": {"chatgate"}, "client_secret": {"client-secret"},
	})
	w.must(err)
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "invalid_grant") {
		t.Errorf("the refresh token still works: %d %s", answer.StatusCode, body)
	}
}
