package chattest

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/oidc"
)

// Subject is a connector under test, fresh for each case.
type Subject struct {
	Env       *Env
	Connector chat.Connector
	// Handler serves the connector; it came from Env.Handler.
	Handler http.Handler
	// Identity may enter the chat.
	Identity oidc.Identity
	// Work counts what the chat was asked to do so far; nil for a connector that asks its chat nothing.
	Work func() int
}

// Setup says how to get a Subject, and what its token route answers.
type Setup struct {
	New func(t *testing.T) Subject
	// TokenKey is the key of the answer that holds the token.
	TokenKey string
}

// Run holds a connector to what every connector promises.
func Run(t *testing.T, s Setup) {
	for name, test := range map[string]func(*testing.T, subject){
		"origins are spelt as browsers send them":           testOrigins,
		"nobody signed in gets 401":                         testAnonymous,
		"someone signed in gets a token by GET and by POST": testToken,
		"a body is never looked at":                         testBody,
		"a page that is not listed gets and causes nothing": testForeign,
		"without an origin only our own scripts may ask":    testWithoutOrigin,
		"a preflight is answered and reads no session":      testPreflight,
		"a session may end twice":                           testEndTwice,
	} {
		t.Run(name, func(t *testing.T) { test(t, subject{Subject: s.New(t), t: t, tokenKey: s.TokenKey}) })
	}
}

// subject is a Subject inside one case.
type subject struct {
	Subject
	t        *testing.T
	tokenKey string
}

func (s subject) path() string { return "/" + s.Env.Name + "/token" }

func (s subject) listed() string { return string(s.Connector.Access().Token[0]) }

func (s subject) work() int64 {
	if s.Work == nil {
		return s.Env.Commands()
	}
	return s.Env.Commands() + int64(s.Work())
}

func (s subject) call(method, origin string, change func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, s.path(), http.NoBody)
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, r)
	return w
}

// guarded checks what every answer of a token route carries (S75, S80).
func (s subject) guarded(w *httptest.ResponseRecorder) {
	s.t.Helper()
	for header, want := range map[string]string{
		"Vary": "Origin", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if !slices.Contains(w.Header().Values(header), want) {
			s.t.Errorf("%s = %q, want %q", header, w.Header().Values(header), want)
		}
	}
}

// readable checks the CORS headers that let the origin read the answer, whatever it is (R2, B-01).
func (s subject) readable(w *httptest.ResponseRecorder, origin string) {
	s.t.Helper()
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != origin {
		s.t.Errorf("Access-Control-Allow-Origin = %q, want %q", got, origin)
	}
	if got := w.Header().Get("Access-Control-Allow-Credentials"); got != "true" {
		s.t.Errorf("Access-Control-Allow-Credentials = %q, want true", got)
	}
	if got := w.Header().Get("Access-Control-Expose-Headers"); got != "Retry-After" {
		s.t.Errorf("Access-Control-Expose-Headers = %q, want Retry-After, by which a script knows when to come again", got)
	}
}

// token is the answer's token; the test fails unless there is one.
func (s subject) token(w *httptest.ResponseRecorder) string {
	s.t.Helper()
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != http.StatusOK {
		s.t.Fatalf("answer %d %q, want 200 and JSON", w.Code, w.Body)
	}
	token, _ := body[s.tokenKey].(string)
	if token == "" {
		s.t.Errorf("no %s in the answer", s.tokenKey)
	}
	return token
}

// refused checks a refusal in JSON that holds no token (R3).
func (s subject) refused(w *httptest.ResponseRecorder, status int) {
	s.t.Helper()
	kind, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if w.Code != status || kind != "application/json" && kind != "application/problem+json" {
		s.t.Errorf("answer %d %s, want %d and JSON", w.Code, kind, status)
	}
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		s.t.Errorf("body %q is no JSON object", w.Body)
	}
	for _, key := range []string{s.tokenKey, "token", "loginToken"} {
		if _, ok := body[key]; ok {
			s.t.Errorf("the refusal has the key %s", key)
		}
	}
}

func testOrigins(t *testing.T, s subject) {
	access := s.Connector.Access()
	if len(access.Return) == 0 || len(access.Frame) == 0 || len(access.Token) == 0 {
		t.Fatalf("Access() = %v, want the chat itself in every list", access)
	}
	for _, list := range [][]chat.Origin{access.Return, access.Frame, access.Token} {
		for i, origin := range list {
			if canonical, err := chat.ParseOrigin(string(origin)); err != nil || canonical != origin {
				t.Errorf("origin %q is not spelt as browsers send it: %v", origin, err)
			}
			if slices.Contains(list[:i], origin) {
				t.Errorf("origin %q is listed twice", origin)
			}
		}
	}
}

func testAnonymous(t *testing.T, s subject) {
	before := s.work()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := s.call(method, s.listed(), nil)
		s.refused(w, http.StatusUnauthorized)
		s.guarded(w)
		s.readable(w, s.listed())
	}
	if did := s.work() - before; did != 0 {
		t.Errorf("anonymous calls caused %d commands and calls, want none", did)
	}
}

func testToken(t *testing.T, s subject) {
	cookie := s.Env.SignIn(s.Identity)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := s.call(method, s.listed(), func(r *http.Request) { r.AddCookie(cookie) })
		s.token(w)
		s.guarded(w)
		s.readable(w, s.listed())
	}
}

// testBody: some clients send a content type without a body, and no body may say who somebody is (R1, S78).
func testBody(t *testing.T, s subject) {
	cookie := s.Env.SignIn(s.Identity)
	for _, kind := range []string{"application/json", "application/x-www-form-urlencoded", "text/plain"} {
		for _, body := range []string{"", "{", `{"sub":"bob"}`, "sub=bob"} {
			w := s.call(http.MethodPost, s.listed(), func(r *http.Request) {
				r.Body = http.NoBody
				if body != "" {
					*r = *httptest.NewRequest(http.MethodPost, s.path(), bytes.NewBufferString(body))
					r.Header.Set("Origin", s.listed())
				}
				r.Header.Set("Content-Type", kind)
				r.AddCookie(cookie)
			})
			s.token(w)
		}
	}
}

// testForeign: the refusal comes before the session is looked at and before anything is made (S73, S74, S79, B-03).
func testForeign(t *testing.T, s subject) {
	cookie := s.Env.SignIn(s.Identity)
	listed := s.listed()
	scheme, host, _ := strings.Cut(listed, "://")
	foreign := []string{
		"null", "*", "https://evil.example", listed + ".evil.example", scheme + "://evil" + host, listed + ":8443",
		"http://" + strings.TrimPrefix(listed, scheme+"://") + ":1", strings.ToUpper(listed), listed + ".", listed + "/",
		listed + "," + listed, listed + " https://evil.example", "",
	}
	before := s.work()
	for _, origin := range foreign {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			w := s.call(method, origin, func(r *http.Request) {
				r.AddCookie(cookie)
				r.Header.Set("Sec-Fetch-Site", "cross-site")
				r.Header.Set("Sec-Fetch-Mode", "cors")
			})
			s.refused(w, http.StatusForbidden)
			s.guarded(w)
			for header := range w.Header() {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("%s from %q: the refusal has %s", method, origin, header)
				}
			}
		}
	}
	if did := s.work() - before; did != 0 {
		t.Errorf("foreign pages caused %d commands and calls, want none", did)
	}
}

// testWithoutOrigin: what a page cannot forge decides; a navigation never shows a token (B-04).
func testWithoutOrigin(t *testing.T, s subject) {
	cookie := s.Env.SignIn(s.Identity)
	for _, tt := range []struct {
		site, mode string
		want       int
	}{
		{"same-origin", "cors", http.StatusOK},
		{"same-origin", "same-origin", http.StatusOK},
		{"same-origin", "navigate", http.StatusForbidden},
		{"same-origin", "no-cors", http.StatusForbidden},
		{"same-site", "cors", http.StatusForbidden},
		{"none", "navigate", http.StatusForbidden},
		{"", "", http.StatusForbidden},
	} {
		w := s.call(http.MethodGet, "", func(r *http.Request) {
			r.AddCookie(cookie)
			r.Header.Set("Sec-Fetch-Site", tt.site)
			r.Header.Set("Sec-Fetch-Mode", tt.mode)
		})
		if w.Code != tt.want {
			t.Errorf("no origin, site %q, mode %q: answer %d, want %d", tt.site, tt.mode, w.Code, tt.want)
		}
		s.guarded(w)
	}
}

// testPreflight: Rocket.Chat 6 and 7 send one (S76).
func testPreflight(t *testing.T, s subject) {
	cookie := s.Env.SignIn(s.Identity)
	before := s.work()
	w := s.call(http.MethodOptions, s.listed(), func(r *http.Request) {
		r.AddCookie(cookie)
		r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		r.Header.Set("Access-Control-Request-Headers", "content-type")
	})
	if w.Code != http.StatusNoContent {
		t.Errorf("preflight = %d, want 204", w.Code)
	}
	s.guarded(w)
	s.readable(w, s.listed())
	for header, want := range map[string][]string{
		"Access-Control-Allow-Methods": {http.MethodGet, http.MethodPost},
		"Access-Control-Allow-Headers": {"content-type"},
	} {
		for _, value := range want {
			if got := w.Header().Get(header); !strings.Contains(got, value) {
				t.Errorf("%s = %q, want %s in it", header, got, value)
			}
		}
	}
	if did := s.work() - before; did != 0 {
		t.Errorf("a preflight caused %d commands and calls, want none", did)
	}
}

func testEndTwice(t *testing.T, s subject) {
	cookie := s.Env.SignIn(s.Identity)
	ended := s.Env.Session(cookie)
	s.token(s.call(http.MethodPost, s.listed(), func(r *http.Request) { r.AddCookie(cookie) }))
	for range 2 {
		if err := s.Env.Sessions.End(context.Background(), ended); err != nil {
			t.Errorf("End = %v, want nil", err)
		}
	}
	w := s.call(http.MethodPost, s.listed(), func(r *http.Request) { r.AddCookie(cookie) })
	s.refused(w, http.StatusUnauthorized)
	if err := s.Env.Outbox.Drain(context.Background()); err != nil {
		t.Error(err)
	}
}
