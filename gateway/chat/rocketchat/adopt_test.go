package rocketchat_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc"
)

// wantRefused fails the test unless ada is refused with the code, the audit log says why, and no account was linked.
func (w *world) wantRefused(code, reason string) {
	w.t.Helper()
	w.want("token", w.token(w.env.SignIn(ada)), http.StatusForbidden, code)
	if !strings.Contains(w.env.Journal.String(), `"act":"account_refused","reason":"`+reason+`"`) {
		w.t.Errorf("the audit log has no refusal for %s:\n%s", reason, w.env.Journal)
	}
	if strings.Contains(w.env.Journal.String(), `"act":"account_linked"`) || w.server.Count("users.createToken") != 0 {
		w.t.Error("an account was linked, or a token made")
	}
}

// TestUnconfirmedAddressIsNotLinked: whoever wrote somebody else's address into their own account waits for them in
// vain; the account must have confirmed it (D8).
func TestUnconfirmedAddressIsNotLinked(t *testing.T) {
	squatter := adasAccount
	squatter.Verified = false
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, settings{version: version})
			account := squatter
			account.Email = ada.Email
			w.server.AddUser(account)
			w.wantRefused("account_refused", "address_unconfirmed")
			if len(w.people()) != 1 {
				t.Error("a second account was made")
			}
		})
	}
	t.Run("unless its name proves it where names do", func(t *testing.T) {
		w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.Accounts.LinkBy = []rocketchat.Key{rocketchat.Username} }})
		account := squatter
		account.Username = ada.Username
		id := w.server.AddUser(account)
		if got := w.userID(w.token(w.env.SignIn(ada))); got != id {
			t.Errorf("the token is for %q, want the account of that name", got)
		}
	})
}

// TestServiceAccountIsNobodys: whoever held its login token could do all that the gateway can (D8).
func TestServiceAccountIsNobodys(t *testing.T) {
	named := ada
	named.Username = "gateway.bot"
	addressed := ada
	addressed.Email = "gateway@rocketchat.invalid"
	tests := []struct {
		name   string
		id     oidc.Identity
		before func(w *world)
	}{
		{"by address", addressed, func(*world) {}},
		{"by name", named, func(w *world) { w.config.Accounts.LinkBy = []rocketchat.Key{rocketchat.Username} }},
		{"by a link that is there already", ada, func(w *world) {
			links := rocketchat.NewLinks(w.env.Store, w.env.Names, "rocketchat")
			w.must(links.Link(t.Context(), ada.Provider, ada.Subject, w.config.API.UserID))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.Accounts.LinkAdmins = true }})
			w.demoteServiceAccount()
			tt.before(w)
			w.handler = w.replica()
			w.want("token", w.token(w.env.SignIn(tt.id)), http.StatusForbidden, "account_refused")
			if w.server.Count("users.createToken") != 0 {
				t.Error("a token was made for the service account")
			}
		})
	}
}

// demoteServiceAccount gives the service account a role of its own in place of admin.
func (w *world) demoteServiceAccount() {
	w.server.Grant("gateway", "user-generate-access-token", "view-full-other-user-info", "view-d-room", "create-user",
		"edit-other-user-active-status", "api-bypass-rate-limit")
	service := w.server.Users()[0]
	service.Roles = []string{"gateway"}
	w.server.RemoveUser(service.ID)
	w.server.AddUser(service)
	w.config.API.Token = secretOf(w.server.AddPAT(service.ID, true))
}

// TestAccountsAreReadBeforeTheyAreLinked: what a listing leaves out says nothing, and what the account itself leaves
// out is a permission that is missing (D8, R23).
func TestAccountsAreReadBeforeTheyAreLinked(t *testing.T) {
	t.Run("a listing without roles", func(t *testing.T) {
		w := newWorld(t, settings{transport: &rewriting{route: "/api/v1/users.list", from: `"roles":`, to: `"other":`}})
		admin := adasAccount
		admin.Roles = []string{"admin", "user"}
		w.server.AddUser(admin)
		w.wantRefused("account_is_administrator", "administrator")
	})
	t.Run("a listing without types", func(t *testing.T) {
		w := newWorld(t, settings{transport: &rewriting{route: "/api/v1/users.list", from: `"type":`, to: `"other":`}})
		bot := adasAccount
		bot.Type = "bot"
		w.server.AddUser(bot)
		w.wantRefused("account_refused", "chat_refused")
	})
	for _, field := range []string{"roles", "type"} {
		t.Run("an account without "+field, func(t *testing.T) {
			w := newWorld(t, settings{transport: &rewriting{route: "/api/v1/users.info", from: `"` + field + `":`, to: `"other":`}})
			w.server.AddUser(adasAccount)
			w.want("token", w.token(w.env.SignIn(ada)), http.StatusServiceUnavailable, "chat_unavailable")
			if log := w.env.Journal.String(); !strings.Contains(log, "view-full-other-user-info") || strings.Contains(log, `"act":"account_linked"`) {
				t.Errorf("the log does not name the permission, or the account was linked:\n%s", log)
			}
		})
	}
}

// TestLookAlikesAreOthers: folding case must not fold letters of other alphabets into ours (D8).
func TestLookAlikesAreOthers(t *testing.T) {
	const kelvin, long = "\u212a", "\u017f" // fold to k and s
	t.Run("an address", func(t *testing.T) {
		w := newWorld(t, settings{})
		theirs := adasAccount
		theirs.Email = "mark@example.org"
		w.server.AddUser(theirs)
		alike := ada
		alike.Email = "mar" + kelvin + "@example.org"
		w.want("token", w.token(w.env.SignIn(alike)), http.StatusForbidden, "account_refused")
	})
	t.Run("a name", func(t *testing.T) {
		w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.Accounts.LinkBy = []rocketchat.Key{rocketchat.Username} }})
		theirs := adasAccount
		theirs.Username = "sam"
		w.server.AddUser(theirs)
		alike := ada
		alike.Username = long + "am"
		w.want("token", w.token(w.env.SignIn(alike)), http.StatusForbidden, "account_refused")
	})
}

// TestUnverifiedAddressMakesNoAccount: nobody gets an account with an address that is not known to be theirs (D8).
func TestUnverifiedAddressMakesNoAccount(t *testing.T) {
	w := newWorld(t, settings{})
	unverified := ada
	unverified.EmailVerified = false
	a := w.token(w.env.SignIn(unverified))
	w.want("token", a, http.StatusForbidden, "email_unverified")
	if strings.Contains(a.Text, "An account") {
		t.Errorf("the refusal speaks of an account that there is not: %s", a.Text)
	}
	if len(w.people()) != 0 {
		t.Error("an account was made")
	}
}

// TestLostAnswerToACreation: the account was made and nobody was told. It is the person's at their next try, whatever
// accounts are linked by (R29).
func TestLostAnswerToACreation(t *testing.T) {
	for name, linkBy := range map[string][]rocketchat.Key{
		"by address": {rocketchat.VerifiedEmail}, "by name": {rocketchat.Username}, "by nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			lost := &losing{route: "/api/v1/users.create", times: 1}
			w := newWorld(t, settings{transport: lost, config: func(c *rocketchat.Config) { c.Accounts.LinkBy = linkBy }})
			w.want("token", w.token(w.env.SignIn(ada)), http.StatusServiceUnavailable, "chat_unavailable")
			w.signedIn(ada)
			if len(w.people()) != 1 || !strings.Contains(w.env.Journal.String(), `"act":"account_created"`) {
				t.Errorf("%d accounts, want the one that was made:\n%s", len(w.people()), w.env.Journal)
			}
		})
	}
}

// TestLostCreationTakesNobodysAccount: a creation that is remembered opens only the account it made (S56, D8).
func TestLostCreationTakesNobodysAccount(t *testing.T) {
	nothing := func(c *rocketchat.Config) { c.Accounts.LinkBy = nil }
	theirs := rocketchattest.User{Username: ada.Username, Email: ada.Email}
	confirmed := theirs
	confirmed.Verified = true
	t.Run("an account with the name that has not confirmed the address", func(t *testing.T) {
		between := &proxy{route: "/api/v1/users.create", status: http.StatusBadGateway}
		w := newWorld(t, settings{transport: between, config: nothing})
		w.want("token", w.token(w.env.SignIn(ada)), http.StatusServiceUnavailable, "chat_unavailable")
		w.server.AddUser(theirs)
		w.wantRefused("account_refused", "linked_elsewhere")
	})
	t.Run("an account that Rocket.Chat named as the reason not to create one", func(t *testing.T) {
		racing := &before{route: "/api/v1/users.create"}
		w := newWorld(t, settings{transport: racing, config: nothing})
		racing.first = func() { w.server.AddUser(confirmed) }
		w.wantRefused("account_refused", "linked_elsewhere")
		w.wantRefused("account_refused", "linked_elsewhere")
	})
}

// losing carries a request and loses the answer.
type losing struct {
	http.RoundTripper
	route string
	times int
}

func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := l.RoundTripper.RoundTrip(r)
	if r.URL.Path != l.route || l.times == 0 || err != nil {
		return w, err
	}
	l.times--
	return nil, errors.Join(errors.New("connection reset"), w.Body.Close())
}

func (l *losing) over(t http.RoundTripper) { l.RoundTripper = t }
