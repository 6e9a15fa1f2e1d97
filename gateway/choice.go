package gateway

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/oidc"
)

// After a sign-out here a provider may still have a sign-in of its own, or several, and would let the next person in as
// the last one without a word. So the next sign-in of that browser asks the provider, once, to let its person choose.
const (
	chooseCookie = "__Host-chatgate.choose"
	chooseLife   = 30 * 24 * time.Hour
)

// chooseNext has the next sign-in of this browser ask for the account.
func (s *Server) chooseNext(c *gin.Context) {
	if s.cfg.AccountChoice {
		writeCookie(c, chooseCookie, "1", int(chooseLife/time.Second))
	}
}

// choosesNow says whether this sign-in is the next one after a sign-out.
func (s *Server) choosesNow(c *gin.Context) bool {
	return s.cfg.AccountChoice && len(c.Request.CookiesNamed(chooseCookie)) > 0
}

// chosen forgets that a sign-in has to ask, once one has.
func chosen(c *gin.Context) {
	if len(c.Request.CookiesNamed(chooseCookie)) > 0 {
		writeCookie(c, chooseCookie, "", -1)
	}
}

// inVain are the answers of a provider that cannot let anybody choose (OpenID Connect Core 1.0, Section 3.1.2.6), or
// that does not know how to be asked: prompt is a list of values that a provider may refuse as invalid_request.
var inVain = []string{"account_selection_required", "interaction_required", "invalid_request"}

// choosesInVain says whether a login failed for asking what its provider cannot do, where we asked by ourselves.
func choosesInVain(a attempt, err error) bool {
	denied, ok := errors.AsType[*oidc.DeniedError](err)
	return ok && a.Chooses && slices.Contains(inVain, denied.Code)
}

// withoutChoice begins a login once more and asks for no choice. The new attempt never leads here again.
func (s *Server) withoutChoice(c *gin.Context, id string, rp *oidc.RelyingParty, a attempt) error {
	s.clearAttemptCookie(c, id)
	providerURL, err := s.attempt(c, rp, oidc.LoginRequest{LoginHint: a.Hint}, attempt{Target: a.Target, Hint: a.Hint, HandOff: a.HandOff, Plain: true})
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, providerURL)
	return nil
}
