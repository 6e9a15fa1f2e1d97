package app_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

// S140: every mistake stops the start, with the key's path, its place, and a sentence that helps.
func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		source string
		want   []string
	}{
		// Keys.
		{"an unknown key near a known one", "redis: {adress: x}", []string{
			`1:9: redis.adress: is not a setting; did you mean "address"?`}},
		{"a key in the wrong case", "baseurl: https://sso.example.org", []string{
			`1:1: baseurl: is not a setting; did you mean "baseURL"?`}},
		{"an unknown key near none", "listen:\n  tls: true", []string{
			`2:3: listen.tls: is not a setting; the settings here are public, admin`}},
		{"a field that is no setting", "Now: x\nRaw: x\n-: x", []string{
			`1:1: Now: is not a setting; ` + topLevel,
			`2:1: Raw: is not a setting; ` + topLevel,
			`3:1: -: is not a setting; ` + topLevel}},
		{"a duplicate key", "development: true\nlisten: {}\ndevelopment: false", []string{
			`3:1: development: is set twice; the first is at 1:1`}},
		{"a duplicate name in a map", "labels: {a: {}, \"a\": {}}", []string{
			`1:17: labels.a: is set twice; the first is at 1:10`}},
		{"a duplicate kind", "chats: {x: {kind: talk, kind: talk}}", []string{
			`1:25: chats.x.kind: is set twice; the first is at 1:13`}},
		{"keys without a name", "labels: {null: {}, \"\": {}}", []string{
			`1:10: labels: has a key without a name`,
			`1:20: labels: has a key without a name`}},
		{"a key that is far too long", "labels: {" + strings.Repeat("k", 257) + ": {}}", []string{
			`1:10: labels: has a key of more than 256 bytes`}},

		// Types.
		{"a duration without its unit", "session: {idle: 8}", []string{
			`1:11: session.idle: must be a duration such as 8h, got 8`}},
		{"a duration in words", "session: {idle: 8 hours}", []string{
			`1:11: session.idle: must be a duration such as 8h, got "8 hours"`}},
		{"a word for a truth value", "development: yes", []string{
			`1:1: development: must be true or false, got "yes"`}},
		{"a quoted truth value", "development: 'true'", []string{
			`1:1: development: must be true or false, got "true"; write it without quotes`}},
		{"a quoted number", "redis: {database: '1'}", []string{
			`1:9: redis.database: must be a whole number, got "1"; write it without quotes`}},
		{"a number for text", "redis: {username: 42}", []string{
			`1:9: redis.username: must be text, got 42; put it in quotes`}},
		{"a truth value for text", "redis: {username: true}", []string{
			`1:9: redis.username: must be text, got true; put it in quotes`}},
		{"a fraction for a whole number", "redis: {database: 1.5}", []string{
			`1:9: redis.database: must be a whole number, got 1.5`}},
		{"an octal number", "redis: {database: 010}", []string{
			`1:9: redis.database: must be a whole number, got 010`}},
		{"a hexadecimal number", "redis: {database: 0x1F}", []string{
			`1:9: redis.database: must be a whole number, got 0x1F`}},
		{"a number that does not fit", "limits: {starts: 300}", []string{
			`1:10: limits.starts: must be a whole number that fits in uint8, got 300`}},
		{"a negative number for a count", "limits: {starts: -1}", []string{
			`1:10: limits.starts: must be a whole number, got -1`}},
		{"infinity", "limits: {burst: .inf}", []string{
			`1:10: limits.burst: must be a number, got .inf`}},
		{"a number below the least", "redis: {database: -1}", []string{
			`1:9: redis.database: must be at least 0, got -1`}},
		{"a number above the most", "redis: {database: 16}", []string{
			`1:9: redis.database: must be at most 15, got 16`}},
		{"a duration below the least", "session: {idle: 5s}", []string{
			`1:11: session.idle: must be at least 1m, got "5s"`}},
		{"a word outside the list", "logLevel: trace", []string{
			`1:1: logLevel: must be one of debug, info, warn, got "trace"`}},
		{"a word outside the list in a map", "chats: {talk: {roles: {staff: admin}}}", []string{
			`1:24: chats.talk.roles.staff: must be one of MODERATOR, STAFF, got "admin"`}},
		{"a list for a map", "listen: [a]", []string{
			`1:1: listen: must be a map of keys and values, got a list`}},
		{"a text for a map", "labels: x", []string{
			`1:1: labels: must be a map of keys and values, got "x"`}},
		{"a map for a list", "trustedProxies: {a: b}", []string{
			`1:1: trustedProxies: must be a list, got a map`}},
		{"a map without the space after its colon", "listen:\n  public:x", []string{
			`1:1: listen: must be a map of keys and values, got "public:x"; put a space after the colon`}},
		{"a list without the space after its dash", "trustedProxies:\n  -10.0.0.0/8", []string{
			`1:1: trustedProxies: must be a list, got "-10.0.0.0/8"; put a space after the dash`}},
		{"a text for a list", "trustedProxies: 10.0.0.0/8", []string{
			`1:1: trustedProxies: must be a list, got "10.0.0.0/8"`}},
		{"a map for text", "logLevel: {a: b}", []string{
			`1:1: logLevel: must be text, got a map`}},
		{"a number for text or a list", "providers: {a: {issuer: 'https://a.example', claims: {groups: 5}}}", []string{
			`1:55: providers.a.claims.groups: must be text or a list, got 5; put it in quotes`}},
		{"nothing for text", "logLevel:", []string{
			`1:1: logLevel: must be text, got nothing; leave the key out if you do not need it`}},
		{"nothing for a section", "redis: ~", []string{
			`1:1: redis: must be a map of keys and values, got nothing; leave the key out if you do not need it`}},
		{"nothing for a truth value", "memory: null", []string{
			`1:1: memory: must be true or false, got nothing; leave the key out if you do not need it`}},
		{"a list as the whole file", "- a\n- b", []string{
			`1:1: must be a map of keys and values, got a list`}},
		{"a sentence as the whole file", "just text", []string{
			`1:1: must be a map of keys and values, got a text`}},

		// What types say themselves.
		{"an origin without its scheme", "baseURL: chat.example.org/", []string{
			`1:1: baseURL: must be an https origin, got "chat.example.org/"`}},
		{"an element of a list", "trustedProxies:\n  - 10.0.0.0/8\n  - 10.0.0.1", []string{
			`3:5: trustedProxies[1]: is not valid (netip.ParsePrefix("10.0.0.1"): no '/')`}},
		{"an empty text its type needs", `providers: {a: {issuer: "https://a.example", claims: {username: ""}}}`, []string{
			`1:55: providers.a.claims.username: must name a claim, got ""`}},

		// Kinds.
		{"a name that is no kind", "chats: {news: {url: 'https://news.example'}}", []string{
			`1:9: chats.news: needs a kind, since its name is none: kind: rocketchat, or kind: talk`}},
		{"an unknown kind near a known one", "chats: {news: {kind: tlak}}", []string{
			`1:16: chats.news.kind: is "tlak", which is no kind; did you mean "talk"?`}},
		{"an unknown kind near none", "chats: {news: {kind: matrix}}", []string{
			`1:16: chats.news.kind: is "matrix", which is no kind; the kinds are rocketchat, talk`}},
		{"a kind that is no text", "chats: {news: {kind: [talk]}}", []string{
			`1:16: chats.news.kind: must be text, got a list`}},
		{"another kind's key", "chats: {talk: {onChatSignOut: global}}", []string{
			`1:16: chats.talk.onChatSignOut: is not a setting; the settings here are url, tokenLifetime, ssoSecrets, roles`}},
		{"nothing for a chat", "chats: {talk: }", []string{
			`1:9: chats.talk: must be a map of keys and values, got nothing; leave the key out if you do not need it`}},

		// What sections say themselves.
		{"a section's own rule", "session:\n  absolute: 1h", []string{
			`2:3: session.absolute: must not be less than idle`}},
		{"a required key that is left out", "providers:\n  corp:\n    client: {id: x}", []string{
			`2:3: providers.corp.issuer: is required`}},
		{"a required key of a section that is left out", "chats:\n  rocketchat:\n    url: https://chat.example.org", []string{
			`2:3: chats.rocketchat.api.url: is required`}},
		{"a wrong value, told once", "chats: {rocketchat: {url: x, api: 5}}", []string{
			`1:22: chats.rocketchat.url: must be an https origin, got "x"`,
			`1:30: chats.rocketchat.api: must be a map of keys and values, got a number`}},
		{"several mistakes at once, in the order of the file", "logLevel: x\nlisten: 1\nbogus: 1\nmemory: 2", []string{
			`1:1: logLevel: must be one of debug, info, warn, got "x"`,
			`2:1: listen: must be a map of keys and values, got 1`,
			`3:1: bogus: is not a setting; ` + topLevel,
			`4:1: memory: must be true or false, got 2`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, refusals(tt.source, sampleOptions())); diff != "" {
				t.Errorf("Decode(%q) (-want +got):\n%s", tt.source, diff)
			}
		})
	}
}

const topLevel = "the settings here are baseURL, listen, development, trustedProxies, sealing, redis, memory, session, " +
	"limits, providers, chats, labels, logLevel"

func TestDecodeRefusesWhatIsNoDocument(t *testing.T) {
	tests := []struct {
		name   string
		source string
		want   string
	}{
		{"a tab for indentation", "listen:\n\tpublic: x",
			`2:1: is not valid YAML: found character '\t' that cannot start any token; indent with spaces, this line has a tab`},
		{"a second document", "development: true\n---\nmemory: true",
			`2:1: a second document starts here (---); a configuration file holds one`},
		{"an anchor", "listen: &a {}", "1:9: " +
			`a value that starts with & is an anchor in YAML, which is not supported: quote the value, or drop the anchor`},
		{"an alias", "listen: *a", "1:9: " +
			`a value that starts with * is an alias in YAML, which is not supported: quote the value, or write it out`},
		{"a merge key", "listen:\n  <<: {}", `2:3: merge keys (<<) are not supported: write the keys out`},
		{"a tag", "baseURL: !!str x", "1:10: " +
			`a value that starts with ! is a tag in YAML, which is not supported: quote the value, or drop the tag`},
		{"a complex key", "? a\n: b", `1:1: a key that starts with ? is not supported: write key: value`},
		{"a directive", "%YAML 1.2\n---\na: b", `1:1: a line that starts with % is a directive in YAML, which is not supported: remove it`},
		{"a reference that needs quotes", "redis: {password: ${env:SECRET}}",
			`1:20: is not valid YAML: ',' or '}' must be specified; a reference inside { } or [ ] needs quotes, as in {secret: "${env:NAME}"}`},
		{"a reference in a list that needs quotes", "trustedProxies: [${env:SECRET}]",
			`1:19: is not valid YAML: ',' or ']' must be specified; a reference inside { } or [ ] needs quotes, as in {secret: "${env:NAME}"}`},
		{"an open quote before a reference", "baseURL: \"${env:URL}",
			`1:10: is not valid YAML: could not find end character of double-quoted text`},
		{"an open bracket", "trustedProxies: [10.0.0.0/8", `1:17: is not valid YAML: sequence end token ']' not found`},
		{"an open quote", "baseURL: \"https", `1:10: is not valid YAML: could not find end character of double-quoted text`},
		{"a key without its colon", "baseURL https://x\nmemory: true",
			`1:1: is not valid YAML: unexpected key name; a key needs a colon and a space after it`},
		{"a colon inside a value", "baseURL: x: y",
			`1:10: is not valid YAML: mapping value is not allowed in this context; a value that holds a colon and a space needs quotes, and the keys of a map line up`},
		{"a missing comma", "redis: {username: ada password: hunter2}", `1:19: is not valid YAML: ` +
			`a value that holds a colon and a space needs quotes; or is a comma or a line end missing before the next key?`},
		{"text after a quote", "logLevel: 'it's'", `1:15: is not valid YAML: value is not allowed in this context. ` +
			`map key-value is pre-defined; the value has ended before this; check quotes and indentation`},
		{"a reserved character", "baseURL: @x", `1:10: is not valid YAML: '@' is a reserved character; a value that starts with it needs quotes`},
		{"a key out of line", "listen:\n  public: x\n admin: y",
			`3:2: is not valid YAML: value is not allowed in this context; check the indentation of this line`},
		{"text that is not UTF-8", "baseURL: é\xff", `1:11: is not UTF-8 text`},
		{"a control character", "a: b\nbaseURL: \x00", `2:10: holds the control character U+0000`},
		{"deep brackets", strings.Repeat("[", 1000), `1:33: is nested more than 32 levels deep`},
		{"deep lists", strings.Repeat("- ", 1000), `1:65: is nested more than 32 levels deep`},
		{"deep maps", deepMaps(100), `32:33: is nested more than 32 levels deep`},
		{"a large file", "# " + strings.Repeat("x", 1<<20), ` is larger than 1024 KiB; is this the configuration file?`},
		{"a great many values", strings.Repeat("-\n", 60_000), ` holds too many keys and values; is this the configuration file?`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff([]string{tt.want}, refusals(tt.source, sampleOptions())); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func deepMaps(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestDecodeTellsTwentyProblems(t *testing.T) {
	var source strings.Builder
	for i := range 27 {
		fmt.Fprintf(&source, "bogus%d: 1\n", i)
	}
	got := refusals(source.String(), sampleOptions())
	if len(got) != 21 || got[20] != " and 7 more problems" {
		t.Errorf("Decode told %d lines, the last %q, want 21 and the number of those left out", len(got), got[len(got)-1])
	}
}

func TestErrorsGiveTheirPartsToPrograms(t *testing.T) {
	err := app.Decode("chatgate.yaml", []byte("listen:\n  admin: 5\n"), new(sample), sampleOptions())
	var problems app.Errors
	if !errors.As(err, &problems) {
		t.Fatalf("Decode = %T, want app.Errors", err)
	}
	want := app.Errors{{
		File: "chatgate.yaml", Line: 2, Column: 3, Path: "listen.admin", Text: "must be text, got 5; put it in quotes",
	}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestAProblemStaysOnItsLine(t *testing.T) {
	got := refusals("\"a\\nchatgate.yaml:1:1: forged\": 1\nlogLevel: \"b\\nc\"", sampleOptions())
	if len(got) != 2 {
		t.Errorf("Decode told %d lines, want one for each of the two problems:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// broken has tags and types that no configuration can satisfy.
type broken struct {
	Wait  int                `yaml:"wait" default:"soon"`
	Any   any                `yaml:"any"`
	Kinds map[string]fs.File `yaml:"kinds"`
	Keys  map[int]string     `yaml:"keys"`
}

func TestDecodeReportsStructsThatCannotBeConfigured(t *testing.T) {
	err := app.Decode("c.yaml", []byte("any: x\nkinds: {a: {}}\nkeys: {a: b}"), new(broken), app.Options{})
	want := strings.Join([]string{
		`c.yaml:1:1: wait: has the default "soon", which must be a whole number`,
		`c.yaml:1:1: any: is of a type (interface {}) that cannot be configured`,
		`c.yaml:2:9: kinds.a: is of a type (fs.File) without kinds`,
		`c.yaml:3:8: keys.a: is not a valid key: must be a whole number`,
	}, "\n")
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}
