package issuer_test

import (
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/problem"
)

func TestRequestsThatAreRefused(t *testing.T) {
	for _, test := range []struct{ name, query, code, reason string }{
		{"another client", asking("client_id", "rocketchat").Encode(), "sign_in_request_refused", "client_unknown"},
		{"no client", asking("client_id", "").Encode(), "sign_in_request_refused", "client_unknown"},
		{"a client in other letters", asking("client_id", "Coral").Encode(), "sign_in_request_refused", "client_unknown"},
		{"no redirect_uri", asking("redirect_uri", "").Encode(), "redirect_uri_refused", ""},
		{"a token at once", asking("response_type", "token").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"an ID token at once", asking("response_type", "code id_token").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"no response_type", asking("response_type", "").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"an answer by form", asking("response_mode", "form_post").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"an answer in the fragment", asking("response_mode", "fragment").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"a request object", asking("request", "eyJ").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"a request by reference", asking("request_uri", "https://x.example/r").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"a registration", asking("registration", "{}").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"no openid", asking("scope", "email profile").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"no scope", asking("scope", "").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"no nonce (G26)", asking("nonce", "").Encode(), "sign_in_request_refused", "nonce_missing"},
		{"an empty nonce (G26)", asking("nonce", "").Encode() + "&nonce=", "sign_in_request_refused", "nonce_missing"},
		{"a nonce that no token can carry", asking("nonce", "\xff").Encode(), "sign_in_request_refused", "request_malformed"},
		{"a nonce of a page", asking("nonce", strings.Repeat("n", 513)).Encode(), "sign_in_request_refused", "request_malformed"},
		{"a state of more than 4 KiB", asking("state", strings.Repeat("s", 4<<10+1)).Encode(), "sign_in_request_refused", "request_malformed"},
		{"a repeated parameter", asking().Encode() + "&state=2", "sign_in_request_refused", "request_malformed"},
		{"a repeated client", asking().Encode() + "&client_id=coral", "sign_in_request_refused", "request_malformed"},
		{"a repeated parameter that nobody knows", asking().Encode() + "&x=1&x=2", "sign_in_request_refused", "request_malformed"},
		{"a query in two readings", asking().Encode() + ";x=1", "sign_in_request_refused", "request_malformed"},
		{"a broken escape", asking().Encode() + "&x=%zz", "sign_in_request_refused", "request_malformed"},
		{"a plain challenge", asking("code_challenge", challenge, "code_challenge_method", "plain").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"a challenge of the default method, which is plain", asking("code_challenge", challenge).Encode(), "sign_in_request_refused", "request_unsupported"},
		{"a method without a challenge", asking("code_challenge_method", "S256").Encode(), "sign_in_request_refused", "request_malformed"},
		{"a challenge that is no hash", asking("code_challenge", "abc", "code_challenge_method", "S256").Encode(), "sign_in_request_refused", "request_malformed"},
		{"a prompt that nobody knows", asking("prompt", "create").Encode(), "sign_in_request_refused", "request_unsupported"},
		{"a prompt for nothing and something", asking("prompt", "none login").Encode(), "sign_in_request_refused", "request_malformed"},
		{"an age that is no number", asking("max_age", "soon").Encode(), "sign_in_request_refused", "request_malformed"},
		{"an age below nothing", asking("max_age", "-1").Encode(), "sign_in_request_refused", "request_malformed"},
		{"a request that waits no more", "kept=abc", "sign_in_request_refused", "request_malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, chattest.Options{})
			for who, cookie := range map[string]*http.Cookie{"signed in": w.SignIn(ada()), "signed out": nil} {
				res := w.authorize(cookie, test.query)
				if got := res.Header.Get("Location"); res.StatusCode != http.StatusBadRequest || got != "" {
					t.Errorf("%s: authorize = %d to %q, want 400 and no way on (G27)", who, res.StatusCode, got)
				}
				if page := text(res); !strings.Contains(page, "<h1") || !strings.Contains(page, phrases[test.reason]) {
					t.Errorf("%s: the page does not say why: %s", who, page)
				}
			}
			if !strings.Contains(w.Journal.String(), `"code":"`+test.code+`"`) {
				t.Errorf("the log does not name %s:\n%s", test.code, w.Journal)
			}
			if w.audited("code_issued", "") {
				t.Error("there is a code all the same")
			}
		})
	}
}

// phrases are the reasons in English.
var phrases = map[string]string{
	"request_malformed":   "its request cannot be read",
	"request_unsupported": "its request wants something that is not offered here",
	"client_unknown":      "its client id is not the one that is known here",
	"nonce_missing":       "its request lacks something that protects your sign-in",
}

func TestReasonsHaveTheirWords(t *testing.T) {
	for code, phrase := range phrases {
		chattest.CheckReason(t, problem.Reason{Code: code, Phrase: phrase})
	}
}

func TestARedirectURIIsTakenToTheByteAlone(t *testing.T) { // G23
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	if got := location(t, w.authorize(cookie, asking("redirect_uri", callback+"?tenant=a%2Fb").Encode())); !strings.HasPrefix(
		got.String(), callback+"?tenant=a%2Fb&code=") {
		t.Errorf("a registered address with a query gets its answer as %q, want it after the query", got)
	}
	for _, uri := range []string{
		callback + "/", callback + "?", callback + "?x=1", callback + "#", callback + "?tenant=a/b",
		"http://comments.example.org/api/auth/oidc/callback", "https://comments.example.org:443/api/auth/oidc/callback",
		"https://COMMENTS.example.org/api/auth/oidc/callback", "https://comments.example.org/api/auth/oidc/Callback",
		"https://comments.example.org/api/auth/oidc/../oidc/callback", "https://comments.example.org/api%2Fauth/oidc/callback",
		"https://comments.example.org.evil.example/api/auth/oidc/callback", "https://comments.example.org@evil.example/api/auth/oidc/callback",
		"https://evil.example/?" + callback, "//comments.example.org/api/auth/oidc/callback", "javascript:alert(1)", " " + callback,
		callback + "\x00", callback[:len(callback)-1],
	} {
		res := w.authorize(cookie, asking("redirect_uri", uri).Encode())
		page := text(res)
		if got := res.Header.Get("Location"); res.StatusCode != http.StatusBadRequest || got != "" {
			t.Errorf("redirect_uri %q: %d to %q, want 400 and no way on", uri, res.StatusCode, got)
		}
		if !strings.Contains(page, callback) || strings.Contains(page, "evil.example") {
			t.Errorf("redirect_uri %q: the page is %s, want the registered address and not the one that came", uri, page)
		}
	}
	if log := w.Journal.String(); !strings.Contains(log, "set TRUST_PROXY") || !strings.Contains(log, `got \"http://comments.example.org/`) {
		t.Errorf("the log does not explain http in place of https:\n%s", log)
	}
}
