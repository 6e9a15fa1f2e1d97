package chat_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
	"chatgate/gateway/web"
)

// TestALargePreflightCostsWhatASmallOneDoes: nobody reads the names that a preflight asks for, so that ten thousand of
// them cost nothing more; the listener refuses so many before that (S76, S122).
func TestALargePreflightCostsWhatASmallOneDoes(t *testing.T) {
	pages, err := web.New(web.Config{})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := problem.New(problem.Config{Pages: pages, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.OPTIONS("/token", chat.TokenGuard([]chat.Origin{"https://board.example.org"}, problems))
	cost := func(names string) (allocations float64) {
		r := httptest.NewRequest(http.MethodOptions, "/token", nil)
		r.Header.Set("Origin", "https://board.example.org")
		r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		r.Header.Set("Access-Control-Request-Headers", names)
		recorder := httptest.NewRecorder()
		e.ServeHTTP(recorder, r)
		if recorder.Code != http.StatusNoContent || recorder.Header().Get("Access-Control-Allow-Headers") != "content-type" {
			t.Errorf("preflight = %d allowing %q, want 204 and content-type", recorder.Code, recorder.Header().Get("Access-Control-Allow-Headers"))
		}
		return testing.AllocsPerRun(50, func() { e.ServeHTTP(httptest.NewRecorder(), r) })
	}
	var many strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&many, "x-%05d,", i)
	}
	small, large := cost("content-type"), cost(many.String())
	if large > small+2 { // the pool of contexts may be emptied in between
		t.Errorf("a preflight with 10,000 names makes %.0f allocations, one with a single name %.0f", large, small)
	}
}
