package oidc_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

// edited discovery documents, refused or not.
func document(name string, value any) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) {
		f.Discovery = func(d map[string]any) {
			if delete(d, name); value != nil {
				d[name] = value
			}
		}
	}
}

func TestDiscoveryRefuses(t *testing.T) {
	provider := newProvider()
	answers := func(path string, h http.HandlerFunc) func(f *oidctest.Faults) {
		return func(f *oidctest.Faults) { f.Answers[path] = h }
	}
	for _, c := range []struct {
		name   string
		faults func(f *oidctest.Faults)
		want   string // in the error
	}{
		{"oidcc-client-test-discovery-issuer-mismatch", document("issuer", "https://evil.example"), "configured is"},
		{"an issuer with a trailing slash", document("issuer", issuer+"/"), "configured is"}, // S42
		{"no issuer", document("issuer", nil), "configured is"},
		// S130
		{"a token endpoint over http", document("token_endpoint", "http://idp.example.org/token"), "token_endpoint: must be https"},
		{"keys on this machine", document("jwks_uri", "https://localhost/jwks"), "jwks_uri: must not point into this machine"},
		{"keys on this machine by address", document("jwks_uri", "https://[::ffff:127.0.0.1]/jwks"), "jwks_uri: must not point into this machine"},
		{"userinfo at the metadata service", document("userinfo_endpoint", "https://169.254.169.254/latest"), "userinfo_endpoint: must not point"},
		{"sign-out at no address in particular", document("end_session_endpoint", "https://0.0.0.0/"), "end_session_endpoint: must not point"},
		{"revocation at the metadata service", document("revocation_endpoint", "https://169.254.169.254/"), "revocation_endpoint: must not point"},
		{"revocation over http", document("revocation_endpoint", "http://idp.example.org/revoke"), "revocation_endpoint: must be https"},
		{"an authorization endpoint that is a script", document("authorization_endpoint", "javascript:alert(1)"), "authorization_endpoint: must be an absolute URL"},
		{"an authorization endpoint with a fragment", document("authorization_endpoint", "https://idp.example.org/#x"), "authorization_endpoint: must be an absolute URL"},
		{"a token endpoint with credentials", document("token_endpoint", "https://a:b@idp.example.org/"), "token_endpoint: must be an absolute URL"},
		{"no token endpoint", document("token_endpoint", nil), "token_endpoint: must be an absolute URL"},
		// S35
		{"only other algorithms", document("id_token_signing_alg_values_supported", []string{"HS256", "ES384"}), "ID tokens are signed with"},
		{"only other client authentication", document("token_endpoint_auth_methods_supported", []string{"private_key_jwt"}), "token endpoint takes"},
		// S26, S48, S129, S131
		{"status 503", answers(oidctest.PathDiscovery, oidctest.Status(http.StatusServiceUnavailable)), "HTTP status 503"},
		{"status 404", answers(oidctest.PathDiscovery, oidctest.Status(http.StatusNotFound)), "HTTP status 404"},
		{"an HTML page", answers(oidctest.PathDiscovery, oidctest.HTML()), "not a JSON object"},
		{"a huge document", answers(oidctest.PathDiscovery, oidctest.Huge(2<<20)), "larger than"},
		{"a redirect elsewhere", answers(oidctest.PathDiscovery, oidctest.Redirect("https://evil.example/")), "another origin"},
		{"a redirect in a circle", answers(oidctest.PathDiscovery, oidctest.Redirect(issuer+oidctest.PathDiscovery)), "too many"},
		{"an issuer given twice", answers(oidctest.PathDiscovery, oidctest.JSON(`{"issuer":"`+issuer+`","Issuer":"x"}`)), "given twice"},
		{"an issuer that is a number", document("issuer", 7), "read discovery document"},
		{"keys that are no JSON", answers(oidctest.PathJWKS, oidctest.HTML()), "fetch keys"},
		{"keys that are not there", answers(oidctest.PathJWKS, oidctest.Status(http.StatusNotFound)), "fetch keys"},
		{"no keys", answers(oidctest.PathJWKS, oidctest.JSON(`{"keys":[]}`)), "no public signing key"},
		{"symmetric keys only", answers(oidctest.PathJWKS, oidctest.JSON(`{"keys":[{"kty":"oct","k":"AAAA"}]}`)), "no public signing key"},
		{"keys of no list", answers(oidctest.PathJWKS, oidctest.JSON(`{"keys":{}}`)), "read keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider.Set(func(f *oidctest.Faults) { *f = oidctest.Faults{Answers: map[string]http.HandlerFunc{}} })
				provider.Set(c.faults)
				w := newWorld(t, provider, config())
				w.start()
				err := w.rp.Ready()
				if !errors.Is(err, oidc.ErrNotReady) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("Ready() = %v, want ErrNotReady with %q", err, c.want)
				}
				if _, ok := w.rp.Metadata(); ok {
					t.Error("there is metadata of a provider that was refused")
				}
			})
		})
	}
}

func TestDiscoveryAccepts(t *testing.T) {
	provider := newProvider()
	for _, c := range []struct {
		name   string
		faults func(f *oidctest.Faults)
		log    string
	}{
		{"endpoints on another host", document("end_session_endpoint", "https://logout.example.org/"), ""},
		{"endpoints in a private network", document("end_session_endpoint", "https://10.1.2.3/"), ""},
		{"no list of algorithms", document("id_token_signing_alg_values_supported", nil), ""},
		{"no list of client authentications", document("token_endpoint_auth_methods_supported", nil), ""},
		{"only client_secret_post", document("token_endpoint_auth_methods_supported", []string{"client_secret_post"}), ""},
		{"no userinfo endpoint", document("userinfo_endpoint", nil), ""},
		{"PKCE that is not advertised", document("code_challenge_methods_supported", nil), ""},
		{"PKCE without S256, with a warning", document("code_challenge_methods_supported", []string{"plain"}), "PKCE with S256"}, // S22
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider.Set(func(f *oidctest.Faults) { *f = oidctest.Faults{Answers: map[string]http.HandlerFunc{}} })
				provider.Set(c.faults)
				w := newWorld(t, provider, config())
				w.start()
				if _, _, err := w.signIn("ada"); err != nil {
					t.Errorf("Finish() = %v, want nil", err)
				}
				if !strings.Contains(w.log.String(), c.log) || c.log == "" && strings.Contains(w.log.String(), "WARN") {
					t.Errorf("log = %s, want a warning with %q", w.log, c.log)
				}
			})
		})
	}
}

// The gateway starts while the provider is down and recovers by itself (D26); what was good stays.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := newProvider()
		down := func(f *oidctest.Faults) { f.Answers[oidctest.PathDiscovery] = oidctest.Status(http.StatusBadGateway) }
		provider.Set(down)
		w := newWorld(t, provider, config())
		if err := w.rp.Ready(); !errors.Is(err, oidc.ErrNotReady) {
			t.Errorf("Ready() before Run = %v, want ErrNotReady", err)
		}
		w.start()
		time.Sleep(10 * time.Minute)
		if n := provider.Calls(oidctest.PathDiscovery); n < 12 || n > 30 {
			t.Errorf("%d tries in ten minutes, want one to two a minute after the first", n)
		}
		if err := w.rp.Ready(); !errors.Is(err, oidc.ErrNotReady) || !errors.Is(err, oidc.ErrProvider) {
			t.Errorf("Ready() = %v, want ErrNotReady with the provider's failure", err)
		}

		provider.Set(func(f *oidctest.Faults) { delete(f.Answers, oidctest.PathDiscovery) })
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := w.rp.Ready(); err != nil {
			t.Errorf("Ready() a minute after the provider came back = %v, want nil", err)
		}

		provider.Set(down)
		time.Sleep(3 * time.Hour)
		if _, _, err := w.signIn("ada"); err != nil {
			t.Errorf("Finish() with the last good document = %v, want nil", err)
		}
	})
}

func TestRunRefreshesAboutHourly(t *testing.T) {
	bubble(t, "a day", newProvider(), config(), func(w *world) {
		before := w.provider.Calls(oidctest.PathDiscovery)
		w.provider.Set(document("end_session_endpoint", "https://idp.example.org/elsewhere"))
		time.Sleep(24 * time.Hour)
		if n := w.provider.Calls(oidctest.PathDiscovery) - before; n < 24 || n > 48 {
			w.t.Errorf("%d refreshes in a day, want one or two an hour", n)
		}
		if m, _ := w.rp.Metadata(); m.EndSessionEndpoint != "https://idp.example.org/elsewhere" {
			w.t.Errorf("end_session_endpoint = %q, want the new one", m.EndSessionEndpoint)
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newProvider(), config())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.rp.Run(ctx); err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
		if w.log.String() != "" {
			t.Errorf("log = %s, want nothing about a shutdown", w.log)
		}
	})
}

// The back channel goes to discoveryURL's origin, browsers go to the issuer's.
func TestDiscoveryURL(t *testing.T) {
	provider := newProvider()
	for _, c := range []struct{ name, discoveryURL string }{
		{"an origin", "https://idp.svc:8443"},
		{"an origin with the issuer's path", "https://idp.svc:8443/realms/corp/"},
		{"the document itself", "https://idp.svc:8443/realms/corp/.well-known/openid-configuration"},
	} {
		cfg := config()
		cfg.DiscoveryURL = c.discoveryURL
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider.Set(func(f *oidctest.Faults) { *f = oidctest.Faults{LeanIDToken: true} })
				w := newWorld(t, provider, cfg)
				called := map[string]string{}
				w.rp = recording(t, cfg, w.network, called)
				w.start()
				attempt, providerURL, err := w.rp.Begin(t.Context(), oidc.LoginRequest{RedirectURL: callbackURL})
				if err != nil || !strings.HasPrefix(providerURL, issuer+"/authorize?") {
					t.Fatalf("Begin() = %q, %v, want the issuer's own address", providerURL, err)
				}
				callback, err := provider.SignIn(w.browser, providerURL, "ada", "ada")
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := w.rp.Finish(t.Context(), attempt, callback.Query()); err != nil {
					t.Fatalf("Finish() = %v, want nil", err)
				}
				for _, path := range []string{oidctest.PathDiscovery, oidctest.PathToken, oidctest.PathJWKS, oidctest.PathUserinfo} {
					if got := called["/realms/corp"+path]; got != "idp.svc:8443" {
						t.Errorf("%s was called at %q, want idp.svc:8443", path, got)
					}
				}
			})
		})
	}
}

// roundTripper is a function as a transport.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// recording is a relying party that notes at which host it called each path.
func recording(t *testing.T, cfg oidc.Config, network http.RoundTripper, called map[string]string) *oidc.RelyingParty {
	t.Helper()
	rp, err := oidc.New(cfg, oidc.Env{Provider: "corp", Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		called[r.URL.Path] = r.URL.Host
		return network.RoundTrip(r)
	})})
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

// In development the provider may live on loopback without TLS (S128).
func TestDevelopment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := oidctest.New(oidctest.Config{
			Issuer:  "http://idp.localhost:5556",
			Clients: []oidctest.Client{{ID: "chatgate", Secret: secret, RedirectURIs: []string{callbackURL}}},
			Users:   []oidctest.User{{Username: "ada", Password: "ada", Subject: "sub-ada"}},
		})
		network := oidctest.Network(t, map[string]http.Handler{"idp.localhost": provider})
		cfg := config()
		cfg.Issuer = "http://idp.localhost:5556"
		rp, err := oidc.New(cfg, oidc.Env{Provider: "corp", Transport: network, Development: true})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, provider: provider, rp: rp, browser: &http.Client{Transport: network}}
		w.start()
		if _, _, err := w.signIn("ada"); err != nil {
			t.Errorf("Finish() = %v, want nil", err)
		}
		provider.Set(document("token_endpoint", "http://idp.example.org/token"))
		time.Sleep(2 * time.Hour)
		if m, _ := rp.Metadata(); m.TokenEndpoint != "http://idp.localhost:5556/token" {
			t.Errorf("token_endpoint = %q, want the former one: http is for loopback alone", m.TokenEndpoint)
		}
	})
}

func TestMetadata(t *testing.T) {
	bubble(t, "what the provider says about itself", newProvider(), config(), func(w *world) {
		m, ok := w.rp.Metadata()
		end, err := url.Parse(m.EndSessionEndpoint)
		if !ok || err != nil || m.Issuer != issuer || end.Path != "/realms/corp/end_session" || !m.CallbackIssuer {
			w.t.Errorf("Metadata() = %+v, %v", m, ok)
		}
	})
}
