package gateway_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
)

// several is a gateway with two providers, each of which has e-mail domains.
func several(rules *chat.AccessRules) options {
	return options{second: true, rulesOfBoard: rules, domains: map[string][]string{
		"corp": {"example.org", "bücher.example"}, "guests": {"guests.example"},
	}}
}

// query is an address of ours with parameters, given as name-value pairs.
func query(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + values.Encode()
}

// provider is the one that an answer leads to, "" where it asks for one.
func providerOf(answer *http.Response) string {
	to := answer.Header.Get("Location")
	if found := refreshTo.FindStringSubmatch(text(answer)); found != nil {
		to = html.UnescapeString(found[1])
	}
	for key, at := range map[string]string{"corp": issuer, "guests": guestIssuer} {
		if strings.HasPrefix(to, at+"/") {
			return key
		}
	}
	return ""
}

func TestAnAddressLeadsToItsProvider(t *testing.T) { // S31, S51
	w := open(t, several(nil))
	for _, c := range []struct{ name, hint, want string }{
		{"an address of the first", "ada@example.org", "corp"},
		{"an address of the second", "ada@guests.example", "guests"},
		{"a domain in capital letters", "Ada@EXAMPLE.org", "corp"},
		{"a domain with letters outside ASCII", "ada@bücher.example", "corp"},
		{"the same in ASCII", "ada@xn--bcher-kva.example", "corp"},
		{"spaces around it", "  ada@example.org ", "corp"},
		{"a domain below it", "ada@mail.example.org", ""},
		{"a longer domain", "ada@evilexample.org", ""},
		{"one that goes on", "ada@example.org.evil.example", ""},
		{"a trailing dot", "ada@example.org.", ""},
		{"two signs", "ada@evil.example@example.org", ""},
		{"a list", "ada@evil.example,example.org", ""},
		{"a name in front", "Ada <ada@example.org>", ""},
		{"no name", "@example.org", ""},
		{"no domain", "ada@", ""},
		{"no address", "ada", ""},
		{"another domain", "ada@elsewhere.example", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := w.browser().do(http.MethodGet, query("/login", "login_hint", c.hint))
			if got := providerOf(answer); got != c.want {
				t.Errorf("login_hint %q leads to %q, want %q", c.hint, got, c.want)
			}
			if c.want != "" && !strings.Contains(answer.Header.Get("Location"), url.Values{"login_hint": {strings.TrimSpace(c.hint)}}.Encode()) {
				t.Errorf("the provider is asked %q, without the hint", answer.Header.Get("Location"))
			}
		})
	}
}

func TestHintsAreChecked(t *testing.T) { // S31, S11
	w := open(t, several(nil))
	for name, hint := range map[string]string{
		"too long":        strings.Repeat("a", 245) + "@example.org",
		"a line break":    "ada\r\nX: y@example.org",
		"a control":       "ada\x00@example.org",
		"not text at all": "\xff\xfe@example.org",
	} {
		if got := w.browser().do(http.MethodGet, query("/login", "provider", "corp", "login_hint", hint)); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s = %d, want 400", name, got.StatusCode)
		}
	}
	twice := w.browser().do(http.MethodGet, "/login?login_hint=a@example.org&login_hint=b@guests.example")
	if twice.StatusCode != http.StatusBadRequest { // S12
		t.Errorf("two hints = %d, want 400", twice.StatusCode)
	}
}

func TestTheProviderThatIsNamedWinsOverTheHint(t *testing.T) {
	w := open(t, several(nil))
	answer := w.browser().do(http.MethodGet, query("/login", "provider", "guests", "login_hint", "ada@example.org"))
	if got := providerOf(answer); got != "guests" {
		t.Errorf("leads to %q, want guests", got)
	}
}

func TestTheChooserTakesAnAddress(t *testing.T) { // S151, S152, D30
	w := open(t, several(nil))
	b := w.browser()
	page := text(b.do(http.MethodGet, query("/login", "chat", "board", "path", "/home")))
	for _, want := range []string{`action="/login"`, `name="login_hint" type="email"`, `name="chat" value="board"`, `name="path" value="/home"`, `<label for="email">`} {
		if !strings.Contains(page, want) {
			t.Fatalf("the chooser lacks %s:\n%s", want, page)
		}
	}
	form := url.Values{"chat": {"board"}, "path": {"/home"}, "login_hint": {"ada@guests.example"}}
	to := wayOn(t, b.submit("/login", form))
	back, err := w.guests.SignIn(b.provider, to, "ada", "ada")
	w.must(err)
	finished := b.do(http.MethodGet, back.String())
	if got := b.do(http.MethodGet, finished.Header.Get("Location")).Header.Get("Location"); got != board+"/home" {
		t.Errorf("ends at %q, want the chat", got)
	}
	if log := w.log.String(); strings.Contains(log, "ada@guests") || strings.Contains(log, "ada%40guests") { // S134
		t.Errorf("the log holds the address:\n%s", log)
	}
}

func TestAnAddressOfNobodyIsAskedForAgain(t *testing.T) { // S152
	w := open(t, several(nil))
	answer := w.browser().submit("/login", url.Values{"login_hint": {`"><script>alert(1)</script>@elsewhere.example`}, "return_to": {"/"}})
	page := text(answer)
	if answer.StatusCode != http.StatusOK || !strings.Contains(page, "We know of no place to sign in for this address.") || strings.Contains(page, "<script>alert") {
		t.Errorf("the answer = %d:\n%s", answer.StatusCode, page)
	}
	if !strings.Contains(page, `name="return_to" value="/"`) || strings.Contains(page, "login_hint=") {
		t.Errorf("the page loses where the sign-in ends, or has the address in a link:\n%s", page)
	}
}

func TestOnlyAnAddressThatWasTypedIsFoundFaultWith(t *testing.T) {
	o := several(&chat.AccessRules{Providers: []string{"corp", "guests"}, Anyone: true})
	o.unread, o.domains["partners"] = []string{"partners"}, []string{"partners.example"}
	w := open(t, o)
	const unknown, elsewhere = "We know of no place to sign in", "This chat is not open to people who sign in with this address."
	for _, c := range []struct{ name, hint, want string }{
		{"a domain of nobody", "ada@elsewhere.example", unknown},
		{"no address", "ada", unknown},
		{"a domain whose provider the chat does not let in", "ada@partners.example", elsewhere},
	} {
		t.Run(c.name, func(t *testing.T) {
			typed := text(w.browser().submit("/login", url.Values{"chat": {"board"}, "login_hint": {c.hint}}))
			if !strings.Contains(typed, c.want) || !strings.Contains(typed, `role="alert"`) || !strings.Contains(typed, `aria-invalid="true"`) {
				t.Errorf("%s typed, the page does not say %q:\n%s", c.hint, c.want, typed)
			}
			linked := text(w.browser().do(http.MethodGet, query("/login", "chat", "board", "login_hint", c.hint)))
			if !strings.Contains(linked, `value="`+c.hint+`"`) {
				t.Errorf("by a link, the form is not filled in:\n%s", linked)
			}
			if strings.Contains(linked, `role="alert"`) || strings.Contains(linked, "aria-invalid") {
				t.Errorf("by a link, the page finds fault with what nobody typed:\n%s", linked)
			}
		})
	}
}

func TestOnlyOurOwnChooserMayPostAnAddress(t *testing.T) { // S151, B-08
	w := open(t, several(nil))
	for name, headers := range map[string][]string{
		"another site":      {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"a sibling":         {"Origin", "https://www.example.org", "Sec-Fetch-Site", "same-site"},
		"nobody says where": {},
	} {
		got := w.browser().submit("/login", url.Values{"login_hint": {"ada@example.org"}}, append(headers, "X-Test", "1")...)
		if got.StatusCode != http.StatusForbidden {
			t.Errorf("%s = %d, want 403", name, got.StatusCode)
		}
	}
}

func TestAFormLeadsNowhereElseThanALink(t *testing.T) { // S1-S16, S12
	w := open(t, several(nil))
	for name, form := range map[string]url.Values{
		"another site":          {"return_to": {"https://evil.example/"}, "login_hint": {"ada@example.org"}},
		"two slashes":           {"return_to": {"//evil.example"}, "login_hint": {"ada@example.org"}},
		"an address and a chat": {"return_to": {"/"}, "chat": {"board"}, "login_hint": {"ada@example.org"}},
		"another prompt":        {"prompt": {"none"}, "login_hint": {"ada@example.org"}},
		"two addresses":         {"login_hint": {"ada@example.org", "bob@example.org"}},
	} {
		if got := w.browser().submit("/login", form); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s = %d, want 400", name, got.StatusCode)
		}
	}
}

func TestAChatOffersOnlyTheProvidersThatItLetsIn(t *testing.T) { // D7
	w := open(t, several(&chat.AccessRules{Providers: []string{"guests"}, Anyone: true}))
	for _, c := range []struct{ name, path, want string }{
		{"the chat by its name", query("/login", "chat", "board"), "guests"},
		{"a page of the chat", query("/login", "return_to", board+"/home"), "guests"},
		{"a route of ours for the chat", query("/login", "return_to", "/board/oauth/authorize"), "guests"},
		{"an address of a provider that is not let in", query("/login", "chat", "board", "login_hint", "ada@example.org"), "guests"},
		{"one that was named all the same", query("/login", "chat", "board", "provider", "corp"), "corp"},
		{"no chat", "/login", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := providerOf(w.browser().do(http.MethodGet, c.path)); got != c.want {
				t.Errorf("%s leads to %q, want %q", c.path, got, c.want)
			}
		})
	}
	t.Run("a frame of the chat", func(t *testing.T) {
		if got := providerOf(w.browser().submit("/login/start", w.frame().form("window"))); got != "guests" {
			t.Errorf("the frame's start leads to %q, want guests", got)
		}
	})
}

func TestRulesThatNameNoProviderOfOursLeaveTheChoice(t *testing.T) {
	w := open(t, several(&chat.AccessRules{Providers: []string{"gone"}, Anyone: true}))
	page := text(w.browser().do(http.MethodGet, query("/login", "chat", "board")))
	if !strings.Contains(page, "The corp") || !strings.Contains(page, "The guests") {
		t.Errorf("the chooser offers:\n%s", page)
	}
}

func TestAFrameFindsItsProviderByAnAddress(t *testing.T) { // B-23
	w := open(t, several(nil))
	b, f := w.browser(), w.frame()
	unknown := text(b.submit("/login/start", f.form("window", "login_hint", "ada@elsewhere.example")))
	for _, want := range []string{"We know of no place", `action="/login/start"`, `name="handoff" value="` + f.ID + `"`} {
		if !strings.Contains(unknown, want) {
			t.Errorf("the chooser lacks %s:\n%s", want, unknown)
		}
	}
	b.do(http.MethodGet, b.startAndReturn(f.form("window", "login_hint", "ada@guests.example"), "ada"))
	if got := f.subject(); got != "ada-1" {
		t.Errorf("the frame has %q, want ada", got)
	}
}

// offers are the titles on a chooser in their order.
func offers(page string) (titles []string) {
	for _, found := range regexp.MustCompile(`data-chatgate="login"[^>]*>([^<]*)<`).FindAllStringSubmatch(page, -1) {
		titles = append(titles, found[1])
	}
	return titles
}

func TestTheLastProviderStandsFirst(t *testing.T) {
	w := open(t, several(nil))
	b := w.browser()
	b.signIn(query("/login", "provider", "guests"), "ada")
	page := text(b.do(http.MethodGet, query("/login", "prompt", "select_account")))
	if got := offers(page); len(got) != 2 || got[0] != "The guests" || !strings.Contains(page, "Used last in this browser") {
		t.Errorf("the chooser offers %q:\n%s", got, page)
	}
	main, rest, _ := strings.Cut(page, `<form class="by-email"`)
	if !strings.Contains(main, `class="button" href=`) || strings.Count(rest, `class="button second"`) != 2 || strings.Contains(rest, `class="button"`) {
		t.Errorf("the provider used last is not the main way on, above the address and the others:\n%s", page)
	}
	for name, value := range map[string]string{"unknown": "nobody", "hostile": "<script>", "none": ""} { // a hint, never more
		other := w.browser()
		other.cookies["__Host-chatgate.provider"] = value
		page := text(other.do(http.MethodGet, "/login"))
		if got := offers(page); len(got) != 2 || got[0] != "The corp" || strings.Contains(page, "Used last") || strings.Contains(page, "<script>") {
			t.Errorf("with a cookie of value %s the chooser offers %q", name, got)
		}
	}
}

func TestOneProviderIsNotRemembered(t *testing.T) {
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	if _, there := b.cookies["__Host-chatgate.provider"]; there {
		t.Error("the browser remembers the only provider there is")
	}
}

// S23: OAuth 2.0 Security Best Current Practice (RFC 9700), Section 2.1.
func TestMixUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		iss    []string
		tokens int // calls of the token endpoint of the provider where the login began
	}{
		{"a code of another provider, which says so", []string{guestIssuer}, 0},
		{"a code of another provider, which does not say so", nil, 0},
		{"a code of another provider under the name of the first", []string{issuer}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t, several(nil))
			b := w.browser()
			code := callbackOf(t, b, "guests").Get("code")
			mixed := callbackOf(t, b, "corp")
			mixed.Set("code", code)
			mixed["iss"] = c.iss
			answer := b.do(http.MethodGet, "/login/callback?"+mixed.Encode())
			if answer.StatusCode < 400 || b.who() != "" {
				t.Errorf("the callback = %d, signed in as %q; want a refusal", answer.StatusCode, b.who())
			}
			if first, other := w.provider.Calls("/token"), w.guests.Calls("/token"); first != c.tokens || other != 0 {
				t.Errorf("%d calls of the first provider's token endpoint and %d of the other's, want %d and none", first, other, c.tokens)
			}
		})
	}
}

// callbackOf is what a provider sends a browser back with.
func callbackOf(t *testing.T, b *browser, key string) url.Values {
	t.Helper()
	back, err := url.Parse(b.callback(query("/login", "provider", key), "ada"))
	b.w.must(err)
	return back.Query()
}

func TestASignInThatIsTooOldForAChatGoesToTheProvider(t *testing.T) { // D27
	w := open(t, options{age: 10 * time.Minute})
	b := w.browser()
	b.signIn("/login", "ada")
	if got := b.do(http.MethodGet, query("/login", "chat", "board")).Header.Get("Location"); got != board+"/" {
		t.Errorf("a young sign-in is sent to %q, want the chat", got)
	}
	w.clock.Advance(11 * time.Minute)
	if got := providerOf(b.do(http.MethodGet, query("/login", "chat", "board"))); got != "corp" {
		t.Errorf("an old sign-in leads to %q, want the provider", got)
	}
	if got := b.do(http.MethodGet, "/login").Header.Get("Location"); got != base+"/" {
		t.Errorf("without a chat it leads to %q, want the account page", got)
	}
	f := w.frame()
	b.do(http.MethodGet, b.startAndReturn(f.form("window"), "ada")) // startAndReturn fails the test without a provider
	if got := f.subject(); got != "ada-1" {
		t.Errorf("the frame has %q, want ada's new session", got)
	}
}

// A page of two chats, of which one takes no old sign-in: whoever comes from there for that one must not be sent straight
// back for the other's sake.
func TestASignInCountsWhereItDoesForEveryChatOfThePage(t *testing.T) { // D27, S32
	for name, rules := range map[string]*chat.AccessRules{
		"the chat lets the person in":                        nil,
		"the chat refuses the person, who does not know yet": {Groups: []string{"board"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, options{age: 10 * time.Minute, annex: true, rulesOfBoard: rules})
			b := w.browser()
			b.signIn("/login", "ada")
			w.clock.Advance(11 * time.Minute)
			for _, c := range []struct{ name, login, want string }{
				{"the page of both", query("/login", "return_to", board+"/page"), "corp"},
				{"the chat by its name, at whose page the other is", query("/login", "chat", "board"), "corp"},
				{"the other by its name", query("/login", "chat", "annex"), ""},
				{"the other's own page", query("/login", "return_to", annexPage+"/"), ""},
			} {
				answer := b.do(http.MethodGet, c.login)
				if got := providerOf(answer); answer.StatusCode != http.StatusSeeOther || got != c.want {
					t.Errorf("%s = %d to %q, want the provider %q", c.name, answer.StatusCode, answer.Header.Get("Location"), c.want)
				}
			}
			b.signIn(query("/login", "return_to", board+"/page"), "ada")
			if again := b.do(http.MethodGet, query("/login", "return_to", board+"/page")); again.Header.Get("Location") != board+"/page" {
				t.Errorf("signed in again, the page leads to %q", again.Header.Get("Location"))
			}
		})
	}
}
