package issuer

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
)

// Codes of RFC 6749, Section 5.2, and two of Section 4.1.2.1 for what is nobody's mistake: a client's server reads the
// status of those.
const (
	errInvalidRequest   = "invalid_request"
	errInvalidClient    = "invalid_client"
	errInvalidGrant     = "invalid_grant"
	errUnsupportedGrant = "unsupported_grant_type"
	errUnavailable      = "temporarily_unavailable"
	errServer           = "server_error"
)

// refusedToken is a token request that is refused. Its words are ours and repeat nothing of the request.
type refusedToken struct{ code, why string }

func (e *refusedToken) Error() string { return e.code + ": " + e.why }

func refuseToken(code, why string) error { return &refusedToken{code: code, why: why} }

// refuseClient is told one thing only, whatever was wrong; why is for the log.
func refuseClient(why string) error { return &refusedToken{code: errInvalidClient, why: why} }

// errorAnswer is RFC 6749, Section 5.2.
type errorAnswer struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// fail answers the client's server.
func (i *Issuer) fail(g *gin.Context, err error) {
	status, answer := i.judge(g, err)
	i.logRefusal(g, status, answer.Error, err)
	g.AbortWithStatusJSON(status, answer)
}

// logRefusal writes the line that errors on other routes have from the problem renderer.
func (i *Issuer) logRefusal(g *gin.Context, status int, code string, err error) {
	decision.Answered(g.Request.Context(), decision.Answer{Status: status, Code: code}, err)
	level, message := slog.LevelInfo, "request refused"
	if status >= http.StatusInternalServerError {
		level, message = slog.LevelError, "request failed"
	}
	i.cfg.Log.LogAttrs(g.Request.Context(), level, message,
		slog.String("route", g.FullPath()), slog.String("code", code), slog.Int("status", status), slog.Any("err", err))
}

// judge says how an error is told, and sets the headers that go with it.
func (i *Issuer) judge(g *gin.Context, err error) (int, errorAnswer) {
	if refused, ok := errors.AsType[*refusedToken](err); ok {
		if refused.code == errInvalidClient {
			g.Header("WWW-Authenticate", `Basic realm="chatgate", charset="UTF-8"`) // RFC 9110, Section 15.5.2
			return http.StatusUnauthorized, errorAnswer{Error: refused.code}
		}
		return http.StatusBadRequest, errorAnswer{Error: refused.code, Description: refused.why}
	}
	if errors.Is(err, errGrant) || lapsed(err) {
		return http.StatusBadRequest, errorAnswer{Error: errInvalidGrant}
	}
	if known, ok := passing(err); ok {
		retryLater(g, known)
		return known.Status, errorAnswer{Error: errUnavailable, Description: known.Detail}
	}
	return http.StatusInternalServerError, errorAnswer{Error: errServer}
}

func retryLater(g *gin.Context, known *problem.Error) {
	if known.RetryAfter > 0 {
		g.Header("Retry-After", strconv.Itoa(int(math.Ceil(known.RetryAfter.Seconds()))))
	}
}
