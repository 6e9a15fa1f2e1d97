package issuer_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/session"
)

// A verifier of RFC 7636 and its challenge.
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

var challenge = func() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}()

// basic is the client's credentials as RFC 6749, Section 2.3.1, wants them: form-encoded first.
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

func TestACodeBuysAnIDToken(t *testing.T) { // G24
	for _, test := range []struct {
		name    string
		changes []string
		headers []string
	}{
		{"with the secret in the form, as Coral", nil, nil},
		{"with the secret in the header", []string{"client_id", "", "client_secret", ""}, []string{"Authorization", basic(clientID, clientSecret)}},
		{"with the secret in the header and the name in both", []string{"client_secret", ""}, []string{"Authorization", basic(clientID, clientSecret)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, chattest.Options{})
			res := w.redeem(trade(w.code(), test.changes...), test.headers...)
			if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Fatalf("token = %d %v, want 200, no-store and no CORS", res.StatusCode, res.Header)
			}
			got := decode[tokens](t, res)
			if len(got.AccessToken) != 43 || strings.Contains(got.AccessToken, ".") {
				t.Errorf("the access token is %q, want 256 opaque bits", got.AccessToken)
			}
			if _, err := w.config.Keys.Verify(got.IDToken, keyring.Expectation{Issuer: w.config.Issuer, Audience: clientID}); err != nil {
				t.Errorf("the ID token does not verify: %v", err)
			}
			got.AccessToken, got.IDToken = "", ""
			if diff := cmp.Diff(tokens{TokenType: "Bearer", ExpiresIn: 300, Scope: "openid email profile"}, got); diff != "" {
				t.Errorf("the answer (-want +got):\n%s", diff)
			}
			if !w.audited("id_token_issued", "") {
				t.Error("the ID token is not in the audit log")
			}
		})
	}
}

func TestWhatAnIDTokenSays(t *testing.T) { // G25
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	w.Clock.Advance(90*time.Second + 700*time.Millisecond)
	got := claimsOf(t, w.bought(trade(w.codeFor(cookie))).IDToken)
	if jti, _ := got["jti"].(string); len(jti) < 26 {
		t.Errorf("jti = %v, want 128 random bits", got["jti"])
	}
	delete(got, "jti")
	now := float64(w.Now().Unix())
	want := map[string]any{
		"iss": w.BaseURL + "/talk", "aud": clientID, "nonce": "Zk1+bS/4wq5NmIe=", "iat": now, "exp": now + 300,
		"sub": "user-1", "preferred_username": "ada", "email_verified": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestTheTimeOfTheSignInIsToldToWhoAskedAboutIt(t *testing.T) { // OpenID Connect Core 1.0, Section 2
	w := open(t, chattest.Options{})
	began := w.Now().Unix()
	cookie := w.SignIn(ada())
	w.Clock.Advance(time.Minute)
	if got := claimsOf(t, w.bought(trade(w.codeFor(cookie, "max_age", "3600"))).IDToken)["auth_time"]; got != float64(began) {
		t.Errorf("auth_time = %v, want the beginning of the session, %d", got, began)
	}
	earlier := ada()
	earlier.AuthTime = w.Now().Add(-10 * time.Minute)
	cookie = w.SignIn(earlier)
	if got := claimsOf(t, w.bought(trade(w.codeFor(cookie, "max_age", "3600"))).IDToken)["auth_time"]; got != float64(earlier.AuthTime.Unix()) {
		t.Errorf("auth_time = %v, want what the provider said, %d", got, earlier.AuthTime.Unix())
	}
}

func TestScopesThatMeanNothingAreNotGranted(t *testing.T) {
	w := open(t, chattest.Options{})
	if got := w.bought(trade(w.code("scope", "offline_access openid email"))).Scope; got != "openid email" {
		t.Errorf("scope = %q, want those that mean something", got)
	}
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	noClient := []string{"client_id", "", "client_secret", ""}
	for _, test := range []struct {
		name    string
		changes []string
		headers []string
		status  int
		code    string
	}{
		{"a wrong secret", []string{"client_secret", strings.Repeat("x", 32)}, nil, 401, "invalid_client"},
		{"half of the secret", []string{"client_secret", clientSecret[:16]}, nil, 401, "invalid_client"},
		{"no secret", []string{"client_secret", ""}, nil, 401, "invalid_client"},
		{"another client", []string{"client_id", "rocketchat"}, nil, 401, "invalid_client"},
		{"no client", noClient, nil, 401, "invalid_client"},
		{"a wrong secret in the header", noClient, []string{"Authorization", basic(clientID, "x")}, 401, "invalid_client"},
		{"another client in the header", noClient, []string{"Authorization", basic("x", clientSecret)}, 401, "invalid_client"},
		{"a secret in the header that is not form-encoded", noClient, []string{
			"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(clientID+":"+clientSecret)),
		}, 401, "invalid_client"},
		{"a Bearer token", noClient, []string{"Authorization", "Bearer x"}, 401, "invalid_client"},
		{"two headers", noClient, []string{"Authorization", basic(clientID, clientSecret), "Authorization", basic(clientID, clientSecret)}, 401, "invalid_client"},
		{"the secret in the form and in the header", nil, []string{"Authorization", basic(clientID, clientSecret)}, 400, "invalid_request"},
		{"two clients", []string{"client_id", "x", "client_secret", ""}, []string{"Authorization", basic(clientID, clientSecret)}, 400, "invalid_request"},
		{"no grant type", []string{"grant_type", ""}, nil, 400, "invalid_request"},
		{"a refresh token", []string{"grant_type", "refresh_token"}, nil, 400, "unsupported_grant_type"},
		{"a password", []string{"grant_type", "password"}, nil, 400, "unsupported_grant_type"},
		{"the client for itself", []string{"grant_type", "client_credentials"}, nil, 400, "unsupported_grant_type"},
		{"no code", []string{"code", ""}, nil, 400, "invalid_request"},
		{"no redirect_uri", []string{"redirect_uri", ""}, nil, 400, "invalid_request"},
		{"a made-up code", []string{"code", strings.Repeat("A", 43)}, nil, 400, "invalid_grant"},
		{"a code of another shape", []string{"code", strings.Repeat("A", 4<<10)}, nil, 400, "invalid_grant"},
		{"another redirect_uri, registered too", []string{"redirect_uri", callback + "?tenant=a%2Fb"}, nil, 400, "invalid_grant"},
		{"a verifier nobody asked for", []string{"code_verifier", verifier}, nil, 400, "invalid_grant"},
		{"a body too long", []string{"x", strings.Repeat("x", 8<<10)}, nil, 400, "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, chattest.Options{})
			got := w.redeem(trade(w.code(), test.changes...), test.headers...)
			body := decode[refusal](t, got)
			if got.StatusCode != test.status || body.Error != test.code {
				t.Errorf("token = %d %+v, want %d %s", got.StatusCode, body, test.status, test.code)
			}
			if asks := strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Basic "); asks != (test.status == http.StatusUnauthorized) {
				t.Errorf("WWW-Authenticate = %q with %d", got.Header.Get("WWW-Authenticate"), test.status)
			}
			if got.Header.Get("Cache-Control") != "no-store" {
				t.Error("the refusal may be kept")
			}
		})
	}
}

func TestOnlyAFormIsRead(t *testing.T) {
	w := open(t, chattest.Options{})
	form := trade(w.code()).Encode()
	for _, test := range []struct{ name, query, kind, body string }{
		{"JSON", "", "application/json", `{"grant_type":"authorization_code"}`},
		{"no content type", "", "", form},
		{"a form in parts", "", "multipart/form-data; boundary=x", form},
		{"parameters in the address", "?" + form, "application/x-www-form-urlencoded", ""},
		{"a repeated parameter", "", "application/x-www-form-urlencoded", form + "&code=x"},
		{"a broken escape", "", "application/x-www-form-urlencoded", form + "&x=%zz"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, w.BaseURL+"/talk/oauth/token"+test.query, strings.NewReader(test.body))
			if test.kind != "" {
				r.Header.Set("Content-Type", test.kind)
			}
			res := w.send(r)
			if got := decode[refusal](t, res); res.StatusCode != http.StatusBadRequest || got.Error != "invalid_request" {
				t.Errorf("token = %d %+v, want 400 invalid_request", res.StatusCode, got)
			}
		})
	}
}

// TestAFloodLocksOutNobodyWhoBringsSomethingGood: Coral's server is one address for all its readers, and a stranger makes
// it send what they like.
func TestAFloodLocksOutNobodyWhoBringsSomethingGood(t *testing.T) { // S125
	for _, test := range []struct {
		name   string
		send   func(*world) *http.Response
		status int
	}{
		{"codes that Coral was handed by a stranger", func(w *world) *http.Response { return w.redeem(trade("made-up")) }, 400},
		{"wrong secrets", func(w *world) *http.Response { return w.redeem(trade("x", "client_secret", "wrong")) }, 401},
		{"other grants", func(w *world) *http.Response { return w.redeem(trade("x", "grant_type", "password")) }, 400},
		{"forms that cannot be read", func(w *world) *http.Response { return w.redeem(url.Values{"code": {"x", "y"}}) }, 400},
		{"access tokens that open nothing", func(w *world) *http.Response { return w.userinfo("made-up") }, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, chattest.Options{Limits: &limit.Settings{CodesPerAddress: 2}})
			code := w.code()
			for range 2 {
				if res := test.send(w); res.StatusCode != test.status {
					t.Errorf("within the limit = %d, want %d", res.StatusCode, test.status)
				}
			}
			refusals := strings.Count(w.Journal.String(), `"act":"code_refused"`)
			for range 10 {
				if res := test.send(w); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
					t.Errorf("above the limit = %d, want 429 with Retry-After", res.StatusCode)
				}
			}
			log := w.Journal.String()
			if strings.Count(log, `"act":"code_refused"`) != refusals || strings.Count(log, `"reason":"code_address"`) != 1 {
				t.Error("the flood fills the audit log, want one line that it is there")
			}
			access := w.bought(trade(code)).AccessToken
			if res := w.userinfo(access); res.StatusCode != http.StatusOK {
				t.Errorf("userinfo with a good token = %d, want 200", res.StatusCode)
			}
		})
	}
}

func TestWhatIsGoodIsNotCounted(t *testing.T) { // S125
	w := open(t, chattest.Options{Limits: &limit.Settings{CodesPerAddress: 1}})
	for range 5 {
		if res := w.userinfo(w.bought(trade(w.code())).AccessToken); res.StatusCode != http.StatusOK {
			t.Errorf("userinfo = %d, want 200", res.StatusCode)
		}
	}
	if got := w.refused(trade("made-up")); got.Error != "invalid_grant" {
		t.Errorf("the first that is refused = %+v, want invalid_grant", got)
	}
}

func TestClaimsThatAreNoneAreAMistakeOfOurs(t *testing.T) {
	for _, test := range []struct {
		name string
		say  any
	}{
		{"no object", []string{"sub"}},
		{"no subject", claims{Username: "ada"}},
		{"nothing that can be written", func() {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, chattest.Options{})
			code := w.code()
			w.say = func(session.Session) (any, error) { return test.say, nil }
			if got := w.refused(trade(code)); got.Status != http.StatusInternalServerError || got.Error != "server_error" {
				t.Errorf("token = %+v, want 500 server_error", got)
			}
		})
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	w := open(t, chattest.Options{})
	code := w.code()
	got := w.bought(trade(code))
	w.refused(trade(code))
	w.refused(trade("made-up-code", "client_secret", "wrong-secret-of-somebody"))
	w.userinfo("made-up-token")
	for _, secret := range []string{code, got.AccessToken, got.IDToken, clientSecret, "made-up-code", "wrong-secret", "made-up-token", "Zk1+bS/4wq5NmIe="} {
		if strings.Contains(w.Journal.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
