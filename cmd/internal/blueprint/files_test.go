package blueprint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/charts/charttest"
	"chatgate/cmd/internal/app"
	"chatgate/cmd/internal/blueprint"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shapes are the chats that an installation may have.
var shapes = map[string]answers{
	"Rocket.Chat 8":   {"rocketchat-version": "8.8"},
	"Rocket.Chat 7":   {"rocketchat-version": "7.13"},
	"Coral by OpenID": {"rocketchat": "", "coral": "https://comments.example.org", "page": "https://www.example.org,https://blog.example.org"},
	"Coral by single sign-on": {
		"rocketchat": "", "coral": "https://comments.example.org", "page": "https://www.example.org", "profile": "coral-sso", "sso-key-id": "4f2a9c10d3b7e6a851",
	},
	"Coral whose key is not known": {
		"rocketchat": "", "coral": "https://comments.example.org", "page": "https://www.example.org", "profile": "coral-sso",
	},
	"Talk 4": {"rocketchat": "", "coral": "https://talk.example.org", "page": "https://www.example.org", "profile": "talk4"},
	"both": {
		"coral": "https://comments.example.org", "page": "https://www.example.org", "groups": "staff,News Room", "email-domains": "example.org",
		"redis": "rediss://cache.example.org:6380", "trusted-proxies": "10.42.0.0/16 192.0.2.7",
	},
	"comments on pages of their own": {"rocketchat": "", "coral": "https://comments.example.org", "page": "https://comments.example.org"},
}

// TestEveryInstallationPassesConfigCheck: with the secrets in their files, both configurations start.
func TestEveryInstallationPassesConfigCheck(t *testing.T) {
	for name, shape := range shapes {
		for _, preset := range append(app.Presets(), "none") {
			t.Run(fmt.Sprintf("%s, %s", name, preset), func(t *testing.T) {
				given := complete(shape)
				given["preset"] = string(preset)
				drawn, _ := mustDraw(t, blueprint.Config{Given: given})
				folder := written(t, drawn)
				plain := filepath.Join(folder, "chatgate.yaml")
				if err := check(t, plain, read(t, plain)); err != nil {
					t.Errorf("chatgate.yaml: %v\n%s", err, read(t, plain))
				}
				if err := check(t, filepath.Join(folder, "values.yaml"), inCluster(t, folder)); err != nil {
					t.Errorf("the configuration in values.yaml: %v", err)
				}
			})
		}
	}
}

// TestTheChartTakesTheValues: it refuses literal secrets, an Ingress without trustedProxies, and files that the Secret could
// not have.
func TestTheChartTakesTheValues(t *testing.T) {
	chart := charttest.Open(t, "../../../charts/chatgate")
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			drawn, _ := mustDraw(t, blueprint.Config{Given: complete(shape)})
			installed := chart.Install(t, "--values", filepath.Join(written(t, drawn), "values.yaml"))
			if len(installed.Objects) < 3 {
				t.Errorf("the chart makes %d objects of it", len(installed.Objects))
			}
		})
	}
}

// TestTheIngressOfNextStepsIsAllThatLacks: its two lines, put into values.yaml, lead to the gateway from outside.
func TestTheIngressOfNextStepsIsAllThatLacks(t *testing.T) {
	drawn, _ := mustDraw(t, blueprint.Config{Given: complete(shapes["Rocket.Chat 8"])})
	folder := written(t, drawn)
	values, steps := filepath.Join(folder, "values.yaml"), read(t, folder, "NEXT-STEPS.md")
	_, lines, _ := strings.Cut(steps, "```yaml\n")
	ingress, proxies, found := strings.Cut(lines, "\nconfig:\n")
	proxies, _, _ = strings.Cut(proxies, "\n")
	if !found {
		t.Fatalf("NEXT-STEPS.md has no lines for an Ingress:\n%s", steps)
	}
	put(t, values, strings.Replace(read(t, values), "\nconfig:\n", "\n"+ingress+"\nconfig:\n"+proxies+"\n", 1))
	installed := charttest.Open(t, "../../../charts/chatgate").Install(t, "--values", values)
	if !strings.Contains(fmt.Sprint(installed.Objects), "Ingress") {
		t.Errorf("they make no Ingress:\n%s", read(t, values))
	}
}

// TestContainersAreAskedWhatTheyCanDo: they have no terminal and nothing to write to, and see none of the operator's files.
func TestContainersAreAskedWhatTheyCanDo(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			drawn, _ := mustDraw(t, blueprint.Config{Given: complete(shape)})
			steps := strings.ReplaceAll(read(t, written(t, drawn), "NEXT-STEPS.md"), "\\\n", "")
			for line := range strings.Lines(steps) {
				_, inside, container := strings.Cut(line, "-- ")
				switch asks := strings.Contains(line, "--apply"); {
				case !strings.Contains(line, "/chatgate ") && !strings.HasPrefix(line, "chatgate "):
				case asks && strings.Contains(line, "--yes") != container:
					t.Errorf("only where nobody can be asked is it --yes: %s", line)
				case container && (strings.Contains(inside, "--config") || strings.Contains(inside, "--out")):
					t.Errorf("a container has neither this folder nor one to write to: %s", line)
				case container && strings.Contains(inside, "setup talk") && drawn.Profile != app.Talk4Profile && !strings.Contains(line, `printf %s "$CORAL_ADMIN_TOKEN" | kubectl exec --stdin`):
					t.Errorf("the token is not in the container: %s", line)
				}
			}
		})
	}
}

// TestConfigCheckNamesWhatIsMissing: a secret that only others can tell has no file, and its name leads to it.
func TestConfigCheckNamesWhatIsMissing(t *testing.T) {
	drawn, _ := mustDraw(t, blueprint.Config{Given: complete(answers{"preset": "okta"})})
	folder := written(t, drawn)
	var names []string
	for _, secret := range drawn.Missing() {
		names = append(names, secret.Name)
		if err := os.Remove(filepath.Join(folder, "secrets", secret.Name)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"oidc-client-id", "oidc-client", "rocketchat-user-id", "rocketchat-token"}, names); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	plain := filepath.Join(folder, "chatgate.yaml")
	err := check(t, plain, read(t, plain))
	for _, name := range names {
		if err == nil || !strings.Contains(err.Error(), "secrets/"+name) {
			t.Errorf("config check = %v, want it to name secrets/%s", err, name)
		}
	}
}

// known are secrets that do not change from run to run.
func known() map[string]app.Secret {
	kept := map[string]app.Secret{"sealing": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
	for _, name := range []string{"oidc-client", "rocketchat-create-token", "coral-client", "talk-client"} {
		kept[name] = app.Secret("made-for-" + name)
	}
	return kept
}

func TestFilesAreAsTheyWere(t *testing.T) {
	for name, given := range map[string]answers{
		"keycloak-rocketchat-8": complete(shapes["Rocket.Chat 8"]),
		"okta-rocketchat-7":     complete(answers{"provider": "https://example.okta.com", "rocketchat-version": "7.9"}),
		"standard-coral-oidc":   complete(answers{"provider": "https://idp.example.org", "rocketchat": "", "coral": "https://comments.example.org", "page": "https://www.example.org"}),
		"dex-coral-sso":         complete(answers{"preset": "dex", "rocketchat": "", "coral": "https://comments.example.org", "page": "https://www.example.org", "profile": "coral-sso"}),
		"google-talk4": complete(answers{
			"provider": "https://accounts.google.com", "email-domains": "example.org", "rocketchat": "", "coral": "https://talk.example.net", "page": "https://www.example.org", "profile": "talk4",
		}),
		"keycloak-both": complete(shapes["both"]),
	} {
		t.Run(name, func(t *testing.T) {
			drawn, _ := mustDraw(t, blueprint.Config{Given: given, Kept: known()})
			files, err := drawn.Files()
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, file := range files {
				if !file.Keep {
					got[file.Name] = file.Text.Reveal()
				}
			}
			golden(t, filepath.Join("testdata", name), got)
		})
	}
}

// golden compares files with those of a folder, which has no others.
func golden(t *testing.T, folder string, got map[string]string) {
	t.Helper()
	if *update {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range got {
			put(t, filepath.Join(folder, name), text)
		}
		return
	}
	want := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		want[entry.Name()] = read(t, folder, entry.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the files differ, and -update writes them anew (-want +got):\n%s", diff)
	}
}

// TestOnlySecretsHoldSecrets: S133. What others may read, and what is printed, has none.
func TestOnlySecretsHoldSecrets(t *testing.T) {
	drawn, told := mustDraw(t, blueprint.Config{Given: complete(shapes["both"])})
	files, err := drawn.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range drawn.Secrets {
		if secret.Text == "" {
			continue
		}
		if len(secret.Text.Reveal()) < 26 {
			t.Errorf("%s has %d characters, which somebody could guess", secret.Name, len(secret.Text.Reveal()))
		}
		for _, file := range files {
			if strings.Contains(file.Text.Reveal(), secret.Text.Reveal()) && file.Mode != 0o600 {
				t.Errorf("%s has the secret %s, and others may read it", file.Name, secret.Name)
			}
		}
		if strings.Contains(told+drawn.SecretCommand()+fmt.Sprintf("%v %+v %#v", drawn.Secrets, files, files), secret.Text.Reveal()) {
			t.Errorf("the secret %s is printed", secret.Name)
		}
	}
	again, _ := mustDraw(t, blueprint.Config{Given: complete(shapes["both"])})
	for i, secret := range again.Secrets {
		if secret.Text != "" && secret.Text == drawn.Secrets[i].Text {
			t.Errorf("%s is the same in two installations", secret.Name)
		}
	}
}
