package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/account"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/session"
	"chatgate/oidc"
)

const (
	firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
	chrome  = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
	home    = "203.0.113.7"
	office  = "10.20.0.9"
)

var (
	ada = oidc.Identity{Provider: "corp", Subject: "ada-1", Name: "Ada Lovelace", Email: "ada@example.org"}
	bob = oidc.Identity{Provider: "corp", Subject: "bob-2", Name: "Bob Kahn"}
)

// world is an account page with one chat, whose rules and ending a test may change.
type world struct {
	*chattest.Env
	t       *testing.T
	handler http.Handler
	// reason is why the chat's rules leave everybody out, empty while they do not.
	reason string
	// failing has no session end any more.
	failing bool
	// alone says that the provider cannot be told of a sign-out.
	alone bool
}

func open(t *testing.T, o chattest.Options) *world {
	t.Helper()
	if o.Session.Absolute == 0 {
		o.Session = session.Settings{Idle: time.Hour, Absolute: 8 * time.Hour}
	}
	w := &world{Env: chattest.NewEnv(t, o), t: t}
	desk, err := account.New(account.Config{
		Sessions: w.Sessions, Limits: w.Limits, Audit: w.Audit, Pages: w.Pages, Now: w.Now,
		End: func(ctx context.Context, s session.Session) error {
			if w.failing {
				return errors.New("nothing ends today")
			}
			return w.Sessions.End(ctx, s)
		},
		Chats: []account.Chat{
			{Name: "chat", Title: "Team Chat", URL: "https://chat.example.org", Refuses: func(oidc.Identity) string { return w.reason }},
			{Name: "news", Title: "News", URL: "https://news.example.org", Lingers: true, Refuses: func(oidc.Identity) string { return "" }},
		},
		Providers: map[string]account.Provider{"corp": {Title: "The Corp", SignsOut: func() bool { return !w.alone }}},
		Place: func(address string) string {
			if strings.HasPrefix(address, "10.20.") {
				return "the Oslo office"
			}
			return ""
		},
	})
	w.must(err)
	e := gin.New()
	e.GET("/", w.Problems.Page(desk.Page))
	e.POST("/account/end", w.Problems.Page(desk.End))
	w.handler = e
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// browser is one that somebody is signed in with.
type browser struct {
	w       *world
	cookie  *http.Cookie // nil where nobody is
	address string
}

func (w *world) signIn(id oidc.Identity, userAgent, address string) *browser {
	w.t.Helper()
	recorder, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, w.BaseURL+"/login/callback", nil)
	r.Header.Set("User-Agent", userAgent)
	_, err := w.Sessions.Start(w.t.Context(), recorder, r, session.SignIn{Identity: id, Address: address})
	w.must(err)
	return &browser{w: w, cookie: recorder.Result().Cookies()[0], address: address}
}

func (b *browser) send(r *http.Request) *http.Response {
	b.w.t.Helper()
	if b.cookie != nil {
		r.AddCookie(&http.Cookie{Name: b.cookie.Name, Value: b.cookie.Value})
	}
	r.RemoteAddr = b.address + ":4711"
	recorder := httptest.NewRecorder()
	b.w.handler.ServeHTTP(recorder, r)
	return recorder.Result()
}

// page is the account page in a language.
func (b *browser) page(language string) string {
	b.w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, b.w.BaseURL+"/", nil)
	r.Header.Set("Accept-Language", language)
	answer := b.send(r)
	raw, err := io.ReadAll(answer.Body)
	b.w.must(err)
	if answer.StatusCode != http.StatusOK {
		b.w.t.Fatalf("GET / = %d: %s", answer.StatusCode, raw)
	}
	return string(raw)
}

func (b *browser) end(handles ...string) *http.Response {
	b.w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, b.w.BaseURL+"/account/end", strings.NewReader(url.Values{"session": handles}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

// session is the one behind the browser's cookie.
func (b *browser) session() session.Session {
	b.w.t.Helper()
	s, err := b.read()
	b.w.must(err)
	return s
}

func (b *browser) read() (session.Session, error) {
	r := httptest.NewRequest(http.MethodGet, b.w.BaseURL+"/", nil)
	r.AddCookie(&http.Cookie{Name: b.cookie.Name, Value: b.cookie.Value})
	return b.w.Sessions.Read(b.w.t.Context(), httptest.NewRecorder(), r, "")
}

// alive says whether somebody is still signed in with this browser.
func (b *browser) alive() bool {
	b.w.t.Helper()
	_, err := b.read()
	if err != nil && !errors.Is(err, session.ErrNone) {
		b.w.t.Fatal(err)
	}
	return err == nil
}

// signedInToChat has the chat keep a login token for the session.
func (b *browser) signedInToChat() {
	b.w.t.Helper()
	s := b.session()
	b.w.must(b.w.Sessions.PutToken(b.w.t.Context(), s, "chat", json.RawMessage(`{}`), s.Ends))
}

// row is the part of a page that speaks of something, from a text in its first line to the end of its list item.
func row(t *testing.T, page, with string) string {
	t.Helper()
	for item := range strings.SplitSeq(page, "<li") {
		if item, _, _ = strings.Cut(item, "</li>"); strings.Contains(item, with) {
			return item
		}
	}
	t.Fatalf("no row with %q in:\n%s", with, page)
	return ""
}
