package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
)

// recover turns a panic into a 500 that keeps the headers set so far, the CORS ones above all (R2, S144).
func (s *Server) recover(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		s.metrics.panics.Inc()
		s.cfg.Log.ErrorContext(c.Request.Context(), "request panicked", "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
		err := problem.Internal(decision.Because(decision.Panicked, errors.New("panic")))
		if wantsPage(c.Request) {
			s.cfg.Problems.WritePage(c, err)
			return
		}
		s.cfg.Problems.WriteJSON(c, err)
	}()
	c.Next()
}

// wantsPage says whether a person will see the answer.
func wantsPage(r *http.Request) bool {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "document" || dest == "iframe"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// secure sets what every answer carries unless its handler knows better (S80, S149), and bounds the body.
func (s *Server) secure(c *gin.Context) {
	h := c.Writer.Header()
	for name, values := range s.caution {
		h[name] = values
	}
	if len(c.Request.TransferEncoding) > 0 {
		// No caller of ours streams a body. One that comes with a length too is read in two ways by two servers, and
		// net/http tells us of one of them only: it is refused, and what follows on the connection is not read (S121).
		c.Header("Connection", "close")
		s.cfg.Problems.WriteAPI(c, problem.InvalidRequest("A request must say its length.", nil))
		return
	}
	if c.Request.Body != http.NoBody {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBodyBytes)
	}
}

// caution are the headers of secure. The values are shared by all answers: whoever sets one anew replaces it, and
// whoever adds to one gets a copy, since each is as long as its array.
func caution(baseURL string) http.Header {
	h := http.Header{}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if strings.HasPrefix(baseURL, "https://") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return h
}
