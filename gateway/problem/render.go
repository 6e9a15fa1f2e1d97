package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/web"
)

const (
	// statusAbandoned is what the access log shows for a caller that left before its answer; nobody receives it.
	statusAbandoned = 499

	maxLoggedCause = 4096 // bytes
	maxRequestID   = 64   // bytes

	requestIDHeader = "X-Request-Id"
)

// Config is what a Renderer works with; Pages and Log are required.
type Config struct {
	Pages *web.Pages
	Log   *slog.Logger
	// Count, when set, hears the code of every problem that is told. It may be called from several goroutines at once.
	Count func(code string)
}

// Renderer turns the errors of handlers into answers. It is safe for concurrent use.
type Renderer struct {
	pages *web.Pages
	log   *slog.Logger
	count func(code string)
}

// New checks cfg.
func New(cfg Config) (*Renderer, error) {
	if cfg.Pages == nil || cfg.Log == nil {
		return nil, errors.New("problem: Pages and Log are required")
	}
	if cfg.Count == nil {
		cfg.Count = func(string) {}
	}
	return &Renderer{pages: cfg.Pages, log: cfg.Log, count: cfg.Count}, nil
}

// Handler is a handler that leaves its refusals to the Renderer. It has written nothing when it returns an error.
type Handler func(*gin.Context) error

// API wraps a handler called by scripts and servers: errors are application/problem+json (RFC 9457), never HTML and
// never a redirect.
func (r *Renderer) API(h Handler) gin.HandlerFunc { return handle(h, r.WriteAPI) }

// JSON is API with the content type application/json. It is for the token call of a chat: the HTTP library of
// Rocket.Chat 3 to 5 parses no other type (R3).
func (r *Renderer) JSON(h Handler) gin.HandlerFunc { return handle(h, r.WriteJSON) }

// Page wraps a handler that people open in a window of their own: errors are pages, in the reader's language.
func (r *Renderer) Page(h Handler) gin.HandlerFunc { return handle(h, r.WritePage) }

// Frame is Page inside a frame of these origins. Its error page offers to load the frame again and nothing that would
// take the frame to the provider, which refuses to be framed (B-22).
func (r *Renderer) Frame(ancestors []string, h Handler) gin.HandlerFunc {
	return handle(h, func(c *gin.Context, err error) { r.WriteFrame(c, ancestors, err) })
}

func handle(h Handler, write func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			write(c, err)
		}
	}
}

// WriteAPI answers with err as API does, for middlewares. It ends the chain.
func (r *Renderer) WriteAPI(c *gin.Context, err error) {
	r.write(c, err, func(e *Error) error { return r.writeJSON(c, e, "application/problem+json") })
}

// WriteJSON answers with err as JSON does.
func (r *Renderer) WriteJSON(c *gin.Context, err error) {
	r.write(c, err, func(e *Error) error { return r.writeJSON(c, e, "application/json") })
}

// WritePage answers with err as Page does.
func (r *Renderer) WritePage(c *gin.Context, err error) {
	r.write(c, err, func(e *Error) error { return r.pages.Fail(c, e.Status, r.failure(c, e)) })
}

// WriteFrame answers with err as Frame does.
func (r *Renderer) WriteFrame(c *gin.Context, ancestors []string, err error) {
	r.write(c, err, func(e *Error) error {
		f := r.failure(c, e)
		f.FrameAncestors = ancestors
		f.Actions = []web.Action{tryAgain}
		return r.pages.Fail(c, e.Status, f)
	})
}

// write logs err once, then lets answer say the part of it that the client may know.
func (r *Renderer) write(c *gin.Context, err error, answer func(*Error) error) {
	c.Abort()
	if errors.Is(c.Request.Context().Err(), context.Canceled) {
		r.logCause(c, slog.LevelInfo, "request abandoned", statusAbandoned, "abandoned", err)
		c.Status(statusAbandoned)
		return
	}
	e := asError(err)
	r.count(e.Code)
	decision.Answered(c.Request.Context(), decision.Answer{Status: e.Status, Code: e.Code, Reason: e.Reason.Code}, err)
	if e.Status >= http.StatusInternalServerError {
		r.logCause(c, slog.LevelError, "request failed", e.Status, e.Code, err)
	} else {
		r.logCause(c, slog.LevelInfo, "request refused", e.Status, e.Code, err)
	}
	if c.Writer.Written() {
		return // too late to say anything; the caller sees an answer that ends early
	}
	if e.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if err := answer(e); err != nil {
		r.logCause(c, slog.LevelError, "error page failed", e.Status, e.Code, err)
		c.String(e.Status, http.StatusText(e.Status))
	}
}

// asError finds the *Error in err, or hides err behind a bare 500. A body above the server's limit is the caller's
// doing, whoever came upon it.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return TooLarge(err)
	}
	return Internal(err)
}

// logCause writes the one line of an error. Its request id comes from the logger, which finds it in the context.
func (r *Renderer) logCause(c *gin.Context, level slog.Level, message string, status int, code string, cause error) {
	text := cause.Error()
	if len(text) > maxLoggedCause {
		text = strings.ToValidUTF8(text[:maxLoggedCause], "") + "…"
	}
	r.log.LogAttrs(c.Request.Context(), level, message,
		slog.String("route", c.FullPath()), slog.String("code", code), slog.Int("status", status), slog.String("err", text))
}

// body is the RFC 9457 problem detail. Without a type member the title is the status's own phrase (Section 4.2.1), in
// English; the detail is shown to people and follows their language.
type body struct {
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	Reason    string `json:"reason,omitempty"` // the code of the reason
	RequestID string `json:"request_id,omitempty"`
}

func (r *Renderer) writeJSON(c *gin.Context, e *Error, contentType string) error {
	_, detail := r.words(c, e)
	text, err := json.Marshal(body{
		Title: http.StatusText(e.Status), Status: e.Status, Code: e.Code, Detail: detail, Reason: e.Reason.Code,
		RequestID: requestID(c),
	})
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(e.Status, contentType, text)
	return nil
}

// failure is what a page says of e.
func (r *Renderer) failure(c *gin.Context, e *Error) web.Failure {
	heading, detail := r.words(c, e)
	return web.Failure{Title: heading, Detail: detail, Reference: requestID(c), Actions: e.Actions}
}

// words are e's heading and detail in the reader's language, where that has words for e's code, or in English.
func (r *Renderer) words(c *gin.Context, e *Error) (heading, detail string) {
	translate := func(english, key string, places ...string) string {
		if text, ok := r.pages.Text(c.Request, key, places...); ok {
			return text
		}
		return english
	}
	reason := translate(e.Reason.Phrase, "reason."+e.Reason.Code)
	heading = translate(e.Heading, "problem."+e.Code+".heading", e.places...)
	detail = translate(e.Detail, "problem."+e.Code+".detail", slices.Concat(e.places, []string{"reason", reason})...)
	decision.Told(c.Request.Context(), detail)
	return heading, detail
}

// requestID reads back what the request-id middleware put into the answer.
func requestID(c *gin.Context) string {
	id := c.Writer.Header().Get(requestIDHeader)
	if len(id) > maxRequestID {
		return id[:maxRequestID]
	}
	return id
}
