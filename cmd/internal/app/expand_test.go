package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

func TestReferencesExpandInsideText(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"a variable", "${env:WORD}", "many"},
		{"a variable that is set to nothing", "<${env:EMPTY}>", "<>"},
		{"several in one text", "${env:WORD}-${env:PORT}", "many-6"},
		{"a file without its final newline", "${file:/run/secrets/sealing}", "a-long-sealing-key"},
		{"a file without its final Windows newline", "${file:/run/secrets/open}", "world-readable"},
		{"a file with newlines of its own", "${file:/run/secrets/lines}", "one\ntwo\n"},
		{"a file beside the configuration", "${file:token}", "token-beside-the-file"},
		{"a file above the configuration", "${file:../../run/secrets/sealing}", "a-long-sealing-key"},
		{"an escaped reference", "$${env:WORD}", "${env:WORD}"},
		{"an escape after a dollar", "$$${env:WORD}", "$${env:WORD}"},
		{"dollars that start nothing", "$5 $ {} $$", "$5 $ {} $$"},
		{"a value that looks like a reference", "${env:NESTED}", "${env:SECRET}"},
		{"a value that looks like YAML", "${env:INJECT}", "x\nbaseURL: https://evil.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := decodeSample(t, fmt.Sprintf("redis: {username: %q}", tt.text), sampleOptions())
			if got.Redis.Username != tt.want || got.BaseURL != "" {
				t.Errorf("username %q = %q (base URL %q), want %q", tt.text, got.Redis.Username, got.BaseURL, tt.want)
			}
		})
	}
}

func TestReferencesExpandInEveryStyleOfText(t *testing.T) {
	for _, style := range []string{" ${env:WORD}", " '${env:WORD}'", ` "${env:WORD}"`, " |-\n    ${env:WORD}", " >-\n    ${env:WORD}", " | # why\n    ${env:WORD}"} {
		got := decodeSample(t, "redis:\n  username:"+style, sampleOptions())
		if got.Redis.Username != "many" {
			t.Errorf("username:%s = %q, want %q", style, got.Redis.Username, "many")
		}
	}
}

func TestReferencesConvertToTheKeysType(t *testing.T) {
	got := decodeSample(t, "redis: {database: '${env:PORT}'}\nlimits: {burst: '${env:PORT}.5'}\nsession: {idle: '${env:IDLE}'}\n", sampleOptions())
	if got.Redis.Database != 6 || got.Limits.Burst != 6.5 || got.Session.Idle != 45*time.Minute {
		t.Errorf("database %d, burst %v, idle %v, want 6, 6.5, 45m", got.Redis.Database, got.Limits.Burst, got.Session.Idle)
	}
}

func TestDecodeRefusesReferences(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"to a variable that is not set", "${env:NOPE}", "${env:NOPE}: this environment variable is not set"},
		{"to a file that is not there", "${file:/run/nope}", "${file:/run/nope}: there is no file /run/nope"},
		{"to a file beside the configuration that is not there", "${file:nope}", "${file:nope}: there is no file /etc/chatgate/nope"},
		{"to a file that may not be read", "${file:/run/secrets/forbidden}",
			"${file:/run/secrets/forbidden}: this process may not read /run/secrets/forbidden"},
		{"to a folder", "${file:/run/secrets}", "${file:/run/secrets}: read /run/secrets: invalid argument"},
		{"to a large file", "${file:/run/secrets/large}", "${file:/run/secrets/large}: /run/secrets/large is larger than 64 KiB"},
		{"of no known sort", "${SECRET}", "${SECRET} is neither ${env:NAME} nor ${file:PATH}; write $${ for a literal ${"},
		{"without a name", "${env:}", "${env:} is neither ${env:NAME} nor ${file:PATH}; write $${ for a literal ${"},
		{"inside references", "${file:/run/${env:WORD}}", "has a reference inside ${file:/run/${env:WORD}; references do not nest"},
		{"without their end", "${env:SECRET", "has a ${ without its }; write $${ for the two characters themselves"},
		{"that do not convert", "${env:WORD}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, want := "username", tt.want
			if want == "" {
				key, want = "database", `must be a whole number, got "${env:WORD}"`
			}
			got := refusals(fmt.Sprintf("redis: {%s: %q}", key, tt.text), sampleOptions())
			if diff := cmp.Diff([]string{"1:9: redis." + key + ": " + want}, got); diff != "" {
				t.Errorf("Decode(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

// S133: whatever is wrong with a secret, and wherever it stands, no message shows it.
func TestNoMessageShowsASecret(t *testing.T) {
	tests := []struct {
		name, source, secretText string
	}{
		{"from the environment, in a duration", "session: {idle: '${env:SECRET}'}", "s3cr3t"},
		{"from the environment, in a type of its own", "baseURL: '${env:SECRET}'", "s3cr3t"},
		{"from the environment, in a list of words", "logLevel: '${env:SECRET}'", "s3cr3t"},
		{"from the environment, in a kind", "chats: {a: {kind: '${env:SECRET}'}}", "s3cr3t"},
		{"from a file, in a whole number", "redis: {database: '${file:/run/secrets/sealing}'}", "a-long"},
		{"with line ends, in a type that quotes it", "baseURL: '${file:/run/secrets/lines}'", "two"},
		{"in the file, refused by its section", "sealing: {keys: {a: '1234567'}}", "1234567"},
		{"in the file, short, refused by its section", "sealing: {keys: {a: 'xyz'}}", "xyz"},
		{"in the file, a number", "redis: {password: 987654321}", "987654321"},
		{"in the file, a truth value in quotes elsewhere", "redis: {password: 'hunter2!'}\nlogLevel: 'hunter2!'", "hunter2!"},
		{"in the file, where its section should be", "providers: {a: {client: hunter2!}}", "hunter2!"},
		{"in the file, where a map of secrets should be", "sealing: {keys: hunter2!}", "hunter2!"},
		{"in the file, where a chat should be", "chats: {talk: hunter2!}", "hunter2!"},
		{"in the file, under an unknown key", "redis: {passwort: hunter2!}", "hunter2!"},
		{"in the file, after a stray bar", "redis:\n  password: |hunter2!", "hunter2!"},
		{"in the file, in broken YAML", "redis: {password: \"hunter2!\\q\"}", "hunter2!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(refusals(tt.source, sampleOptions()), "\n")
			if got == "" || strings.Contains(got, tt.secretText) {
				t.Errorf("Decode told %q, want a refusal without %q", got, tt.secretText)
			}
		})
	}
}

// S133: a world-readable secret file is warned of.
func TestDecodeWarnsOfASecretFileThatEveryoneMayRead(t *testing.T) {
	tests := []struct {
		name, source string
		want         []string
	}{
		{"for a secret", "redis: {password: '${file:/run/secrets/open}'}", []string{
			"redis.password: every user of this machine may read /run/secrets/open: take the right to read it from others (chmod o-r)"}},
		{"not for a file with fewer rights", "redis: {password: '${file:/run/secrets/sealing}'}", nil},
		{"not for a setting that is no secret", "redis: {username: '${file:/run/secrets/open}'}", nil},
		{"not for the environment", "redis: {password: '${env:SECRET}'}", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			opt := sampleOptions()
			opt.Warn = func(path, text string) { got = append(got, path+": "+text) }
			decodeSample(t, tt.source, opt)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeReadsTheRealEnvironmentAndFilesByDefault(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CHATGATE_TEST_NAME", "from-the-environment")
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var cfg sample
	source := "redis: {username: '${env:CHATGATE_TEST_NAME}', password: '${file:password}'}"
	if err := app.Decode(filepath.Join(dir, "chatgate.yaml"), []byte(source), &cfg, app.Options{}); err != nil {
		t.Fatal(err)
	}
	if cfg.Redis.Username != "from-the-environment" || cfg.Redis.Password.Reveal() != "from-a-file" {
		t.Errorf("redis = %+v, want the variable and the file beside the configuration", cfg.Redis)
	}
}
