package rocketchattest_test

import (
	"strings"
	"testing"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// scene is a workspace and a gateway for one of the Node tests, and what has to have happened there afterwards.
type scene struct {
	frame string // HTML of the login frame
	reply func(token string) reply
	want  func(t *testing.T, s *rocketchattest.Server, g *gateway)
}

const postLogin = `<script>parent.postMessage({event: "login-with-token", loginToken: "TOKEN"}, "*")</script>`

const controls = `
	<button id="open" onclick="window.open('/open')">a</button>
	<a id="blank" href="/blank" target="_blank">b</a>
	<form action="/form" target="_blank" method="post"><button id="form">c</button></form>
	<form id="silent" action="/submit" target="_blank"></form><button id="submit" onclick="silent.submit()">d</button>
	<a id="named" href="/named" target="help">e</a>
	<a id="top" href="/top" target="_top">f</a>`

// scenes are told by the names of the Node tests.
var scenes = map[string]scene{
	"the app takes the login that the frame posts": {
		frame: postLogin,
		want: func(t *testing.T, s *rocketchattest.Server, _ *gateway) {
			native := nativeLogins(s)
			if len(native) != 1 || native[0].UserID != s.Users()[0].ID || !native[0].Resumed {
				t.Errorf("logins of the app %v, want one of Ada's by token", native)
			}
		},
	},
	"the app is refused with a token that the server does not know": {frame: strings.ReplaceAll(postLogin, "TOKEN", "wrong")},
	"the app asks by itself and without cookies when the frame says try-iframe-login": {
		frame: `<script>parent.postMessage({event: "try-iframe-login"}, "*")</script>`,
		want: func(t *testing.T, s *rocketchattest.Server, g *gateway) {
			if got := g.seen().native; len(got) != 1 || got[0].Get("Origin") != "" || got[0].Get("Cookie") != "" {
				t.Errorf("calls of the app %v, want one without Origin and cookies", got)
			}
			if native := nativeLogins(s); len(native) != 0 {
				t.Errorf("logins of the app %v, want none", native)
			}
		},
	},
	"the app never notices that the web client within logged in":                    {reply: loginToken},
	"the app fails at an address with the workspace and the word token but no JSON": {},
	"the desktop app opens no windows":                                              {frame: controls},
	"the desktop app navigates within its window":                                   {frame: controls},
}

// nativeLogins are those that the mobile app made itself.
func nativeLogins(s *rocketchattest.Server) []rocketchattest.Login {
	var native []rocketchattest.Login
	for _, l := range s.Logins() {
		if strings.HasPrefix(l.UserAgent, "RC Mobile; ") && !l.Page {
			native = append(native, l)
		}
	}
	return native
}

// The clients that the browser tests drive do what the real ones do (section E of the protocol: mobile and desktop).
func TestClients(t *testing.T) {
	t.Parallel()
	parts := findNode(t)
	type stage struct {
		scene
		server  *rocketchattest.Server
		gateway *gateway
	}
	stages, origins := map[string]stage{}, map[string]string{}
	for name, sc := range scenes {
		g := newGateway(t)
		s, origin, token := g.workspace(t, rocketchattest.Config{})
		// Another site than the workspace's, so that the frame is in a process of its own.
		s.SetSetting("Accounts_iframe_url", strings.Replace(g.URL, "127.0.0.1", "localhost", 1)+"/frame")
		answer := signedOut
		if sc.reply != nil {
			answer = sc.reply(token)
		}
		g.play(script{replies: []reply{answer}, frame: strings.ReplaceAll(sc.frame, "TOKEN", token)})
		stages[name], origins[name] = stage{sc, s, g}, origin
	}
	output, err := parts.command(t, origins, "--test", "--test-reporter=tap", "clients/clients.test.mjs").CombinedOutput()
	if err != nil {
		t.Errorf("node: %v\n%s", err, output)
	}
	for name, stage := range stages {
		if !strings.Contains(string(output), " - "+name+"\n") {
			t.Errorf("no Node test is called %q", name)
		}
		if stage.want != nil {
			t.Run(name, func(t *testing.T) { stage.want(t, stage.server, stage.gateway) })
		}
	}
}
