package chat

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
)

// TokenGuard stands before every route that gives tokens to scripts and judges the caller's origin (B-03 to
// B-05, S73 to S79). It comes before the session is looked at, so that a foreign page can neither read a token nor
// cause one to be made.
//
// The CORS headers are set before anything else happens, so that they stand on every answer to a listed origin: 401,
// 429, 500 and panics alike, because a client that cannot read a refusal does not show its login page (R2, R5).
func TokenGuard(listed []Origin, problems *problem.Renderer) gin.HandlerFunc {
	always := http.Header{
		"Vary": {"Origin"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
	}
	allowed, exposed := []string{"true"}, []string{"Retry-After"}
	return func(c *gin.Context) {
		h := c.Writer.Header()
		for name, values := range always {
			h[name] = values
		}
		origins := c.Request.Header.Values("Origin")
		switch {
		case len(origins) == 1 && slices.Contains(listed, Origin(origins[0])):
			h["Access-Control-Allow-Origin"] = origins
			h["Access-Control-Allow-Credentials"] = allowed
			h["Access-Control-Expose-Headers"] = exposed
			if c.Request.Method == http.MethodOptions {
				preflight(c)
			}
		case len(origins) == 0 && c.Request.Method != http.MethodOptions && sameOriginFetch(c.Request):
		default:
			noteOrigin(c.Request, listed)
			problems.WriteJSON(c, problem.OriginNotAllowed(nil))
		}
	}
}

// preflight answers for every listed origin alike and never reads the session (S76). The only header a client of ours
// sends is the Content-Type of Rocket.Chat 6 and 7.
func preflight(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "content-type")
	h.Set("Access-Control-Max-Age", "600")
	c.AbortWithStatus(http.StatusNoContent)
}

// sameOriginFetch recognises a script of our own origin by what a page cannot forge. A navigation has another mode, so
// a token never shows in a window (B-04).
func sameOriginFetch(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return r.Header.Get("Sec-Fetch-Site") == "same-origin" && (mode == "cors" || mode == "same-origin")
}

// OwnGuard stands before routes that only our own pages call: the request must come from the gateway's own origin
// (B-08, S151).
func OwnGuard(baseURL string, problems *problem.Renderer) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !FromOwnPage(c.Request, baseURL) {
			problems.WriteAPI(c, problem.CrossSiteRequest(nil))
		}
	}
}

// FromOwnPage says whether a POST was sent by a page of our own origin. Browsers put an Origin on every POST; fetch
// metadata, where the browser sends it, must agree.
func FromOwnPage(r *http.Request, baseURL string) bool {
	origins := r.Header.Values("Origin")
	site := r.Header.Get("Sec-Fetch-Site")
	own := len(origins) == 1 && origins[0] == baseURL && (site == "" || site == "same-origin")
	if !own {
		decision.Note(r.Context(), decision.NotOwnPage, "wanted", baseURL)
	}
	return own
}
