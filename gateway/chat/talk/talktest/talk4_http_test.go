package talktest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const talk4Auth = talk4URL + "/api/v1/auth"

func TestTalk4TokenSources(t *testing.T) {
	good := talk4Token(t, talk4Claims())
	stale := talk4Token(t, talk4Claims().with("exp", start.Unix()-1))
	tests := []struct {
		name   string
		target string
		header []string
		want   int
	}{
		{"no token is nobody", talk4Auth, nil, http.StatusNoContent},
		{"a Bearer token counts", talk4Auth, []string{"Authorization", "Bearer " + good}, http.StatusOK},
		{"another scheme does not", talk4Auth, []string{"Authorization", "Basic " + good}, http.StatusNoContent},
		{"the query counts", talk4Auth + "?access_token=" + good, nil, http.StatusOK},
		{"the cookie counts", talk4Auth, []string{"Cookie", "authorization=" + good}, http.StatusOK},
		{"a bad token is nobody's, not an error", talk4Auth, []string{"Authorization", "Bearer " + stale}, http.StatusNoContent},
		{
			"a stale cookie beats a fresh header", talk4Auth,
			[]string{"Authorization", "Bearer " + good, "Cookie", "authorization=" + stale}, http.StatusNoContent,
		},
		{"a stale query beats a fresh header", talk4Auth + "?access_token=" + stale, []string{"Authorization", "Bearer " + good}, http.StatusNoContent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			talk := newTalk4(t, rs256Config(t))
			if got := call(talk, http.MethodGet, tt.target, "", "", tt.header...).StatusCode; got != tt.want {
				t.Errorf("GET /api/v1/auth = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestTalk4CurrentUser(t *testing.T) {
	res := call(newTalk4(t, rs256Config(t)), http.MethodGet, talk4Auth, talk4Token(t, talk4Claims()), "")
	if diff := cmp.Diff(`{"user":{"id":"u-ada","username":"ada"}}`, bodyOf(t, res)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestTalk4LogoutRevokesTheToken(t *testing.T) {
	now := newClock()
	cfg := rs256Config(t)
	cfg.Now = now.Now
	talk := newTalk4(t, cfg)
	token, other := talk4Token(t, talk4Claims()), talk4Token(t, talk4Claims().with("jti", "t4-2"))
	res := call(talk, http.MethodDelete, talk4Auth, token, "")
	if res.StatusCode != http.StatusNoContent || len(res.Cookies()) != 1 || res.Cookies()[0].MaxAge >= 0 {
		t.Fatalf("DELETE = %d, cookies %v, want 204 and a cleared cookie", res.StatusCode, res.Cookies())
	}
	again := call(talk, http.MethodGet, talk4Auth, token, "")
	want := `{"error":{"code":"AUTHENTICATION","message":"An authentication error occurred."}}`
	if diff := cmp.Diff(want, bodyOf(t, again)); again.StatusCode != http.StatusUnauthorized || diff != "" {
		t.Errorf("GET with the revoked token = %d (-want +got):\n%s", again.StatusCode, diff)
	}
	if got := call(talk, http.MethodGet, talk4Auth, other, "").StatusCode; got != http.StatusOK {
		t.Errorf("GET with another token = %d, want 200", got)
	}
	now.Advance(time.Hour)
	if got := call(talk, http.MethodGet, talk4Auth, token, "").StatusCode; got != http.StatusNoContent {
		t.Errorf("GET once the token has ended = %d, want 204", got)
	}
}

func TestTalk4LogoutOfAwkwardTokens(t *testing.T) {
	tests := []struct {
		name        string
		out         claims
		want        int
		other       claims
		wantOther   int
		explanation string
	}{
		{
			"without jti it revokes every such token of everyone (G11)", talk4Claims().without("jti"), http.StatusNoContent,
			talk4Claims().without("jti").with("sub", "u-bob"), http.StatusUnauthorized, "they share the key jtir[undefined]",
		},
		{
			"without jti it spares tokens that have one", talk4Claims().without("jti"), http.StatusNoContent,
			talk4Claims(), http.StatusOK, "they have keys of their own",
		},
		{
			"without exp it fails and revokes nothing (G11)", talk4Claims().without("exp"), http.StatusInternalServerError,
			talk4Claims().without("exp"), http.StatusOK, "Redis refused the life",
		},
		{
			"with a bad token nobody is signed in to sign out", talk4Claims().with("iss", "x"), http.StatusUnauthorized,
			talk4Claims(), http.StatusOK, "nothing was revoked",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			talk := newTalk4(t, rs256Config(t))
			if got := call(talk, http.MethodDelete, talk4Auth, talk4Token(t, tt.out), "").StatusCode; got != tt.want {
				t.Errorf("DELETE /api/v1/auth = %d, want %d", got, tt.want)
			}
			if got := call(talk, http.MethodGet, talk4Auth, talk4Token(t, tt.other), "").StatusCode; got != tt.wantOther {
				t.Errorf("GET with the other token = %d, want %d: %s", got, tt.wantOther, tt.explanation)
			}
		})
	}
}

func TestTalk4KeepsTheCookieWhenToldTo(t *testing.T) {
	cfg := rs256Config(t)
	cfg.KeepCookieOnLogout = true
	res := call(newTalk4(t, cfg), http.MethodDelete, talk4Auth, talk4Token(t, talk4Claims()), "")
	if res.StatusCode != http.StatusNoContent || len(res.Cookies()) != 0 {
		t.Errorf("DELETE = %d, cookies %v, want 204 and none", res.StatusCode, res.Cookies())
	}
}
