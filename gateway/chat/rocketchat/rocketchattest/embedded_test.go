package rocketchattest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// Whether a page of another origin may show the chat. One that did not load has called nobody.
func TestWhoMayFrameTheChat(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config func(portal string) rocketchattest.Config
		loads  bool
	}{
		{"nobody else by default", func(string) rocketchattest.Config { return rocketchattest.Config{} }, false},
		{"anybody without the restriction", func(string) rocketchattest.Config {
			return rocketchattest.Config{Settings: map[string]any{"Iframe_Restrict_Access": false}}
		}, true},
		{"those whom the reverse proxy lists", func(portal string) rocketchattest.Config {
			return rocketchattest.Config{FrameAncestors: []string{"https://other.example", portal}}
		}, true},
		{"and nobody else, even without the restriction", func(string) rocketchattest.Config {
			return rocketchattest.Config{FrameAncestors: []string{"https://other.example"}, Settings: map[string]any{"Iframe_Restrict_Access": false}}
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chromium := newBrowser(t)
			g := newGateway(t)
			_, origin, _ := g.workspace(t, tc.config(g.URL))
			g.play(script{replies: []reply{signedOut}, chat: origin + "/home"})
			chromium.visit(t, g.URL+"/embed")
			if loaded := len(g.seen().calls) > 0; loaded != tc.loads {
				t.Errorf("the chat loaded: %v, want %v", loaded, tc.loads)
			}
		})
	}
}

// Section B, #36881: the first event has not been sent since 7.9.0. Nobody may wait for it.
func TestTheStartupEventIsForgottenSince79(t *testing.T) {
	for version, want := range map[string][]string{
		"7.8": {"startup", "Custom_Script_Logged_In", "room-opened"},
		"7.9": {"Custom_Script_Logged_In", "room-opened"},
	} {
		t.Run(version, func(t *testing.T) {
			chromium := newBrowser(t)
			g := newGateway(t)
			_, origin, token := g.workspace(t, rocketchattest.Config{Version: version, Settings: embedded("*")})
			g.play(script{
				replies: []reply{loginToken(token)}, chat: origin + "/home",
				source: `addEventListener("message", ({data}) => report(data.eventName));`,
			})
			chromium.visit(t, g.URL+"/embed")
			if diff := cmp.Diff(want, g.seen().reports); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// Commands are not answered; what they did is told by events alone.
func TestCommandsOfAnEmbeddingPage(t *testing.T) {
	const source = `
		const commands = [
			{externalCommand: "set-user-status", status: "busy"},
			{externalCommand: "call-custom-oauth-login", service: "none"},
			{externalCommand: "go", path: "/channel/lunch?layout=embedded"},
		];
		addEventListener("message", ({data, source}) => {
			report(JSON.stringify(data));
			if (data.eventName === "room-opened") for (const c of commands.splice(0)) source.postMessage(c, "*");
		});`
	chromium := newBrowser(t)
	g := newGateway(t)
	_, origin, token := g.workspace(t, rocketchattest.Config{Settings: embedded("*")})
	g.play(script{replies: []reply{loginToken(token)}, chat: origin + "/home", source: source})
	chromium.visit(t, g.URL+"/embed")
	want := []string{
		`{"eventName":"Custom_Script_Logged_In"}`,
		`{"eventName":"room-opened","data":{"name":"general","t":"c"}}`,
		`{"eventName":"room-opened","data":{"name":"lunch","t":"c"}}`,
	}
	if diff := cmp.Diff(want, g.seen().reports); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestTheEmbeddedLayout(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	_, origin, token := g.workspace(t, rocketchattest.Config{})
	g.play(script{replies: []reply{loginToken(token)}})
	if page := chromium.visit(t, origin+"/channel/general?layout=embedded"); !strings.Contains(page, `data-layout="embedded"`) {
		t.Error("the page does not have the layout embedded")
	}
}

// #15616: where the browser blocks its storage, the client fails at its start, before it has asked anybody.
func TestWithoutStorageThePageSaysSo(t *testing.T) {
	chromium := newBrowser(t)
	chromium.prefer(t, `{"profile": {"default_content_setting_values": {"cookies": 2}}}`)
	g := newGateway(t)
	_, origin, token := g.workspace(t, rocketchattest.Config{})
	g.play(script{replies: []reply{loginToken(token)}})
	page := chromium.visit(t, origin+"/home")
	if got := state(page); got != "broken" || len(g.seen().calls) != 0 {
		t.Errorf("state %s after the calls %v, want broken after none", got, g.seen().calls)
	}
	if !strings.Contains(page, "Access is denied for this document") {
		t.Error("the page does not say what the browser said")
	}
}

// prefer writes the profile's preferences, before the browser's first start.
func (b browser) prefer(t *testing.T, preferences string) {
	t.Helper()
	folder := filepath.Join(b.profile, "Default")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "Preferences"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
}
