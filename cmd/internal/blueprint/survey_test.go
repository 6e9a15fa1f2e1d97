package blueprint_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
	"chatgate/cmd/internal/blueprint"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/oidc/oidctest"
)

// installed are hosts that answer.
func installed(t *testing.T, hosts map[string]http.Handler) blueprint.Config {
	t.Helper()
	return blueprint.Config{Surveyor: app.Surveyor{Transport: oidctest.Network(t, hosts)}}
}

func provider(edit func(document map[string]any)) *oidctest.Provider {
	p := oidctest.New(oidctest.Config{Issuer: "https://idp.example.org/realms/corp"})
	p.Set(func(f *oidctest.Faults) { f.Discovery = edit })
	return p
}

func coral(t *testing.T, version string) http.Handler {
	t.Helper()
	c, err := talktest.NewCoral(talktest.CoralConfig{URL: "https://comments.example.org", Version: version})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func talk4(t *testing.T) http.Handler {
	t.Helper()
	c, err := talktest.NewTalk4(talktest.Talk4Config{
		URL: "https://comments.example.org", Secret: strings.Repeat("s", 32), Issuer: "https://sso.example.org/talk",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func asKeycloak(document map[string]any) {
	document["authorization_endpoint"] = "https://idp.example.org/realms/corp/protocol/openid-connect/auth"
}

func TestWhatAnswersIsLookedAt(t *testing.T) { // R25, R26
	withComments := answers{"coral": "https://comments.example.org", "page": "https://www.example.org"}
	for _, c := range []struct {
		name  string
		hosts map[string]http.Handler
		given answers
		told  []string
		files map[string]string // a text that stands in a file
	}{
		{
			"Keycloak and Rocket.Chat 8",
			map[string]http.Handler{"idp.example.org": provider(asKeycloak), "chat.example.org": rocketchattest.New(rocketchattest.Config{Version: "8.8.1"})},
			nil,
			[]string{"found    Keycloak at https://idp.example.org/realms/corp, which tells of sign-outs by back channel", "found    Rocket.Chat 8.8 at"},
			map[string]string{"chatgate.yaml": "preset: keycloak", "rocketchat.env": "CREATE_TOKENS_FOR_USERS_SECRET=", "keycloak-client.json": "backchannel.logout.url"},
		},
		{
			"a provider that keeps to the standard, and Rocket.Chat 7",
			map[string]http.Handler{"idp.example.org": provider(nil), "chat.example.org": rocketchattest.New(rocketchattest.Config{Version: "7.13.0"})},
			nil,
			[]string{"found    a provider that keeps to the standard", "found    Rocket.Chat 7.13 at"},
			map[string]string{"chatgate.yaml": "scopes: [openid, profile, email, offline_access]", "rocketchat.env": "CREATE_TOKENS_FOR_USERS=true\n", "NEXT-STEPS.md": "/logout/backchannel` |"},
		},
		{
			"Rocket.Chat whose iframe authentication is broken",
			map[string]http.Handler{"idp.example.org": provider(nil), "chat.example.org": rocketchattest.New(rocketchattest.Config{Version: "7.9.0"})},
			nil, []string{"warning  iframe authentication is broken in Rocket.Chat 7.8 to 7.10, and this is 7.9"}, nil,
		},
		{
			"somebody who knows the version better",
			map[string]http.Handler{"idp.example.org": provider(nil), "chat.example.org": rocketchattest.New(rocketchattest.Config{Version: "8.8.1"})},
			answers{"rocketchat-version": "7.13", "preset": "authentik"},
			[]string{"Rocket.Chat 8.8 at https://chat.example.org, taken for 7.13 as you say", "found    authentik at"},
			map[string]string{"rocketchat.env": "CREATE_TOKENS_FOR_USERS=true\n"},
		},
		{
			"a provider whose issuer ends otherwise",
			map[string]http.Handler{"idp.example.org": provider(nil)},
			answers{"provider": "https://idp.example.org/realms/corp/"},
			[]string{"at https://idp.example.org/realms/corp, which"}, map[string]string{"chatgate.yaml": `issuer: "https://idp.example.org/realms/corp"`},
		},
		{
			"a provider that signs by elliptic curves, tells the browser alone, and takes no secret",
			map[string]http.Handler{"idp.example.org": provider(func(d map[string]any) {
				d["id_token_signing_alg_values_supported"] = []string{"ES256"}
				d["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"}
				d["backchannel_logout_supported"] = false
				d["frontchannel_logout_supported"], d["frontchannel_logout_session_supported"] = true, true
			})},
			nil,
			[]string{"which tells of sign-outs by front channel", "warning  the provider takes no client secret"},
			map[string]string{"chatgate.yaml": "algorithms: [ES256]", "NEXT-STEPS.md": "| front-channel logout URI |"},
		},
		{
			"Coral 9.9 by single sign-on",
			map[string]http.Handler{"idp.example.org": provider(nil), "comments.example.org": coral(t, "9.9.0")},
			answers{"profile": "coral-sso"},
			[]string{"found    Coral 9.9 at", "warning  Coral 9.9 signs a person in to the local account with their e-mail address"},
			map[string]string{"chatgate.yaml": "profile: coral-sso"},
		},
		{
			"Coral 9, and nobody who says how",
			map[string]http.Handler{"idp.example.org": provider(nil), "comments.example.org": coral(t, "9.8.0")}, nil,
			[]string{"found    Coral 9.8 at", "assumed  the comments take tokens of profile coral-oidc"},
			map[string]string{"chatgate.yaml": "profile: coral-oidc"},
		},
		{
			"Talk 4",
			map[string]http.Handler{"idp.example.org": provider(nil), "comments.example.org": talk4(t)}, nil,
			[]string{"found    Talk 4 at"}, map[string]string{"chatgate.yaml": "profile: talk4", "NEXT-STEPS.md": "chatgate talk plugin"},
		},
		{
			"hosts on other sites", nil, answers{"gateway": "https://sso.example.net"},
			[]string{"warning  https://chat.example.org is on another site than the gateway", "warning  https://www.example.org is on another site"}, nil,
		},
		{
			"nobody at all", nil, nil,
			[]string{
				"assumed  the provider https://idp.example.org/realms/corp could not be read. It is taken for Keycloak", "--preset and --provider correct that",
				"assumed  Rocket.Chat at https://chat.example.org told no version. It is taken for 8.8: --rocketchat-version corrects that",
				"assumed  https://comments.example.org could not be told for Coral or Talk 4",
			},
			map[string]string{"NEXT-STEPS.md": "| assumed | Rocket.Chat at"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := installed(t, c.hosts)
			cfg.Given = complete(withComments)
			for name, text := range c.given {
				cfg.Given[name] = text
			}
			drawn, told := mustDraw(t, cfg)
			for _, words := range c.told {
				if !strings.Contains(told, words) {
					t.Errorf("it does not tell %q:\n%s", words, told)
				}
			}
			folder := written(t, drawn)
			for name, words := range c.files {
				if text := read(t, folder, name); !strings.Contains(text, words) {
					t.Errorf("%s does not have %q:\n%s", name, words, text)
				}
			}
		})
	}
}

// TestANoteSaysInWordsWhyNobodyAnswers: without what only a programmer reads, and without the address a second time.
func TestANoteSaysInWordsWhyNobodyAnswers(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{Err: "no such host", Name: "idp.example.org", IsNotFound: true}, "(its name is not known here)"},
		{context.DeadlineExceeded, "(it did not answer in time)"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, "(connection refused)"},
	} {
		_, told := mustDraw(t, blueprint.Config{Given: complete(nil), Surveyor: app.Surveyor{Transport: failing{c.err}}})
		if !strings.Contains(told, c.want) || strings.Contains(told, "Get ") || strings.Contains(told, "dial") {
			t.Errorf("of %v it tells\n%s\nwant %s", c.err, told, c.want)
		}
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestAProfileFitsTheProduct(t *testing.T) {
	for product, host := range map[string]http.Handler{"talk4": coral(t, "9.9.0"), "coral-sso": talk4(t)} {
		cfg := installed(t, map[string]http.Handler{"comments.example.org": host})
		cfg.Given = complete(answers{"coral": "https://comments.example.org", "page": "https://www.example.org", "profile": product})
		if _, _, err := draw(t, cfg); err == nil || !strings.Contains(err.Error(), "--profile must fit") {
			t.Errorf("--profile %s: Draw() = %v, want it refused", product, err)
		}
	}
}

// TestHostileHostsReachNeitherTerminalNorFiles: S131, S135.
func TestHostileHostsReachNeitherTerminalNorFiles(t *testing.T) {
	const evil = "\x1b]0;owned\a\u202e\nfound    all is well"
	text := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	cfg := installed(t, map[string]http.Handler{
		"idp.example.org": provider(func(d map[string]any) {
			d["issuer"] = "https://idp.example.org/realms/corp" + evil
			d["scopes_supported"] = []string{"groups", evil}
		}),
		"chat.example.org":     text(`{"version":"8.8` + `\u001b]0;owned\u0007"}`),
		"comments.example.org": http.RedirectHandler("https://evil.example/", http.StatusFound),
	})
	cfg.Given = complete(answers{"coral": "https://comments.example.org", "page": "https://www.example.org"})
	drawn, told := mustDraw(t, cfg)
	files, err := drawn.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		told += file.Text.Reveal()
	}
	if strings.ContainsAny(told, "\x1b\a\u202e") || strings.Contains(told, "\nfound    all is well") {
		t.Errorf("what hosts answer gets through:\n%q", told)
	}

	cfg = installed(t, map[string]http.Handler{"idp.example.org": provider(func(d map[string]any) {
		d["scopes_supported"] = []string{"groups", evil}
		d["id_token_signing_alg_values_supported"] = []string{"ES256", evil}
	}), "chat.example.org": text(strings.Repeat("x", 2<<20))})
	cfg.Given = complete(nil)
	drawn, told = mustDraw(t, cfg)
	if drawn.Scopes() != "openid, profile, email, groups" || drawn.Algorithms() != "ES256" || !strings.Contains(told, "larger than") {
		t.Errorf("scopes %q, algorithms %q, told\n%s", drawn.Scopes(), drawn.Algorithms(), told)
	}
}
