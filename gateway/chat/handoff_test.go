package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
)

const boardURL = "https://board.example.org"

// counter has the routes in front of a chat that hands out the subject's name.
type counter struct {
	*chattest.Env
	t       *testing.T
	handler http.Handler
	// give stands in for the connector.
	give func(context.Context, chat.Caller) (any, error)
}

func openRoutes(t *testing.T, limits limit.Settings) *counter {
	t.Helper()
	c := &counter{Env: chattest.NewEnv(t, chattest.Options{Name: "board", Limits: &limits}), t: t}
	c.give = func(_ context.Context, who chat.Caller) (any, error) {
		return map[string]string{"token": "token of " + who.Session.Identity.Subject}, nil
	}
	c.handler = c.replica(c.Env)
	return c
}

// replica serves the routes in another process.
func (c *counter) replica(e *chattest.Env) http.Handler {
	c.t.Helper()
	routes, err := chat.NewHandOffRoutes(chat.HandOffConfig{
		Env: e.Env,
		Access: chat.Access{
			Return: []chat.Origin{boardURL, blogURL, portalURL}, Frame: []chat.Origin{boardURL, blogURL, portalURL},
			Token: []chat.Origin{boardURL, portalURL},
		},
		Give: func(ctx context.Context, who chat.Caller) (any, error) { return c.give(ctx, who) },
		Told: chat.Told,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	engine := gin.New()
	routes.Mount(engine.Group("/board"))
	return engine
}

// ask posts what the frame's script posts; change may spoil it.
func (c *counter) ask(h http.Handler, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/board/"+path, strings.NewReader(body))
	r.Header.Set("Origin", chattest.BaseURL)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// offered is what the frame got to wait with.
type offered struct {
	ID        string `json:"id"`
	Secret    string `json:"secret"`
	ExpiresIn int    `json:"expiresIn"`
}

func (o offered) body() string {
	text, _ := json.Marshal(map[string]string{"id": o.ID, "secret": o.Secret})
	return string(text)
}

func (c *counter) offer(body string) offered {
	c.t.Helper()
	answer := c.ask(c.handler, "handoff", body, nil)
	var o offered
	if err := json.Unmarshal(answer.Body.Bytes(), &o); err != nil || answer.Code != http.StatusOK {
		c.t.Fatalf("handoff = %d %s", answer.Code, answer.Body)
	}
	return o
}

// finish signs somebody in for a waiting frame.
func (c *counter) finish(o offered) session.Session {
	c.t.Helper()
	s := c.Session(c.SignIn(ada))
	started, err := c.HandOffs.Start(c.t.Context(), o.ID)
	if err == nil {
		err = c.HandOffs.Finish(c.t.Context(), started, s.Key)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *counter) redeem(o offered) *httptest.ResponseRecorder {
	c.t.Helper()
	c.Clock.Advance(time.Second)
	return c.ask(c.handler, "handoff/redeem", o.body(), nil)
}

// want checks a status and, unless it is empty, a problem's code.
func (c *counter) want(what string, answer *httptest.ResponseRecorder, status int, code string) {
	c.t.Helper()
	if answer.Code != status || code != "" && !strings.Contains(answer.Body.String(), `"code":"`+code+`"`) {
		c.t.Errorf("%s = %d %s, want %d %s", what, answer.Code, answer.Body, status, code)
	}
}

func TestAFrameWaitsAndIsHandedItsLoginOnce(t *testing.T) { // B-10, B-13
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	if o.ExpiresIn != 300 {
		t.Errorf("expiresIn = %d, want 300 seconds", o.ExpiresIn)
	}
	waits := c.redeem(o)
	c.want("a redeem before the login", waits, http.StatusAccepted, "")
	if got := strings.TrimSpace(waits.Body.String()); got != `{"status":"pending"}` {
		t.Errorf("a waiting frame is told %s", got)
	}
	c.finish(o)
	got := c.redeem(o)
	c.want("the redeem", got, http.StatusOK, "")
	if !strings.Contains(got.Body.String(), `"token of ada"`) || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("handed over %s with %q", got.Body, got.Header().Get("Cache-Control"))
	}
	cookie := got.Header().Get("Set-Cookie")
	for _, want := range []string{"__Host-chatgate-board=", "Partitioned", "SameSite=None", "Secure", "HttpOnly"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	again := c.redeem(o)
	c.want("a second redeem", again, http.StatusGone, "handoff_over")
	if again.Header().Get("Set-Cookie") != "" {
		t.Error("the second redeem set a cookie")
	}
}

func TestOfManyRedeemsOnTwoReplicasOneWins(t *testing.T) { // B-10
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	c.finish(o)
	replicas := []http.Handler{c.handler, c.replica(c.Replica())}
	var mu sync.Mutex
	won, cookies := 0, 0
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			answer := c.ask(replicas[i%2], "handoff/redeem", o.body(), nil)
			mu.Lock()
			defer mu.Unlock()
			if answer.Code == http.StatusOK {
				won++
			}
			if answer.Header().Get("Set-Cookie") != "" {
				cookies++
			}
		})
	}
	all.Wait()
	if won != 1 || cookies != 1 {
		t.Errorf("%d redeems won and %d got a cookie, want one", won, cookies)
	}
}

func TestAFrameWithTheSessionsOwnCookieGetsNoSecondOne(t *testing.T) { // B-25
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	cookie := c.SignIn(ada)
	started, err := c.HandOffs.Start(t.Context(), o.ID)
	if err == nil {
		err = c.HandOffs.Finish(t.Context(), started, c.Session(cookie).Key)
	}
	if err != nil {
		t.Fatal(err)
	}
	got := c.ask(c.handler, "handoff/redeem", o.body(), func(r *http.Request) { r.AddCookie(cookie) })
	c.want("the redeem", got, http.StatusOK, "")
	if set := got.Header().Get("Set-Cookie"); set != "" {
		t.Errorf("it was given %q, want nothing", set)
	}
}

func TestOnlyOurOwnPagesAskForHandOffs(t *testing.T) { // B-08
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	c.finish(o)
	for name, change := range map[string]func(*http.Request){
		"the chat's own page": func(r *http.Request) { r.Header.Set("Origin", boardURL) },
		"another site":        func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"no origin":           func(r *http.Request) { r.Header.Del("Origin") },
		"a cross-site fetch":  func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		for _, path := range []string{"handoff", "handoff/redeem"} {
			answer := c.ask(c.handler, path, o.body(), change)
			c.want(name+" asking "+path, answer, http.StatusForbidden, "cross_site_request")
			if answer.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s may read %s", name, path)
			}
		}
	}
	c.want("the frame afterwards", c.redeem(o), http.StatusOK, "")
}

func TestMalformedBodiesAreRefused(t *testing.T) {
	c := openRoutes(t, limit.Settings{})
	for _, body := range []string{
		``, `null`, `[]`, `"x"`, `{"id":1}`, `{"unknown":"x"}`, `{}{}`, `{"id":`, `{"id":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		c.want("redeem with "+body[:min(len(body), 20)], c.ask(c.handler, "handoff/redeem", body, nil), http.StatusBadRequest, "invalid_request")
	}
	c.want("a redeem with nothing in it", c.ask(c.handler, "handoff/redeem", `{}`, nil), http.StatusGone, "handoff_over")
}

func TestAHandOffEndsAtAConfiguredAddress(t *testing.T) { // B-28
	for _, test := range []struct{ name, body, want string }{
		{"the chat's own frame", `{}`, boardURL},
		{"below a page that is listed", `{"top":"` + blogURL + `"}`, blogURL},
		{"in a page that embeds the chat", `{"embedder":"` + portalURL + `"}`, portalURL},
		{"below another one", `{"embedder":"` + portalURL + `","top":"` + blogURL + `"}`, blogURL},
		{"below a page that nobody listed", `{"top":"https://evil.example"}`, boardURL},
		{"below an address that only begins like one", `{"top":"` + portalURL + `.evil.example"}`, boardURL},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := openRoutes(t, limit.Settings{})
			started, err := c.HandOffs.Start(t.Context(), c.offer(test.body).ID)
			if err != nil || started.Return != test.want+"/" {
				t.Errorf("the login ends at %q, %v, want %s/", started.Return, err, test.want)
			}
		})
	}
}

func TestAnEmbedderWithoutTheRightToTokensGetsNoHandOff(t *testing.T) { // D29, B-26
	c := openRoutes(t, limit.Settings{})
	for _, embedder := range []string{blogURL, "https://evil.example", "null", "*"} {
		c.want("embedder "+embedder, c.ask(c.handler, "handoff", `{"embedder":"`+embedder+`"}`, nil), http.StatusForbidden, "origin_not_allowed")
	}
}

func TestAChatThatIsDownLeavesTheHandOff(t *testing.T) { // D28
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	c.finish(o)
	works := c.give
	c.give = func(context.Context, chat.Caller) (any, error) {
		return nil, problem.ChatUnavailable("board", errors.New("down"))
	}
	down := c.redeem(o)
	c.want("while the chat is down", down, http.StatusServiceUnavailable, "chat_unavailable")
	if down.Header().Get("Set-Cookie") != "" || down.Header().Get("Retry-After") == "" {
		t.Errorf("headers %v, want no cookie and a time to come again", down.Header())
	}
	c.give = works
	c.want("when it is back", c.redeem(o), http.StatusOK, "")
}

func TestASessionThatEndedBeforeItsFrameAskedIsOver(t *testing.T) { // B-21
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	if err := c.Sessions.End(t.Context(), c.finish(o)); err != nil {
		t.Fatal(err)
	}
	c.want("a redeem after the sign-out", c.redeem(o), http.StatusGone, "handoff_over")
}

func TestASessionThatEndsWhileItIsHandedOverIsAskedForOnceMore(t *testing.T) { // B-20
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	c.finish(o)
	c.give = func(context.Context, chat.Caller) (any, error) { return nil, session.ErrEnded }
	answer := c.redeem(o)
	c.want("a redeem in that moment", answer, http.StatusAccepted, "")
	if answer.Header().Get("Set-Cookie") != "" {
		t.Error("it set a cookie")
	}
}

func TestWrongSecretsAreAuditedAndEndTheHandOff(t *testing.T) { // B-10
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	c.finish(o)
	guess := offered{ID: o.ID, Secret: "guess"}
	for range 5 {
		c.want("a guess", c.redeem(guess), http.StatusGone, "handoff_over")
	}
	c.want("its owner afterwards", c.redeem(o), http.StatusGone, "handoff_over")
	if got := strings.Count(c.Journal.String(), `"act":"handoff_refused","reason":"wrong_secret"`); got != 5 {
		t.Errorf("%d audit lines for 5 guesses:\n%s", got, c.Journal)
	}
	if strings.Contains(c.Journal.String(), o.Secret) || strings.Contains(c.Journal.String(), o.ID) { // B-15
		t.Error("the log holds the hand-off")
	}
}

func TestAFrameThatAsksTooOftenIsToldToWait(t *testing.T) { // B-10
	c := openRoutes(t, limit.Settings{HandOffsPerAddress: 2, RedeemsPerAddress: 1000})
	o := c.offer(`{}`)
	for range 2 {
		c.want("a redeem", c.ask(c.handler, "handoff/redeem", o.body(), nil), http.StatusAccepted, "")
	}
	soon := c.ask(c.handler, "handoff/redeem", o.body(), nil)
	c.want("the third in a second", soon, http.StatusTooManyRequests, "too_many_requests")
	if soon.Header().Get("Retry-After") == "" {
		t.Error("it is not told when to come again")
	}
	c.offer(`{}`)
	c.want("the third hand-off", c.ask(c.handler, "handoff", `{}`, nil), http.StatusTooManyRequests, "too_many_requests")
}

func TestARedeemWithoutAStoreCanBeTriedAgain(t *testing.T) { // D26, S67
	c := openRoutes(t, limit.Settings{})
	o := c.offer(`{}`)
	if err := c.CloseStore(); err != nil {
		t.Fatal(err)
	}
	c.want("a redeem", c.redeem(o), http.StatusServiceUnavailable, "store_unavailable")
	c.offer(`{}`) // which writes nothing
}

func TestASessionIsHandedOverOnlySoOften(t *testing.T) { // S125
	c := openRoutes(t, limit.Settings{HandOffsPerSession: 2})
	cookie := c.SignIn(ada)
	hand := func() *httptest.ResponseRecorder {
		o := c.offer(`{}`)
		started, err := c.HandOffs.Start(t.Context(), o.ID)
		if err == nil {
			err = c.HandOffs.Finish(t.Context(), started, c.Session(cookie).Key)
		}
		if err != nil {
			t.Fatal(err)
		}
		return c.redeem(o)
	}
	for range 2 {
		c.want("a hand-off", hand(), http.StatusOK, "")
	}
	third := hand()
	c.want("the third in a minute", third, http.StatusTooManyRequests, "too_many_requests")
	if third.Header().Get("Set-Cookie") != "" {
		t.Error("it set a cookie")
	}
}
