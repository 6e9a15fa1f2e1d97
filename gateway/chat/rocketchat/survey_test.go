package rocketchat_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func surveyOf(t *testing.T, h http.Handler) (rocketchat.Release, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return rocketchat.SurveyWorkspace(t.Context(), chat.Origin(server.URL), &http.Transport{DisableKeepAlives: true})
}

func TestASurveyTellsTheReleaseAndItsVariable(t *testing.T) { // R25, R26
	for _, c := range []struct {
		version, release, variable string
		secret, unsound            bool
	}{
		{"6.13.1", "6.13", "CREATE_TOKENS_FOR_USERS", false, false},
		{"7.9.3", "7.9", "CREATE_TOKENS_FOR_USERS", false, true},
		{"7.13.0", "7.13", "CREATE_TOKENS_FOR_USERS", false, false},
		{"8.0.0", "8.0", "CREATE_TOKENS_FOR_USERS_SECRET", true, false},
		{"8.8.1", "8.8", "CREATE_TOKENS_FOR_USERS_SECRET", true, false},
	} {
		release, err := surveyOf(t, rocketchattest.New(rocketchattest.Config{Version: c.version}))
		variable, secret := release.TokenVariable()
		if err != nil || release.String() != c.release || release.Unsound() != c.unsound || variable != c.variable || secret != c.secret {
			t.Errorf("%s: SurveyWorkspace() = %s, %v, unsound %t, variable %s, secret %t", c.version, release, err, release.Unsound(), variable, secret)
		}
		if parsed, ok := rocketchat.ParseRelease(c.version); !ok || parsed != release {
			t.Errorf("ParseRelease(%q) = %s, %t", c.version, parsed, ok)
		}
	}
}

func TestASurveyThatFindsNoWorkspaceTakesTheNewest(t *testing.T) { // S91, S129, S131
	text := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	for _, c := range []struct {
		name   string
		server http.Handler
		want   string
	}{
		{"a redirect", http.RedirectHandler("https://evil.example/", http.StatusFound), "answered with a redirect (302)"},
		{"a page", text("<!doctype html>"), "is this Rocket.Chat?"},
		{"a version that does things to a terminal", text(`{"version":"\u001b]0;x\u0007"}`), "it tells no version"},
		{"a huge answer", text(strings.Repeat("x", 2<<20)), "larger than"},
		{"somebody who is not well", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), "status 502"},
	} {
		release, err := surveyOf(t, c.server)
		if err == nil || !strings.Contains(err.Error(), c.want) || release != rocketchat.NewestRelease() {
			t.Errorf("%s: SurveyWorkspace() = %s, %v, want the newest release and %q", c.name, release, err, c.want)
		}
	}
}

func TestASectionNamesItsPermissions(t *testing.T) {
	var named []string
	for _, p := range (&rocketchat.Config{Accounts: rocketchat.Accounts{Create: true}}).Permissions() {
		if p.Purpose == "" {
			t.Errorf("%v is for nothing", p.AnyOf)
		}
		named = append(named, p.AnyOf...)
	}
	all := strings.Join(named, " ")
	for _, want := range []string{"user-generate-access-token", "create-user", "api-bypass-rate-limit", "edit-privileged-setting"} {
		if !strings.Contains(all, want) {
			t.Errorf("Permissions() = %s, want %s among them", all, want)
		}
	}
	if strings.Contains(all, "add-user-to") || strings.Contains(all, "assign-admin-role") {
		t.Errorf("Permissions() = %s, which names what this section does not need", all)
	}
}
