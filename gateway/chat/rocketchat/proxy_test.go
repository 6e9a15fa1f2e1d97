package rocketchat_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// proxy stands between the gateway and the workspace and answers one route by itself while it has a status.
type proxy struct {
	http.RoundTripper
	route  string
	status int
	body   string
}

func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.status == 0 || r.URL.Path != p.route {
		return p.RoundTripper.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: p.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(p.body)), Request: r,
	}, nil
}

func (p *proxy) over(t http.RoundTripper) { p.RoundTripper = t }

// notRocketChat are bodies of refusals that something in between made up, or that do not say what they refuse.
var notRocketChat = map[string]string{
	"a page":                       "<html><head><title>Refused</title></head><body>nginx</body></html>",
	"nothing":                      "",
	"JSON without a word":          `{}`,
	"JSON with a word of its own":  `{"message":"Unauthorized"}`,
	"Rocket.Chat's shape, no text": `{"success":false}`,
}

// TestAProxysRefusalRemovesNoLink: only Rocket.Chat itself can say that an account is gone (D8).
func TestAProxysRefusalRemovesNoLink(t *testing.T) {
	for name, body := range notRocketChat {
		t.Run(name, func(t *testing.T) {
			between := &proxy{route: "/api/v1/users.info", body: body}
			w := newWorld(t, settings{transport: between})
			w.signedIn(ada)
			between.status = http.StatusBadRequest
			w.want("token", w.token(w.env.SignIn(ada)), http.StatusServiceUnavailable, "chat_unavailable")
			between.status = 0
			w.signedIn(ada)
			if strings.Contains(w.env.Journal.String(), `"act":"link_removed"`) || len(w.people()) != 1 {
				t.Errorf("the link was removed:\n%s", w.env.Journal)
			}
		})
	}
}

// TestAProxysRefusalIsNoSignOut: what Rocket.Chat did not say of a login is unknown, and the login stays in the ledger
// for the next sign-out (D12, R10).
func TestAProxysRefusalIsNoSignOut(t *testing.T) {
	for name, body := range notRocketChat {
		t.Run(name, func(t *testing.T) {
			between := &proxy{route: "/api/v1/me", body: body}
			w := newWorld(t, settings{transport: between})
			cookie, token := w.signedIn(ada)
			w.env.Clock.Advance(later)
			between.status = http.StatusUnauthorized
			w.want("resume", w.resume(cookie, automatic), http.StatusConflict, "token_unverified")
			w.want("token", w.token(cookie), http.StatusOK, "")
			w.env.SignOut(cookie)
			w.drain()
			if w.server.Alive(token) {
				t.Error("the login outlived the sign-out: it was taken for gone")
			}
		})
	}
}

// TestAProxysRefusalIsNoRevocation: the login lives, so its revocation is tried again and not yet audited (R13, S90).
func TestAProxysRefusalIsNoRevocation(t *testing.T) {
	for name, body := range notRocketChat {
		t.Run(name, func(t *testing.T) {
			between := &proxy{route: "/api/v1/logout", body: body}
			w := newWorld(t, settings{transport: between})
			cookie, token := w.signedIn(ada)
			between.status = http.StatusUnauthorized
			w.env.SignOut(cookie)
			w.drain()
			if strings.Contains(w.env.Journal.String(), `"act":"login_token_revoked"`) {
				t.Error("the audit log says that the login was revoked")
			}
			between.status = 0
			w.env.Clock.Advance(time.Hour)
			w.drain()
			if w.server.Alive(token) {
				t.Error("the revocation was not tried again")
			}
			w.wantNoJobs()
		})
	}
}
