package oidc_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

func TestFinishRefusesCallbacks(t *testing.T) {
	provider := newProvider()
	for _, c := range []struct {
		name string
		edit func(a *oidc.Attempt, callback url.Values)
		want oidc.Reason
	}{
		// S17
		{"state is missing", func(_ *oidc.Attempt, q url.Values) { q.Del("state") }, oidc.ReasonState},
		{"state is empty", func(_ *oidc.Attempt, q url.Values) { q.Set("state", "") }, oidc.ReasonState},
		{"state is empty on both sides", func(a *oidc.Attempt, q url.Values) { a.State = ""; q.Set("state", "") }, oidc.ReasonState},
		{"state is another's", func(_ *oidc.Attempt, q url.Values) { q.Set("state", "AAAAAAAAAAAAAAAAAAAAAAAAAA") }, oidc.ReasonState},
		{"state is truncated", func(_ *oidc.Attempt, q url.Values) { q.Set("state", q.Get("state")[1:]) }, oidc.ReasonState},
		{"state is in another case", func(_ *oidc.Attempt, q url.Values) { q.Set("state", strings.ToLower(q.Get("state"))) }, oidc.ReasonState},
		{"the attempt has no nonce", func(a *oidc.Attempt, _ url.Values) { a.Nonce = "" }, oidc.ReasonState},
		{"the attempt has no verifier", func(a *oidc.Attempt, _ url.Values) { a.Verifier = "" }, oidc.ReasonState},
		{"the attempt is too old", func(a *oidc.Attempt, _ url.Values) { a.Created = a.Created.Add(-oidc.AttemptLifetime - time.Second) }, oidc.ReasonAttemptExpired},
		{"the attempt is from the future", func(a *oidc.Attempt, _ url.Values) { a.Created = a.Created.Add(time.Hour) }, oidc.ReasonAttemptExpired},
		// S23
		{"the login began at another provider", func(a *oidc.Attempt, _ url.Values) { a.Provider = "other" }, oidc.ReasonMixUp},
		{"iss names another issuer", func(_ *oidc.Attempt, q url.Values) { q.Set("iss", "https://evil.example") }, oidc.ReasonCallbackIssuer},
		{"iss is empty", func(_ *oidc.Attempt, q url.Values) { q.Set("iss", "") }, oidc.ReasonCallbackIssuer},
		{"iss is missing though advertised", func(_ *oidc.Attempt, q url.Values) { q.Del("iss") }, oidc.ReasonCallbackIssuer},
		// S12, S24
		{"code is given twice", func(_ *oidc.Attempt, q url.Values) { q.Add("code", "another") }, oidc.ReasonParameters},
		{"state is given twice", func(_ *oidc.Attempt, q url.Values) { q.Add("state", q.Get("state")) }, oidc.ReasonParameters},
		{"an unknown parameter is given twice", func(_ *oidc.Attempt, q url.Values) { q["x"] = []string{"1", "2"} }, oidc.ReasonParameters},
		{"code is missing", func(_ *oidc.Attempt, q url.Values) { q.Del("code") }, oidc.ReasonParameters},
		{"code is huge", func(_ *oidc.Attempt, q url.Values) { q.Set("code", strings.Repeat("c", 5000)) }, oidc.ReasonParameters},
		{"an error with another's state", func(_ *oidc.Attempt, q url.Values) { q.Set("error", "access_denied"); q.Set("state", "x") }, oidc.ReasonState},
		{"an error from another issuer", func(_ *oidc.Attempt, q url.Values) {
			q.Set("error", "access_denied")
			q.Set("iss", "https://evil.example")
		}, oidc.ReasonCallbackIssuer},
		// what the provider refuses
		{"code is unknown", func(_ *oidc.Attempt, q url.Values) { q.Set("code", "unknown") }, oidc.ReasonCode},
		{"the verifier is another's", func(a *oidc.Attempt, _ url.Values) { a.Verifier = strings.Repeat("v", 43) }, oidc.ReasonCode},
		{"the redirect URL is another", func(a *oidc.Attempt, _ url.Values) { a.RedirectURL = "https://sso.example.org/other" }, oidc.ReasonCode},
	} {
		bubble(t, c.name, provider, config(), func(w *world) {
			attempt, callback := w.begin("ada")
			c.edit(&attempt, callback)
			identity, tokens, err := w.rp.Finish(w.t.Context(), attempt, callback)
			wantRefused(w.t, identity, tokens, err, c.want)
		})
	}
}

func TestFinishWithoutAdvertisedCallbackIssuer(t *testing.T) {
	provider := newProvider()
	cfg := config()
	for name, callback := range map[string]func(url.Values){
		"iss is missing and not advertised": func(q url.Values) { q.Del("iss") },
		"iss is right and not advertised":   func(url.Values) {},
	} {
		bubble(t, name, provider, cfg, func(w *world) {
			w.provider.Set(func(f *oidctest.Faults) {
				f.Callback = callback
				f.Discovery = func(d map[string]any) { delete(d, "authorization_response_iss_parameter_supported") }
			})
			time.Sleep(2 * time.Hour) // the document is refreshed
			if _, _, err := w.signIn("ada"); err != nil {
				w.t.Errorf("Finish() = %v, want nil", err)
			}
		})
	}
}

// An error callback carries the code on and nothing else (S24).
func TestFinishDenied(t *testing.T) {
	provider := newProvider()
	for _, c := range []struct {
		name, code, want string
		is               error
	}{
		{"access_denied", "access_denied", "access_denied", oidc.ErrDenied},
		{"login_required", "login_required", "login_required", oidc.ErrDenied},
		{"a code with markup and a line break", "<script>\n", "unknown", oidc.ErrDenied},
		{"an endless code", strings.Repeat("a", 1000), "unknown", oidc.ErrDenied},
		{"an empty code", "", "unknown", oidc.ErrDenied},
		{"server_error", "server_error", "server_error", oidc.ErrProvider},
		{"temporarily_unavailable", "temporarily_unavailable", "temporarily_unavailable", oidc.ErrProvider},
	} {
		bubble(t, c.name, provider, config(), func(w *world) {
			attempt, callback := w.begin("ada")
			callback.Del("code")
			callback.Set("error", c.code)
			callback.Set("error_description", "<b>call this number</b>")
			identity, tokens, err := w.rp.Finish(w.t.Context(), attempt, callback)
			if !errors.Is(err, c.is) || !strings.HasSuffix(err.Error(), ": "+c.want) {
				w.t.Errorf("Finish() = %v, want %v with %q", err, c.is, c.want)
			}
			wantNothing(w.t, identity, tokens)
			var denied *oidc.DeniedError
			if errors.Is(c.is, oidc.ErrDenied) && (!errors.As(err, &denied) || denied.Code != c.want) {
				w.t.Errorf("code = %+v, want %q", denied, c.want)
			}
		})
	}
}

// The provider refuses a code that comes twice, and Finish says so (S25).
func TestFinishTwice(t *testing.T) {
	bubble(t, "the same callback twice", newProvider(), config(), func(w *world) {
		attempt, callback := w.begin("ada")
		if _, _, err := w.rp.Finish(w.t.Context(), attempt, callback); err != nil {
			w.t.Fatal(err)
		}
		identity, tokens, err := w.rp.Finish(w.t.Context(), attempt, callback)
		wantRefused(w.t, identity, tokens, err, oidc.ReasonCode)
	})
}

// Whatever the token endpoint answers, the sign-in ends within the deadline, and the request is made once (S25, S26,
// S129).
func TestFinishWithABadTokenEndpoint(t *testing.T) {
	provider := newProvider()
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
	}{
		{"status 500", oidctest.Status(http.StatusInternalServerError)},
		{"status 429", oidctest.Status(http.StatusTooManyRequests)},
		{"an HTML page", oidctest.HTML()},
		{"JSON called text/plain", oidctest.Text("text/plain", `{"access_token":"a"}`)},
		{"a form", oidctest.Text("application/x-www-form-urlencoded", "access_token=a&id_token=b")},
		{"no JSON", oidctest.JSON("access_token=a")},
		{"an empty answer", oidctest.JSON("")},
		{"no access token", oidctest.JSON("{}")},
		{"access_token given twice", oidctest.JSON(`{"access_token":"a","access_token":"b"}`)},
		{"10 MiB", oidctest.Huge(10 << 20)},
		{"a redirect elsewhere", oidctest.Redirect("https://evil.example/token")},
		{"a redirect within the provider", oidctest.Redirect(issuer + "/token2")},
		{"a slow body", oidctest.Slow(time.Minute)},
	} {
		bubble(t, c.name, provider, config(), func(w *world) {
			attempt, callback := w.begin("ada")
			w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathToken] = c.answer })
			calls, start := w.provider.Calls(oidctest.PathToken), time.Now()
			identity, tokens, err := w.rp.Finish(w.t.Context(), attempt, callback)
			wantProviderError(w.t, err)
			wantNothing(w.t, identity, tokens)
			if took := time.Since(start); took > 10*time.Second {
				w.t.Errorf("Finish took %s, want at most 10s", took)
			}
			if n := w.provider.Calls(oidctest.PathToken) - calls; n != 1 {
				w.t.Errorf("token endpoint was called %d times, want once", n)
			}
			if w.provider.Calls("/token2") != 0 {
				w.t.Error("the code was sent again after a redirect")
			}
		})
	}
}

func TestFinishWhenTheTokenEndpointSaysNo(t *testing.T) {
	provider := newProvider()
	denied := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"invalid_grant", denied(http.StatusBadRequest, `{"error":"invalid_grant","error_description":"code-SECRET"}`), "invalid_grant"},
		{"status 200 with an error", denied(http.StatusOK, `{"error":"invalid_grant","access_token":"SECRET"}`), "invalid_grant"},
		{"status 400 without a word", denied(http.StatusBadRequest, `SECRET`), "unknown"},
		{"an error code that is none", denied(http.StatusBadRequest, `{"error":"a\nSECRET"}`), "unknown"},
	} {
		bubble(t, c.name, provider, config(), func(w *world) {
			w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathToken] = c.answer })
			identity, tokens, err := w.signIn("ada")
			wantRefused(w.t, identity, tokens, err, oidc.ReasonCode)
			if strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), c.want) {
				w.t.Errorf("Finish() = %q, want the code %q and nothing more of the answer", err, c.want)
			}
		})
	}
}

func TestFinishWithAWrongClientSecret(t *testing.T) {
	cfg := config()
	cfg.Client.Secret = "wrong"
	bubble(t, "a wrong client secret", newProvider(), cfg, func(w *world) {
		identity, tokens, err := w.signIn("ada")
		wantRefused(w.t, identity, tokens, err, oidc.ReasonCode)
		if !strings.Contains(err.Error(), "invalid_client") {
			w.t.Errorf("Finish() = %q, want it to say invalid_client", err)
		}
	})
}

// A person who goes away while the provider thinks costs nothing more.
func TestFinishEndsWithItsContext(t *testing.T) {
	bubble(t, "the request is cancelled", newProvider(), config(), func(w *world) {
		attempt, callback := w.begin("ada")
		w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathToken] = oidctest.Slow(time.Minute) })
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, _, err := w.rp.Finish(ctx, attempt, callback)
		wantProviderError(w.t, err)
		if took := time.Since(start); took != time.Second {
			w.t.Errorf("Finish took %s, want 1s", took)
		}
	})
}

// Sign-ins at once never mix (S20).
func TestFinishManyAtOnce(t *testing.T) {
	bubble(t, "two hundred sign-ins at once", newProvider(), config(), func(w *world) {
		var attempts sync.WaitGroup
		for i := range 200 {
			username := []string{"ada", "bob"}[i%2]
			attempts.Go(func() {
				attempt, providerURL, err := w.rp.Begin(w.t.Context(), oidc.LoginRequest{RedirectURL: callbackURL})
				if err != nil {
					w.t.Error(err)
					return
				}
				callback, err := w.provider.SignIn(&http.Client{Transport: w.network}, providerURL, username, username)
				if err != nil {
					w.t.Error(err)
					return
				}
				identity, _, err := w.rp.Finish(w.t.Context(), attempt, callback.Query())
				if err != nil || identity.Subject != "sub-"+username {
					w.t.Errorf("subject = %q, %v, want %q", identity.Subject, err, "sub-"+username)
				}
			})
		}
		attempts.Wait()
	})
}

// Nothing of a sign-in that failed or succeeded is written down (S134).
func TestSecretsStayOutOfLogsAndErrors(t *testing.T) {
	bubble(t, "a sign-in and a failed one", newProvider(), config(), func(w *world) {
		attempt, callback := w.begin("ada")
		_, tokens, err := w.rp.Finish(w.t.Context(), attempt, callback)
		if err != nil {
			w.t.Fatal(err)
		}
		_, _, failure := w.rp.Finish(w.t.Context(), attempt, callback)
		written := w.log.String() + failure.Error()
		for what, value := range map[string]string{
			"state": attempt.State, "nonce": attempt.Nonce, "verifier": attempt.Verifier, "code": callback.Get("code"),
			"access token": tokens.Access.Reveal(), "ID token": tokens.ID.Reveal(), "client secret": secret,
			"e-mail address": "ada@example.org", "name": "Lovelace",
		} {
			if strings.Contains(written, value) {
				w.t.Errorf("the %s was written down", what)
			}
		}
	})
}
