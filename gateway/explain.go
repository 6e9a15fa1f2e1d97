package gateway

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/session"
)

// remember has it written down why a request was refused, once it is answered.
func (s *Server) remember(c *gin.Context, trace *decision.Trace, begin time.Time) {
	answer := trace.Answer()
	if answer.Status < http.StatusBadRequest || !s.worthRemembering(c, answer) || !s.cfg.Decisions.Admits(c.ClientIP(), trace.Known()) {
		return
	}
	r := decision.Request{
		At: begin, Route: c.FullPath(), Method: knownMethod(c.Request.Method), Address: c.ClientIP(),
		Chat: s.chatOf(c.FullPath()), Sent: sent(c.Request),
	}
	if answer.Code == codeSessionRequired && !session.Sent(c.Request) {
		r.Missing = decision.CookieAbsent
	}
	s.cfg.Decisions.Keep(trace.Record(r))
}

// codeSessionRequired is the code of problem.SessionRequired.
const codeSessionRequired = "session_required"

// worthRemembering leaves out what nobody asks about: an address that leads nowhere, a callback of no login by somebody who
// has begun none, and a token call by somebody who is not signed in. Every page view of a stranger makes one of those, and
// it must cost the store nothing (D22, S126).
func (s *Server) worthRemembering(c *gin.Context, answer decision.Answer) bool {
	route := c.FullPath()
	if route == "" {
		return false
	}
	if route == "/login/callback" && len(c.QueryArray("state")) != 1 && ownCookies(c.Request) == 0 {
		return false
	}
	return answer.Code != codeSessionRequired || !strings.HasSuffix(route, "/token") || ownCookies(c.Request) > 0
}

// chatOf is the chat that a route belongs to, or empty.
func (s *Server) chatOf(route string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(route, "/"), "/")
	if _, ok := s.cfg.Chats[name]; !ok {
		return ""
	}
	return name
}

// ownPrefix begins the names of all our cookies.
const ownPrefix = "__Host-chatgate"

// ownCookies counts the cookies of ours that a request has.
func ownCookies(r *http.Request) (n int) {
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, ownPrefix) {
			n++
		}
	}
	return n
}

// sent are the facts of a request by which browsers and proxies are told apart. None of them is anybody's secret: of the
// cookies no more than how many are ours.
func sent(r *http.Request) []string {
	return []string{
		"origin", strings.Join(r.Header.Values("Origin"), " "),
		"fetch_site", r.Header.Get("Sec-Fetch-Site"), "fetch_mode", r.Header.Get("Sec-Fetch-Mode"), "fetch_dest", r.Header.Get("Sec-Fetch-Dest"),
		"own_cookies", strconv.Itoa(ownCookies(r)),
	}
}

// elsewhere says why a browser is not the one that began a login: of the cookie that would prove it there must be one.
func (s *Server) elsewhere(c *gin.Context, id string) error {
	own := len(c.Request.CookiesNamed(attemptCookie + id))
	return decision.Because(decision.AttemptElsewhere, errors.New("a login without the cookie of its attempt"),
		"cookies_of_this_login", strconv.Itoa(own), "cookies_of_other_logins", strconv.Itoa(len(s.attemptCookies(c))-own))
}

// originOf is scheme, host and port of an address, or nothing: the rest of it may be anybody's.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
