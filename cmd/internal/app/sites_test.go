package app_test

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
)

// opened is the log of a gateway that a configuration opens.
func opened(t *testing.T, source string) string {
	t.Helper()
	loaded, err := parse(t, source)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if _, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.NewJSONHandler(&log, nil))}); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

func TestAGatewayOnAnotherSiteThanItsChatIsWarnedOf(t *testing.T) { // R20, B-29
	for _, tc := range []struct {
		name, baseURL string
		warned        bool
	}{
		{"a sibling host name", "https://sso.example.org", false},
		{"another domain", "https://sso.example.com", true},
		{"a neighbour under a public suffix", "https://sso.co.uk", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source := strings.Replace(working, "https://sso.example.org", tc.baseURL, 1)
			log := opened(t, strings.Replace(source, `standalone: {address: "cache:6379"}`, "memory: true", 1))
			if warned := strings.Contains(log, "cross-site"); warned != tc.warned {
				t.Errorf("warned: %v, want %v:\n%s", warned, tc.warned, log)
			}
		})
	}
}

func TestGroupsOfSeveralProvidersThatMakeAdministratorsAreWarnedOf(t *testing.T) { // D7, S93
	const another = "  partners:\n    issuer: https://idp.example.net\n    client: {id: chatgate, secret: s}\nchats:\n"
	for _, tc := range []struct {
		name, access, accounts string
		warned                 bool
	}{
		{"both may enter", "{anyone: true}", "{roles: {bosses: [admin]}}", true},
		{"one may enter", "{providers: [corp]}", "{roles: {bosses: [admin]}}", false},
		{"one counts", "{anyone: true}", "{roles: {bosses: [admin]}, providers: [corp]}", false},
		{"nobody is made an administrator", "{anyone: true}", "{roles: {bosses: [moderator]}}", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := opened(t, strings.NewReplacer(
				`standalone: {address: "cache:6379"}`, "memory: true", "chats:\n", another,
				"access: {providers: [corp], groups: [staff]}", "access: "+tc.access+"\n    accounts: "+tc.accounts,
			).Replace(working))
			if warned := strings.Contains(log, "make administrators"); warned != tc.warned {
				t.Errorf("warned: %v, want %v:\n%s", warned, tc.warned, log)
			}
		})
	}
}

func TestGroupsOfSeveralProvidersThatMakeStaffAreWarnedOf(t *testing.T) { // D7, G16
	const another = "  partners:\n    issuer: https://idp.example.net\n    client: {id: chatgate, secret: s}\nchats:\n"
	const plain = "    profile: coral-oidc\n    access: {providers: [corp], anyone: true}\n"
	const client = "    client: {id: coral, secret: a-secret-of-coral-and-the-gateway}\n"
	const secrets = "    ssoSecrets: {kid: a-secret-of-coral-and-the-gateway}\n"
	for _, tc := range []struct {
		name, access, roles string
		warned              bool
	}{
		{"both may enter", "{anyone: true}", "roles: {desk: MODERATOR}", true},
		{"one may enter", "{providers: [corp]}", "roles: {desk: MODERATOR}", false},
		{"one counts", "{anyone: true}", "roles: {desk: MODERATOR}\n    roleProviders: [corp]", false},
		{"nobody is made staff", "{anyone: true}", "roles: {desk: COMMENTER}", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := opened(t, strings.NewReplacer(
				`standalone: {address: "cache:6379"}`, "memory: true", "chats:\n", another,
				plain, "    profile: coral-sso\n    access: "+tc.access+"\n    "+tc.roles+"\n", client, secrets,
			).Replace(working))
			if warned := strings.Contains(log, "make staff"); warned != tc.warned {
				t.Errorf("warned: %v, want %v:\n%s", warned, tc.warned, log)
			}
		})
	}
}

func TestOutgoingCallsVerifyWhomTheyTalkTo(t *testing.T) { // S132
	transport := app.NewTransport()
	client := &http.Client{Transport: transport}
	for name, change := range map[string]func(*httptest.Server){
		"a certificate of an unknown authority": func(*httptest.Server) {},
		"TLS 1.1": func(s *httptest.Server) {
			s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // what is to be refused
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			change(server)
			server.StartTLS()
			defer server.Close()
			response, err := client.Get(server.URL)
			if err == nil {
				_ = response.Body.Close()
				t.Fatal("the call went through")
			}
			if !strings.Contains(err.Error(), "tls") {
				t.Errorf("the call failed with %v, want TLS to refuse it", err)
			}
		})
	}
}
