package talk_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/limit"
	"chatgate/oidc"
	"chatgate/store/memstore"
)

// adminSite offers the way into Coral's administration to moderators.
func adminSite(profile talk.Profile) talk.Config {
	return with(site(profile), func(c *talk.Config) {
		c.AdminLink = true
		if profile == talk.CoralSSO {
			c.Roles = map[string]talk.Role{"everyone": talk.Commenter, "members": talk.Member, "moderators": talk.Moderator}
		}
	})
}

func moderator() oidc.Identity {
	id := ada()
	id.Groups = []string{"everyone", "moderators"}
	return id
}

// typed are the headers of an address that a person types.
var typed = []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}

// adminToken is the token in the address of Coral's administration.
func adminToken(t *testing.T, address string) string {
	t.Helper()
	token, ok := strings.CutPrefix(address, coralURL+"/admin#accessToken=")
	if !ok || strings.Count(token, ".") != 2 {
		t.Fatalf("the way goes to %q, want the administration with a token", address)
	}
	return token
}

func TestTheAdministrationOpensWithAShortToken(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.CoralOIDC} {
		t.Run(string(profile), func(t *testing.T) {
			w := open(t, adminSite(profile), chattest.Options{})
			cookie := w.SignIn(moderator())
			kept := w.token(http.MethodGet, cookie)
			res := w.call(http.MethodGet, "/talk/admin", cookie, typed...)
			if res.StatusCode != http.StatusSeeOther {
				t.Fatalf("GET /admin = %d, want 303", res.StatusCode)
			}
			if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers %v, want no-store and no-referrer", res.Header)
			}
			token := adminToken(t, res.Header.Get("Location"))
			claims := part(t, token, 1)
			if life := claims["exp"].(float64) - claims["iat"].(float64); life != (5 * time.Minute).Seconds() {
				t.Errorf("the token lives for %vs, want 300s (T-D12, G7)", life)
			}
			if res := w.whose(token); res.StatusCode != http.StatusOK {
				t.Errorf("/user knows the token with %d, want 200: it is one like any other", res.StatusCode)
			}
			if again := w.token(http.MethodGet, cookie); again != kept {
				t.Error("the token of the administration took the place of the page's")
			}
		})
	}
}

func TestCoralTakesTheTokenOfTheAdministration(t *testing.T) {
	w := open(t, adminSite(talk.CoralSSO), chattest.Options{})
	res := w.call(http.MethodGet, "/talk/admin", w.SignIn(moderator()), typed...)
	viewer, err := ssoCoral(t, w, "").Verify(ctx(), adminToken(t, res.Header.Get("Location")))
	if err != nil || viewer.Role != "MODERATOR" {
		t.Errorf("Coral has %q, %v, want a moderator", viewer.Role, err)
	}
}

// TestATokenIsSignedForNobodyElsesLink: what another site links to, and what a browser loads ahead, ends at a button.
func TestATokenIsSignedForNobodyElsesLink(t *testing.T) {
	nav := func(site string, more ...string) []string {
		return append([]string{"Sec-Fetch-Site", site, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, more...)
	}
	for _, test := range []struct {
		name    string
		headers []string
		asks    bool
	}{
		{"an address that is typed", nav("none"), false},
		{"a link on a page of ours", nav("same-origin"), false},
		{"a link on another site, or the way back from a sign-in", nav("cross-site"), true},
		{"a link on a page of the same domain", nav("same-site"), true},
		{"an address that is loaded ahead", nav("none", "Sec-Purpose", "prefetch;prerender"), true},
		{"a browser that says nothing", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, adminSite(talk.CoralSSO), chattest.Options{})
			res := w.call(http.MethodGet, "/talk/admin", w.SignIn(moderator()), test.headers...)
			page := body(t, res)
			signed := strings.Contains(w.Journal.String(), "talk_token_signed")
			if asked := res.StatusCode == http.StatusOK; asked != test.asks || signed == test.asks {
				t.Errorf("GET /admin = %d, a token was signed: %v; want a question: %v", res.StatusCode, signed, test.asks)
			}
			if test.asks && (!strings.Contains(page, `action="/talk/admin"`) || strings.Contains(page, "accessToken")) {
				t.Errorf("the page has no button, or a token:\n%s", page)
			}
		})
	}
}

func TestTheButtonOfTheAdministration(t *testing.T) {
	for _, test := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"pressed on our page", []string{"Origin", chattest.BaseURL, "Sec-Fetch-Site", "same-origin"}, 200},
		{"pressed in a browser without fetch metadata", []string{"Origin", chattest.BaseURL}, 200},
		{"a form of another site (S105)", []string{"Origin", newsURL, "Sec-Fetch-Site", "cross-site"}, 403},
		{"a form without an origin", nil, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, adminSite(talk.CoralSSO), chattest.Options{})
			res := w.call(http.MethodPost, "/talk/admin", w.SignIn(moderator()), test.headers...)
			page := body(t, res)
			if res.StatusCode != test.status {
				t.Fatalf("POST /admin = %d, want %d", res.StatusCode, test.status)
			}
			if goes := strings.Contains(page, coralURL+"/admin#accessToken="); goes != (test.status == 200) {
				t.Errorf("the page leads to the administration: %v", goes)
			}
			if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers %v, want no-store and no-referrer", res.Header)
			}
		})
	}
}

func TestTheAdministrationIsNotForEveryone(t *testing.T) {
	unverified := moderator()
	unverified.EmailVerified = false
	member := ada()
	member.Groups = []string{"everyone", "members"}
	for _, test := range []struct {
		name     string
		cfg      talk.Config
		identity oidc.Identity
		headers  []string
		status   int
		says     string
	}{
		{"a reader (T-D12)", adminSite(talk.CoralSSO), ada(), typed, 403, "none of your groups gives you one"},
		{"a member", adminSite(talk.CoralSSO), member, typed, 403, "none of your groups gives you one"},
		{"a moderator whose address nobody vouches for (G9)", adminSite(talk.CoralSSO), unverified, typed, 403, "verified"},
		{"a person the rules leave out (D7)", with(adminSite(talk.CoralOIDC), func(c *talk.Config) {
			c.Access = chat.AccessRules{Groups: []string{"readers"}}
		}), moderator(), typed, 403, "none of the groups"},
		{"a frame", adminSite(talk.CoralSSO), moderator(), []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
			400, "a window of its own"},
		{"a script", adminSite(talk.CoralSSO), moderator(), []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
			400, "a window of its own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.cfg, chattest.Options{})
			res := w.call(http.MethodGet, "/talk/admin", w.SignIn(test.identity), test.headers...)
			if page := body(t, res); res.StatusCode != test.status || !strings.Contains(page, test.says) {
				t.Errorf("GET /admin = %d, want %d and a page that says %q:\n%s", res.StatusCode, test.status, test.says, page)
			}
			if strings.Contains(w.Journal.String(), "talk_token_signed") {
				t.Error("a token was signed for somebody who was refused")
			}
		})
	}
}

func TestWhoIsRefusedTheAdministrationIsAudited(t *testing.T) {
	w := open(t, adminSite(talk.CoralSSO), chattest.Options{})
	w.call(http.MethodGet, "/talk/admin", w.SignIn(ada()), typed...)
	if want := `"act":"chat_token_refused","reason":"role_missing"`; !strings.Contains(w.Journal.String(), want) {
		t.Errorf("the audit lacks %s:\n%s", want, w.Journal)
	}
}

func TestTheAdministrationSendsStrangersToSignIn(t *testing.T) {
	w := open(t, adminSite(talk.CoralSSO), chattest.Options{})
	cookie := w.SignIn(moderator())
	w.SignOut(cookie)
	for name, who := range map[string]*http.Cookie{"nobody": nil, "who has signed out": cookie} {
		res := w.call(http.MethodGet, "/talk/admin", who, typed...)
		want := "/login?return_to=" + url.QueryEscape("/talk/admin")
		if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("GET /admin of %s = %d to %q, want 303 to %q", name, res.StatusCode, got, want)
		}
	}
}

func TestTheAdministrationIsThereOnlyWhenItIsAskedFor(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if res := w.call(method, "/talk/admin", w.SignIn(moderator()), typed...); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s /admin = %d, want 404", method, res.StatusCode)
		}
	}
}

func TestTheTokenOfTheAdministrationIsInNoLog(t *testing.T) {
	w := open(t, adminSite(talk.CoralSSO), chattest.Options{})
	res := w.call(http.MethodGet, "/talk/admin", w.SignIn(moderator()), typed...)
	token := adminToken(t, res.Header.Get("Location"))
	if journal := w.Journal.String(); strings.Contains(journal, token) || !strings.Contains(journal, `"administration":true`) {
		t.Errorf("the log holds the token, or lacks its line (S134):\n%s", journal)
	}
}

func TestASignOutEndsTheTokenOfTheAdministration(t *testing.T) { // G31
	w, product := openAt(t, adminSite(talk.CoralSSO), chattest.Options{})
	cookie := w.SignIn(moderator())
	token := adminToken(t, w.call(http.MethodGet, "/talk/admin", cookie, typed...).Header.Get("Location"))
	if !product.taken(token) {
		t.Fatal("the token is refused before the sign-out")
	}
	w.SignOut(cookie)
	w.drain()
	if product.taken(token) {
		t.Error("the token is taken after the sign-out")
	}
}

// TestAnAdministrationThatCannotBeRememberedOpensForNobody: what a sign-out would not find is given to nobody (D21).
func TestAnAdministrationThatCannotBeRememberedOpensForNobody(t *testing.T) {
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	w := open(t, adminSite(talk.CoralSSO), chattest.Options{Engine: engine})
	cookie := w.SignIn(moderator())
	engine.failing.Store(&fault{"Put", "talk", errAway})
	for _, res := range []*http.Response{
		w.call(http.MethodGet, "/talk/admin", cookie, typed...),
		w.call(http.MethodPost, "/talk/admin", cookie, "Origin", chattest.BaseURL),
	} {
		if page := body(t, res); res.StatusCode != http.StatusServiceUnavailable || strings.Contains(page, "accessToken") {
			t.Errorf("/admin = %d, want 503 and no token", res.StatusCode)
		}
	}
}

func TestTokensOfTheAdministrationAreLimited(t *testing.T) {
	w := open(t, adminSite(talk.CoralSSO), chattest.Options{Limits: &limit.Settings{TalkTokensPerSession: 2}})
	cookie := w.SignIn(moderator())
	for _, want := range []int{303, 303, 429} {
		if res := w.call(http.MethodGet, "/talk/admin", cookie, typed...); res.StatusCode != want {
			t.Errorf("GET /admin = %d, want %d", res.StatusCode, want)
		}
	}
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
