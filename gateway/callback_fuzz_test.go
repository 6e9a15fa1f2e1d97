package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzCallback returns from the provider with every query there may be, written with STATE, CODE and ISSUER in
// place of what the provider gave and with OTHER for the state of somebody else's login. Somebody is signed in by exactly one state
// and one code of this browser's own login and by nothing else; every other return is a plain refusal that does not
// repeat what it was sent (S12, S17, S18, S23, S24, S152).
func FuzzCallback(f *testing.F) {
	for _, seed := range []string{
		"state=STATE&code=CODE&iss=ISSUER", "code=CODE&iss=ISSUER&state=STATE&session_state=x&scope=openid", "state=STATE&code=CODE",
		"state=STATE&code=CODE&iss=https://evil.example", "state=STATE&code=CODE&iss=ISSUER&return_to=//evil.example",
		"state=OTHER&code=CODE", "state=STATE&state=STATE&code=CODE", "state=STATE&code=CODE&code=x", "state=&code=CODE", "code=CODE",
		"state=STATE&error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E", "state=STATE&error=", "state=STATE&code=",
		"state=STATE%00&code=CODE", "STATE=STATE&CODE=CODE", "state=STATE;code=CODE", "state=STATE&code=CODE&iss=ISSUER%zz",
		"?state=STATE&code=CODE", "state[]=STATE&code=CODE", "state=STATE#&code=CODE",
	} {
		f.Add(seed)
	}
	shared := open(f, options{})
	f.Fuzz(func(t *testing.T, query string) {
		w := shared.within(t)
		b, other := w.browser(), w.browser()
		begun := mustParse(t, b.callback("/login", "ada")).Query()
		foreign := mustParse(t, other.callback("/login", "bob")).Query()
		query = strings.NewReplacer(
			"STATE", begun.Get("state"), "CODE", begun.Get("code"), "OTHER", foreign.Get("state"), "ISSUER", issuer,
		).Replace(query)

		answer := b.callbackWith(query)
		want := ""
		if finishes(query, begun) {
			want = "ada-1"
		}
		if got := b.who(); got != want {
			t.Fatalf("callback with %q signs in %q, want %q", query, got, want)
		}
		if want != "" {
			return
		}
		if answer.StatusCode < 400 || answer.Header.Get("Location") != "" {
			t.Errorf("callback with %q = %d to %q, want a refusal", query, answer.StatusCode, answer.Header.Get("Location"))
		}
		if page := text(answer); strings.Contains(page, "<script>alert") || strings.Contains(page, "evil.example") {
			t.Errorf("callback with %q is answered with its own text:\n%s", query, page)
		}
	})
}

// callbackWith sends a raw query, which need not be one that net/url could write.
func (b *browser) callbackWith(query string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, base+"/login/callback", nil)
	r.URL.RawQuery = query
	return b.send(r)
}

// finishes says whether a query is the provider's answer to this login: state, code and issuer, which this provider
// promises to name, no error beside them and nothing twice.
func finishes(query string, begun url.Values) bool {
	values, _ := url.ParseQuery(query) // what can be read of it, as the server does
	for _, all := range values {
		if len(all) != 1 {
			return false
		}
	}
	return values.Get("state") == begun.Get("state") && values.Get("code") == begun.Get("code") && !values.Has("error") &&
		values.Get("iss") == issuer
}
