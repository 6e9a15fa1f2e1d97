package issuer

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// What is taken of a request has all that makes it safe, survives the way to the sign-in and back, and goes to a
// registered address with its state to the byte.
func FuzzAuthorizationRequest(f *testing.F) {
	const callback = "https://comments.example.org/api/auth/oidc/callback"
	client := Client{ID: "coral", Secret: "s", RedirectURIs: []string{callback, callback + "?tenant=1"}}
	const usual = "response_type=code&client_id=coral&redirect_uri=" + callback + "&scope=openid+email+profile&state=a%2Bb%2Fc%3D&nonce=n%2B"
	for _, seed := range []string{
		usual, usual + "&prompt=none", usual + "&prompt=login+select_account", usual + "&max_age=0", usual + "&prompt=none&max_age=1",
		usual + "&max_age=9&returned=1", usual + "&returned=1",
		usual + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256", usual + "&state=2",
		"kept=x", "%", "&&&", ";", usual + "%00&x=%ff", strings.Replace(usual, "state=", "state=%FF%FE%00", 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r, err := client.parseRequest(query)
		if err != nil {
			return
		}
		if r.nonce == "" || !utf8.ValidString(r.nonce) || len(r.scopes) == 0 || !strings.HasPrefix(r.redirectURI, callback) {
			t.Fatalf("parseRequest(%q) takes %+v", query, r)
		}
		want := r.afterSignIn()
		again, err := client.parseRequest(want.query(client.ID).Encode())
		if diff := cmp.Diff(want, again, cmp.AllowUnexported(request{})); err != nil || diff != "" {
			t.Errorf("after a sign-in %q is (-want +got): %v\n%s", query, err, diff)
		}
		checkAnswer(t, r)
	})
}

func checkAnswer(t *testing.T, r request) {
	t.Helper()
	to := r.answer("a-code", "https://sso.example.org/talk")
	rest, registered := strings.CutPrefix(to, r.redirectURI)
	parameters, err := url.ParseQuery(rest[1:])
	if !registered || err != nil || parameters.Get("state") != r.state || parameters.Get("code") != "a-code" || strings.ContainsAny(rest, "+# ") {
		t.Errorf("the answer to %+v is %q, %v", r, to, err)
	}
}
