package talk_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
)

func TestSetupDoesWhatWasAgreedToOrNothing(t *testing.T) {
	s := openSetup(t, coralSite(talk.CoralOIDC), nil)
	nobody := func(c chat.Change) { t.Errorf("it has set %v", c) }
	plan := s.plan()
	meanwhile := func(name string) {
		s.set(map[string]any{"integrations": map[string]any{"oidc": map[string]any{"name": name}}})
	}
	meanwhile("somebody else's") // any name will do, so the plan is another one
	before := s.coral.Settings()
	if err := s.setup(0).Apply(ctx(), plan, nobody); !errors.Is(err, chat.ErrPlanChanged) {
		t.Errorf("Apply of an outdated plan = %v, want ErrPlanChanged", err)
	}
	if diff := cmp.Diff(before, s.coral.Settings()); diff != "" {
		t.Errorf("settings after the refusal (-before +after):\n%s", diff)
	}
	if _, err := s.apply(0); err != nil {
		t.Fatal(err)
	}
	back, err := s.setup(0).UndoPlan(ctx())
	if err != nil {
		t.Fatal(err)
	}
	s.set(map[string]any{"integrations": map[string]any{"oidc": map[string]any{"issuer": "https://elsewhere.example.org"}}})
	if err := s.setup(0).Undo(ctx(), back, nobody); !errors.Is(err, chat.ErrPlanChanged) {
		t.Errorf("Undo of an outdated plan = %v, want ErrPlanChanged", err)
	}
}

func TestSetupNeedsAWordForBothIntegrations(t *testing.T) { // G18
	withSSO := func(c *talktest.CoralConfig) { c.SSO = &talktest.SSOIntegration{Enabled: true} }
	s := openSetup(t, coralSite(talk.CoralOIDC), withSSO)
	plan := s.plan()
	if len(plan.Obstacles) != 1 || !strings.Contains(plan.Obstacles[0], "DUPLICATE_EMAIL") || !strings.Contains(plan.Obstacles[0], "bothIntegrations") {
		t.Errorf("the obstacles are %q, want one that explains DUPLICATE_EMAIL", plan.Obstacles)
	}
	before := s.coral.Settings()
	if _, err := s.apply(0); !errors.Is(err, talk.ErrObstacle) {
		t.Errorf("Apply = %v, want ErrObstacle", err)
	}
	if diff := cmp.Diff(before, s.coral.Settings()); diff != "" {
		t.Errorf("settings after the refusal (-before +after):\n%s", diff)
	}
	meant := openSetup(t, with(coralSite(talk.CoralOIDC), func(c *talk.Config) { c.Both = true }), withSSO)
	if _, err := meant.apply(0); err != nil {
		t.Errorf("Apply with bothIntegrations = %v, want it done", err)
	}
}

func TestSetupTellsWhatIsLeftToDoByHand(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cfg   talk.Config
		coral func(*talktest.CoralConfig)
		after func(*setupSite)
		want  []string
	}{
		{
			name: "pages that no site lets in", cfg: coralSite(talk.CoralOIDC), want: []string{newsURL, "Permitted domains", sessionAdvice},
			coral: func(c *talktest.CoralConfig) { c.AllowedOrigins = []string{blogURL} },
		},
		{
			name: "a Coral that does not trust its proxy (T-C2)", cfg: coralSite(talk.CoralOIDC), want: []string{"TRUST_PROXY", sessionAdvice},
			coral: func(c *talktest.CoralConfig) { c.DistrustsProxy = true },
		},
		{
			name: "another address for Coral's login", want: []string{"client.redirectURIs must have", sessionAdvice},
			cfg: with(coralSite(talk.CoralOIDC), func(c *talk.Config) { c.Client.RedirectURIs = []string{"https://comments.example.org/other"} }),
		},
		{name: "a session of three months (G28)", cfg: coralSite(talk.CoralOIDC), want: []string{"7776000", "--session-duration 86400"}},
		{name: "no login of Coral's own, so no session of its", cfg: site(talk.CoralOIDC)},
		{name: "another secret", cfg: site(talk.CoralSSO), want: []string{"ssoSecrets", "--show-secrets"}},
		{
			name: "a secret that was rotated", cfg: site(talk.CoralSSO), want: []string{"was rotated", "--show-secrets"},
			coral: func(c *talktest.CoralConfig) {
				c.SSO = &talktest.SSOIntegration{Secrets: map[string]string{"kid-1": ssoSecret}}
			},
			after: func(s *setupSite) { s.coral.RotateSigningSecret(time.Hour) },
		},
		{
			name: "the only secret of an old Coral", cfg: site(talk.CoralSSO),
			coral: func(c *talktest.CoralConfig) {
				c.Version, c.SSO = "5.2.0", &talktest.SSOIntegration{Secrets: map[string]string{"kid-1": ssoSecret}}
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openSetup(t, tt.cfg, tt.coral)
			if tt.after != nil {
				tt.after(s)
			}
			told := strings.Join(s.plan().ByHand, "\n")
			if len(tt.want) == 0 && told != "" {
				t.Errorf("by hand: %s, want nothing", told)
			}
			for _, words := range tt.want {
				if !strings.Contains(told, words) {
					t.Errorf("by hand: %q, want %q in it", told, words)
				}
			}
		})
	}
}

const sessionAdvice = "sessionDuration"

func TestSetupSaysWhatCoralRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(*setupSite)
		want   string
	}{
		{"a token that is none", func(s *setupSite) { s.admin = "made.up.token" }, "401 TOKEN_INVALID: the administrator's token is not accepted"},
		{"a moderator's token", func(s *setupSite) { s.admin = s.tokenOf(talktest.RoleModerator) }, "RAW_QUERY_NOT_AUTHORIZED: the token is not an administrator's"},
		{"a Coral that is down", func(s *setupSite) { s.road.away = true }, "coral unavailable: connection refused"},
		{"something else at the address", func(s *setupSite) { s.road.product = http.NotFoundHandler() }, "answers 404 without JSON"},
		{
			"a Coral that nobody has installed here",
			func(s *setupSite) { s.road.product = newCoral(s.t, talktest.CoralConfig{URL: coralURL, Fresh: true}) },
			"TENANT_NOT_FOUND: url must be the address by which Coral was installed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openSetup(t, coralSite(talk.CoralOIDC), nil)
			tt.before(s)
			_, err := s.apply(0)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Apply = %v, want %q in it", err, tt.want)
			}
			if strings.Contains(err.Error(), s.admin.Reveal()) {
				t.Error("the error shows the token")
			}
			if _, err := s.undo(); !errors.Is(err, chat.ErrNothingKept) {
				t.Errorf("Undo after a refusal = %v, want nothing kept", err)
			}
		})
	}
}

func TestSetupForgetsWhatCoralDidNotTake(t *testing.T) {
	s := openSetup(t, coralSite(talk.CoralOIDC), nil)
	s.refuseUpdates(http.StatusBadRequest, `{"errors":[{"extensions":{"code":"INTERNAL"}}]}`)
	if _, err := s.apply(0); err == nil {
		t.Fatal("Apply = nil, want Coral's refusal")
	}
	if _, err := s.undo(); !errors.Is(err, chat.ErrNothingKept) {
		t.Errorf("Undo after a refusal = %v, want nothing kept", err)
	}
	s.refuseUpdates(http.StatusBadGateway, "no")
	if _, err := s.apply(0); err == nil {
		t.Fatal("Apply = nil, want an error")
	}
	s.road.meet = nil
	if changed, err := s.undo(); err != nil || len(changed) > 0 {
		t.Errorf("Undo after nobody knows = %v, %v, want nothing to put back", changed, err)
	}
}

// refuseUpdates has something answer in Coral's place when settings are written.
func (s *setupSite) refuseUpdates(status int, body string) {
	updates := 0
	s.road.meet = func(r *http.Request) *http.Response {
		if updates++; updates != 6 { // Plan reads twice, and so does Apply before it reads once more and writes
			return nil
		}
		recorder := httptest.NewRecorder()
		recorder.WriteHeader(status)
		_, _ = recorder.WriteString(body)
		return recorder.Result()
	}
}

func TestSetupNoticesAValueThatDoesNotStand(t *testing.T) {
	s := openSetup(t, coralSite(talk.CoralOIDC), nil)
	s.refuseUpdates(http.StatusOK, `{"data":{}}`)
	if _, err := s.apply(0); err == nil || !strings.Contains(err.Error(), "still is null") {
		t.Errorf("Apply = %v, want it to see that nothing has changed", err)
	}
}
