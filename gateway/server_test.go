package gateway_test

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"chatgate/gateway/chat"
	"chatgate/oidc/oidctest"
)

func TestSignOutNeedsAPressOnOurOwnPage(t *testing.T) { // S63, S105, S151
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	asked := b.do(http.MethodGet, "/logout")
	if page := text(asked); asked.StatusCode != http.StatusOK || !strings.Contains(page, `data-chatgate="logout"`) || b.who() != "ada-1" {
		t.Fatalf("GET /logout = %d as %q, want a page that asks", asked.StatusCode, b.who())
	}
	for name, headers := range map[string][]string{
		"another site's form":             {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"no origin at all":                {},
		"the null origin":                 {"Origin", "null"},
		"our origin with another scheme":  {"Origin", "http://sso.example.org"},
		"our origin on another port":      {"Origin", base + ":8443"},
		"our origin but cross-site fetch": {"Origin", base, "Sec-Fetch-Site", "cross-site"},
		"two origins":                     {"Origin", base, "Origin", "https://evil.example"},
	} {
		refused := b.do(http.MethodPost, "/logout", headers...)
		if refused.StatusCode != http.StatusForbidden || b.who() != "ada-1" {
			t.Errorf("%s: POST /logout = %d as %q, want 403 as ada", name, refused.StatusCode, b.who())
		}
	}
	old := b.copied()
	if done := b.do(http.MethodPost, "/logout", "Origin", base, "Sec-Fetch-Site", "same-origin"); done.StatusCode != http.StatusOK {
		t.Errorf("POST /logout = %d, want 200", done.StatusCode)
	}
	if b.who() != "" || old.who() != "" {
		t.Errorf("after sign-out the browser is %q and its old cookie %q", b.who(), old.who())
	}
	if !strings.Contains(w.log.String(), `"act":"signed_out"`) {
		t.Error("no audit line tells of the sign-out")
	}
}

var refreshTo = regexp.MustCompile(`http-equiv="refresh" content="0; url=([^"]+)"`)

// signOut presses the button and returns where the provider is to be asked, empty when it is not.
func (b *browser) signOut() string {
	b.w.t.Helper()
	page := text(b.do(http.MethodPost, "/logout", "Origin", base))
	if found := refreshTo.FindStringSubmatch(page); found != nil {
		return html.UnescapeString(found[1])
	}
	return ""
}

func TestSignOutGoesOnToTheProviderAndComesHome(t *testing.T) { // S106, S107: oidcc-client-test-rp-init-logout
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	to := mustParse(t, b.signOut())
	query := to.Query()
	if to.Scheme+"://"+to.Host != issuer || query.Get("client_id") != "chatgate" || query.Get("id_token_hint") == "" ||
		query.Get("post_logout_redirect_uri") != base+"/logout/complete" || len(query.Get("state")) < 22 {
		t.Fatalf("the provider is asked at %s", to)
	}
	if b.who() != "" {
		t.Error("the session lives on while the provider is asked")
	}
	home := b.do(http.MethodGet, "/logout/complete?state="+query.Get("state"))
	if page := text(home); home.StatusCode != http.StatusOK || strings.Contains(page, "You may still be signed in at your identity provider") ||
		!strings.Contains(page, "<li>Bulletin Board</li>") { // D20
		t.Errorf("home again = %d:\n%s", home.StatusCode, page)
	}
	if _, there := b.cookies["__Host-chatgate.logout"]; there {
		t.Error("the state was kept")
	}
	again := mustParse(t, w.signedIn().signOut())
	if again.Query().Get("state") == query.Get("state") {
		t.Error("two sign-outs have one state")
	}
}

func TestASignOutInsideAChatGoesOnToTheProviderByAPress(t *testing.T) { // R12: global
	w := open(t, options{})
	b, other := w.signedIn(), w.signedIn()
	s, err := w.sessions.Recognise(t.Context(), b.request())
	w.must(err)
	w.must(w.sessions.EndElsewhere(t.Context(), s))
	if page := text(b.do(http.MethodGet, "/logout")); !strings.Contains(page, `data-chatgate="logout"`) {
		t.Errorf("GET /logout does not ask:\n%s", page)
	}
	if got := b.do(http.MethodPost, "/logout", "Origin", "https://evil.example"); got.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form = %d, want 403", got.StatusCode)
	}
	query := mustParse(t, b.signOut()).Query()
	if query.Get("id_token_hint") == "" || query.Get("state") == "" {
		t.Errorf("the provider is asked with %v", query)
	}
	if to := b.signOut(); to != "" {
		t.Errorf("a second press goes on to %q, want the page that ends it", to)
	}
	if other.who() != "ada-1" {
		t.Error("another browser was signed out")
	}
}

func (w *world) signedIn() *browser {
	b := w.browser()
	b.signIn("/login", "ada")
	return b
}

func TestAReturnThatIsNotOursClaimsNothing(t *testing.T) { // S107: …-other-state, …-no-state
	w := open(t, options{})
	for name, query := range map[string]string{
		"another state": "?state=another", "no state": "", "two states": "?state=a&state=b", "an address to go to": "?state=x&return_to=https://evil.example",
	} {
		b := w.signedIn()
		b.signOut()
		home := b.do(http.MethodGet, "/logout/complete"+query)
		page := text(home)
		if home.StatusCode != http.StatusOK || home.Header.Get("Location") != "" || !strings.Contains(page, "You may still be signed in at your identity provider") {
			t.Errorf("%s = %d to %q, want a page that does not claim more than it knows", name, home.StatusCode, home.Header.Get("Location"))
		}
	}
	b := w.signedIn()
	if got := b.do(http.MethodGet, "/logout/complete?state=x"); got.Header.Get("Location") != "/" || b.who() != "ada-1" {
		t.Errorf("a visit by link = %d to %q as %q, want the session untouched", got.StatusCode, got.Header.Get("Location"), b.who())
	}
}

func TestSignOutWorksWhileTheProviderIsDown(t *testing.T) { // S106
	w := open(t, options{})
	b := w.signedIn()
	w.provider.Set(func(f *oidctest.Faults) {
		f.Answers = map[string]http.HandlerFunc{oidctest.PathEndSession: oidctest.Status(http.StatusBadGateway)}
	})
	b.signOut()
	if b.who() != "" {
		t.Error("the session lives on")
	}
}

func TestSessionTellsOurPagesWhoIsSignedIn(t *testing.T) {
	w := open(t, options{})
	b := w.browser()
	if answer := b.do(http.MethodGet, "/session", "Origin", board); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("/session signed out = %d, want 401", answer.StatusCode)
	}
	b.signIn("/login", "ada")
	answer := b.do(http.MethodGet, "/session", "Origin", board)
	var body map[string]any
	if err := json.Unmarshal([]byte(text(answer)), &body); err != nil || body["sub"] != "ada-1" || body["email_verified"] != true {
		t.Errorf("/session = %v, %v", body, err)
	}
	for name := range answer.Header {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("/session sends %s: no other page may read it", name)
		}
	}
}

func TestTheAccountPageNamesThePersonAndTheChats(t *testing.T) {
	w := open(t, options{})
	b := w.browser()
	if page := text(b.do(http.MethodGet, "/")); !strings.Contains(page, `data-chatgate="login"`) {
		t.Errorf("signed out, / offers:\n%s", page)
	}
	b.signIn("/login", "ada")
	page := text(b.do(http.MethodGet, "/"))
	for _, want := range []string{"Ada Lovelace", "ada@example.org", board, "Bulletin Board", `data-chatgate="logout"`} {
		if !strings.Contains(page, want) {
			t.Errorf("/ lacks %q:\n%s", want, page)
		}
	}
	closed := open(t, options{rulesOfBoard: &chat.AccessRules{Groups: []string{"board"}}}).signedIn()
	page = text(closed.do(http.MethodGet, "/"))
	if strings.Contains(page, board) || !strings.Contains(page, "Not open to you: you are in none of the groups it is open to.") { // D7
		t.Errorf("/ does not say why the chat is closed:\n%s", page)
	}
}

func TestEveryAnswerCarriesTheHeadersOfCaution(t *testing.T) { // S80, S81, S149
	w := open(t, options{})
	b := w.browser()
	for _, target := range []string{"/", "/login?return_to=//x", "/session", "/nowhere", "/board/token", "/.well-known/jwks.json", "/logout"} {
		h := b.do(http.MethodGet, target).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=31536000", "Referrer-Policy": "strict-origin",
		} {
			if got := h.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s = %q, want %q", target, name, got, want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: Content-Security-Policy = %q, want %q in it", target, csp, want)
			}
		}
		if h.Get("X-Request-Id") == "" {
			t.Errorf("%s has no request id", target)
		}
	}
}

func TestAPanicIsAnAnswerThatTheChatCanRead(t *testing.T) { // R2, S144
	w := open(t, options{})
	answer := w.browser().do(http.MethodGet, "/board/panic", "Origin", board)
	body := text(answer)
	if answer.StatusCode != http.StatusInternalServerError || answer.Header.Get("Access-Control-Allow-Origin") != board {
		t.Errorf("panic = %d with Access-Control-Allow-Origin %q, want 500 with the chat's", answer.StatusCode, answer.Header.Get("Access-Control-Allow-Origin"))
	}
	if strings.Contains(body, "of the chat") || !json.Valid([]byte(body)) { // S139
		t.Errorf("the answer is %s", body)
	}
	if !strings.Contains(w.log.String(), "request panicked") {
		t.Error("the log does not tell of the panic")
	}
	if got := testutil.CollectAndCount(w.registry, "chatgate_panics_total"); got != 1 {
		t.Errorf("chatgate_panics_total is registered %d times", got)
	}
}

func TestAStoreThatIsDownIsNoSignOut(t *testing.T) { // S67, D26
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	w.engine.setDown(true)
	for _, target := range []string{"/board/token", "/session", "/", "/login", "/logout"} {
		answer := b.do(http.MethodGet, target, "Origin", board)
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s = %d, Retry-After %q; want 503 with one", target, answer.StatusCode, answer.Header.Get("Retry-After"))
		}
	}
	if _, there := b.cookies["__Host-chatgate"]; !there {
		t.Fatal("the cookie was cleared")
	}
	w.engine.setDown(false)
	if got := b.who(); got != "ada-1" {
		t.Errorf("afterwards signed in as %q, want ada-1", got)
	}
}

func TestOneSpellingOfAPathGivesOneRoute(t *testing.T) { // S120
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	for _, target := range []string{
		"/x/../session", "//session", "/session;x", "/session%2f", "/session%00", "/SESSION", "/session/", "/board//token", "/board/./token", "/%73ession/",
	} {
		answer := b.do(http.MethodGet, target, "Origin", board)
		if answer.StatusCode != http.StatusNotFound || answer.Header.Get("Location") != "" {
			t.Errorf("%s = %d to %q, want 404", target, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	if answer := b.do(http.MethodTrace, "/session"); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("TRACE = %d, want 405", answer.StatusCode)
	}
}

func TestForwardedHeadersAreBelievedFromTrustedPeersOnly(t *testing.T) { // S115, S117, D31
	for _, tc := range []struct {
		name    string
		trusted []netip.Prefix
		headers []string
		want    string
	}{
		{"nobody is trusted", nil, []string{"X-Forwarded-For", "203.0.113.5"}, "192.0.2.1"},
		{"a trusted peer", prefixes("192.0.2.0/24"), []string{"X-Forwarded-For", "203.0.113.5"}, "203.0.113.5"},
		{"the rightmost address that is not trusted", prefixes("192.0.2.0/24"), []string{"X-Forwarded-For", "1.1.1.1, 203.0.113.5, 192.0.2.9"}, "203.0.113.5"},
		{"junk", prefixes("192.0.2.0/24"), []string{"X-Forwarded-For", "not an address"}, "192.0.2.1"},
		{"a thousand entries", prefixes("192.0.2.0/24"), []string{"X-Forwarded-For", strings.Repeat("192.0.2.7, ", 999) + "203.0.113.5"}, "203.0.113.5"},
		{"other headers", prefixes("192.0.2.0/24"), []string{"X-Real-Ip", "203.0.113.5", "Forwarded", "for=203.0.113.5"}, "192.0.2.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := open(t, options{trusted: tc.trusted})
			w.browser().do(http.MethodGet, "/nowhere", tc.headers...)
			if !strings.Contains(w.log.String(), `"remote_ip":"`+tc.want+`"`) {
				t.Errorf("the log says %s, want remote_ip %s", w.log, tc.want)
			}
			warned := strings.Contains(w.log.String(), "trustedProxies")
			if untrusted := tc.trusted == nil; warned != untrusted {
				t.Errorf("warned of an untrusted proxy: %v, want %v", warned, untrusted)
			}
		})
	}
}

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func TestAForgedHostChangesNothing(t *testing.T) { // S116
	w := open(t, options{})
	r := httptest.NewRequest(http.MethodGet, "https://evil.example/login", nil)
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("X-Forwarded-Proto", "http")
	recorder := httptest.NewRecorder()
	w.Handler().ServeHTTP(recorder, r)
	location := mustParse(t, recorder.Header().Get("Location"))
	if got := location.Query().Get("redirect_uri"); got != base+"/login/callback" {
		t.Errorf("redirect_uri = %q, want the configured address", got)
	}
	if strings.Contains(recorder.Header().Get("Set-Cookie"), "evil") {
		t.Errorf("Set-Cookie = %q", recorder.Header().Get("Set-Cookie"))
	}
}

func TestReadinessTellsWhatIsBrokenAndStaysReachable(t *testing.T) { // D26, S145
	w := open(t, options{undiscovered: true})
	ready := func() (int, map[string]any) {
		recorder := httptest.NewRecorder()
		w.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		var body map[string]any
		if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		return recorder.Code, body
	}
	if status, body := ready(); status != http.StatusServiceUnavailable || body["status"] != "starting" {
		t.Errorf("/readyz before start = %d %v, want 503 starting", status, body["status"])
	}
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- w.WatchChats(ctx) }()
	var checks map[string]any
	for deadline := time.Now().Add(10 * time.Second); checks["chat board"] == nil && time.Now().Before(deadline); {
		_, body := ready()
		checks, _ = body["checks"].(map[string]any)
	}
	stop()
	if err := <-watched; err != nil || checks["chat board"] != "paper: the bulletin board is out of pins" {
		t.Errorf("/readyz says of the chat %v, %v", checks["chat board"], err)
	}
	recorder := httptest.NewRecorder()
	w.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/livez", nil))
	if recorder.Code != http.StatusOK {
		t.Errorf("/livez = %d, want 200", recorder.Code)
	}
	public := w.browser().do(http.MethodGet, "/metrics") // S137
	if public.StatusCode != http.StatusNotFound {
		t.Errorf("/metrics on the public listener = %d, want 404", public.StatusCode)
	}
}

func TestNothingAPersonSendsBecomesAMetricLabel(t *testing.T) { // S136
	w := open(t, options{})
	b := w.browser()
	for _, target := range []string{"/nobody-asked-for-this", "/board/token?who=mallory", "/login?return_to=/mallory"} {
		b.do(http.MethodGet, target)
	}
	b.do("MALLORY", "/")
	recorder := httptest.NewRecorder()
	w.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, word := range []string{"mallory", "MALLORY", "nobody-asked"} {
		if strings.Contains(recorder.Body.String(), word) {
			t.Errorf("/metrics holds %q", word)
		}
	}
	if !strings.Contains(recorder.Body.String(), `chatgate_http_request_duration_seconds_count{method="OTHER"`) {
		t.Error("an unknown method is not counted as OTHER")
	}
}
