package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chatgate/cmd/internal/cli"
	"chatgate/oidc/oidctest"
)

// replacement is the provider that comes in the place of corp. It knows the same people by other subjects.
const replacement = `
  entra:
    issuer: {issuer}
    client: {id: chatgate, secret: of-the-new-provider}
`

// renamed is the map of subjects, as an operator writes it.
const renamed = "5f1c2a\t0001\n9d04e7\t0002\n"

// openReplacement starts the new provider and returns it with the world's configuration as it is with it.
func openReplacement(t *testing.T, w *world) (*oidctest.Provider, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String()
	provider := oidctest.New(oidctest.Config{
		Issuer: issuer,
		Clients: []oidctest.Client{{
			ID: "chatgate", Secret: "of-the-new-provider", RedirectURIs: []string{w.hosts["sso"].url() + "/login/callback"},
		}},
		Users: []oidctest.User{
			{Username: "ada", Password: "ada", Subject: "0001", Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true},
			{Username: "bob", Password: "bob", Subject: "0002", Name: "Bob Kahn", Email: "bob@example.org", EmailVerified: true},
		},
	})
	server.Config.Handler = provider
	server.Start()
	t.Cleanup(server.Close)
	before, chats, _ := strings.Cut(w.config, "\nchats:\n")
	return provider, before + strings.ReplaceAll(replacement, "{issuer}", issuer) + "\nchats:\n" +
		strings.ReplaceAll(chats, "providers: [corp]", "providers: [corp, entra]")
}

// belongings are what a person has in both chats.
type belongings struct {
	account string // in Rocket.Chat
	userID  string // at the comments
	reader  string // who the product behind them takes its bearer for
}

// belongingsOf asks for both, and says how Rocket.Chat's token call was refused if it was.
func (v *visitor) belongingsOf(username string) (has belongings, refused string) {
	v.t.Helper()
	answer := v.rocketChatToken().json(v.t)
	has.account, _ = answer["userId"].(string)
	refused, _ = answer["code"].(string)
	token, _ := v.talkToken().json(v.t)["token"].(string)
	has.userID, has.reader = userIDIn(v.t, token), v.readerOf(token)
	if has.userID == "" || has.reader == "" {
		v.t.Fatalf("the comments take %s for nobody", username)
	}
	return has, refused
}

// userIDIn is the user id in a token of any profile.
func userIDIn(t testing.TB, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Subject string `json:"sub"`
		User    struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Subject + claims.User.ID
}

// readerOf is the id under which the product keeps what the bearer of a token writes.
func (v *visitor) readerOf(token string) string {
	v.t.Helper()
	if v.w.Talk4 != nil {
		viewer, err := v.w.Talk4.Verify(v.t.Context(), token)
		if err != nil {
			v.t.Fatal(err)
		}
		return viewer.ID
	}
	viewer, err := v.w.Coral.Verify(v.t.Context(), token)
	if err != nil {
		v.t.Fatal(err)
	}
	return viewer.ID
}

// signInAt is signIn at another provider than the world's own.
func (v *visitor) signInAt(provider *oidctest.Provider, key, username string) {
	v.t.Helper()
	var begun answer
	eventually(v.t, "the gateway has found the provider", func() bool {
		begun = v.send(http.MethodGet, v.w.Addresses().Gateway+"/login?provider="+key, "")
		return begun.status == http.StatusSeeOther
	})
	callback, err := provider.SignIn(v.client, begun.header.Get("Location"), username, username)
	if err != nil {
		v.t.Fatal(err)
	}
	v.open(callback.String())
}

// command runs one line of the README with the files in a folder.
func command(t *testing.T, dir, line string) string {
	t.Helper()
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != "bin/chatgate" {
		t.Fatalf("%q is no command of chatgate", line)
	}
	for i, word := range words {
		if slices.Contains([]string{".yaml", ".jsonl", ".tsv"}, filepath.Ext(word)) {
			words[i] = filepath.Join(dir, word)
		}
	}
	var out, told bytes.Buffer
	if code := cli.Run(t.Context(), words[1:], cli.Streams{Out: &out, Err: &told}); code != 0 {
		t.Fatalf("%s ends with %d\n%s%s", line, code, &out, &told)
	}
	return out.String()
}

// TestReplacingTheProviderLosesNobodyAnAccount follows the README to the letter, with every kind of token that comments take
// (D6).
func TestReplacingTheProviderLosesNobodyAnAccount(t *testing.T) {
	for profile := range profiles {
		t.Run(string(profile), func(t *testing.T) {
			w := start(t, worldConfig{Talk: profile})
			people, before := []string{"ada", "bob"}, map[string]belongings{}
			for _, username := range people {
				v := w.visitor(t)
				v.signIn("/login", username)
				before[username], _ = v.belongingsOf(username)
			}
			provider, config := openReplacement(t, w)
			replaced := w.elsewhere(t, w.embedded.Addr(), func(string) string { return config })
			wantStranger(t, w, replaced, provider, before["ada"])

			dir := t.TempDir()
			for name, text := range map[string]string{"chatgate.yaml": w.config, "new.yaml": config, "subjects.tsv": renamed} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			told := ""
			for _, block := range readmeCommands(t, "Replace the provider") {
				for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", " ")) {
					told += command(t, dir, line)
				}
			}
			if n := strings.Count(told, "0 linked, 2 moved, 0 unchanged, 0 refused"); n != 4 {
				t.Errorf("the commands say %d times that two people moved, want it of both chats, tried and done:\n%s", n, told)
			}

			for _, username := range people {
				v := w.visitor(t).at(replaced)
				v.signInAt(provider, "entra", username)
				if after, refused := v.belongingsOf(username); after != before[username] {
					t.Errorf("%s has %+v at the new provider (%s), had %+v", username, after, refused, before[username])
				}
			}
			wantReplaced(t, w)
		})
	}
}

// wantStranger: nobody who comes by the new provider before the import gets, or loses, anything of who they were.
func wantStranger(t *testing.T, w *world, replaced http.Handler, provider *oidctest.Provider, before belongings) {
	t.Helper()
	v := w.visitor(t).at(replaced)
	v.signInAt(provider, "entra", "ada")
	if a := v.rocketChatToken(); a.status != http.StatusForbidden || a.json(t)["code"] != "account_linked_to_another" {
		t.Errorf("Rocket.Chat, before the import = %d %s, want 403 account_linked_to_another (D8)", a.status, a.body)
	}
	token, _ := v.talkToken().json(t)["token"].(string)
	if got := userIDIn(t, token); got == before.userID {
		t.Errorf("the comments, before the import: the token names %q, want somebody else", got)
	}
	v.signOut()
}

// wantReplaced: whoever comes by the former provider afterwards gets nothing of what went over.
func wantReplaced(t *testing.T, w *world) {
	t.Helper()
	v := w.visitor(t)
	v.signIn("/login", "ada")
	if a := v.rocketChatToken(); a.status != http.StatusForbidden {
		t.Errorf("Rocket.Chat, by the former provider = %d, want 403", a.status)
	}
	if a := v.talkToken(); a.status != http.StatusForbidden || a.json(t)["code"] != "account_refused" {
		t.Errorf("the comments, by the former provider = %d %s, want 403 account_refused", a.status, a.body)
	}
}
