package rocketchat_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// witness keeps the headers of every call to the workspace.
type witness struct {
	http.RoundTripper
	mu   sync.Mutex
	seen []http.Header
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.seen = append(w.seen, r.Header.Clone())
	w.mu.Unlock()
	return w.RoundTripper.RoundTrip(r)
}

func (w *witness) over(t http.RoundTripper) { w.RoundTripper = t }

// TestNoHeaderOfACallersGoesOn: what Rocket.Chat is called with is the gateway's own, whatever a caller sends, in
// whatever spelling, and whatever it asks to have removed on the way (S119).
func TestNoHeaderOfACallersGoesOn(t *testing.T) {
	calls := &witness{}
	w := newWorld(t, settings{transport: calls})
	r := httptest.NewRequest(http.MethodPost, "/rocketchat/token", strings.NewReader(`{"userId":"rogue"}`))
	r.AddCookie(w.env.SignIn(ada))
	r.Header.Set("Origin", chatURL)
	for _, name := range []string{
		"X-User-Id", "X_User_Id", "x-user-id", "X-Auth-Token", "X_Auth_Token", "X-Real-Ip", "X-Forwarded-For", "X-Forwarded-User",
		"Authorization", "Cookie", "X-2fa-Code",
	} {
		r.Header[name] = append(r.Header[name], "rogue")
	}
	r.Header.Set("Connection", "X-Auth-Token, X-User-Id, close")
	if got := w.do(w.handler, r); got.Status != http.StatusOK {
		t.Fatalf("token = %d, want 200", got.Status)
	}
	own := []string{"Accept", "Content-Type", "X-Auth-Token", "X-User-Id", "X-Real-Ip"}
	if len(calls.seen) == 0 {
		t.Fatal("Rocket.Chat was not called")
	}
	for _, headers := range calls.seen {
		for name, values := range headers {
			if !slices.Contains(own, name) || len(values) != 1 || strings.Contains(values[0], "rogue") {
				t.Errorf("Rocket.Chat was called with %s: %q", name, values)
			}
		}
	}
}
