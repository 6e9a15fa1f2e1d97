package talk_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/gateway/outbox"
	"chatgate/store"
	"chatgate/store/memstore"
)

// product is the server of Coral or Talk, as the gateway reaches it.
type product struct {
	verifier
	http.Handler

	mu    sync.Mutex
	calls []string // method, address and host of each
	// answers replace the server's own, one for each call.
	answers []func() (*http.Response, error)
}

func (p *product) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.calls = append(p.calls, r.Method+" "+r.URL.String()+" at "+r.Host)
	if len(p.answers) > 0 {
		next := p.answers[0]
		p.answers = p.answers[1:]
		p.mu.Unlock()
		return next()
	}
	p.mu.Unlock()
	return answer(p.Handler, r), nil
}

// openAt is a site whose product revokes tokens.
func openAt(t *testing.T, cfg talk.Config, o chattest.Options) (*world, *product) {
	t.Helper()
	p := &product{}
	o.Transport = p
	w := open(t, cfg, o)
	switch {
	case cfg.Profile == talk.CoralSSO:
		coral := ssoCoral(t, w, "")
		p.verifier, p.Handler = coral, coral
	case cfg.Profile == talk.CoralOIDC:
		coral := oidcCoral(t, w, "")
		p.verifier, p.Handler = coral, coral
	default:
		talk4 := newTalk4(t, w, talktest.Talk4Config{Algorithm: "RS256", Secrets: []talktest.Talk4Secret{publicPEM(t, w)}})
		p.verifier, p.Handler = talk4, talk4
	}
	return w, p
}

// drain does what the outbox has to do now.
func (w *world) drain() {
	w.t.Helper()
	if err := w.Outbox.Drain(ctx()); err != nil {
		w.t.Fatal(err)
	}
}

// taken says whether the product takes a token for somebody's.
func (p *product) taken(token string) bool {
	viewer, err := p.Verify(context.Background(), token)
	return err == nil && !viewer.Anonymous()
}

func TestASignOutEndsEveryTokenOfTheSession(t *testing.T) { // G31, D20, D25
	for _, test := range []struct {
		profile talk.Profile
		call    string
	}{
		{talk.CoralSSO, "DELETE https://comments.example.org/api/auth at comments.example.org"},
		{talk.Talk4, "DELETE https://comments.example.org/api/v1/auth at comments.example.org"},
	} {
		t.Run(string(test.profile), func(t *testing.T) {
			w, product := openAt(t, site(test.profile), chattest.Options{})
			cookie, elsewhere := w.SignIn(ada()), w.SignIn(ada())
			first, second, other := w.token(http.MethodGet, cookie).Token, w.token(http.MethodPost, cookie).Token, w.token(http.MethodGet, elsewhere).Token
			for _, token := range []string{first, second, other} {
				if !product.taken(token) {
					t.Fatal("a token is refused before the sign-out")
				}
			}
			w.SignOut(cookie)
			w.drain()
			if product.taken(first) || product.taken(second) {
				t.Error("a token of the session is taken after the sign-out")
			}
			if !product.taken(other) {
				t.Error("the token of another browser was ended too")
			}
			if got := strings.Join(product.calls, "; "); got != test.call+"; "+test.call {
				t.Errorf("the calls are %s, want two of %s", got, test.call)
			}
			for _, token := range []string{first, second} {
				line := `"act":"talk_token_revoked","reason":"session_ended"`
				if jti := part(t, token, 1)["jti"].(string); !strings.Contains(w.Journal.String(), line) || !strings.Contains(w.Journal.String(), jti) {
					t.Errorf("the audit log has no line %s with jti %s", line, jti)
				}
			}
			if strings.Contains(w.Journal.String(), strings.Split(first, ".")[1]) {
				t.Error("a token stands in the log (S134)")
			}
		})
	}
}

func TestTokensThatCoralCannotRevokeAreNotSentThere(t *testing.T) { // G22
	w, product := openAt(t, site(talk.CoralOIDC), chattest.Options{})
	cookie := w.SignIn(ada())
	w.token(http.MethodGet, cookie)
	w.SignOut(cookie)
	w.drain()
	if len(product.calls) > 0 {
		t.Errorf("the calls are %v, want none", product.calls)
	}
	for _, test := range []struct {
		profile talk.Profile
		want    bool
	}{{talk.CoralOIDC, true}, {talk.CoralSSO, false}, {talk.Talk4, false}} {
		if got := open(t, site(test.profile), chattest.Options{}).connector.(chat.Lingerer).Lingers(); got != test.want {
			t.Errorf("Lingers() of %s = %v, want %v (D20)", test.profile, got, test.want)
		}
	}
}

func TestARevocationWaitsForAProductThatIsDown(t *testing.T) { // D25
	status := func(code int, header ...string) func() (*http.Response, error) {
		return func() (*http.Response, error) {
			res := &http.Response{StatusCode: code, Status: http.StatusText(code), Header: http.Header{}, Body: http.NoBody}
			for i := 0; i < len(header); i += 2 {
				res.Header.Set(header[i], header[i+1])
			}
			return res, nil
		}
	}
	for _, test := range []struct {
		name   string
		answer func() (*http.Response, error)
		wait   time.Duration
	}{
		{"no connection", func() (*http.Response, error) { return nil, errors.New("connection refused") }, 2 * time.Second},
		{"an error of its own", status(500), 2 * time.Second},
		{"a redirect, which is not followed", status(302, "Location", "https://elsewhere.example.org/"), 2 * time.Second},
		{"an address that is not Coral's", status(404), 2 * time.Second},
		{"a limit, with its time", status(429, "Retry-After", "40"), 55 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, product := openAt(t, site(talk.CoralSSO), chattest.Options{})
			cookie := w.SignIn(ada())
			token := w.token(http.MethodGet, cookie).Token
			product.answers = append(product.answers, test.answer)
			w.SignOut(cookie)
			w.drain()
			if len(product.calls) != 1 || !product.taken(token) {
				t.Fatalf("%d calls, want the one that failed", len(product.calls))
			}
			if test.wait > 10*time.Second {
				w.Clock.Advance(10 * time.Second)
				w.drain()
				if len(product.calls) != 1 {
					t.Error("it was called again before its time")
				}
			}
			w.Clock.Advance(test.wait)
			w.drain()
			if product.taken(token) {
				t.Error("the token is taken when the product is back")
			}
		})
	}
}

func TestNothingIsRevokedThatIsOverAnyway(t *testing.T) {
	t.Run("a token that has expired", func(t *testing.T) {
		w, product := openAt(t, site(talk.CoralSSO), chattest.Options{})
		cookie := w.SignIn(ada())
		w.token(http.MethodGet, cookie)
		w.Clock.Advance(16 * time.Minute)
		w.SignOut(cookie)
		w.drain()
		if len(product.calls) > 0 {
			t.Errorf("the calls are %v, want none", product.calls)
		}
	})
	t.Run("a token that expires while the product is down", func(t *testing.T) {
		w, product := openAt(t, site(talk.CoralSSO), chattest.Options{})
		cookie := w.SignIn(ada())
		w.token(http.MethodGet, cookie)
		product.answers = append(product.answers, func() (*http.Response, error) { return nil, errors.New("down") })
		w.SignOut(cookie)
		w.drain()
		w.Clock.Advance(16 * time.Minute)
		w.drain()
		if len(product.calls) != 1 {
			t.Errorf("the calls are %v, want the one that failed", product.calls)
		}
	})
	t.Run("a token that its person signed out", func(t *testing.T) {
		w, product := openAt(t, site(talk.Talk4), chattest.Options{})
		cookie := w.SignIn(ada())
		token := w.token(http.MethodGet, cookie).Token
		r, err := http.NewRequest(http.MethodDelete, coralURL+"/api/v1/auth", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer(product.Handler, r)
		w.SignOut(cookie)
		w.drain()
		w.Clock.Advance(time.Minute)
		w.drain()
		if len(product.calls) != 1 || !strings.Contains(w.Journal.String(), "talk token not taken any more") {
			t.Errorf("the calls are %v, want one, and a line that there was nothing to do", product.calls)
		}
	})
}

func TestTheAbsoluteEndOfASessionEndsItsTokens(t *testing.T) { // D11
	w, product := openAt(t, with(site(talk.CoralSSO), func(c *talk.Config) { c.TokenLifetime = time.Hour }), chattest.Options{})
	cookie := w.SignIn(ada())
	for range 47 { // half an hour each, so that the session never idles
		w.Clock.Advance(30 * time.Minute)
		w.token(http.MethodGet, cookie)
	}
	w.Clock.Advance(20 * time.Minute)
	token := w.token(http.MethodPost, cookie).Token
	if exp, end := part(t, token, 1)["exp"].(float64), w.Now().Add(10*time.Minute).Unix(); int64(exp) != end {
		t.Errorf("exp = %v, want the session's absolute end %d", int64(exp), end)
	}
	w.Clock.Advance(10 * time.Minute)
	w.must(w.Ledger.Sweep(ctx()))
	w.drain()
	if product.taken(token) || len(product.calls) > 0 {
		t.Errorf("at the session's absolute end the calls are %v, want the token over by itself", product.calls)
	}
}

// TestTheAbsoluteEndOfASessionRevokesLongerTokens: a version before this one let tokens outlive their session.
func TestTheAbsoluteEndOfASessionRevokesLongerTokens(t *testing.T) { // D11, D24
	w, product := openAt(t, site(talk.CoralSSO), chattest.Options{})
	cookie := w.SignIn(ada())
	token := w.token(http.MethodGet, cookie)
	w.must(w.Ledger.Record(ctx(), outbox.Entry{
		Provider: "corp", Subject: ada().Subject, Chat: w.Name, Session: w.Session(cookie).Key,
		Token: store.Secret(token.Token), Expires: time.Unix(token.ExpiresAt, 0), End: w.Now().Add(time.Minute),
	}))
	w.Clock.Advance(2 * time.Minute)
	w.must(w.Ledger.Sweep(ctx()))
	w.drain()
	if product.taken(token.Token) {
		t.Error("the token is taken after the session's absolute end")
	}
	if !strings.Contains(w.Journal.String(), `"act":"talk_token_revoked","reason":"absolute_limit"`) {
		t.Error("the audit log does not say why")
	}
}

func TestATokenFollowsItsPersonIntoTheNextSession(t *testing.T) { // D11, D27
	w, product := openAt(t, site(talk.CoralSSO), chattest.Options{})
	first := w.SignIn(ada())
	token := w.token(http.MethodGet, first).Token
	second := w.SignInAgain(first, ada())
	w.drain()
	if !product.taken(token) {
		t.Fatal("signing in again in the same browser ended the token")
	}
	w.SignOut(second)
	w.drain()
	if product.taken(token) {
		t.Error("the sign-out of the next session did not end the token")
	}

	third := w.SignIn(ada())
	token = w.token(http.MethodGet, third).Token
	bob := ada()
	bob.Subject = "bob"
	w.SignInAgain(third, bob)
	w.drain()
	if product.taken(token) {
		t.Error("another person's sign-in in the same browser did not end the token")
	}
}

func TestATokenThatNobodyGotIsTakenBack(t *testing.T) { // D21
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	w, product := openAt(t, site(talk.CoralSSO), chattest.Options{Engine: engine})
	cookie := w.SignIn(ada())
	engine.failing.Store(&fault{"SetHash", "session", store.ErrConflict})
	if res := w.ask(http.MethodPost, cookie); res.StatusCode != http.StatusUnauthorized {
		t.Fatalf("POST /token while the session ends = %d, want 401", res.StatusCode)
	}
	engine.failing.Store(nil)
	w.drain()
	if len(product.calls) != 1 {
		t.Errorf("the calls are %v, want one that takes the token back", product.calls)
	}
}

func TestCoralIsCalledWhereItIsAndByTheNameItHas(t *testing.T) { // T-C4
	w, product := openAt(t, with(site(talk.CoralSSO), func(c *talk.Config) {
		c.API = talk.API{URL: "http://coral.comments.svc:3000", AllowHTTP: true}
	}), chattest.Options{})
	cookie := w.SignIn(ada())
	w.token(http.MethodGet, cookie)
	w.SignOut(cookie)
	w.drain()
	if want := "DELETE http://coral.comments.svc:3000/api/auth at comments.example.org"; len(product.calls) != 1 || product.calls[0] != want {
		t.Errorf("the calls are %v, want %s", product.calls, want)
	}
}
