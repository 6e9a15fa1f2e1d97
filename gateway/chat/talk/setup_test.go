package talk_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/store"
)

const clientSecret = "client-secret-of-coral-and-the-gateway"

// street answers for the gateway and the product by the names that browsers use.
type street struct {
	gateway, product http.Handler
	// meet sees every call to the product, and may answer it.
	meet func(*http.Request) *http.Response
	away bool // the product
}

func (s *street) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == "sso.example.org" && s.gateway != nil {
		return answer(s.gateway, r), nil
	}
	if r.URL.Hostname() == "sso.example.org" || s.away || s.product == nil {
		return nil, errors.New("connection refused")
	}
	if s.meet != nil {
		if met := s.meet(r); met != nil {
			return met, nil
		}
	}
	return answer(s.product, r), nil
}

// setupSite is a site whose Coral can be set up.
type setupSite struct {
	*world
	road  *street
	coral *talktest.Coral
	admin store.Secret
}

// coralSite is a site whose Coral's own login leads here.
func coralSite(profile talk.Profile) talk.Config {
	return with(site(profile), func(c *talk.Config) {
		if profile == talk.CoralOIDC {
			c.Client.Secret = clientSecret
		}
	})
}

// openSetup opens a site and a Coral that has let the site's pages in, and is otherwise as change has it.
func openSetup(t *testing.T, cfg talk.Config, change func(*talktest.CoralConfig)) *setupSite {
	t.Helper()
	road := &street{}
	w := open(t, cfg, chattest.Options{Transport: road})
	coralConfig := talktest.CoralConfig{URL: coralURL, Now: w.Now, Transport: road, AllowedOrigins: []string{newsURL, blogURL}}
	if change != nil {
		change(&coralConfig)
	}
	s := &setupSite{world: w, road: road, coral: newCoral(t, coralConfig)}
	road.gateway, road.product = w.handler, s.coral
	s.admin = s.tokenOf(talktest.RoleAdmin)
	return s
}

// tokenOf is the token of somebody at Coral with a role.
func (s *setupSite) tokenOf(role string) store.Secret {
	s.t.Helper()
	user, err := s.coral.AddUser(talktest.User{Username: "boss", Email: strings.ToLower(role) + "@example.org", Role: role})
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.coral.OwnToken(user.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return store.Secret(token)
}

func (s *setupSite) operated() talk.Operated { return s.connector.(talk.Operated) }

func (s *setupSite) setup(duration time.Duration) *talk.Setup {
	s.t.Helper()
	setup, err := s.operated().Setup(talk.Administrator{Token: s.admin, SessionDuration: duration})
	if err != nil {
		s.t.Fatal(err)
	}
	return setup
}

func (s *setupSite) plan() talk.Plan {
	s.t.Helper()
	plan, err := s.setup(0).Plan(ctx())
	if err != nil {
		s.t.Fatal(err)
	}
	return plan
}

// apply makes what is planned, and returns what was changed.
func (s *setupSite) apply(duration time.Duration) (changed []string, err error) {
	s.t.Helper()
	plan, err := s.setup(duration).Plan(ctx())
	if err != nil {
		return nil, err
	}
	err = s.setup(duration).Apply(ctx(), plan, func(c chat.Change) { changed = append(changed, c.String()) })
	return changed, err
}

func (s *setupSite) undo() (changed []string, err error) {
	s.t.Helper()
	plan, err := s.setup(0).UndoPlan(ctx())
	if err != nil {
		return nil, err
	}
	err = s.setup(0).Undo(ctx(), plan, func(c chat.Change) { changed = append(changed, c.Setting) })
	return changed, err
}

func TestSetupOfOpenIDConnectAppliesAndPutsBackExactly(t *testing.T) { // G6, G28
	s := openSetup(t, coralSite(talk.CoralOIDC), nil)
	before := s.coral.Settings()
	changed, err := s.apply(24 * time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`oidc.name: null -> "chat"`,
		`oidc.clientID: null -> "coral"`,
		`oidc.clientSecret: null -> (a secret)`,
		`oidc.authorizationURL: null -> "https://sso.example.org/talk/oauth/authorize"`,
		`oidc.tokenURL: null -> "https://sso.example.org/talk/oauth/token"`,
		`oidc.jwksURI: null -> "https://sso.example.org/talk/jwks.json"`,
		`oidc.issuer: null -> "https://sso.example.org/talk"`,
		`oidc.allowRegistration: false -> true`,
		`oidc.targetFilter: {"admin":true,"stream":true} -> {"admin":false,"stream":true}`,
		`oidc.enabled: false -> true`,
		`sessionDuration: 7776000 -> 86400`,
	}
	want[0] = strings.Replace(want[0], "chat", s.Title, 1)
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("Apply changes (-want +got):\n%s", diff)
	}
	if _, err := s.coral.Verify(ctx(), s.token(http.MethodGet, s.SignIn(ada())).Token); err != nil {
		t.Errorf("after Apply Coral refuses a token: %v", err)
	}
	if plan := s.plan(); len(plan.Changes)+len(plan.ByHand)+len(plan.Obstacles) > 0 {
		t.Errorf("after Apply there is left %+v", plan)
	}
	if strings.Contains(s.Journal.String(), clientSecret) || strings.Contains(s.Journal.String(), s.admin.Reveal()) {
		t.Error("a secret is in the log")
	}
	back, err := s.undo()
	if err != nil || len(back) != len(want) {
		t.Errorf("Undo = %v, %v, want all %d settings put back", back, err, len(want))
	}
	if diff := cmp.Diff(before, s.coral.Settings()); diff != "" {
		t.Errorf("settings after Undo (-before +after):\n%s", diff)
	}
	if log := s.Journal.String(); strings.Count(log, `"act":"setting_changed"`) != 2*len(want) {
		t.Errorf("the audit log does not tell of %d changes", 2*len(want))
	}
	if _, err := s.undo(); !errors.Is(err, chat.ErrNothingKept) {
		t.Errorf("a second Undo = %v, want ErrNothingKept", err)
	}
}

func TestSetupOfSingleSignOnAppliesAndPutsBackExactly(t *testing.T) {
	cfg := with(site(talk.CoralSSO), func(c *talk.Config) { c.AdminLink = true })
	s := openSetup(t, cfg, func(c *talktest.CoralConfig) {
		c.SSO = &talktest.SSOIntegration{Secrets: map[string]string{"kid-1": ssoSecret}}
	})
	before := s.coral.Settings()
	changed, err := s.apply(0)
	want := []string{
		"sso.allowRegistration: false -> true",
		`sso.targetFilter: {"admin":false,"stream":false} -> {"admin":true,"stream":true}`,
		"sso.enabled: false -> true",
	}
	if diff := cmp.Diff(want, changed); diff != "" || err != nil {
		t.Errorf("Apply changes %v (-want +got):\n%s", err, diff)
	}
	if viewer, err := s.coral.Verify(ctx(), s.token(http.MethodGet, s.SignIn(ada())).Token); err != nil || viewer.Anonymous() {
		t.Errorf("after Apply Coral takes a token for %+v, %v", viewer, err)
	}
	if again, err := s.apply(0); err != nil || len(again) > 0 {
		t.Errorf("a second Apply changes %v, %v, want nothing", again, err)
	}
	if _, err := s.undo(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, s.coral.Settings()); diff != "" {
		t.Errorf("settings after Undo (-before +after):\n%s", diff)
	}
}

func TestSetupKeepsTheFirstOriginals(t *testing.T) {
	s := openSetup(t, coralSite(talk.CoralOIDC), nil)
	before := s.coral.Settings()
	for range 2 {
		if _, err := s.apply(0); err != nil {
			t.Fatal(err)
		}
		s.set(map[string]any{"integrations": map[string]any{"oidc": map[string]any{"issuer": "https://elsewhere.example.org"}}})
	}
	if _, err := s.undo(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, s.coral.Settings()); diff != "" {
		t.Errorf("settings after two Applies and an Undo (-before +after):\n%s", diff)
	}
}

func (s *setupSite) set(patch map[string]any) {
	s.t.Helper()
	if err := s.coral.Set(patch); err != nil {
		s.t.Fatal(err)
	}
}

func TestSetupCallsThePublicHostWhereverItsServerIs(t *testing.T) { // T-C4
	cfg := with(coralSite(talk.CoralOIDC), func(c *talk.Config) { c.API = talk.API{URL: "http://coral.svc:3000", AllowHTTP: true} })
	s := openSetup(t, cfg, nil)
	s.road.meet = func(r *http.Request) *http.Response {
		if r.URL.Host != "coral.svc:3000" || r.Host != "comments.example.org" {
			t.Errorf("a call to %s names the host %s, want the server inside by the public name", r.URL.Host, r.Host)
		}
		return nil
	}
	if _, err := s.apply(0); err != nil {
		t.Error(err)
	}
}

func TestSetupWorksWithAnOldCoral(t *testing.T) { // T-C6
	s := openSetup(t, site(talk.CoralSSO), func(c *talktest.CoralConfig) {
		c.Version, c.SSO = "5.0.0", &talktest.SSOIntegration{Secrets: map[string]string{"kid-1": ssoSecret}}
	})
	before := s.coral.Settings()
	if _, err := s.apply(0); err != nil {
		t.Fatal(err)
	}
	secrets, err := s.setup(0).SigningSecrets(ctx())
	if diff := cmp.Diff([]talk.SigningSecret{{Secret: ssoSecret, Current: true}}, secrets); diff != "" || err != nil {
		t.Errorf("the secrets, %v (-want +got):\n%s", err, diff)
	}
	if _, err := s.undo(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, s.coral.Settings()); diff != "" {
		t.Errorf("settings after Undo (-before +after):\n%s", diff)
	}
}

func TestSetupHasTheSecretsThatAreGoodNow(t *testing.T) {
	s := openSetup(t, site(talk.CoralSSO), func(c *talktest.CoralConfig) {
		c.SSO = &talktest.SSOIntegration{Secrets: map[string]string{"kid-1": ssoSecret}}
	})
	s.coral.RotateSigningSecret(time.Hour)
	made := s.coral.SigningSecrets()[1]
	want := []talk.SigningSecret{{KID: made.KID, Secret: store.Secret(made.Secret), Current: true}, {KID: "kid-1", Secret: ssoSecret}}
	for _, step := range []time.Duration{0, time.Hour} {
		s.Clock.Advance(step)
		if step > 0 {
			want = want[:1]
		}
		got, err := s.setup(0).SigningSecrets(ctx())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("the secrets after %s, %v (-want +got):\n%s", step, err, diff)
		}
	}
}

func TestTalk4HasNoSettings(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	if _, err := w.connector.(talk.Operated).Setup(talk.Administrator{}); !errors.Is(err, talk.ErrNotCoral) {
		t.Errorf("Setup of a Talk 4 = %v, want ErrNotCoral", err)
	}
}
