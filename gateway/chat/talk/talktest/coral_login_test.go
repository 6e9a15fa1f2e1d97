package talktest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

// login is one browser on its way through Coral's own login.
type login struct {
	coral    *talktest.Coral
	provider *provider
	cookies  []*http.Cookie
	asked    url.Values // what Coral sent to the authorization endpoint
}

func beginLogin(t *testing.T, cfg talktest.CoralConfig) *login {
	t.Helper()
	l := &login{provider: newProvider()}
	cfg.OIDC, cfg.Transport = oidcIntegration(), l.provider
	l.coral = newCoral(t, cfg)
	res := call(l.coral, http.MethodGet, coralURL+"/api/auth/oidc?redirectTo=/admin", "", "")
	if res.StatusCode != http.StatusFound {
		t.Fatalf("begin = %d, want 302", res.StatusCode)
	}
	target, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	l.asked, l.cookies = target.Query(), res.Cookies()
	return l
}

// claims are those of an ID token for this login.
func (l *login) claims() claims { return idClaims().with("nonce", l.asked.Get("nonce")) }

func (l *login) finish(t *testing.T, query url.Values, c claims) *http.Response {
	t.Helper()
	l.provider.idToken = idToken(t, c)
	var cookies []string
	for _, cookie := range l.cookies {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	return call(l.coral, http.MethodGet, coralURL+"/api/auth/oidc/callback?"+query.Encode(), "", "", "Cookie", strings.Join(cookies, "; "))
}

func (l *login) callback() url.Values {
	return url.Values{"code": {"c-1"}, "state": {l.asked.Get("state")}}
}

func TestCoralLoginAsksForACode(t *testing.T) {
	l := beginLogin(t, talktest.CoralConfig{})
	got := map[string]string{}
	for name := range l.asked {
		got[name] = l.asked.Get(name)
	}
	for _, name := range []string{"state", "nonce"} {
		if len(got[name]) != 16 {
			t.Errorf("%s = %q, want 16 characters", name, got[name])
		}
		delete(got, name)
	}
	want := map[string]string{
		"response_type": "code", "scope": "openid email profile", "client_id": clientID,
		"redirect_uri": coralURL + "/api/auth/oidc/callback",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("authorization request, without PKCE (-want +got):\n%s", diff)
	}
}

func TestCoralLoginStaysOnItsServer(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
	for _, target := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "", "/#accessToken=x"} {
		res := call(coral, http.MethodGet, coralURL+"/api/auth/oidc?redirectTo="+url.QueryEscape(target), "", "")
		if res.StatusCode != http.StatusInternalServerError {
			t.Errorf("begin with redirectTo=%q = %d, want 500", target, res.StatusCode)
		}
	}
}

func TestCoralLoginEndsInATokenOfItsOwn(t *testing.T) {
	l := beginLogin(t, talktest.CoralConfig{})
	res := l.finish(t, l.callback(), l.claims())
	path, token, found := strings.Cut(res.Header.Get("Location"), "#accessToken=")
	if !found || path != "/admin" {
		t.Fatalf("Location = %q, want /admin#accessToken=…", res.Header.Get("Location"))
	}
	viewer, err := l.coral.Verify(t.Context(), token)
	if err != nil || viewer.Username != "ada" {
		t.Errorf("Verify() = %+v, %v, want ada", viewer, err)
	}

	want := map[string]string{
		"grant_type": "authorization_code", "code": "c-1", "redirect_uri": coralURL + "/api/auth/oidc/callback",
		"client_id": clientID, "client_secret": "s3cret",
	}
	if diff := cmp.Diff(want, l.provider.params); diff != "" {
		t.Errorf("token request (-want +got):\n%s", diff)
	}
	if got := l.provider.header.Get("Authorization"); got != "" {
		t.Errorf("Authorization = %q, want none: the credentials are in the form (G24)", got)
	}
}

func TestCoralLoginRefusals(t *testing.T) {
	const bare, loginStopped = http.StatusInternalServerError, http.StatusServiceUnavailable
	tests := []struct {
		name   string
		query  func(url.Values)
		change func(claims) claims
		want   int
	}{
		{"a provider's error is a bare 500 (G27)", func(q url.Values) { q.Set("error", "access_denied") }, nil, bare},
		{"a state that changed on the way is a bare 500 (G23)", func(q url.Values) { q.Set("state", q.Get("state")+"x") }, nil, bare},
		{"a foreign nonce is refused (G23)", nil, func(c claims) claims { return c.with("nonce", "foreign") }, bare},
		{"a fractional exp fails in Redis", nil, func(c claims) claims {
			return c.with("exp", float64(start.Add(time.Minute).Unix())+0.5)
		}, bare},
		{"a missing nonce stops the process (G25)", nil, func(c claims) claims { return c.without("nonce") }, loginStopped},
		{"an audience array stops the process (G25)", nil, func(c claims) claims { return c.with("aud", []string{clientID}) }, loginStopped},
		{"an empty email stops the process (G25)", nil, func(c claims) claims { return c.with("email", "") }, loginStopped},
		{"an email at corp.local stops the process (G21)", nil, func(c claims) claims { return c.with("email", "a@corp.local") }, loginStopped},
		{"an expired ID token is refused", nil, func(c claims) claims { return c.with("exp", start.Unix()) }, http.StatusUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := beginLogin(t, talktest.CoralConfig{})
			query, c := l.callback(), l.claims()
			if tt.query != nil {
				tt.query(query)
			}
			if tt.change != nil {
				c = tt.change(c)
			}
			if got := l.finish(t, query, c).StatusCode; got != tt.want {
				t.Errorf("callback = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestCoralLoginTakesANonceOnce(t *testing.T) {
	l := beginLogin(t, talktest.CoralConfig{})
	if got := l.finish(t, l.callback(), l.claims()).StatusCode; got != http.StatusFound {
		t.Fatalf("first callback = %d, want 302", got)
	}
	if got := l.finish(t, l.callback(), l.claims()).StatusCode; got != http.StatusInternalServerError {
		t.Errorf("second callback = %d, want 500", got)
	}
}

func TestCoralLoginNeedsItsBrowser(t *testing.T) {
	l := beginLogin(t, talktest.CoralConfig{})
	l.cookies = nil
	if got := l.finish(t, l.callback(), l.claims()).StatusCode; got != http.StatusInternalServerError {
		t.Errorf("callback without cookies = %d, want 500", got)
	}
}

func TestCoralLoginReportsADuplicateEmailInTheFragment(t *testing.T) {
	l := beginLogin(t, talktest.CoralConfig{})
	if _, err := l.coral.AddUser(talktest.User{Username: "boss", Email: "ada@example.org", Role: talktest.RoleAdmin}); err != nil {
		t.Fatal(err)
	}
	res := l.finish(t, l.callback(), l.claims())
	target, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	if want := "error=INTERNAL_ERROR: DUPLICATE_EMAIL"; target.Fragment != want {
		t.Errorf("fragment = %q, want %q", target.Fragment, want)
	}
}

func TestCoralOwnTokens(t *testing.T) {
	now := newClock()
	coral := newCoral(t, talktest.CoralConfig{Now: now.Now, SessionDuration: time.Hour})
	admin, err := coral.AddUser(talktest.User{Username: "boss", Email: "boss@example.org", Role: talktest.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	token, err := coral.OwnToken(admin.ID)
	if err != nil {
		t.Fatal(err)
	}
	if viewer, err := coral.Verify(t.Context(), token); err != nil || viewer.ID != admin.ID {
		t.Errorf("Verify() = %+v, %v, want the administrator", viewer, err)
	}
	now.Advance(time.Hour)
	if _, err := coral.Verify(t.Context(), token); verdict(err) != tokenInvalid {
		t.Errorf("Verify() after the session's end = %v, want %s", err, tokenInvalid)
	}
}
