package blueprint_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/blueprint"
)

func TestEachQuestionIsAskedUntilItsAnswerWillDo(t *testing.T) {
	var screen strings.Builder
	drawn, _ := mustDraw(t, blueprint.Config{Prompter: prompter(&screen,
		"chat.example.org", "https://chat.example.org/",
		"https://comments.example.org/path", "https://comments.example.org",
		"",
		"", "https://idp.example.org/realms/corp/.well-known/openid-configuration",
		"coral", "coral-sso",
		"", "https://www.example.org, https://blog.example.org",
		"<kid>", "4f2a9c10",
		"",
		"two words", "aobEdbYhXfu5hkeqG",
		"cache", "rediss://cache.example.org:6380",
		"0.0.0.0/0", "10.42.0.0/16",
		"the-token-of-rocket-chat", "two words", "ssosec_0123456789abcdef0123456789abcdef", "of-redis",
	)})
	for _, words := range []string{
		"must be an https origin such as https://chat.example.org, with its scheme", "without path, query, fragment or final slash",
		"The gateway itself [https://sso.example.org]: ", "is needed", "Profile of the comments [coral-oidc]: ", "must be coral-oidc, coral-sso or talk4",
		"must be the key id that Coral shows", "Client id at the provider [chatgate]: ", "must be the user id", "must be host:port", "must not be everybody",
		"must be one line of ASCII characters", "Redis [127.0.0.1:6379]: ",
		"service account (not shown; Enter: later): ", "Password of Redis (not shown; Enter: it has none): ",
	} {
		if !strings.Contains(screen.String(), words) {
			t.Errorf("nobody was told %q:\n%s", words, &screen)
		}
	}
	want := blueprint.Answers{
		RocketChat: "https://chat.example.org", Coral: "https://comments.example.org", Gateway: "https://sso.example.org",
		Issuer: "https://idp.example.org/realms/corp", Profile: "coral-sso", Pages: drawn.Pages, KeyID: "4f2a9c10",
		ClientID: "chatgate", Redis: "cache.example.org:6380", RedisTLS: true, Proxies: []string{"10.42.0.0/16"},
	}
	if diff := cmp.Diff(want, drawn.Answers); diff != "" || len(drawn.Pages) != 2 {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if missing := drawn.Missing(); len(missing) > 0 {
		t.Errorf("Missing() = %v, want nothing", missing)
	}
	known := map[string]string{}
	for _, secret := range drawn.Secrets {
		known[secret.Name] = secret.Text.Reveal()
	}
	for name, want := range map[string]string{
		"rocketchat-user-id": "aobEdbYhXfu5hkeqG", "rocketchat-token": "the-token-of-rocket-chat",
		"coral-sso": "ssosec_0123456789abcdef0123456789abcdef", "redis-password": "of-redis",
	} {
		if known[name] != want {
			t.Errorf("the secret %s is not what was typed", name)
		}
	}
}

// TestHardlyAnythingHasToBeAnswered: what can be found out or has a good default is never demanded.
func TestHardlyAnythingHasToBeAnswered(t *testing.T) {
	var screen strings.Builder
	lines := []string{"https://chat.example.org", "", "", "https://idp.example.org/realms/corp", "", "", "", "", "", ""}
	drawn, _ := mustDraw(t, blueprint.Config{Prompter: prompter(&screen, lines...)})
	if len(drawn.Missing()) != 2 || !strings.HasSuffix(screen.String(), "Password of Redis (not shown; Enter: it has none): ") {
		t.Errorf("%d secrets are missing after\n%s", len(drawn.Missing()), &screen)
	}
}

func TestSecretsAreReadHidden(t *testing.T) {
	var screen strings.Builder
	asker := prompter(&screen, "https://chat.example.org", "", "", "https://idp.example.org", "", "user-id", "", "")
	var hidden []string
	asker.Hidden = func() (string, error) {
		hidden = append(hidden, "asked")
		return "never-on-a-screen", nil
	}
	drawn, told := mustDraw(t, blueprint.Config{Prompter: asker})
	if len(hidden) != 3 || len(drawn.Missing()) > 0 { // the client's, the token, and the password of Redis
		t.Errorf("asked %d times for a secret, and %v are missing", len(hidden), drawn.Missing())
	}
	if strings.Contains(screen.String()+told, "never-on-a-screen") {
		t.Error("a secret is on the screen")
	}
	asker = prompter(&screen, "https://chat.example.org", "", "", "https://idp.example.org", "", "user-id", "", "")
	asker.Hidden = func() (string, error) { return "", io.ErrUnexpectedEOF }
	if _, _, err := draw(t, blueprint.Config{Prompter: asker}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Draw() = %v when the terminal is gone", err)
	}
}

// TestARefusedAnswerLeavesNothing: who presses Enter after a refusal has said no more than who presses it at once.
func TestARefusedAnswerLeavesNothing(t *testing.T) {
	comments := answers{
		"coral": "https://comments.example.org", "page": "https://www.example.org", "profile": "coral-sso", "sso-key-id": "4f2a9c10",
		"provider": "https://example.okta.com", "client-id": "0oa1", "rocketchat-user-id": "aobEdbYhXfu5hkeqG",
		"redis": "127.0.0.1:6379", "trusted-proxies": "192.0.2.7",
	}
	for flag, refused := range map[string]string{
		"rocketchat": "https://chat.example.org/path", "coral": "https://comments.example.org/path", "sso-key-id": "<kid>",
		"client-id": "two words", "rocketchat-user-id": "two words", "redis": "rediss://cache", "trusted-proxies": "10.42.0.0/16,0.0.0.0/0",
	} {
		t.Run(flag, func(t *testing.T) {
			given := complete(comments)
			given[flag] = ""
			var screen strings.Builder
			answered := func(first ...string) *blueprint.Blueprint {
				lines := append(first, make([]string, 9)...) // Enter, as often as may be asked
				drawn, _ := mustDraw(t, blueprint.Config{Given: given, Prompter: prompter(&screen, lines...)})
				return drawn
			}
			want, got := answered(), answered(refused)
			if diff := cmp.Diff(want.Answers, got.Answers); diff != "" || len(got.Missing()) != len(want.Missing()) {
				t.Errorf("after %q there is more than after Enter alone (-want +got):\n%s", refused, diff)
			}
			if !strings.Contains(screen.String(), "must ") {
				t.Errorf("%q is not refused:\n%s", refused, &screen)
			}
		})
	}
}

func TestAnEndOfInputNamesTheFlag(t *testing.T) {
	var screen strings.Builder
	_, _, err := draw(t, blueprint.Config{Prompter: prompter(&screen, "https://chat.example.org")})
	if !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "--coral") {
		t.Errorf("Draw() = %v, want it to name --coral", err)
	}
}

// TestKeptSecretsAreNotAskedFor: an installation that is drawn up again keeps its keys.
func TestKeptSecretsAreNotAskedFor(t *testing.T) {
	var screen strings.Builder
	kept := known()
	kept["rocketchat-token"], kept["rocketchat-user-id"] = "token", "id"
	drawn, _ := mustDraw(t, blueprint.Config{Kept: kept, Prompter: prompter(&screen,
		"https://chat.example.org", "", "", "https://idp.example.org/realms/corp", "", "", "", "")})
	if strings.Contains(screen.String(), "service account") || len(drawn.Missing()) > 0 {
		t.Errorf("%v are missing after\n%s", drawn.Missing(), &screen)
	}
	for _, secret := range drawn.Secrets {
		if secret.Text != kept[secret.Name] {
			t.Errorf("%s was made anew", secret.Name)
		}
	}
}

func TestWithoutAnybodyToAskWhatIsMissingIsNamed(t *testing.T) {
	for _, c := range []struct {
		given answers
		flag  string
	}{
		{answers{"rocketchat": "", "gateway": ""}, "coral"},
		{answers{"gateway": ""}, "gateway"},
		{answers{"provider": ""}, "provider"},
		{answers{"coral": "https://comments.example.org"}, "page"},
		{answers{"provider": "https://accounts.google.com"}, "email-domains"},
		{answers{"provider": "https://gitlab.com"}, "email-domains"},
		{answers{"provider": "https://accounts.google.com/"}, "email-domains"},
		{answers{"provider": "https://Accounts.Google.COM:443"}, "email-domains"},
		{answers{"provider": "https://appleid.apple.com"}, "email-domains"},
		{answers{"provider": "https://github.com/login/oauth"}, "email-domains"},
		{answers{"provider": "https://www.linkedin.com/oauth"}, "email-domains"},
		{answers{"provider": "https://login.microsoftonline.com/common/v2.0"}, "email-domains"},
		{answers{"provider": "https://login.microsoftonline.com/Organizations/v2.0/"}, "email-domains"},
		{answers{"provider": "https://login.microsoftonline.com//consumers/v2.0"}, "email-domains"},
		{answers{"provider": "https://login.microsoftonline.com/9188040D-6c67-4c5b-b112-36a304b66dad/v2.0"}, "email-domains"},
		{answers{"provider": "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/"}, "email-domains"},
	} {
		_, _, err := draw(t, blueprint.Config{Given: complete(c.given)})
		missing, ok := errors.AsType[*blueprint.MissingError](err)
		if !ok || missing.Flag != c.flag || !strings.HasPrefix(err.Error(), "--"+c.flag+" ") || !strings.Contains(err.Error(), " is missing: ") {
			t.Errorf("Draw(%v) = %v, want --%s missing", c.given, err, c.flag)
		}
	}
	if _, _, err := draw(t, blueprint.Config{Given: complete(answers{"provider": "https://gitlab.com", "groups": "staff"})}); err != nil {
		t.Errorf("with a group that may enter, Draw() = %v", err)
	}
}

// TestEverythingThatIsMissingIsNamedAtOnce: and before anybody is looked at, in words that do not belong to a dialogue.
func TestEverythingThatIsMissingIsNamedAtOnce(t *testing.T) {
	for _, c := range []struct {
		given answers
		want  string
	}{
		{answers{"rocketchat": "", "gateway": "", "provider": ""}, `--coral or --rocketchat is missing: the address at which browsers reach the chat, such as https://chat.example.org
--gateway is missing: the address of its own that the gateway shall have, such as https://sso.example.org
--provider is missing: the issuer of your OpenID provider, such as https://idp.example.org/realms/corp`},
		{answers{"gateway": "", "coral": "https://comments.example.org", "provider": "https://gitlab.com"}, `--gateway is missing: the address of its own that the gateway shall have, such as https://sso.example.org
--page is missing: the sites whose pages show the comments, such as https://www.example.org
--email-domains or --groups is missing: everybody can have an account at this provider, so somebody has to be named who may enter`},
	} {
		_, told, err := draw(t, blueprint.Config{Given: complete(c.given)})
		if diff := cmp.Diff(c.want, errorText(err)); diff != "" {
			t.Errorf("Draw() (-want +got):\n%s", diff)
		}
		if told != "" {
			t.Errorf("somebody was looked at:\n%s", told)
		}
	}
}

// TestAnOrganisationsOwnProviderAsksForNoDomains: whom it signs in may enter, which is stated.
func TestAnOrganisationsOwnProviderAsksForNoDomains(t *testing.T) { // D7
	for _, issuer := range []string{
		"https://login.microsoftonline.com/1b4e28ba-2fa1-11d2-883f-0016d3cca427/v2.0", "https://gitlab.example.org",
		"https://accounts.google.com.example.org", "https://example.okta.com", "https://idp.example.org/common",
	} {
		drawn, _ := mustDraw(t, blueprint.Config{Given: complete(answers{"provider": issuer})})
		if got, want := drawn.WhoMayEnter(), "everybody whom "+issuer+" signs in"; got != want || drawn.Narrowed() {
			t.Errorf("WhoMayEnter() = %q, want %q", got, want)
		}
		files, err := drawn.Files()
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if want := "**Who may enter:** everybody whom " + issuer + " signs in. `chatgate init --force` with `--groups` or `--email-domains` narrows it"; file.Name == "NEXT-STEPS.md" && !strings.Contains(file.Text.Reveal(), want) {
				t.Errorf("NEXT-STEPS.md does not say %q:\n%s", want, file.Text.Reveal())
			}
		}
	}
}

func TestTheRuleIsSaidInWords(t *testing.T) { // D7
	drawn, _ := mustDraw(t, blueprint.Config{Given: complete(answers{
		"groups": " Domain Users,staff , Müller & Söhne,", "email-domains": "example.org example.net",
	})})
	const want = `everybody whom https://idp.example.org/realms/corp signs in and who is a member of "Domain Users" or "staff" or "Müller & Söhne"` +
		" and has a verified address at example.org or example.net"
	if got := drawn.WhoMayEnter(); got != want || !drawn.Narrowed() {
		t.Errorf("WhoMayEnter() = %q, want %q", got, want)
	}
	if got, want := drawn.Access(), `groups: ["Domain Users", "staff", "Müller & Söhne"]`; !strings.Contains(got, want) {
		t.Errorf("Access() = %s, want it to hold %s", got, want)
	}
}

func TestWrongAnswersAreRefused(t *testing.T) { // S128, B-29
	for _, c := range []struct{ flag, answer, want string }{
		{"rocketchat", "https://chat.example.org/path", "without path"},
		{"rocketchat", "https://user:secret@chat.example.org", "without user and password"},
		{"rocketchat", "https://chat.example.org?x=1", "without path, query"},
		{"rocketchat", "https://chat.example.org#", "without path, query, fragment"},
		{"rocketchat", "http://chat.example.org", "must be https"},
		{"rocketchat", "http://chat.localhost", "http is for this machine with --development"},
		{"rocketchat", "javascript:alert(1)", "with its scheme"},
		{"gateway", "https://SSO.example.org", "spelt as browsers send it"},
		{"gateway", "https://sso.example.org//", "without path"},
		{"provider", "http://idp.example.org", "must be https"},
		{"provider", "https://user:secret@idp.example.org", "without user and password"},
		{"provider", "https://idp.example.org/?x", "without query and fragment"},
		{"provider", "https://idp.example.org/#x", "without query and fragment"},
		{"provider", "https://idp.example.org/${env:HOME}", "must be an address"},
		{"provider", "https://idp.example.org/\x1b]0;x", "must be an https URL"},
		{"provider", "ftp://idp.example.org", "must be an https URL"},
		{"provider", "corp", "must be an https URL"},
		{"preset", "keycloack", "must be none or one of"},
		{"rocketchat-version", "newest", "must be a version"},
		{"profile", "sso", "must be coral-oidc, coral-sso or talk4"},
		{"page", "www.example.org", "with its scheme"},
		{"page", ",", "must name at least one"},
		{"email-domains", "example.org\", anyone: true", "must be words without quotes"},
		{"email-domains", "@example.org", "must be domains"},
		{"groups", "${file:/etc/passwd}", "must be names without quotes, brackets and $"},
		{"groups", "staff, a\x1b]0;x", "must be names without"},
		{"groups", "Domain\u00a0Users", "must be names without"},
		{"groups", " , ", "must name at least one"},
		{"client-id", "${env:HOME}", "must be a client id"},
		{"rocketchat-user-id", "a b", "must be the user id"},
		{"redis", "cache", "must be host:port"},
		{"redis", "cache:99999", "must be host:port"},
		{"redis", "redis://:secret@cache:6379", "must be without user and password"},
		{"redis", "unix:run/redis.sock", "must be unix:/path"},
		{"redis", "unix:/run/${env:HOME}", "must be unix:/path"},
		{"trusted-proxies", "0.0.0.0/0", "must not be everybody"},
		{"trusted-proxies", "the-proxy", "must be a network"},
	} {
		given := complete(answers{"coral": "https://comments.example.org", "page": "https://www.example.org"})
		given[c.flag] = c.answer
		_, _, err := draw(t, blueprint.Config{Given: given})
		wrong, ok := errors.AsType[*blueprint.WrongError](err)
		if !ok || wrong.Flag != c.flag || !strings.Contains(err.Error(), c.want) {
			t.Errorf("--%s %q: Draw() = %v, want %q", c.flag, c.answer, err, c.want)
		}
		if strings.Contains(errorText(err), "secret@") || strings.Contains(errorText(err), ":secret") {
			t.Errorf("--%s: the refusal repeats a password: %v", c.flag, err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestTheGatewayIsOfferedAPlaceBesideTheChat: B-29.
func TestTheGatewayIsOfferedAPlaceBesideTheChat(t *testing.T) {
	for chat, want := range map[string]string{
		"https://chat.example.org":       "https://sso.example.org",
		"https://chat.corp.example.org":  "https://sso.corp.example.org",
		"https://chat.example.org:8443":  "https://sso.example.org:8443",
		"https://example.org":            "",
		"https://chat.co.uk":             "",
		"https://sso.example.org":        "",
		"https://192.0.2.7":              "",
		"https://[2001:db8::1]:3000":     "",
		"https://rocketchat":             "",
		"https://chat.xn--bcher-kva.org": "https://sso.xn--bcher-kva.org",
	} {
		var screen strings.Builder
		_, _, err := draw(t, blueprint.Config{Prompter: prompter(&screen, chat, "")})
		if err == nil {
			t.Fatal("Draw() = nil with half of the answers")
		}
		_, line, _ := strings.Cut(screen.String(), "The gateway itself")
		if offer := strings.Trim(strings.Split(line, ":")[0], " "); want == "" && strings.HasPrefix(line, " [") || want != "" && !strings.HasPrefix(line, " ["+want+"]: ") {
			t.Errorf("beside %s the gateway is offered %q, want %q", chat, offer, want)
		}
	}
}
