package chat_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
	"chatgate/gateway/web"
)

// FuzzTokenGuard: whatever a request says of where it comes from, it is served, and may be read, only for a listed
// origin that it names once and literally, or without any for a script of our own pages (S73 to S76, S79, B-03, B-04).
func FuzzTokenGuard(f *testing.F) {
	const board, news = "https://board.example.org", "https://news.example.org:8443"
	listed := []chat.Origin{board, news}
	for _, seed := range [][5]string{
		{"GET", board, "", "cross-site", "cors"}, {"POST", news, "", "", ""}, {"OPTIONS", board, "", "", ""},
		{"GET", "", "", "same-origin", "cors"}, {"GET", "", "", "same-origin", "navigate"}, {"GET", "", "", "", ""},
		{"GET", "null", "", "cross-site", "cors"}, {"GET", board, board, "same-site", "cors"}, {"GET", board + "/", "", "", ""},
		{"GET", "HTTPS://BOARD.EXAMPLE.ORG", "", "", ""}, {"GET", board + "," + news, "", "", ""}, {"OPTIONS", "https://evil.example", "", "", ""},
		{"GET", board + ".", "", "", ""}, {"GET", "http://board.example.org", "", "", ""}, {"GET", board + ".evil.example", "", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	served := false
	handler := guarded(f, listed, &served)
	f.Fuzz(func(t *testing.T, method, first, second, site, mode string) {
		r := httptest.NewRequest(http.MethodGet, "/token", nil)
		if method == http.MethodPost || method == http.MethodOptions {
			r.Method = method
		}
		for _, origin := range []string{first, second} {
			if origin != "" {
				r.Header.Add("Origin", origin)
			}
		}
		r.Header.Set("Sec-Fetch-Site", site)
		r.Header.Set("Sec-Fetch-Mode", mode)
		served = false
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)

		origins := r.Header.Values("Origin")
		foreign := len(origins) != 1 || !slices.Contains([]string{board, news}, origins[0])
		own := len(origins) == 0 && site == "same-origin" && (mode == "cors" || mode == "same-origin")
		if want := r.Method != http.MethodOptions && (!foreign || own); served != want {
			t.Errorf("%s with Origin %q, site %q, mode %q: served = %v, want %v", r.Method, origins, site, mode, served, want)
		}
		wantReadable(t, recorder.Result().Header, origins, foreign)
	})
}

// guarded serves /token behind a guard and notes that it did.
func guarded(f *testing.F, listed []chat.Origin, served *bool) http.Handler {
	f.Helper()
	pages, err := web.New(web.Config{})
	if err != nil {
		f.Fatal(err)
	}
	problems, err := problem.New(problem.Config{Pages: pages, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	guard := chat.TokenGuard(listed, problems)
	e.OPTIONS("/token", guard)
	e.Match([]string{http.MethodGet, http.MethodPost}, "/token", guard, func(*gin.Context) { *served = true })
	return e
}

// wantReadable checks who may read an answer: the origin that was named, if it is one of ours, and nobody else.
func wantReadable(t *testing.T, h http.Header, origins []string, foreign bool) {
	t.Helper()
	if h.Get("Vary") != "Origin" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("Origin %q: Vary = %q, Cache-Control = %q, want Origin and no-store", origins, h.Get("Vary"), h.Get("Cache-Control"))
	}
	allowed := h.Values("Access-Control-Allow-Origin")
	if foreign {
		if len(allowed) > 0 || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("Origin %q: Access-Control-Allow-Origin = %q, want none", origins, allowed)
		}
		return
	}
	if !slices.Equal(allowed, origins) {
		t.Errorf("Origin %q: Access-Control-Allow-Origin = %q, want the same", origins, allowed)
	}
}
