package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/problem"
	"chatgate/gateway/web"
)

const chatOrigin = "https://chat.example.org"

// everyKind names the four ways to answer.
func everyKind(w *world) map[string]func(problem.Handler) gin.HandlerFunc {
	return map[string]func(problem.Handler) gin.HandlerFunc{
		"API":  w.API,
		"JSON": w.JSON,
		"Page": w.Page,
		"Frame": func(h problem.Handler) gin.HandlerFunc {
			return w.Frame([]string{chatOrigin}, h)
		},
	}
}

// The bodies and headers of every problem. The statuses and codes in this file are API.
func TestProblemsAsJSON(t *testing.T) {
	w := newWorld(t)
	var all strings.Builder
	for _, e := range everyProblem() {
		answer := serve(w.API(failing(e)))
		fmt.Fprintf(&all, "HTTP %d\n", answer.Code)
		for _, name := range slices.Sorted(maps.Keys(answer.Header())) {
			fmt.Fprintf(&all, "%s: %s\n", name, answer.Header().Get(name))
		}
		fmt.Fprintf(&all, "\n%s\n\n", answer.Body)
	}
	golden(t, "problems.golden", all.String())
}

// S139: whatever fails, no answer of any kind holds the cause, and the log has it once.
func TestTheCauseGoesToTheLogAlone(t *testing.T) {
	failures := []error{errCause, fmt.Errorf("get session: %w", errCause)}
	for _, e := range everyProblem() {
		failures = append(failures, e, fmt.Errorf("handle: %w", e))
	}
	w := newWorld(t)
	for kind, wrap := range everyKind(w) {
		for _, err := range failures {
			w.log.Reset()
			answer := serve(wrap(failing(err)))
			if strings.Contains(answer.Body.String()+fmt.Sprint(answer.Header()), "secret-cause") {
				t.Errorf("%s with %v answers %s", kind, err, answer.Body)
			}
			if got := strings.Count(w.log.String(), "secret-cause"); got != 1 {
				t.Errorf("%s with %v logs the cause %d times, want once:\n%s", kind, err, got, &w.log)
			}
		}
	}
}

func TestOnlyAProblemSpeaks(t *testing.T) {
	answer := serve(newWorld(t).API(failing(errCause)))
	want := `{"title":"Internal Server Error","status":500,"code":"internal","detail":"This is our mistake, and it has been noted. Try again in a moment.","request_id":"5f2c"}`
	if diff := cmp.Diff(want, answer.Body.String()); answer.Code != http.StatusInternalServerError || diff != "" {
		t.Errorf("API with a plain error = %d, body (-want +got):\n%s", answer.Code, diff)
	}
}

// R3: the token call of an old Rocket.Chat client parses no other type; nothing of the body looks like a token.
func TestJSONIsForOldClients(t *testing.T) {
	w := newWorld(t)
	for _, e := range everyProblem() {
		answer := serve(w.JSON(failing(e)))
		if got := answer.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("JSON with %s has Content-Type %q, want application/json", e.Code, got)
		}
		var members map[string]any
		if err := json.Unmarshal(answer.Body.Bytes(), &members); err != nil {
			t.Errorf("JSON with %s = %s: %v", e.Code, answer.Body, err)
		}
		for _, name := range []string{"token", "loginToken"} {
			if _, ok := members[name]; ok {
				t.Errorf("JSON with %s has the member %q", e.Code, name)
			}
		}
	}
}

// R2: what a CORS middleware has put into the answer stays there, on errors too.
func TestHeadersOfMiddlewaresStay(t *testing.T) {
	for kind, wrap := range everyKind(newWorld(t)) {
		answer := serve(wrap(func(c *gin.Context) error {
			c.Header("Access-Control-Allow-Origin", chatOrigin)
			c.Header("Vary", "Origin")
			return errCause
		}))
		if answer.Header().Get("Access-Control-Allow-Origin") != chatOrigin || answer.Header().Get("Vary") != "Origin" {
			t.Errorf("%s drops headers: %v", kind, answer.Header())
		}
	}
}

func TestRetryAfterIsInWholeSeconds(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0: "", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Minute: "60", -time.Second: "",
	} {
		answer := serve(newWorld(t).API(failing(problem.TooManyRequests(wait, nil))))
		if got := answer.Header().Get("Retry-After"); got != want {
			t.Errorf("Retry-After for %v = %q, want %q", wait, got, want)
		}
	}
}

func TestLogLine(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want map[string]any
	}{
		{"a refusal is no alarm", problem.SessionRequired(errors.New("no cookie")), map[string]any{
			"level": "INFO", "msg": "request refused", "route": "/route/:id",
			"code": "session_required", "status": 401.0, "err": "session_required: no cookie"}},
		{"a failure of another is one", problem.StoreUnavailable(errors.New("timeout")), map[string]any{
			"level": "ERROR", "msg": "request failed", "route": "/route/:id",
			"code": "store_unavailable", "status": 503.0, "err": "store_unavailable: timeout"}},
		{"an error without a word is one", errors.New("nil map"), map[string]any{
			"level": "ERROR", "msg": "request failed", "route": "/route/:id",
			"code": "internal", "status": 500.0, "err": "nil map"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			serve(w.API(failing(tt.err)))
			if diff := cmp.Diff(tt.want, logLine(t, w)); diff != "" {
				t.Errorf("log line (-want +got):\n%s", diff)
			}
		})
	}
}

// logLine decodes the only line of the log, without its time.
func logLine(t *testing.T, w *world) map[string]any {
	t.Helper()
	var line map[string]any
	if err := json.Unmarshal(w.log.Bytes(), &line); err != nil {
		t.Fatalf("log = %q, want one line of JSON: %v", &w.log, err)
	}
	delete(line, "time")
	return line
}

// S135: a hostile cause neither forges a line nor fills the disk.
func TestAHostileCauseIsOneBoundedLine(t *testing.T) {
	w := newWorld(t)
	serve(w.API(failing(errors.New("x\r\n{\"level\":\"ERROR\"}\x1b[2J" + strings.Repeat("é", 1<<20)))))
	if got := w.log.Len(); strings.Count(w.log.String(), "\n") != 1 || strings.Contains(w.log.String(), "\x1b") || got > 8<<10 {
		t.Errorf("log has %d bytes: %.300q, want one short line", got, &w.log)
	}
}

func TestNobodyIsAnsweredAfterTheCallerLeft(t *testing.T) {
	w := newWorld(t)
	answer := serve(w.API(failing(context.Canceled)), func(r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		*r = *r.WithContext(ctx)
	})
	line := logLine(t, w)
	if answer.Body.Len() > 0 || line["msg"] != "request abandoned" || line["level"] != "INFO" || line["status"] != 499.0 {
		t.Errorf("answer %q, log %v, want no body and one quiet line", answer.Body, line)
	}
}

func TestAnAnswerUnderWayIsNotWrittenInto(t *testing.T) {
	w := newWorld(t)
	answer := serve(w.API(func(c *gin.Context) error {
		c.String(http.StatusOK, "half")
		return errCause
	}))
	if answer.Body.String() != "half" || logLine(t, w)["msg"] != "request failed" {
		t.Errorf("answer %q, log %q, want the half answer and its cause in the log", answer.Body, &w.log)
	}
}

func TestWriteEndsTheChain(t *testing.T) {
	w := newWorld(t)
	reached := false
	engine := gin.New()
	engine.Use(func(c *gin.Context) { w.WriteAPI(c, problem.OriginNotAllowed(nil)) })
	engine.GET("/", func(*gin.Context) { reached = true })
	answer := httptest.NewRecorder()
	engine.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	if answer.Code != http.StatusForbidden || reached {
		t.Errorf("WriteAPI in a middleware = %d, handler reached: %v, want 403 and no handler", answer.Code, reached)
	}
}

func TestProblemAsPage(t *testing.T) {
	answer := serve(newWorld(t).Page(failing(problem.AccountIsAdministrator("rocketchat", nil))))
	body := answer.Body.String()
	for _, want := range []string{"An operator has to link this account</h1>", "chatgate accounts link", "<code>5f2c</code>", `role="alert"`} {
		if !strings.Contains(body, want) {
			t.Errorf("page = %s, want %q", body, want)
		}
	}
	if got := answer.Header().Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors 'none'") {
		t.Errorf("Content-Security-Policy = %q, want a page that nobody frames", got)
	}
}

// B-22: a frame's error page never takes the frame to the provider.
func TestProblemInAFrame(t *testing.T) {
	w := newWorld(t)
	for _, e := range everyProblem() {
		answer := serve(w.Frame([]string{chatOrigin}, failing(e)))
		policy, body := answer.Header().Get("Content-Security-Policy"), answer.Body.String()
		if !strings.Contains(policy, "frame-ancestors "+chatOrigin) || answer.Header().Get("X-Frame-Options") != "" {
			t.Errorf("Frame with %s has the headers %v, want a page for %s", e.Code, answer.Header(), chatOrigin)
		}
		if strings.Count(body, `class="button"`) != 1 || !strings.Contains(body, `<a class="button" href="">Try again</a>`) {
			t.Errorf("Frame with %s = %s, want one action that loads the frame again", e.Code, body)
		}
	}
}

// S152: hostile words in a detail, a request id or a query are text on a page and cannot end a JSON string.
func TestHostileTextIsEscaped(t *testing.T) {
	const hostile = `</p><script>alert("x")</script>' {{.}} <img onerror=x>`
	w := newWorld(t)
	for kind, wrap := range everyKind(w) {
		answer := serve(wrap(func(c *gin.Context) error {
			c.Header("X-Request-Id", hostile)
			return problem.AccountRefused("<b>news</b>", problem.Reason{Code: hostile, Phrase: hostile}, nil)
		}), func(r *http.Request) { r.URL.RawQuery = "error=%3Cscript%3E&lang=%3Cscript%3E" })
		body := answer.Body.String()
		for _, sign := range []string{"<script", "<img onerror", "<b>news"} {
			if strings.Contains(body, sign) {
				t.Errorf("%s contains %q: %s", kind, sign, body)
			}
		}
		if kind == "Page" && !strings.Contains(html.UnescapeString(body), hostile) {
			t.Errorf("%s = %s, want the text shown", kind, body)
		}
	}
}

// Pages and answers speak the reader's language, places filled.
func TestLanguages(t *testing.T) {
	german := func(r *http.Request) { r.Header.Set("Accept-Language", "de") }
	klingon := func(r *http.Request) { r.Header.Set("Accept-Language", "tlh") }
	denied := problem.AccessDenied("news", noStaff, nil)
	unknown := problem.AccessDenied("news", problem.Reason{Code: "sunday", Phrase: "it is Sunday"}, nil)
	w := newWorld(t)
	tests := []struct {
		name   string
		reader func(*http.Request)
		h      gin.HandlerFunc
		want   []string
	}{
		{"a page has the words of its language, and its reason too", german, w.Page(failing(denied)),
			[]string{`<html lang="de"`, "Kein Zugang zu news</h1>", "news steht Ihnen nicht offen: Sie gehören nicht zu {chat}."}},
		{"a reason without words speaks English", german, w.Page(failing(unknown)), []string{"news steht Ihnen nicht offen: it is Sunday."}},
		{"a detail of its own is kept", german, w.Page(failing(problem.InvalidRequest("Given twice.", nil))),
			[]string{"Abgelehnt: Given twice."}},
		{"a code without words speaks English", klingon, w.Page(failing(problem.LoginExpired(nil))), []string{"This sign-in is over</h1>"}},
		{"an answer to a script has the words that it shows", german, w.API(failing(denied)),
			[]string{`"title":"Forbidden"`, "news steht Ihnen nicht offen: Sie gehören nicht zu {chat}.", `"reason":"group_missing"`}},
		{"an answer to a script whose page has a language of its own", func(r *http.Request) { r.URL.RawQuery = "lang=de" }, w.JSON(failing(denied)),
			[]string{"news steht Ihnen nicht offen: Sie gehören nicht zu {chat}."}},
		{"an answer to a server that names no language", func(*http.Request) {}, w.API(failing(denied)),
			[]string{"You are signed in, but news is not open to you: your groups do not include staff."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := serve(tt.h, tt.reader).Body.String()
			for _, want := range tt.want {
				if !strings.Contains(body, want) {
					t.Errorf("answer = %s, want %q", body, want)
				}
			}
		})
	}
}

// A page that cannot be made is a mistake of ours; the caller still learns the status.
func TestAPageThatFailsIsPlain(t *testing.T) {
	w := newWorld(t)
	broken := problem.NotFound(nil).WithActions(web.Action{Label: "no.such.key"})
	answer := serve(w.Page(failing(broken)))
	if answer.Code != http.StatusNotFound || answer.Body.String() != "Not Found" || !strings.Contains(w.log.String(), "error page failed") {
		t.Errorf("Page = %d %q with log %q, want a plain 404 and the mistake in the log", answer.Code, answer.Body, &w.log)
	}
}

func TestNewNeedsPagesAndLog(t *testing.T) {
	if _, err := problem.New(problem.Config{}); err == nil {
		t.Error("New without pages and log = nil, want an error")
	}
}

func TestEveryProblemThatIsToldIsCounted(t *testing.T) {
	pages, err := web.New(web.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	r, err := problem.New(problem.Config{
		Pages: pages, Log: slog.New(slog.DiscardHandler), Count: func(code string) { told = append(told, code) },
	})
	if err != nil {
		t.Fatal(err)
	}
	serve(r.API(func(*gin.Context) error { return problem.SessionRequired(nil) }))
	serve(r.Page(func(*gin.Context) error { return errors.New("a mistake of ours") }))
	serve(r.API(func(c *gin.Context) error { c.Status(http.StatusNoContent); return nil }))
	if diff := cmp.Diff([]string{"session_required", "internal"}, told); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}
