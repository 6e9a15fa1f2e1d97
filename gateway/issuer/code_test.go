package issuer_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/issuer"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/store"
	"chatgate/store/memstore"
)

func TestPKCE(t *testing.T) { // RFC 7636, RFC 9700
	for _, test := range []struct {
		name, verifier string
		good           bool
	}{
		{"the right verifier", verifier, true},
		{"another verifier", verifier[1:] + "A", false},
		{"the challenge itself", challenge, false},
		{"none", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, chattest.Options{})
			code := w.code("code_challenge", challenge, "code_challenge_method", "S256")
			form := trade(code, "code_verifier", test.verifier)
			if test.good {
				w.bought(form)
				return
			}
			if got := w.refused(form); got.Error != "invalid_grant" {
				t.Errorf("token = %+v, want invalid_grant", got)
			}
			if got := w.refused(trade(code, "code_verifier", verifier)); got.Error != "invalid_grant" {
				t.Errorf("with the right one afterwards = %+v, want that the code is burnt", got)
			}
			if !w.audited("code_refused", "code_mismatch") {
				t.Error("it is not in the audit log")
			}
		})
	}
}

func TestACodeIsGoodOnceAndAMinute(t *testing.T) { // G24
	w := open(t, chattest.Options{})
	code := w.code()
	w.Clock.Advance(time.Minute - time.Second)
	access := w.bought(trade(code)).AccessToken
	if res := w.userinfo(access); res.StatusCode != http.StatusOK {
		t.Fatalf("userinfo = %d, want 200", res.StatusCode)
	}
	if got := w.refused(trade(code)); got.Status != http.StatusBadRequest || got.Error != "invalid_grant" {
		t.Errorf("a second time = %+v, want invalid_grant", got)
	}
	if !w.audited("code_refused", "code_used") {
		t.Error("it is not in the audit log")
	}
	if res := w.userinfo(access); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("userinfo after that = %d, want 401: what the code bought is taken back", res.StatusCode)
	}
	late := w.code()
	w.Clock.Advance(time.Minute)
	if got := w.refused(trade(late)); got.Error != "invalid_grant" || !w.audited("code_refused", "code_unknown") {
		t.Errorf("after a minute = %+v, want invalid_grant and a line in the audit log", got)
	}
}

func TestOfManyAtOnceOneGetsTheTokens(t *testing.T) {
	w := open(t, chattest.Options{})
	other := w.replica()
	code := w.code()
	var won sync.Map
	var all sync.WaitGroup
	for n := range 16 {
		at := []*world{w, other}[n%2]
		all.Go(func() {
			if res := at.redeem(trade(code)); res.StatusCode == http.StatusOK {
				won.Store(n, true)
			}
		})
	}
	all.Wait()
	wins := 0
	won.Range(func(any, any) bool { wins++; return true })
	if wins != 1 {
		t.Errorf("%d of 16 got tokens, want one", wins)
	}
}

func TestACodeOfOneReplicaIsGoodAtAnother(t *testing.T) {
	w := open(t, chattest.Options{})
	w.replica().bought(trade(w.code()))
}

func TestEachSiteServesItsOwnClient(t *testing.T) { // G5, D17
	engine := memstore.New(memstore.Config{})
	city := open(t, chattest.Options{Name: "city", Engine: engine})
	sports := open(t, chattest.Options{Name: "sports", Engine: engine}, func(c *issuer.Config) { c.Client.ID = "sports" })
	if res := city.authorize(city.SignIn(ada()), asking("client_id", "sports").Encode()); res.StatusCode != http.StatusBadRequest {
		t.Errorf("the other site's client = %d, want 400", res.StatusCode)
	}
	code := city.code()
	if got := sports.refused(trade(code)); got.Error != "invalid_client" {
		t.Errorf("its secret at the other site = %+v, want invalid_client", got)
	}
	if got := sports.refused(trade(code, "client_id", "sports")); got.Error != "invalid_grant" {
		t.Errorf("its code at the other site = %+v, want invalid_grant", got)
	}
	access := city.bought(trade(code)).AccessToken
	if res := sports.userinfo(access); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("its access token at the other site = %d, want 401", res.StatusCode)
	}
}

func TestASignOutEndsWhatWasGiven(t *testing.T) {
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	access, unused := w.bought(trade(w.codeFor(cookie))).AccessToken, w.codeFor(cookie)
	w.SignOut(cookie)
	if got := w.refused(trade(unused)); got.Error != "invalid_grant" || !w.audited("code_refused", "session_ended") {
		t.Errorf("a code afterwards = %+v, want invalid_grant and a line in the audit log", got)
	}
	if res := w.userinfo(access); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("userinfo afterwards = %d, want 401", res.StatusCode)
	}
}

// TestASignOutBeatsARedemptionUnderWay: Coral would make a session of its own of the ID token, and nobody could end that.
func TestASignOutBeatsARedemptionUnderWay(t *testing.T) { // D17, D21
	for _, test := range []struct {
		name  string
		begin func(w *world, engine *meddling, signOut func())
	}{
		{"while the site is asked about the person", func(w *world, _ *meddling, signOut func()) {
			say := w.say
			w.say = func(s session.Session) (any, error) {
				signOut()
				w.say = say
				return say(s)
			}
		}},
		{"while the code is being spent", func(_ *world, engine *meddling, signOut func()) { engine.act = signOut }},
	} {
		t.Run(test.name, func(t *testing.T) {
			engine := &meddling{Engine: memstore.New(memstore.Config{})}
			w := open(t, chattest.Options{Engine: engine})
			cookie := w.SignIn(ada())
			code := w.codeFor(cookie)
			test.begin(w, engine, func() { w.SignOut(cookie) })
			if got := w.refused(trade(code)); got.Status != http.StatusBadRequest || got.Error != "invalid_grant" {
				t.Errorf("token = %+v, want invalid_grant", got)
			}
			if strings.Contains(w.Journal.String(), `"act":"id_token_issued"`) || !w.audited("code_refused", "session_ended") {
				t.Error("the audit log tells of an ID token, or does not say that the session ended")
			}
		})
	}
}

// meddling is an engine with somebody who acts once, just before a code is marked used.
type meddling struct {
	store.Engine
	act func()
}

func (m *meddling) Swap(ctx context.Context, key string, old, next []byte, ttl time.Duration) error {
	if act := m.act; act != nil && strings.Contains(key, ":code:") {
		m.act = nil
		act()
	}
	return m.Engine.Swap(ctx, key, old, next, ttl)
}

func TestAnotherTabsSignInOfTheSamePersonEndsNothing(t *testing.T) { // D27
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	code := w.codeFor(cookie)
	next := w.SignInAgain(cookie, ada())
	access := w.bought(trade(code)).AccessToken
	if res := w.userinfo(access); res.StatusCode != http.StatusOK {
		t.Errorf("userinfo = %d, want 200", res.StatusCode)
	}
	w.SignOut(next)
	if res := w.userinfo(access); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("userinfo after the sign-out = %d, want 401", res.StatusCode)
	}
}

func TestAnotherPersonInTheSameBrowserGetsNoneOfIt(t *testing.T) { // D27
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	code := w.codeFor(cookie)
	bob := ada()
	bob.Subject = "bob"
	w.SignInAgain(cookie, bob)
	if got := w.refused(trade(code)); got.Error != "invalid_grant" {
		t.Errorf("token = %+v, want invalid_grant", got)
	}
}

func TestRulesAreAskedAgainWhenACodeComes(t *testing.T) { // S54
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	code, access := w.codeFor(cookie), w.bought(trade(w.codeFor(cookie))).AccessToken
	w.say = func(session.Session) (any, error) {
		return nil, problem.AccessDenied("Comments", problem.Reason{}, &chat.DeniedError{Reason: chat.ReasonGroup})
	}
	if got := w.refused(trade(code)); got.Status != http.StatusBadRequest || got.Error != "invalid_grant" {
		t.Errorf("token = %+v, want invalid_grant", got)
	}
	if res := w.userinfo(access); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("userinfo = %d, want 401", res.StatusCode)
	}
}
