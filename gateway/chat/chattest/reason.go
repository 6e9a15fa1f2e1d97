package chattest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatgate/gateway/problem"
	"chatgate/gateway/web"
)

// CheckReason fails t unless the message reason.<code> exists and says in English what the reason says, so that a page
// which chooses its words by the code says the same as the answer that carries it.
func CheckReason(t testing.TB, reason problem.Reason) {
	t.Helper()
	pages, err := web.New(web.Config{})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodGet, "/?lang=en", nil)
	if message, ok := pages.Text(request, "reason."+reason.Code); !ok || message != reason.Phrase {
		t.Errorf("the message reason.%s is %q, want %q", reason.Code, message, reason.Phrase)
	}
	if reason.Phrase == "" || strings.HasSuffix(reason.Phrase, ".") || strings.ContainsAny(reason.Phrase, "{}") {
		t.Errorf("the phrase of %s is %q, want one that completes a sentence and has no places", reason.Code, reason.Phrase)
	}
}
