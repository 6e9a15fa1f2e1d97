package problem_test

import (
	"bytes"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/problem"
	"chatgate/gateway/web"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// errCause stands for what only the log may say: an address inside, the words of Redis.
var errCause = errors.New("dial tcp 10.1.2.3:6379: WRONGPASS secret-cause")

var (
	noStaff    = problem.Reason{Code: "group_missing", Phrase: "your groups do not include staff"}
	noNonce    = problem.Reason{Code: "nonce_missing", Phrase: "its request lacks something that protects your sign-in"}
	badAddress = problem.Reason{Code: "email_not_accepted", Phrase: "your e-mail address is not accepted there"}
)

// everyProblem calls each constructor once.
func everyProblem() []*problem.Error {
	return []*problem.Error{
		problem.SessionRequired(errCause),
		problem.SignedOutOfChat("rocketchat", errCause),
		problem.SignedOutEverywhere("rocketchat", errCause),
		problem.AccessDenied("rocketchat", noStaff, errCause),
		problem.OriginNotAllowed(errCause),
		problem.CrossSiteRequest(errCause),
		problem.InvalidRequest("The parameter return_to is given twice.", errCause),
		problem.ReturnToRefused(errCause),
		problem.LoginExpired(errCause),
		problem.LoginLoop(errCause),
		problem.LoginMismatch(errCause),
		problem.HandOffOver(errCause),
		problem.SignInRequestRefused("rocketchat", noNonce, errCause),
		problem.RedirectURIRefused("rocketchat", "https://chat.example.org/callback", errCause),
		problem.ProviderUnavailable(errCause),
		problem.ProviderDenied(errCause),
		problem.ProviderAnswerRefused(errCause),
		problem.ChatUnavailable("rocketchat", errCause),
		problem.AccountDeactivated("rocketchat", errCause),
		problem.AccountLinkedToAnother("rocketchat", errCause),
		problem.AccountIsAdministrator("rocketchat", errCause),
		problem.EmailUnverified("rocketchat", errCause),
		problem.SeatsExhausted("rocketchat", errCause),
		problem.AccountRefused("rocketchat", badAddress, errCause),
		problem.TooManyRequests(1500*time.Millisecond, errCause),
		problem.StoreUnavailable(errCause),
		problem.KeysNotLoaded(errCause),
		problem.NotFound(errCause),
		problem.MethodNotAllowed(errCause),
		problem.TooLarge(errCause),
		problem.Internal(errCause),
	}
}

// world is a renderer whose log can be read, with a language beside English.
type world struct {
	*problem.Renderer
	log bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	gin.SetMode(gin.TestMode)
	pages, err := web.New(web.Config{Locales: fstest.MapFS{"tlh.json": {Data: []byte(`{}`)}, "de.json": {Data: []byte(`{
		"problem.access_denied.heading": "Kein Zugang zu {chat}",
		"problem.access_denied.detail": "{chat} steht Ihnen nicht offen: {reason}.",
		"problem.invalid_request.detail": "Abgelehnt: {detail}",
		"reason.group_missing": "Sie gehören nicht zu {chat}"
	}`)}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{}
	w.Renderer, err = problem.New(problem.Config{Pages: pages, Log: slog.New(slog.NewJSONHandler(&w.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// serve sends one request through a request-id middleware and h.
func serve(h gin.HandlerFunc, prepare ...func(*http.Request)) *httptest.ResponseRecorder {
	engine := gin.New()
	engine.Use(func(c *gin.Context) { c.Header("X-Request-Id", "5f2c") })
	engine.GET("/route/:id", h)
	request := httptest.NewRequest(http.MethodGet, "/route/1", nil)
	for _, f := range prepare {
		f(request)
	}
	answer := httptest.NewRecorder()
	engine.ServeHTTP(answer, request)
	return answer
}

// failing is a handler that does nothing but fail.
func failing(err error) problem.Handler {
	return func(*gin.Context) error { return err }
}

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if it should:\n%s", file, diff)
	}
}
