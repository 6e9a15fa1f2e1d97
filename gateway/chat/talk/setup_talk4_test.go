package talk_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/gateway/keyring"
	"chatgate/store"
)

// environment is what a shell makes of the lines.
func environment(t *testing.T, lines []talk.Variable) map[string]string {
	t.Helper()
	var script strings.Builder
	for _, line := range lines {
		script.WriteString("export " + line.String() + "\n")
	}
	script.WriteString("env -0\n")
	path := filepath.Join(t.TempDir(), "talk.env")
	if err := os.WriteFile(path, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", path)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]string{}
	for line := range bytes.SplitSeq(out, []byte{0}) {
		name, value, _ := strings.Cut(string(line), "=")
		set[name] = value
	}
	return set
}

// talk4From starts a Talk 4 by its environment, as the product reads it.
func talk4From(t *testing.T, w *world, set map[string]string) *talktest.Talk4 {
	t.Helper()
	cfg := talktest.Talk4Config{
		URL: coralURL, Now: w.Now, Algorithm: set["TALK_JWT_ALG"], Issuer: set["TALK_JWT_ISSUER"], Audience: set["TALK_JWT_AUDIENCE"],
		Secret: set["TALK_JWT_SECRET"], TokenUserNotFound: talktest.GatewayPlugin(set["TALK_JWT_ISSUER"]),
	}
	if list := set["TALK_JWT_SECRETS"]; list != "" {
		if err := json.Unmarshal([]byte(list), &cfg.Secrets); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(list, "\n") {
			t.Error("TALK_JWT_SECRETS has a line break, which must be written as \\n (G14)")
		}
	}
	talk4, err := talktest.NewTalk4(cfg)
	if err != nil {
		t.Fatalf("Talk does not start with these lines: %v", err)
	}
	return talk4
}

func TestTalk4TakesOurTokensWithThePrintedEnvironment(t *testing.T) { // G14
	ownKey, made, err := keyring.Generate(2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cfg  talk.Config
		env  talk.Environment
	}{
		{"by keys", site(talk.Talk4), talk.Environment{OwnKey: ownKey, Reveal: true}},
		{
			"by keys, for another audience and issuer",
			with(site(talk.Talk4), func(c *talk.Config) { c.Audience, c.Issuer = "it's", "https://sso.example.org/former" }),
			talk.Environment{OwnKey: store.Secret(testKeys[1]()), Reveal: true},
		},
		{
			"by a shared secret", with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = "a 'quoted' $secret of `thirty-two` chars" }),
			talk.Environment{Reveal: true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, tt.cfg, chattest.Options{})
			tt.env.Keys = keysOf(t, w)
			lines, err := w.connector.(talk.Operated).Environment(tt.env)
			if err != nil {
				t.Fatal(err)
			}
			viewer, err := talk4From(t, w, environment(t, lines)).Verify(ctx(), w.token(http.MethodGet, w.SignIn(ada())).Token)
			if err != nil || viewer.Anonymous() {
				t.Errorf("Talk takes a token for %+v, %v", viewer, err)
			}
		})
	}
	w := open(t, site(talk.Talk4), chattest.Options{})
	lines, err := w.connector.(talk.Operated).Environment(talk.Environment{Keys: keysOf(t, w), OwnKey: ownKey, Reveal: true})
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct{ KID, Public, Private string }
	if err := json.Unmarshal([]byte(environment(t, lines)["TALK_JWT_SECRETS"]), &entries); err != nil {
		t.Fatal(err)
	}
	public, err := made.PublicPEM()
	if err != nil || len(entries) != 2 || entries[0].Private != ownKey.Reveal() || entries[0].Public != public || entries[1].Private != "" {
		t.Errorf("the entries are %d, %v, want Talk's own pair first and the gateway's public half after it", len(entries), err)
	}
}

func keysOf(t *testing.T, w *world) []keyring.Key {
	t.Helper()
	if w.Keys == nil {
		return nil
	}
	keys, err := w.Keys.Keys()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestTheEnvironmentOfThePlugin(t *testing.T) { // P6
	cfg := with(site(talk.Talk4), func(c *talk.Config) {
		c.Client = talk.Client{ID: "talk-window", Secret: clientSecret}
		c.Issuer = "https://sso.example.org/former"
	})
	w := open(t, cfg, chattest.Options{})
	lines, err := w.connector.(talk.Operated).Environment(talk.Environment{Plugin: true})
	want := `TALK_CHATGATE_ISSUER='https://sso.example.org/former'
TALK_CHATGATE_AUDIENCE='talk'
TALK_CHATGATE_JWKS_URL='https://sso.example.org/talk/jwks.json'
TALK_CHATGATE_CLIENT_ID='talk-window'
TALK_CHATGATE_CLIENT_SECRET='<client.secret>'
TALK_CHATGATE_AUTHORIZATION_URL='https://sso.example.org/talk/oauth/authorize'
TALK_CHATGATE_TOKEN_URL='https://sso.example.org/talk/oauth/token'
`
	var got strings.Builder
	for _, line := range lines {
		got.WriteString(line.String() + "\n")
	}
	if got.String() != want || err != nil {
		t.Errorf("the lines, %v:\n%s\nwant\n%s", err, &got, want)
	}
}

func TestTheEnvironmentKeepsSecretsUnlessTheyAreAskedFor(t *testing.T) {
	ownKey, _, err := keyring.Generate(2048)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, site(talk.Talk4), chattest.Options{})
	shared := open(t, with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret }), chattest.Options{})
	for _, tt := range []struct {
		world *world
		env   talk.Environment
		mark  string
	}{
		{w, talk.Environment{Keys: keysOf(t, w)}, "<private half of the same pair>"},
		{w, talk.Environment{Keys: keysOf(t, w), OwnKey: ownKey}, "<private half of Talk's own pair>"},
		{shared, talk.Environment{}, "<sharedSecret>"},
	} {
		lines, err := tt.world.connector.(talk.Operated).Environment(tt.env)
		if err != nil {
			t.Fatal(err)
		}
		last := lines[len(lines)-1].Value
		if !strings.Contains(last, tt.mark) || strings.Contains(last, "PRIVATE KEY") || strings.Contains(last, sharedSecret) {
			t.Errorf("%s, want the mark %s in place of the secret", last, tt.mark)
		}
	}
}

func TestTheEnvironmentRefuses(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	shared := open(t, with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret }), chattest.Options{})
	keys := keysOf(t, w)
	for _, tt := range []struct {
		name  string
		world *world
		env   talk.Environment
		want  string
	}{
		{"the plugin with a shared secret", shared, talk.Environment{Plugin: true}, "sharedSecret makes none"},
		{"no keys yet", w, talk.Environment{}, "no keys yet"},
		{"no PEM", w, talk.Environment{Keys: keys, OwnKey: "secret"}, "holds no PEM block"},
		{"a public key", w, talk.Environment{Keys: keys, OwnKey: store.Secret(pemOf(t, keys[0].Public))}, "an RSA private key (PKCS #1 or PKCS #8) is needed"},
		{"the gateway's own key", w, talk.Environment{Keys: keys, OwnKey: store.Secret(testKeys[0]())}, "must not be one of the gateway's"},
	} {
		if _, err := tt.world.connector.(talk.Operated).Environment(tt.env); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	coral := open(t, site(talk.CoralSSO), chattest.Options{})
	if _, err := coral.connector.(talk.Operated).Environment(talk.Environment{}); !errors.Is(err, talk.ErrNotTalk4) {
		t.Errorf("the environment of a Coral = %v, want ErrNotTalk4", err)
	}
}
