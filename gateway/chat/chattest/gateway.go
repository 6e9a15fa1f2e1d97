package chattest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/session"
	"chatgate/oidc"
)

// RequestID is the id of every request that Handler serves.
const RequestID = "test-request"

// refreshToken is every session's at Options.Provider.
const refreshToken oidc.Secret = "refresh-token"

// Open opens a connector from its section and fails the test when that does not work.
func (e *Env) Open(section chat.Config) chat.Connector {
	e.t.Helper()
	connector, err := section.Open(e.Env)
	e.must(err)
	return connector
}

// Handler serves a connector under /<name>, as the gateway does but without the gateway's own caution: what a
// connector has to set, it has to set itself. From now on the connector hears of sessions that end or move.
func (e *Env) Handler(connector chat.Connector) http.Handler {
	e.t.Helper()
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	e.must(engine.SetTrustedProxies(nil))
	engine.Use(func(c *gin.Context) { c.Header("X-Request-Id", RequestID) }, e.explain)
	e.Pages.Mount(engine)
	connector.Mount(engine.Group("/" + e.Name))
	e.follower.connectors = append(e.follower.connectors, connector)
	return engine
}

// SignIn begins a session and returns its cookie, as a browser sends it.
func (e *Env) SignIn(id oidc.Identity) *http.Cookie { return e.SignInAgain(nil, id) }

// SignInAgain is SignIn in a browser that is signed in already: former is its cookie.
func (e *Env) SignInAgain(former *http.Cookie, id oidc.Identity) *http.Cookie {
	e.t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, e.BaseURL+"/login/callback", nil)
	if former != nil {
		r.AddCookie(former)
	}
	begin := session.SignIn{Identity: id}
	if e.options.Provider != nil {
		begin.Tokens = oidc.Tokens{Refresh: refreshToken}
	}
	_, err := e.Sessions.Start(context.Background(), w, r, begin)
	e.must(err)
	for _, cookie := range w.Result().Cookies() {
		if !strings.HasPrefix(cookie.Name, "__Host-chatgate-") {
			return &http.Cookie{Name: cookie.Name, Value: cookie.Value}
		}
	}
	e.t.Fatal("the session has no cookie")
	return nil
}

// Session is the live session behind a cookie, read for the chat; it fails the test when there is none.
func (e *Env) Session(cookie *http.Cookie) session.Session {
	e.t.Helper()
	r := httptest.NewRequest(http.MethodGet, e.BaseURL+"/", nil)
	r.AddCookie(cookie)
	s, err := e.Sessions.Read(context.Background(), httptest.NewRecorder(), r, e.Name)
	e.must(err)
	return s
}

// SignOut ends the session behind a cookie.
func (e *Env) SignOut(cookie *http.Cookie) {
	e.t.Helper()
	e.must(e.Sessions.End(context.Background(), e.Session(cookie)))
}

// follower passes endings and moves of sessions on to connectors.
type follower struct{ connectors []chat.Connector }

func (f *follower) EndSession(ctx context.Context, s session.Session) error {
	var errs []error
	for _, c := range f.connectors {
		if ender, ok := c.(chat.SessionEnder); ok {
			errs = append(errs, ender.EndSession(ctx, s))
		}
	}
	return errors.Join(errs...)
}

func (f *follower) RecheckSession(ctx context.Context, former, now session.Session) error {
	var errs []error
	for _, c := range f.connectors {
		if r, ok := c.(chat.Rechecker); ok {
			errs = append(errs, r.RecheckSession(ctx, former, now))
		}
	}
	return errors.Join(errs...)
}

func (f *follower) Refused(context.Context, session.Session, error) {}

func (f *follower) MoveSession(ctx context.Context, from, to session.Session) error {
	var errs []error
	for _, c := range f.connectors {
		if mover, ok := c.(chat.SessionMover); ok {
			errs = append(errs, mover.MoveSession(ctx, from, to))
		}
	}
	return errors.Join(errs...)
}
