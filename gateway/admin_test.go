package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTheAdminListenerTellsAndDoesNothing: it has three pages to read and no act, and a session opens nothing there.
// What is looked after is looked after by commands on the store (D2, S137, S143).
func TestTheAdminListenerTellsAndDoesNothing(t *testing.T) {
	w := open(t, options{})
	b := w.signedIn()
	for _, tc := range []struct {
		method, target string
		want           int
	}{
		{http.MethodGet, "/livez", http.StatusOK},
		{http.MethodGet, "/metrics", http.StatusOK},
		{http.MethodPost, "/livez", http.StatusMethodNotAllowed},
		{http.MethodPost, "/metrics", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/readyz", http.StatusMethodNotAllowed},
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodGet, "/session", http.StatusNotFound},
		{http.MethodGet, "/board/token", http.StatusNotFound},
		{http.MethodPost, "/logout", http.StatusNotFound},
		{http.MethodGet, "/sessions", http.StatusNotFound},
		{http.MethodGet, "/admin", http.StatusNotFound},
		{http.MethodGet, "/debug/pprof/", http.StatusNotFound},
		{http.MethodGet, "/debug/vars", http.StatusNotFound},
	} {
		recorder := httptest.NewRecorder()
		w.Admin().ServeHTTP(recorder, b.with(httptest.NewRequest(tc.method, base+tc.target, nil)))
		if recorder.Code != tc.want {
			t.Errorf("%s %s on the admin listener = %d, want %d", tc.method, tc.target, recorder.Code, tc.want)
		}
	}
	for _, target := range []string{"/livez", "/readyz", "/metrics", "/debug/pprof/", "/admin", "/sessions"} {
		if answer := b.do(http.MethodGet, target); answer.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s on the public listener = %d, want 404", target, answer.StatusCode)
		}
	}
}

// TestNoPageShowsAToken: neither the pages of somebody signed in nor what the admin listener tells has a token of the
// provider's, a cookie or a state in it (S138).
func TestNoPageShowsAToken(t *testing.T) {
	w := open(t, options{})
	b := w.browser()
	callback := mustParse(t, b.callback("/login", "ada"))
	if finished := b.do(http.MethodGet, callback.String()); finished.StatusCode != http.StatusSeeOther {
		t.Fatalf("callback = %d", finished.StatusCode)
	}
	s, err := w.sessions.Recognise(t.Context(), b.request())
	w.must(err)
	tokens, err := w.sessions.ProviderTokens(t.Context(), s)
	w.must(err)
	secrets := map[string]string{
		"the ID token": tokens.ID.Reveal(), "its signature": signatureOf(tokens.ID.Reveal()), "the session's key": s.Key,
		"the session cookie": b.cookies["__Host-chatgate"], "the state": callback.Query().Get("state"), "the code": callback.Query().Get("code"),
	}
	told := map[string]string{}
	for _, target := range []string{"/", "/session", "/login", "/login/done", "/logout", "/nowhere", "/login/callback?state=x", "/board/token"} {
		told[target] = text(b.do(http.MethodGet, target, "Origin", board))
	}
	for _, target := range []string{"/readyz", "/metrics"} {
		recorder := httptest.NewRecorder()
		w.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, target, nil))
		told[target] = recorder.Body.String()
	}
	for target, body := range told {
		for name, secret := range secrets {
			if secret != "" && strings.Contains(body, secret) {
				t.Errorf("%s shows %s", target, name)
			}
		}
	}
	if secrets["the ID token"] == "" || secrets["the session cookie"] == "" || secrets["the code"] == "" {
		t.Error("there was nothing to show")
	}
}

func signatureOf(token string) string { return token[strings.LastIndex(token, ".")+1:] }
