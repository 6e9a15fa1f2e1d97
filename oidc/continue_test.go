package oidc_test

import (
	"net/http"
	"testing"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

// S141: a client secret that is rotated waits for no provider, which may be down at that moment.
func TestContinueNeedsNoProvider(t *testing.T) {
	provider := newProvider()
	for name, change := range map[string]func(*oidc.Config){
		"nothing is new":               func(*oidc.Config) {},
		"the secret is new":            func(c *oidc.Config) { c.Client.Secret = "rotated" },
		"a claim comes from elsewhere": func(c *oidc.Config) { c.Claims.Username = oidc.Path{"nickname"} },
		"more is asked for":            func(c *oidc.Config) { c.Scopes = []string{"openid", "groups"} },
	} {
		bubble(t, name, provider, config(), func(w *world) {
			provider.Set(func(f *oidctest.Faults) {
				f.Answers[oidctest.PathDiscovery] = oidctest.Status(http.StatusBadGateway)
				f.Answers[oidctest.PathJWKS] = oidctest.Status(http.StatusBadGateway)
			})
			cfg := config()
			change(&cfg)
			next := newWorld(w.t, provider, cfg)
			if !next.rp.Continue(w.rp) || next.rp.Ready() != nil {
				t.Fatalf("Continue() left the relying party at %v", next.rp.Ready())
			}
			next.start()
			if err := next.rp.Ready(); err != nil {
				t.Errorf("Ready() after a discovery that failed = %v", err)
			}
			if _, _, err := next.signIn("ada"); name == "nothing is new" && err != nil {
				t.Errorf("a sign-in by the keys that were taken over = %v", err)
			}
		})
	}
}

func TestContinueTakesNothingFromElsewhere(t *testing.T) {
	provider := newProvider()
	for name, change := range map[string]func(*oidc.Config){
		"another issuer":                       func(c *oidc.Config) { c.Issuer = "https://idp.example.org/realms/other" },
		"another address of its document":      func(c *oidc.Config) { c.DiscoveryURL = "https://idp.svc" },
		"algorithms that the provider has not": func(c *oidc.Config) { c.Algorithms = []string{"ES512"} },
	} {
		bubble(t, name, provider, config(), func(w *world) {
			cfg := config()
			change(&cfg)
			next := newWorld(w.t, provider, cfg)
			if next.rp.Continue(w.rp) || next.rp.Ready() == nil {
				t.Error("Continue() took over what is known of another provider")
			}
		})
	}
	bubble(t, "one that knows nothing yet", provider, config(), func(w *world) {
		unknown := newWorld(w.t, provider, config())
		if w.rp.Continue(unknown.rp) || w.rp.Ready() != nil {
			t.Error("Continue() took over from one that has discovered nothing")
		}
	})
}

// S39: whoever brings reloads about does not get more fetches of keys that way.
func TestContinueKeepsTheLimitOnFetchingKeys(t *testing.T) {
	provider := newProvider()
	bubble(t, "an unknown key before and after", provider, config(), func(w *world) {
		strange := func(rp *world) {
			attempt, callback := rp.begin("ada")
			provider.Set(func(f *oidctest.Faults) { f.ForeignKey = true })
			defer provider.Set(func(f *oidctest.Faults) { f.ForeignKey = false })
			if _, _, err := rp.rp.Finish(rp.t.Context(), attempt, callback); err == nil {
				t.Error("a token that a foreign key signed is taken")
			}
		}
		strange(w)
		asked := provider.Calls(oidctest.PathJWKS)
		next := newWorld(w.t, provider, config())
		next.rp.Continue(w.rp)
		strange(next)
		if now := provider.Calls(oidctest.PathJWKS); now != asked {
			t.Errorf("the keys were fetched %d times more", now-asked)
		}
		time.Sleep(time.Minute) // the bubble's clock
		strange(next)
		if now := provider.Calls(oidctest.PathJWKS); now != asked+1 {
			t.Errorf("a minute later the keys were fetched %d times more, want once", now-asked)
		}
	})
}
