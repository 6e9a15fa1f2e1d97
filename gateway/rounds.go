package gateway

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
	"chatgate/gateway/web"
)

// A page that sends people to /login by itself, and cannot see the session that they come back with, sends them round
// and round. The browser counts the rounds in a cookie of its own: nobody else can raise the count or be stopped by it.
const (
	roundsCookie = "__Host-chatgate.rounds"
	mostRounds   = 8
	roundsWithin = time.Minute
)

// stopRounds stops the ninth round within a minute with a page. Its retry link leads on at once, with the count begun
// anew, so that nobody is locked out (S32).
func (s *Server) stopRounds(c *gin.Context) error {
	if _, rounds := s.rounds(c); rounds < mostRounds {
		return nil
	}
	writeCookie(c, roundsCookie, "", -1)
	loop := decision.Because(decision.RoundsReached, errors.New("too many rounds"),
		"rounds", strconv.Itoa(mostRounds), "within", roundsWithin.String())
	return problem.LoginLoop(loop).WithActions(web.Action{Label: "action.try_again", Href: c.Request.URL.RequestURI(), Hook: "login"})
}

// goRound sends the browser on from /login and counts it: a login that cannot begin, because the provider is down, is
// no round.
func (s *Server) goRound(c *gin.Context, to string) error {
	began, rounds := s.rounds(c)
	writeCookie(c, roundsCookie, strconv.FormatInt(began.Unix(), 36)+"."+strconv.Itoa(rounds+1), int(roundsWithin/time.Second))
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

// rounds are those of the running minute, and when it began.
func (s *Server) rounds(c *gin.Context) (began time.Time, rounds int) {
	now := s.cfg.Now()
	began, rounds = readRounds(c)
	if now.Sub(began) >= roundsWithin || now.Before(began) {
		return now, 0
	}
	return began, rounds
}

// readRounds takes anything but one cookie of our own making for none.
func readRounds(c *gin.Context) (began time.Time, rounds int) {
	cookies := c.Request.CookiesNamed(roundsCookie)
	if len(cookies) != 1 {
		return began, 0
	}
	at, count, _ := strings.Cut(cookies[0].Value, ".")
	seconds, err := strconv.ParseInt(at, 36, 64)
	if err != nil {
		return began, 0
	}
	if rounds, err = strconv.Atoi(count); err != nil {
		return began, 0
	}
	return time.Unix(seconds, 0), rounds
}
