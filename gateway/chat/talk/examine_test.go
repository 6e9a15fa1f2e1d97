package talk_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
)

// healthy is a site with nothing wrong, which its Coral was set up for.
func healthy(t *testing.T, profile talk.Profile) *setupSite {
	t.Helper()
	s := openSetup(t, coralSite(profile), func(c *talktest.CoralConfig) {
		c.SSO = &talktest.SSOIntegration{Secrets: map[string]string{"kid-1": ssoSecret}}
	})
	if _, err := s.apply(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *setupSite) examine() []chat.Finding { return s.operated().ExamineAs(ctx(), s.admin) }

func TestExamineFindsNothingWrongInAHealthySite(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.CoralOIDC} {
		s := healthy(t, profile)
		found := s.examine()
		for _, f := range found {
			if !f.OK {
				t.Errorf("%s: %+v, want nothing wrong", profile, f)
			}
		}
		if len(found) < 4 {
			t.Errorf("%s: Examine looks at %d things only", profile, len(found))
		}
	}
}

func integrations(name string, patch map[string]any) func(*setupSite) {
	return func(s *setupSite) { s.set(map[string]any{"integrations": map[string]any{name: patch}}) }
}

func TestExamineNamesTheCause(t *testing.T) { // T-D5, T-D7, T-D11, G6, G17, G18, G28
	for _, tt := range []struct {
		name    string
		profile talk.Profile
		config  func(*talk.Config)
		breaks  func(*setupSite)
		finding string
		minor   bool
		want    []string
	}{
		{name: "an integration that is off (T-D11)", profile: talk.CoralSSO, breaks: integrations("sso", map[string]any{"enabled": false}),
			finding: "settings", want: []string{"sso.enabled must be true (is false)", "TOKEN_INVALID", "chatgate setup talk --chat talk"}},
		{name: "no registration (T-D5)", profile: talk.CoralSSO, breaks: integrations("sso", map[string]any{"allowRegistration": false}),
			finding: "settings", want: []string{"sso.allowRegistration must be true", "nobody new can comment"}},
		{name: "both integrations (T-D7, G18)", profile: talk.CoralOIDC, breaks: integrations("sso", map[string]any{"enabled": true}),
			finding: "integrations", want: []string{"DUPLICATE_EMAIL", "bothIntegrations"}},
		{name: "an issuer with a slash (G6)", profile: talk.CoralOIDC, breaks: integrations("oidc", map[string]any{"issuer": judgedIssuer + "/"}),
			finding: "settings", want: []string{"oidc.issuer must be https://sso.example.org/talk (is \"https://sso.example.org/talk/\")", "byte for byte"}},
		{name: "another client secret", profile: talk.CoralOIDC, breaks: integrations("oidc", map[string]any{"clientSecret": "another secret"}),
			finding: "settings", want: []string{"oidc.clientSecret must be client.secret (is (a secret))"}},
		{name: "sign-in shown nowhere", profile: talk.CoralOIDC, minor: true,
			breaks:  integrations("oidc", map[string]any{"targetFilter": map[string]any{"admin": true, "stream": false}}),
			finding: "where sign-in is shown", want: []string{"admin false, stream true"}},
		{name: "a rotated secret", profile: talk.CoralSSO, breaks: func(s *setupSite) { s.coral.RotateSigningSecret(time.Hour) },
			finding: "secret", want: []string{"was rotated", "--show-secrets"}},
		{name: "a secret that is over", profile: talk.CoralSSO, breaks: func(s *setupSite) { s.coral.RotateSigningSecret(-time.Second) },
			finding: "secret", want: []string{"does not have a secret that Coral takes"}},
		{name: "a long session of Coral's own (G28)", profile: talk.CoralOIDC, minor: true,
			breaks:  func(s *setupSite) { s.set(map[string]any{"sessionDuration": 7776000.0}) },
			finding: "sessionDuration", want: []string{"7776000 seconds", "--session-duration 86400"}},
		{name: "a token of a moderator", profile: talk.CoralOIDC, breaks: func(s *setupSite) { s.admin = s.tokenOf(talktest.RoleModerator) },
			finding: "settings", want: []string{"RAW_QUERY_NOT_AUTHORIZED"}},
		{name: "a page that Coral does not let in", profile: talk.CoralSSO, config: func(c *talk.Config) {
			c.EmbedOrigins = chat.EmbedOrigins{newsURL: {Token: true}, "https://shop.example.org": {}}
		}, finding: "embedding pages", want: []string{"https://shop.example.org", "Permitted domains"}},
		{name: "a Coral that is down", profile: talk.CoralSSO, breaks: func(s *setupSite) { s.road.away = true },
			finding: "reachable", want: []string{"https://comments.example.org does not answer", "api.url"}},
		{name: "a Coral that is not well", profile: talk.CoralSSO, breaks: productAnswers(http.StatusBadGateway, nil),
			finding: "reachable", want: []string{"answers with 502"}},
		{name: "a Coral behind a redirect", profile: talk.CoralSSO, breaks: productAnswers(http.StatusMovedPermanently, nil),
			finding: "reachable", want: []string{"redirect (301)", "api.url must be the address that answers itself"}},
		{name: "a clock that is off (G17)", profile: talk.CoralSSO, minor: true,
			breaks: func(s *setupSite) {
				s.road.meet = func(r *http.Request) *http.Response {
					res := answer(s.coral, r)
					res.Header.Set("Date", s.Now().Add(-6*time.Second).UTC().Format(http.TimeFormat))
					return res
				}
			},
			finding: "clock", want: []string{"Coral's clock is -6s ahead", "time server"}},
		{name: "no gateway at baseURL", profile: talk.CoralSSO, breaks: func(s *setupSite) { s.road.gateway = nil },
			finding: "token address", want: []string{"https://sso.example.org/talk/token does not answer", "baseURL"}},
		{name: "another server at baseURL", profile: talk.CoralSSO, breaks: func(s *setupSite) { s.road.gateway = http.NotFoundHandler() },
			finding: "token address", want: []string{"answers with 404", "baseURL must lead to it"}},
		{name: "a proxy that takes headers away", profile: talk.CoralSSO, breaks: changed(func(h http.Header) { h.Del("Access-Control-Allow-Origin") }),
			finding: "token address", want: []string{"Access-Control-Allow-Origin is []"}},
		{name: "staff without a way in (T-D12)", profile: talk.CoralSSO, minor: true,
			config:  func(c *talk.Config) { c.Roles = map[string]talk.Role{"desk": talk.Moderator, "all": talk.Commenter} },
			finding: "adminLink", want: []string{"adminLink: true"}},
		{name: "a life that outlasts sign-outs (G22)", profile: talk.CoralOIDC, minor: true,
			config:  func(c *talk.Config) { c.TokenLifetime = time.Hour },
			finding: "tokenLifetime", want: []string{"1h0m0s", "15m or less"}},
		{name: "a deleted person by their address (T-D8)", profile: talk.CoralSSO, minor: true,
			config:  func(c *talk.Config) { c.Deleted = map[string]uint{"ada@example.org": 1} },
			finding: "deleted", want: []string{"must be a user id"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := healthy(t, tt.profile)
			if tt.config != nil {
				s.reopen(with(coralSite(tt.profile), tt.config))
				s.road.gateway = s.handler
			}
			if tt.breaks != nil {
				tt.breaks(s)
			}
			var wrong []chat.Finding
			for _, f := range s.examine() {
				if !f.OK {
					wrong = append(wrong, f)
				}
			}
			if len(wrong) != 1 || wrong[0].Name != tt.finding || wrong[0].Minor != tt.minor {
				t.Fatalf("Examine = %+v, want %s alone", wrong, tt.finding)
			}
			for _, words := range tt.want {
				if !strings.Contains(wrong[0].String(), words) {
					t.Errorf("it says %q, want %q in it", wrong[0].String(), words)
				}
			}
		})
	}
}

// productAnswers has something else answer at the product's address.
func productAnswers(status int, header http.Header) func(*setupSite) {
	return func(s *setupSite) {
		s.road.product = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name := range header {
				w.Header().Set(name, header.Get(name))
			}
			w.WriteHeader(status)
		})
	}
}

// changed has a proxy change the headers of the gateway's answers.
func changed(change func(http.Header)) func(*setupSite) {
	return func(s *setupSite) {
		s.road.gateway = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			s.handler.ServeHTTP(recorder, r)
			change(recorder.Header())
			for name, values := range recorder.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(recorder.Body.Bytes())
		})
	}
}

func TestExamineLooksAtATalk4(t *testing.T) {
	s := openSetup(t, site(talk.CoralOIDC), nil)
	talk4 := newTalk4(t, s.world, talktest.Talk4Config{Secret: sharedSecret})
	for _, tt := range []struct {
		name   string
		config func(*talk.Config)
		breaks func()
		want   string
	}{
		{name: "keys that rotate without the plugin (T-D2)", want: "unpack the plugin",
			config: func(c *talk.Config) { c.Keys.RotateEvery = 2160 * time.Hour }},
		{name: "keys that do not", config: func(c *talk.Config) { c.Keys.RotateEvery = 0 }},
		{name: "a Talk that is down", want: "does not answer", breaks: func() { s.road.away = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.config == nil {
				tt.config = func(*talk.Config) {}
			}
			s.reopen(with(site(talk.Talk4), tt.config))
			s.road.gateway, s.road.product = s.handler, talk4
			if tt.breaks != nil {
				tt.breaks()
			}
			var wrong []string
			for _, f := range s.operated().ExamineAs(ctx(), "") {
				if !f.OK {
					wrong = append(wrong, f.String())
				}
			}
			if tt.want == "" && len(wrong) > 0 || tt.want != "" && (len(wrong) != 1 || !strings.Contains(wrong[0], tt.want)) {
				t.Errorf("Examine finds %q, want %q", wrong, tt.want)
			}
		})
	}
}

func TestCheckCostsOneCall(t *testing.T) {
	s := healthy(t, talk.CoralOIDC)
	calls := 0
	s.road.meet = func(*http.Request) *http.Response { calls++; return nil }
	for _, f := range s.connector.(chat.Checker).Check(ctx()) {
		if !f.OK {
			t.Errorf("Check finds %+v", f)
		}
	}
	if calls != 1 {
		t.Errorf("Check costs %d calls, want 1", calls)
	}
}

func TestExamineWithoutATokenAsksForNoSettings(t *testing.T) {
	s := healthy(t, talk.CoralOIDC)
	users := len(s.coral.Users())
	s.road.meet = func(r *http.Request) *http.Response {
		if r.Method != http.MethodOptions || r.Header.Get("Authorization") != "" {
			t.Errorf("Examine calls %s %s", r.Method, r.URL.Path)
		}
		return nil
	}
	for _, f := range s.connector.(chat.Examiner).Examine(ctx()) {
		if !f.OK {
			t.Errorf("Examine finds %+v", f)
		}
	}
	if got := len(s.coral.Users()); got != users {
		t.Errorf("Coral has %d people after the visit, want %d", got, users)
	}
}
