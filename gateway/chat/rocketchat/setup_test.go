package rocketchat_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// street answers for the gateway and the chat by the names that browsers use.
type street struct {
	w    *world
	base http.RoundTripper
	// away says that nobody answers for the gateway.
	away bool
}

func (s *street) over(base http.RoundTripper) { s.base = base }

func (s *street) RoundTrip(r *http.Request) (*http.Response, error) {
	var handler http.Handler
	switch r.URL.Hostname() {
	case "sso.example.org":
		handler = s.w.handler
	case "chat.example.org":
		handler = s.w.server
	default:
		return s.base.RoundTrip(r)
	}
	if s.away {
		return nil, errors.New("connection refused")
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// setupWorld is a workspace whose browsers reach the gateway.
func setupWorld(t *testing.T, s settings) (*world, *street) {
	t.Helper()
	road := &street{}
	s.transport = road
	w := newWorld(t, s)
	road.w = w
	return w, road
}

func (w *world) setup() *rocketchat.Setup { return w.connector.(rocketchat.Operated).Setup() }

// apply runs Apply and returns the settings that were changed, in order.
func (w *world) apply() (changed []string, err error) {
	w.t.Helper()
	plan, err := w.setup().Plan(w.t.Context())
	if err != nil {
		return nil, err
	}
	err = w.setup().Apply(w.t.Context(), plan, func(c chat.Change) { changed = append(changed, c.Setting) })
	return changed, err
}

func (w *world) undo() (changed []string, err error) {
	w.t.Helper()
	plan, err := w.setup().UndoPlan(w.t.Context())
	if err != nil {
		return nil, err
	}
	err = w.setup().Undo(w.t.Context(), plan, func(c chat.Change) { changed = append(changed, c.Setting) })
	return changed, err
}

// everySetting is the workspace as its service account sees it.
func (w *world) everySetting() map[string]string {
	w.t.Helper()
	values := map[string]string{}
	for _, id := range []string{
		"Accounts_iframe_enabled", "Accounts_iframe_url", "Accounts_Iframe_api_url", "Accounts_Iframe_api_method",
		"Iframe_Integration_receive_enable", "Iframe_Integration_receive_origin", "Iframe_Integration_send_enable",
		"Iframe_Integration_send_target_origin", "Iframe_Restrict_Access",
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/settings/"+id, http.NoBody)
		r.Header.Set("X-User-Id", w.config.API.UserID)
		r.Header.Set("X-Auth-Token", w.config.API.Token.Reveal())
		recorder := httptest.NewRecorder()
		w.server.ServeHTTP(recorder, r)
		var answer struct{ Value json.RawMessage }
		w.must(json.Unmarshal(recorder.Body.Bytes(), &answer))
		values[id] = string(answer.Value)
	}
	return values
}

const (
	frameURL = `"https://sso.example.org/rocketchat/frame"`
	tokenURL = `"https://sso.example.org/rocketchat/token"`
)

var formerIframe = rocketchattest.Iframe{URL: "https://old.example.org/in", APIURL: "", APIMethod: "PUT"}

func TestSetupAppliesAndPutsBackExactly(t *testing.T) { // R32, R33
	w, _ := setupWorld(t, settings{server: func(c *rocketchattest.Config) {
		c.Iframe, c.FrameAncestors = formerIframe, []string{blogURL, portalURL}
	}})
	original := w.everySetting()

	changed, err := w.apply()
	w.must(err)
	want := []string{
		"Iframe_Integration_receive_origin", "Iframe_Integration_receive_enable",
		"Iframe_Integration_send_target_origin", "Iframe_Integration_send_enable", "Iframe_Restrict_Access",
		"Accounts_iframe_url", "Accounts_Iframe_api_url", "Accounts_Iframe_api_method", "Accounts_iframe_enabled",
	}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("Apply changes other settings or in another order (-want +got):\n%s", diff)
	}
	wantNow := map[string]string{
		"Accounts_iframe_enabled": "true", "Accounts_iframe_url": frameURL, "Accounts_Iframe_api_url": tokenURL,
		"Accounts_Iframe_api_method": `"POST"`, "Iframe_Integration_receive_enable": "true",
		"Iframe_Integration_receive_origin": `"` + portalURL + `"`, "Iframe_Integration_send_enable": "true",
		"Iframe_Integration_send_target_origin": `"` + portalURL + `"`, "Iframe_Restrict_Access": "false",
	}
	if diff := cmp.Diff(wantNow, w.everySetting()); diff != "" {
		t.Errorf("settings after Apply (-want +got):\n%s", diff)
	}
	for _, f := range w.connector.(chat.Examiner).Examine(t.Context()) {
		if !f.OK {
			t.Errorf("after Apply, Examine finds %+v", f)
		}
	}
	if again, err := w.apply(); err != nil || len(again) > 0 {
		t.Errorf("a second Apply changes %v, %v, want nothing", again, err)
	}

	back, err := w.undo()
	w.must(err)
	if len(back) == 0 || back[0] != "Accounts_iframe_enabled" {
		t.Errorf("Undo goes in the order %v, want the login page first", back)
	}
	if diff := cmp.Diff(original, w.everySetting()); diff != "" {
		t.Errorf("settings after Undo (-before +after):\n%s", diff)
	}
	if _, err := w.undo(); !errors.Is(err, chat.ErrNothingKept) {
		t.Errorf("a second Undo = %v, want ErrNothingKept", err)
	}
	if log := w.env.Journal.String(); strings.Count(log, `"act":"setting_changed"`) != len(changed)+len(back) ||
		!strings.Contains(log, `"actor":"operator"`) {
		t.Errorf("the audit log does not tell of %d changes by the operator:\n%s", len(changed)+len(back), log)
	}
}

func TestSetupKeepsTheFirstOriginals(t *testing.T) {
	w, _ := setupWorld(t, settings{server: func(c *rocketchattest.Config) { c.Iframe = formerIframe }, config: noEmbedders})
	original := w.everySetting()
	_, err := w.apply()
	w.must(err)
	w.server.SetSetting("Accounts_iframe_url", "https://elsewhere.example.org/")
	_, err = w.apply()
	w.must(err)
	_, err = w.undo()
	w.must(err)
	if diff := cmp.Diff(original, w.everySetting()); diff != "" {
		t.Errorf("settings after two Applies and an Undo (-before +after):\n%s", diff)
	}
}

func noEmbedders(c *rocketchat.Config) { c.EmbedOrigins = nil }

func TestSetupGoesOnWhereItStopped(t *testing.T) {
	w, _ := setupWorld(t, settings{server: func(c *rocketchattest.Config) { c.Iframe = formerIframe }, config: noEmbedders})
	original := w.everySetting()
	steps := 0
	plan, err := w.setup().Plan(t.Context())
	w.must(err)
	err = w.setup().Apply(t.Context(), plan, func(chat.Change) {
		if steps++; steps == 2 {
			w.server.SetFaults(rocketchattest.Faults{Status: map[string]int{"settings/:_id": http.StatusBadGateway}})
		}
	})
	unfinished, ok := errors.AsType[*rocketchat.UnfinishedError](err)
	if !ok || len(unfinished.Done) != 2 || unfinished.Locked {
		t.Fatalf("Apply = %v, want an UnfinishedError after two settings that locks nobody out", err)
	}
	for _, words := range []string{"Accounts_iframe_url, Accounts_Iframe_api_url", "Accounts_iframe_enabled was not touched", "run the same command again"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("the error %q does not say %q", err, words)
		}
	}
	w.server.SetFaults(rocketchattest.Faults{})
	changed, err := w.apply()
	w.must(err)
	if diff := cmp.Diff([]string{"Accounts_Iframe_api_method", "Accounts_iframe_enabled"}, changed); diff != "" {
		t.Errorf("the second Apply (-want +got):\n%s", diff)
	}
	_, err = w.undo()
	w.must(err)
	if diff := cmp.Diff(original, w.everySetting()); diff != "" {
		t.Errorf("settings after Undo (-before +after):\n%s", diff)
	}
}

func TestSetupSaysWhyASettingIsNotSet(t *testing.T) { // R27, R31, R33
	tests := []struct {
		name   string
		server func(*rocketchattest.Config)
		before func(w *world)
		want   []string
	}{
		{
			name: "a variable that wins",
			server: func(c *rocketchattest.Config) {
				c.Overwritten = map[string]any{"Accounts_iframe_url": "https://old.example.org/"}
			},
			want: []string{"OVERWRITE_SETTING_Accounts_iframe_url", `"https://old.example.org/"`, "restart", "nothing was changed", "was not touched"},
		},
		{
			name:   "the way back, still in force",
			server: func(c *rocketchattest.Config) { c.Overwritten = map[string]any{"Accounts_iframe_enabled": false} },
			want:   []string{"OVERWRITE_SETTING_Accounts_iframe_enabled"},
		},
		{
			name:   "no permission to set",
			before: func(w *world) { w.server.Deny("admin", "edit-privileged-setting") },
			want:   []string{"edit-privileged-setting", "nothing was changed"},
		},
		{
			name:   "no permission to read back",
			before: func(w *world) { w.server.Deny("admin", "view-privileged-setting") },
			want:   []string{"view-privileged-setting"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := setupWorld(t, settings{config: noEmbedders, server: tt.server})
			if tt.before != nil {
				tt.before(w)
			}
			_, err := w.apply()
			if err == nil {
				t.Fatal("Apply = nil, want an error")
			}
			for _, words := range tt.want {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("Apply = %q, want %q in it", err, words)
				}
			}
		})
	}
}

func TestSetupAsksForATokenThatIgnoresTwoFactors(t *testing.T) { // R27
	w, _ := setupWorld(t, settings{config: noEmbedders})
	w.config.API.Token = secretOf(w.server.AddPAT(w.config.API.UserID, false))
	w.connector = w.env.Replica().Open(&w.config)
	if _, err := w.apply(); err == nil || !strings.Contains(err.Error(), "Ignore Two Factor Authentication") {
		t.Errorf("Apply = %v, want advice on the token", err)
	}
	if _, err := w.undo(); !errors.Is(err, chat.ErrNothingKept) {
		t.Errorf("Undo after a refusal = %v, want nothing kept", err)
	}
}

func TestSetupTellsWhatKeepsPeopleOut(t *testing.T) {
	w, road := setupWorld(t, settings{config: noEmbedders})
	if found := w.setup().Obstacles(t.Context()); len(found) > 0 {
		t.Fatalf("Obstacles = %+v in a healthy installation", found)
	}
	road.away = true
	var names []string
	for _, f := range w.setup().Obstacles(t.Context()) {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"token address", "preflight", "frame address"}, names); diff != "" {
		t.Errorf("Obstacles without a gateway (-want +got):\n%s", diff)
	}
}

func TestSetupLeavesRestrictAccessOnWithoutAPolicy(t *testing.T) {
	for name, ancestors := range map[string][]string{
		"no policy": nil, "a policy for every page": {"*"}, "a policy for every page by https": {"https:"}, "every host": {"https://*"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := setupWorld(t, settings{server: func(c *rocketchattest.Config) { c.FrameAncestors = ancestors }})
			plan, err := w.setup().Plan(t.Context())
			w.must(err)
			for _, change := range plan.Changes {
				if change.Setting == "Iframe_Restrict_Access" {
					t.Error("the plan lets every page frame the chat")
				}
			}
			if len(plan.ByHand) != 1 || !strings.Contains(plan.ByHand[0], "frame-ancestors 'self' https://") {
				t.Errorf("the plan leaves %q to be done by hand, want the policy", plan.ByHand)
			}
		})
	}
}

// TestSetupLeavesTheChoiceOfOnePageToTheOperator: Rocket.Chat tells one page alone of sign-ins and sign-outs.
func TestSetupLeavesTheChoiceOfOnePageToTheOperator(t *testing.T) {
	w, _ := setupWorld(t, settings{
		server: func(c *rocketchattest.Config) { c.FrameAncestors = []string{blogURL, portalURL} },
		config: func(c *rocketchat.Config) {
			c.EmbedOrigins = chat.EmbedOrigins{portalURL: {Token: true}, blogURL: {Token: true}}
		},
	})
	plan, err := w.setup().Plan(t.Context())
	w.must(err)
	if len(plan.ByHand) != 1 || !strings.Contains(plan.ByHand[0], "Iframe_Integration_send_target_origin") {
		t.Errorf("the plan leaves %q to be done by hand, want the choice of one page, once", plan.ByHand)
	}
	for _, change := range plan.Changes {
		if strings.Contains(change.Setting, "send") {
			t.Errorf("the plan chooses by itself: %s", change)
		}
	}
	w.server.SetSetting("Iframe_Integration_send_enable", true)
	w.server.SetSetting("Iframe_Integration_send_target_origin", portalURL)
	if plan, err = w.setup().Plan(t.Context()); err != nil || len(plan.ByHand) > 0 {
		t.Errorf("Plan = %q, %v once the operator has chosen, want nothing by hand", plan.ByHand, err)
	}
}
