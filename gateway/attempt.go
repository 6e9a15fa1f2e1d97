package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/problem"
	"chatgate/oidc"
)

const (
	// attemptCookie begins the name of the cookie of each attempt: one cookie per attempt, so that tabs do not collide.
	attemptCookie = "__Host-chatgate.login-"
	// mostAttempts bounds the unfinished logins of one browser; beyond it the oldest goes (S19).
	mostAttempts = 5
	attemptBytes = 18
)

// attempt is one login in flight. It is found by a hash of its state and bound to the browser that began it by a
// cookie of its own, of which it holds a hash (S17, S18).
type attempt struct {
	oidc.Attempt
	Target  string
	Browser string
	// Hint is who is likely to sign in, kept for another try at the same provider.
	Hint string `json:",omitempty"`
	// Chooses says that the provider was asked to let the person choose an account because they had signed out here, and
	// Plain that it is not asked again since it cannot.
	Chooses bool `json:",omitempty"`
	Plain   bool `json:",omitempty"`
	// HandOff is the frame that waits for this login, if one does.
	HandOff *handOff `json:",omitempty"`
}

// attempt begins a login at a provider, keeps it as a, and returns where the browser goes.
func (s *Server) attempt(c *gin.Context, rp *oidc.RelyingParty, req oidc.LoginRequest, a attempt) (providerURL string, err error) {
	ctx := c.Request.Context()
	req.RedirectURL = s.callbackURL()
	if req.Prompt == "" && !a.Plain && s.choosesNow(c) {
		req.Prompt, a.Chooses = oidc.PromptSelectAccount, true
	}
	begun, providerURL, err := rp.Begin(ctx, req)
	if err != nil {
		return "", loginProblem(err)
	}
	id := attemptID(begun.State)
	secret := s.setAttemptCookie(c, id)
	a.Attempt, a.Browser = begun, attemptID(secret)
	if err := s.attempts.Add(ctx, id, a, oidc.AttemptLifetime); err != nil {
		return "", problem.StoreUnavailable(err)
	}
	s.metrics.starts.WithLabelValues(begun.Provider).Inc()
	return providerURL, nil
}

// attemptID is what an attempt is found by: a hash, so that the store never holds a state or a cookie (S59).
func attemptID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:attemptBytes])
}

// setAttemptCookie binds an attempt to this browser. The value begins with the time, by which the oldest is known.
func (s *Server) setAttemptCookie(c *gin.Context, id string) (value string) {
	value = strconv.FormatInt(s.cfg.Now().Unix(), 36) + "." + rand.Text()
	own := s.attemptCookies(c)
	for len(own) >= mostAttempts {
		writeCookie(c, own[0].Name, "", -1)
		own = own[1:]
	}
	writeCookie(c, attemptCookie+id, value, int(oidc.AttemptLifetime/time.Second))
	return value
}

// attemptCookies are the request's, oldest first.
func (s *Server) attemptCookies(c *gin.Context) []*http.Cookie {
	var own []*http.Cookie
	for _, cookie := range c.Request.Cookies() {
		if strings.HasPrefix(cookie.Name, attemptCookie) {
			own = append(own, cookie)
		}
	}
	slices.SortStableFunc(own, func(a, b *http.Cookie) int {
		at, _, _ := strings.Cut(a.Value, ".")
		bt, _, _ := strings.Cut(b.Value, ".")
		return strings.Compare(at, bt) // equal lengths for the next centuries
	})
	return own
}

// ownsAttempt says whether this browser began the attempt, which is bound to the browser given.
func (s *Server) ownsAttempt(c *gin.Context, id, browser string) bool {
	cookies := c.Request.CookiesNamed(attemptCookie + id)
	if len(cookies) != 1 {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(attemptID(cookies[0].Value)), []byte(browser)) == 1
}

func (s *Server) clearAttemptCookie(c *gin.Context, id string) {
	writeCookie(c, attemptCookie+id, "", -1)
}
