package talk_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/limit"
	"chatgate/store"
	"chatgate/store/memstore"
)

const serverSecret = "what-the-cms-and-the-gateway-share"

// issuing is a site whose server may ask for tokens until the day of the tests' clock.
func issuing(profile talk.Profile) talk.Config {
	return with(site(profile), func(c *talk.Config) {
		c.IssueClients = map[string]talk.IssueClient{"cms": {Secret: serverSecret, Expires: chattest.NewClock().Now().Format(time.DateOnly)}}
	})
}

// issue is the site's server asking for a token.
func (w *world) issue(body string, credentials ...string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, w.BaseURL+"/"+w.Name+"/issue", strings.NewReader(body))
	if len(credentials) == 2 {
		r.SetBasicAuth(credentials[0], credentials[1])
	}
	return answer(w.handler, r)
}

// known signs a person in, gives the browser a token, and returns cookie and user id.
func (w *world) known() (*http.Cookie, string) {
	w.t.Helper()
	cookie := w.SignIn(ada())
	claims := part(w.t, w.token(http.MethodGet, cookie).Token, 1)
	if user, ok := claims["user"].(map[string]any); ok {
		return cookie, user["id"].(string)
	}
	return cookie, claims["sub"].(string)
}

func TestAServerGetsATokenOfSomebodySignedIn(t *testing.T) { // G13, D19
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			w, product := openAt(t, issuing(profile), chattest.Options{})
			cookie, id := w.known()
			kept := w.token(http.MethodGet, cookie)
			res := w.issue(`{"id":"`+id+`"}`, "cms", serverSecret)
			got := decode[tokenAnswer](t, res)
			if res.StatusCode != http.StatusCreated || !product.taken(got.Token) || got.Token == kept.Token {
				t.Fatalf("issue = %d, want 201 and a token of its own", res.StatusCode)
			}
			if got.ExpiresAt != w.Now().Add(15*time.Minute).Unix() || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("it is good until %d with the headers %v, want 15 minutes and no-store", got.ExpiresAt, res.Header)
			}
			if again := w.token(http.MethodGet, cookie); again != kept {
				t.Error("the browser's own token was replaced")
			}
			if !strings.Contains(w.Journal.String(), `"client":"cms"`) {
				t.Error("the audit log does not name the client")
			}
			w.SignOut(cookie)
			w.drain()
			if product.taken(got.Token) {
				t.Error("the token is taken after the sign-out (D20)")
			}
		})
	}
}

func TestIssueRefuses(t *testing.T) {
	w := open(t, issuing(talk.CoralSSO), chattest.Options{})
	_, id := w.known()
	body := `{"id":"` + id + `"}`
	for _, test := range []struct {
		name        string
		credentials []string
		body        string
		status      int
		code        string
	}{
		{"no credentials", nil, body, 401, "client_refused"},
		{"a wrong secret", []string{"cms", "wrong"}, body, 401, "client_refused"},
		{"an unknown client without a secret", []string{"other", ""}, body, 401, "client_refused"},
		{"nobody's id", []string{"cms", serverSecret}, `{"id":"u00000000000000000000000"}`, 404, "not_found"},
		{"no id", []string{"cms", serverSecret}, `{}`, 404, "not_found"},
		{"claims of its own choice", []string{"cms", serverSecret}, `{"id":"` + id + `","role":"ADMIN"}`, 400, "invalid_request"},
		{"no object", []string{"cms", serverSecret}, `[]`, 400, "invalid_request"},
	} {
		res := w.issue(test.body, test.credentials...)
		if got := decode[problemBody](t, res); res.StatusCode != test.status || got.Code != test.code {
			t.Errorf("%s: issue = %d %q, want %d %q", test.name, res.StatusCode, got.Code, test.status, test.code)
		}
		if test.status == http.StatusUnauthorized && !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: WWW-Authenticate = %q, want Basic", test.name, res.Header.Get("WWW-Authenticate"))
		}
		if res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: the answer has CORS headers", test.name)
		}
	}
	if strings.Contains(w.Journal.String(), serverSecret) || !strings.Contains(w.Journal.String(), `"reason":"client_refused"`) {
		t.Error("the log holds the secret, or does not say that a wrong one came")
	}
}

// meddling is an engine with somebody who acts once, just before a record is put at a place.
type meddling struct {
	store.Engine
	place string
	act   func()
}

func (m *meddling) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if act := m.act; act != nil && strings.Contains(key, m.place) {
		m.act = nil
		act()
	}
	return m.Engine.Put(ctx, key, value, ttl)
}

func TestNobodyIsIssuedATokenWhoIsNotThere(t *testing.T) { // D19
	cfg := issuing(talk.CoralSSO)
	asks := func(w *world, id string, want int) {
		w.t.Helper()
		if res := w.issue(`{"id":"`+id+`"}`, "cms", serverSecret); res.StatusCode != want {
			w.t.Errorf("issue = %d, want %d", res.StatusCode, want)
		}
	}
	t.Run("signed out", func(t *testing.T) {
		w := open(t, cfg, chattest.Options{})
		cookie, id := w.known()
		w.SignOut(cookie)
		asks(w, id, http.StatusNotFound)
		w.SignIn(ada())
		asks(w, id, http.StatusCreated)
	})
	t.Run("not let in any more", func(t *testing.T) {
		w := open(t, cfg, chattest.Options{})
		_, id := w.known()
		w.reopen(with(cfg, func(c *talk.Config) { c.Access = chat.AccessRules{Groups: []string{"readers"}} }))
		asks(w, id, http.StatusNotFound)
	})
	t.Run("known by the id of another generation", func(t *testing.T) {
		w := open(t, cfg, chattest.Options{})
		_, id := w.known()
		w.reopen(with(cfg, func(c *talk.Config) { c.Generation = 1 }))
		asks(w, id, http.StatusNotFound)
	})
	t.Run("signed out while the token was being signed", func(t *testing.T) {
		engine := &meddling{Engine: memstore.New(memstore.Config{}), place: "talkperson"}
		w, product := openAt(t, cfg, chattest.Options{Engine: engine})
		cookie, id := w.known()
		w.drain()
		engine.act = func() { w.SignOut(cookie) }
		asks(w, id, http.StatusNotFound)
		w.drain()
		if len(product.calls) != 2 { // the browser's token, and the one that the server did not get
			t.Errorf("the calls are %v, want two", product.calls)
		}
	})
	t.Run("nobody can say, since the store is away", func(t *testing.T) {
		engine := &faulty{Engine: memstore.New(memstore.Config{})}
		w := open(t, cfg, chattest.Options{Engine: engine})
		_, id := w.known()
		engine.failing.Store(&fault{"Get", "talkperson", errAway})
		asks(w, id, http.StatusServiceUnavailable)
		engine.failing.Store(nil)
		asks(w, id, http.StatusCreated)
	})
	t.Run("a secret that is over", func(t *testing.T) {
		w := open(t, cfg, chattest.Options{})
		_, id := w.known()
		w.Clock.Advance(24 * time.Hour)
		w.SignIn(ada())
		asks(w, id, http.StatusUnauthorized)
	})
	t.Run("no clients configured", func(t *testing.T) {
		w := open(t, site(talk.CoralSSO), chattest.Options{})
		_, id := w.known()
		asks(w, id, http.StatusNotFound)
	})
}

func TestIssueIsLimitedPerClient(t *testing.T) { // G13
	w := open(t, issuing(talk.CoralSSO), chattest.Options{Limits: &limit.Settings{TalkIssuesPerClient: 2}})
	_, id := w.known()
	body := `{"id":"` + id + `"}`
	for range 2 {
		w.issue(body, "cms", serverSecret)
	}
	if res := w.issue(body, "cms", serverSecret); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the third call within a minute = %d, want 429", res.StatusCode)
	}
}

func TestNobodyKeepsAServerFromItsTokens(t *testing.T) { // S125
	w := open(t, issuing(talk.CoralSSO), chattest.Options{Limits: &limit.Settings{TalkUsersPerAddress: 2}})
	_, id := w.known()
	body := `{"id":"` + id + `"}`
	for range 2 {
		w.whose("nothing")
	}
	if res := w.issue(body, "cms", "wrong"); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("a third credential that is refused = %d, want 429 with Retry-After", res.StatusCode)
	}
	if strings.Contains(w.Journal.String(), `"reason":"client_refused"`) {
		t.Error("a flood of wrong secrets fills the audit log")
	}
	if res := w.issue(body, "cms", serverSecret); res.StatusCode != http.StatusCreated {
		t.Errorf("the right secret from the same address = %d, want 201", res.StatusCode)
	}
}
