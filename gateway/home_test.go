package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chatgate/gateway/chat"
)

// handles are those of the other sessions on an account page.
func handles(page string) (found []string) {
	for piece := range strings.SplitSeq(page, `name="session" value="`) {
		if handle, _, ok := strings.Cut(piece, `"`); ok && !strings.HasPrefix(piece, "<!doctype") {
			found = append(found, handle)
		}
	}
	return found
}

func TestOnlyTheAccountPageEndsAnotherSession(t *testing.T) { // S105, S151
	w := open(t, options{})
	b, other := w.browser(), w.browser()
	b.signIn("/login", "ada")
	other.signIn("/login", "ada")
	found := handles(text(b.do(http.MethodGet, "/")))
	if len(found) != 1 {
		t.Fatalf("the page has the handles %q, want one", found)
	}
	form := url.Values{"session": found}
	for name, headers := range map[string][]string{
		"another site's form":            {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"a sibling's form":               {"Origin", "https://www.example.org", "Sec-Fetch-Site", "same-site"},
		"a form that hides its origin":   {"Origin", "null"},
		"a form that lies in one header": {"Origin", base, "Sec-Fetch-Site", "cross-site"},
	} {
		if got := b.submit("/account/end", form, headers...).StatusCode; got != http.StatusForbidden || other.who() == "" {
			t.Errorf("%s = %d, the other browser is signed in as %q; want 403 and nothing ended", name, got, other.who())
		}
	}
	if got := b.do(http.MethodGet, "/account/end?session="+found[0]).StatusCode; got != http.StatusMethodNotAllowed || other.who() == "" {
		t.Errorf("a link = %d, want 405 and nothing ended", got)
	}
	if got := b.submit("/account/end", form); got.StatusCode != http.StatusSeeOther || other.who() != "" || b.who() == "" {
		t.Errorf("our own form = %d; the other browser is signed in as %q, this one as %q", got.StatusCode, other.who(), b.who())
	}
}

func TestEveryReasonOfTheRulesHasWordsForTheAccountPage(t *testing.T) { // D7
	for name, rules := range map[string]*chat.AccessRules{
		"open to people of another identity provider": {Providers: []string{"elsewhere"}, Anyone: true},
		"in none of the groups":                       {Groups: []string{"board"}},
		"not open to your e-mail address":             {EmailDomains: []string{"elsewhere.example"}},
	} {
		b := open(t, options{rulesOfBoard: rules}).signedIn()
		if page := text(b.do(http.MethodGet, "/")); !strings.Contains(page, name) {
			t.Errorf("the page does not say %q:\n%s", name, page)
		}
	}
	unverified := open(t, options{rulesOfBoard: &chat.AccessRules{EmailDomains: []string{"example.org"}}}).browser()
	unverified.signIn("/login", "bob")
	if page := text(unverified.do(http.MethodGet, "/")); !strings.Contains(page, "your e-mail address is not verified") {
		t.Errorf("the page does not say that the address is not verified:\n%s", page)
	}
}
