package rocketchattest_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestPageAddresses(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{})
	for path, want := range map[string]struct {
		status      int
		contentType string
	}{
		"/":                  {http.StatusOK, "text/html; charset=utf-8"},
		"/home":              {http.StatusOK, "text/html; charset=utf-8"},
		"/channel/general":   {http.StatusOK, "text/html; charset=utf-8"},
		"/web/main.js":       {http.StatusOK, "text/javascript; charset=utf-8"},
		"/web/chat.css":      {http.StatusOK, "text/css; charset=utf-8"},
		"/web/icon.svg":      {http.StatusOK, "image/svg+xml"},
		"/web/settings.json": {http.StatusOK, "application/json"},
		"/web/":              {http.StatusNotFound, "text/plain; charset=utf-8"},
		"/web/none.js":       {http.StatusNotFound, "text/plain; charset=utf-8"},
		"/admin":             {http.StatusNotFound, "text/plain; charset=utf-8"},
	} {
		w := serve(s, path)
		if got := w.Header().Get("Content-Type"); w.Code != want.status || got != want.contentType {
			t.Errorf("%s = %d %s, want %d %s", path, w.Code, got, want.status, want.contentType)
		}
	}
}

func TestPageHasNothingInline(t *testing.T) {
	page := serve(rocketchattest.New(rocketchattest.Config{}), "/home").Body.String()
	for name, pattern := range map[string]string{
		"a script without src":   `<script(?:[^>](?:[^s]|s[^r]))*>[^<]`,
		"a style element":        `<style`,
		"a style attribute":      ` style=`,
		"an event attribute":     ` on[a-z]+=`,
		"a file of a third host": `(?:src|href)="(?:https?:)?//`,
	} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page has %s: %q", name, found)
		}
	}
	for _, hook := range []string{`data-rc="state"`, `data-rc="user"`, `data-rc="logout"`} {
		if strings.Count(page, hook) != 1 {
			t.Errorf("the page has %d of %s, want 1", strings.Count(page, hook), hook)
		}
	}
}

func TestPageHeaders(t *testing.T) {
	const policy = "default-src 'self'; connect-src *; frame-src *; img-src * data:; media-src * data:; script-src 'self'; style-src 'self'"
	for _, tc := range []struct {
		name          string
		settings      map[string]any
		frame, policy string
	}{
		{"by default", nil, "sameorigin", policy},
		{"open to other frames", map[string]any{"Iframe_Restrict_Access": false}, "", policy},
		{"closed to all", map[string]any{"Iframe_X_Frame_Options": "DENY"}, "DENY", policy},
		{"without a policy", map[string]any{"Enable_CSP": false}, "sameorigin", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := serve(rocketchattest.New(rocketchattest.Config{Settings: tc.settings}), "/home").Header()
			if got := header.Get("X-Frame-Options"); got != tc.frame {
				t.Errorf("X-Frame-Options %q, want %q", got, tc.frame)
			}
			if got := header.Get("Content-Security-Policy"); got != tc.policy {
				t.Errorf("Content-Security-Policy %q, want %q", got, tc.policy)
			}
		})
	}
}

// When the client believes in iframe authentication, and how it asks.
func TestClientSettings(t *testing.T) {
	for _, tc := range []struct {
		name, version string
		change        func(*rocketchattest.Iframe)
		enabled       bool
		era           string
		out, in       float64
	}{
		{"8.8 asks twice, or once when signed in", "8.8", nil, true, "hook", 2, 1},
		{"7.11 does so too", "7.11", nil, true, "hook", 2, 1},
		{"7.8 asks three times", "7.8", nil, true, "hook", 3, 1},
		{"6.13 asks once, with a content type", "6.13", nil, true, "fetch", 1, 0},
		{"5.4 asks once, in the old way", "5.4", nil, true, "xhr", 1, 0},
		{"3.0 does so too", "3.0", nil, true, "xhr", 1, 0},
		{"not without a page", "8.8", func(i *rocketchattest.Iframe) { i.URL = "" }, false, "hook", 2, 1},
		{"not without an API", "8.8", func(i *rocketchattest.Iframe) { i.APIURL = "" }, false, "hook", 2, 1},
		{"not when switched off", "8.8", func(i *rocketchattest.Iframe) { i.Enabled = false }, false, "hook", 2, 1},
		{"by POST unless told otherwise", "8.8", func(i *rocketchattest.Iframe) { i.APIMethod = "" }, true, "hook", 2, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			settings := iframe
			if tc.change != nil {
				tc.change(&settings)
			}
			s := rocketchattest.New(rocketchattest.Config{Version: tc.version, Iframe: settings})
			got := anonymous(t, s).get("/web/settings.json")
			want := []any{tc.enabled, tc.era, tc.out, tc.in}
			for i, key := range []string{"enabled", "era", "callsSignedOut", "callsSignedIn"} {
				if got.at("iframe", key) != want[i] {
					t.Errorf("%s is %v, want %v", key, got.at("iframe", key), want[i])
				}
			}
		})
	}
	s := rocketchattest.New(rocketchattest.Config{Iframe: iframe})
	s.SetSetting("Accounts_Iframe_api_method", "")
	if got := anonymous(t, s).get("/web/settings.json").at("iframe", "enabled"); got != false {
		t.Errorf("enabled %v without a method, want false", got)
	}
}

// Which failures are lost, by patch release.
func TestDefectsOfTheClient(t *testing.T) {
	for version, want := range map[string]object{
		"7.7.0":  {"losesFailures": false, "losesRejections": false, "prefersLoginToken": false},
		"7.8.0":  {"losesFailures": true, "losesRejections": true, "prefersLoginToken": true},
		"7.9.3":  {"losesFailures": true, "losesRejections": true, "prefersLoginToken": true},
		"7.9.4":  {"losesFailures": false, "losesRejections": true, "prefersLoginToken": true},
		"7.10.0": {"losesFailures": false, "losesRejections": true, "prefersLoginToken": true},
		"7.10.1": {"losesFailures": false, "losesRejections": false, "prefersLoginToken": true},
		"7.11.0": {"losesFailures": false, "losesRejections": false, "prefersLoginToken": false},
	} {
		s := rocketchattest.New(rocketchattest.Config{Version: version, Iframe: iframe})
		if diff := cmp.Diff(want, anonymous(t, s).get("/web/settings.json").at("iframe", "defects")); diff != "" {
			t.Errorf("defects of %s (-want +got):\n%s", version, diff)
		}
	}
}

// A reverse proxy's policy stands beside the server's own, and is a header of its own.
func TestFrameAncestors(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{FrameAncestors: []string{"https://portal.example.org", "https://intranet.example.org"}})
	policies := serve(s, "/home").Header().Values("Content-Security-Policy")
	if len(policies) != 2 || policies[1] != "frame-ancestors https://portal.example.org https://intranet.example.org" {
		t.Errorf("policies %q, want the server's and frame-ancestors", policies)
	}
}

func TestPageLearnsOfTheEndOfItsSession(t *testing.T) {
	s, adaID := workspace("8.8.1")
	token := s.AddLoginToken(adaID)
	ask := func() int {
		r, _ := http.NewRequest(http.MethodGet, "/web/session", nil)
		r.Header.Set("X-User-Id", adaID)
		r.Header.Set("X-Auth-Token", token)
		return record(s, r).Code
	}
	if got := ask(); got != http.StatusNoContent {
		t.Errorf("alive, it answers %d, want 204", got)
	}
	s.RevokeToken(token)
	if got := ask(); got != http.StatusUnauthorized {
		t.Errorf("revoked, it answers %d, want 401", got)
	}
}
