package rocketchattest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// signedOut is the gateway's answer to somebody it does not know.
var signedOut = reply{http.StatusUnauthorized, `{}`}

func loginToken(token string) reply { return reply{http.StatusOK, `{"loginToken":"` + token + `"}`} }

func TestIncompleteSettingsLeaveTheForm(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	s, origin, _ := g.workspace(t, rocketchattest.Config{})
	s.SetSetting("Accounts_iframe_url", "")
	if got := state(chromium.visit(t, origin+"/home")); got != "form" || len(g.seen().calls) != 0 {
		t.Errorf("state %s after the calls %v, want form after none", got, g.seen().calls)
	}
}

func TestASecondVisitCallsOnce(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	s, origin, token := g.workspace(t, rocketchattest.Config{})
	s.SetSetting("Accounts_Iframe_api_method", "GET")
	g.play(script{replies: []reply{loginToken(token)}})
	chromium.visit(t, origin+"/home")

	g.play(script{replies: []reply{signedOut}})
	if got := state(chromium.visit(t, origin+"/")); got != "in" {
		t.Errorf("state %s, want in by the stored token", got)
	}
	if diff := cmp.Diff([]string{"GET"}, g.seen().calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestOlderClientsSendAContentType(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	g.play(script{replies: []reply{signedOut}})
	_, origin, _ := g.workspace(t, rocketchattest.Config{Version: "6.13"})
	chromium.visit(t, origin+"/home")
	if diff := cmp.Diff([]string{"OPTIONS", "POST"}, g.seen().calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestElectronIsTold(t *testing.T) {
	for query, want := range map[string]string{"": "client=electron", "?lang=de": "lang=de&client=electron"} {
		t.Run("with the query "+query, func(t *testing.T) {
			chromium := newBrowser(t, "--user-agent=Mozilla/5.0 Electron/30.0")
			g := newGateway(t)
			g.play(script{replies: []reply{signedOut}})
			s, origin, _ := g.workspace(t, rocketchattest.Config{})
			s.SetSetting("Accounts_iframe_url", g.URL+"/frame"+query)
			chromium.visit(t, origin+"/home")
			if diff := cmp.Diff([]string{want}, g.seen().frames); diff != "" {
				t.Errorf("queries of the frame (-want +got):\n%s", diff)
			}
		})
	}
}

// What the frame may say, and what it hears.
func TestMessagesOfTheFrame(t *testing.T) {
	const source = `
		addEventListener("message", ({data}) => report(JSON.stringify(data)));
		parent.postMessage(%s, "*");`
	for _, tc := range []struct {
		name    string
		third   func(token string) reply // to the call after the two on load; nil: signedOut
		message string
		state   string
		reports []string
	}{
		{"a good token logs in and is not answered", nil, `{event: "login-with-token", loginToken: "TOKEN"}`, "in", nil},
		{"a bad token is answered", nil, `{event: "login-with-token", loginToken: "wrong"}`, "frame",
			[]string{`{"event":"login-error","response":"You've been logged out by the server. Please log in again."}`}},
		{"an iframe token is refused", nil, `{event: "login-with-token", token: "TOKEN"}`, "frame",
			[]string{`{"event":"login-error","response":"Unrecognized options for login request"}`}},
		{"another try that the API refuses is answered without a reason", nil, `{event: "try-iframe-login"}`, "frame",
			[]string{`{"event":"login-error","response":""}`}},
		{"another try with a token the server rejects is not answered", func(string) reply { return loginToken("wrong") },
			`{event: "try-iframe-login"}`, "frame", nil},
		{"another try that succeeds logs in", loginToken, `{event: "try-iframe-login"}`, "in", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chromium := newBrowser(t)
			g := newGateway(t)
			_, origin, token := g.workspace(t, rocketchattest.Config{})
			replies := []reply{signedOut, signedOut}
			if tc.third != nil {
				replies = append(replies, tc.third(token))
			}
			g.play(script{replies: replies, source: fmt.Sprintf(source, strings.ReplaceAll(tc.message, "TOKEN", token))})
			if got := state(chromium.visit(t, origin+"/home")); got != tc.state {
				t.Errorf("state %s, want %s", got, tc.state)
			}
			if diff := cmp.Diff(tc.reports, g.seen().reports); diff != "" {
				t.Errorf("the frame heard (-want +got):\n%s", diff)
			}
		})
	}
}

// The client of the XMLHttpRequest tells the frame why, where later ones are silent or say nothing.
func TestTheOldestClientAnswersTheFrame(t *testing.T) {
	for _, tc := range []struct {
		name   string
		second reply
		want   string
	}{
		{"refused by the API", signedOut, `{"event":"login-error","response":"failed [401]"}`},
		{"given a token the server rejects", loginToken("wrong"),
			`{"event":"login-error","response":"You've been logged out by the server. Please log in again."}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chromium := newBrowser(t)
			g := newGateway(t)
			_, origin, _ := g.workspace(t, rocketchattest.Config{Version: "5.4"})
			g.play(script{replies: []reply{signedOut, tc.second}, source: `
				addEventListener("message", ({data}) => report(JSON.stringify(data)));
				parent.postMessage({event: "try-iframe-login"}, "*");`})
			chromium.visit(t, origin+"/home")
			if diff := cmp.Diff([]string{tc.want}, g.seen().reports); diff != "" {
				t.Errorf("the frame heard (-want +got):\n%s", diff)
			}
		})
	}
}

// embedded lets any page frame the chat, and those at the origins command it.
func embedded(origins string) map[string]any {
	return map[string]any{
		"Iframe_Restrict_Access":            false,
		"Iframe_Integration_receive_enable": true,
		"Iframe_Integration_receive_origin": origins,
		"Iframe_Integration_send_enable":    true,
	}
}

// The gateway is not told of a logout, but called again at once; when it answers 200, the person is straight back (R12).
func TestLogoutCallsTheAPIAgain(t *testing.T) {
	const source = `
		let first = true;
		addEventListener("message", ({data, source}) => {
			report(data.eventName);
			if (first) source.postMessage({externalCommand: "logout"}, "*");
			first = false;
		});`
	for _, tc := range []struct {
		name    string
		origins func(*gateway) string
		calls   int
		reports []string
	}{
		{"an embedding page that is listed is obeyed", func(g *gateway) string { return "https://other.example," + g.URL }, 4,
			[]string{"Custom_Script_Logged_In", "room-opened", "Custom_Script_Logged_Out", "Custom_Script_Logged_In", "room-opened"}},
		{"one that is listed with a slash is not", func(g *gateway) string { return g.URL + "/" }, 2,
			[]string{"Custom_Script_Logged_In", "room-opened"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chromium := newBrowser(t)
			g := newGateway(t)
			s, origin, first := g.workspace(t, rocketchattest.Config{Settings: embedded(tc.origins(g))})
			second := s.AddLoginToken(s.Users()[0].ID)
			g.play(script{
				replies: []reply{loginToken(first), loginToken(first), loginToken(second)},
				source:  source, chat: origin + "/home",
			})
			chromium.visit(t, g.URL+"/embed")
			seen := g.seen()
			if diff := cmp.Diff(tc.reports, seen.reports); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if obeyed := tc.calls == 4; len(seen.calls) != tc.calls || s.Alive(first) == obeyed || !s.Alive(second) {
				t.Errorf("%d calls, tokens alive: %v, %v; want %d, %v, true", len(seen.calls), s.Alive(first), s.Alive(second), tc.calls, !obeyed)
			}
		})
	}
}

// A token destroyed on the server drops the client to the login state, which calls the API.
func TestARevokedTokenDropsTheClient(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	s, origin, token := g.workspace(t, rocketchattest.Config{Settings: embedded("*")})
	g.play(script{
		replies: []reply{loginToken(token), loginToken(token), signedOut},
		chat:    origin + "/home",
		revoke:  func() { s.RevokeToken(token) },
		source: `addEventListener("message", ({data}) => {
			if (data.eventName === "Custom_Script_Logged_In") fetch("/revoke");
			if (data.eventName === "Custom_Script_Logged_Out") report(data.eventName);
		});`,
	})
	chromium.visit(t, g.URL+"/embed")
	if seen := g.seen(); len(seen.calls) != 4 || len(seen.frames) != 1 || len(seen.reports) != 1 {
		t.Errorf("%d calls, %d frames, events %v; want 4, 1 and one logout", len(seen.calls), len(seen.frames), seen.reports)
	}
}

// Section B: nothing tells an embedding page when commands are heard, so it repeats its own.
func TestAnEmbeddingPageLogsIn(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	_, origin, token := g.workspace(t, rocketchattest.Config{Settings: embedded("*")})
	g.play(script{
		replies: []reply{signedOut},
		chat:    origin + "/home",
		source: `
			setInterval(() => frames[0].postMessage({externalCommand: "login-with-token", token: "` + token + `"}, "*"), 300);
			addEventListener("message", ({data}) => report(data.eventName));`,
	})
	chromium.visit(t, g.URL+"/embed")
	if diff := cmp.Diff([]string{"Custom_Script_Logged_In", "room-opened"}, g.seen().reports); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
