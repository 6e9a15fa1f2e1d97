package gateway

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// writeCookie sets one of the gateway's own passing cookies, or with a maxAge below 0 deletes it, always with the same
// attributes (S57, S66). Lax is enough: the provider sends the browser back by a top-level GET. Their names have a dot,
// which no chat's name can have, so none is taken for that of a chat's child session.
func writeCookie(c *gin.Context, name, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
