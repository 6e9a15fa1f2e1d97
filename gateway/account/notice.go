package account

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// The page says that another session has ended to the browser that ended it, once. A cookie tells it, which nobody but we
// can set: an address would have it say so to whomever a link leads here, and again whenever it is loaded.
const (
	endedCookie = "__Host-chatgate.ended"
	endedLife   = 60 // seconds, for the way to the page
)

func noteEnded(c *gin.Context) { writeEnded(c, "1", endedLife) }

// takeEnded says whether a session was ended from this browser a moment ago, and forgets it.
func takeEnded(c *gin.Context) bool {
	if len(c.Request.CookiesNamed(endedCookie)) == 0 {
		return false
	}
	writeEnded(c, "", -1)
	return true
}

func writeEnded(c *gin.Context, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: endedCookie, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
