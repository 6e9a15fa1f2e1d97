package rocketchattest_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// calls are the methods of one page load while signed out, by version of the client. A preflight is asked for once for
// each call that needs one.
var calls = map[string][]string{
	"5.4":    {"POST"},
	"6.13":   {"OPTIONS", "POST"},
	"7.8":    {"POST", "POST", "POST"},
	"7.10.1": {"POST", "POST", "POST"},
	"8.8":    {"POST", "POST"},
}

const outOfReach = -1 // for a status: nobody listens

// answers are what the API may say, and where that leaves the clients of all eras.
var answers = []struct {
	name  string
	reply reply // TOKEN stands for Ada's login token
	want  map[string]string
}{
	{"a login token", reply{200, `{"loginToken":"TOKEN"}`}, states("in", "in", "in", "in", "in")},
	{"a login token beside other keys", reply{200, `{"loginToken":"TOKEN","userId":"x"}`}, states("in", "in", "in", "in", "in")},
	{"a login token and an iframe token", reply{200, `{"loginToken":"TOKEN","token":"x"}`}, states("in", "in", "in", "in", "frame")},
	{"a login token with 201", reply{201, `{"loginToken":"TOKEN"}`}, states("in", "frame", "frame", "frame", "frame")},
	{"a login token with 403", reply{403, `{"loginToken":"TOKEN"}`}, states("frame", "frame", "frame", "frame", "frame")},
	{"a login token the server rejects", reply{200, `{"loginToken":"wrong"}`}, states("frame", "frame", "form", "frame", "frame")},
	{"a login token that is null", reply{200, `{"loginToken":null}`}, states("frame", "frame", "form", "frame", "frame")},
	{"a login token that is empty", reply{200, `{"loginToken":""}`}, states("frame", "frame", "form", "frame", "frame")},
	{"a login token under the name of the other kind", reply{200, `{"token":"TOKEN"}`}, states("frame", "frame", "form", "frame", "frame")},
	{"neither key", reply{200, `{"ok":true}`}, states("frame", "frame", "form", "form", "form")},
	{"an empty body", reply{200, ``}, states("frame", "form", "form", "frame", "frame")},
	{"204", reply{204, ``}, states("frame", "frame", "frame", "frame", "frame")},
	{"no JSON", reply{200, `<!doctype html>`}, states("frame", "form", "form", "frame", "frame")},
	{"401", signedOut, states("frame", "frame", "frame", "frame", "frame")},
	{"500", reply{500, `{}`}, states("frame", "frame", "frame", "frame", "frame")},
	{"nothing, being out of reach", reply{outOfReach, ``}, states("frame", "form", "form", "frame", "frame")},
}

// What the clients of all eras make of an answer of the API: in, the frame, or the ordinary form (R4, R5). One browser
// visits all of them: starting it is what takes long.
func TestWhatTheClientAccepts(t *testing.T) {
	t.Parallel()
	parts := findNode(t)
	gateways, addresses := map[string]*gateway{}, map[string]string{}
	for _, tc := range answers {
		for version := range tc.want {
			g := newGateway(t)
			s, origin, token := g.workspace(t, rocketchattest.Config{Version: version})
			if tc.reply.status == outOfReach {
				s.SetSetting("Accounts_Iframe_api_url", "http://127.0.0.1:1/token")
			}
			g.play(script{replies: []reply{tc.reply.with(token)}})
			page := version + ": " + tc.name
			gateways[page], addresses[page] = g, origin+"/home"
		}
	}
	seen := parts.visitAll(t, addresses)
	for _, tc := range answers {
		for version, state := range tc.want {
			t.Run(version+" given "+tc.name, func(t *testing.T) {
				page := version + ": " + tc.name
				check(t, version, seen[page], state)
				if got := gateways[page].seen().calls; tc.reply.status != outOfReach && !cmp.Equal(calls[version], got) {
					t.Errorf("it called %v, want %v", got, calls[version])
				}
			})
		}
	}
}

// check compares what a page of that version shows, and what it says it asked for.
func check(t *testing.T, version string, seen visited, state string) {
	t.Helper()
	asked := len(calls[version]) - slices.Index(calls[version], "POST")
	want := visited{State: state, APICalls: asked}
	switch state {
	case "in":
		want.User = "ada"
	case "frame":
		want.FrameLoads = 1
		want.User = seen.User // with both keys somebody is signed in below the frame
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
}

// states are by version in the order of calls.
func states(xhr, fetch, hook, patched, current string) map[string]string {
	return map[string]string{"5.4": xhr, "6.13": fetch, "7.8": hook, "7.10.1": patched, "8.8": current}
}

// The XMLHttpRequest reads nothing that does not claim to be JSON.
func TestTheOldestClientLooksAtTheContentType(t *testing.T) {
	t.Parallel()
	parts := findNode(t)
	addresses := map[string]string{}
	for contentType, name := range map[string]string{"text/plain": "plain", "application/json; charset=utf-8": "json"} {
		g := newGateway(t)
		_, origin, token := g.workspace(t, rocketchattest.Config{Version: "5.4"})
		g.play(script{replies: []reply{loginToken(token)}, contentType: contentType})
		addresses[name] = origin + "/home"
	}
	seen := parts.visitAll(t, addresses)
	if seen["plain"].State != "frame" || seen["json"].State != "in" {
		t.Errorf("text is %s and JSON is %s, want frame and in", seen["plain"].State, seen["json"].State)
	}
}
