package app_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

// completeYAML sets every setting of the sample.
const completeYAML = `
baseURL: https://sso.example.org
listen: {public: ":8443", admin: "127.0.0.1:9090"}
development: true
trustedProxies: [10.0.0.0/8, "fd00::/8"]
sealing:
  current: "2026-11"
  keys: {"2026-11": "${file:/run/secrets/sealing}", 2025: twelve-months-old}
redis:
  address: cache:6380
  database: ${env:PORT}
  password: p${env:SECRET}w
memory: false
session: {idle: 90m, absolute: 24h}
limits: {starts: 5, burst: 2}
logLevel: warn
providers:
  corp:
    issuer: https://idp.example.org
    client: {id: chatgate, secret: "${env:SECRET}"}
    scopes: [openid]
    trustEmail: true
    claims: {username: email, groups: [realm_access, roles]}
chats:
  rocketchat:
    url: https://chat.example.org
    api:
      url: http://rocketchat.chat.svc:3000
      token: ${file:token}
    embedOrigins:
      "https://portal.example.org": {token: true}
      https://news.example.org: {}
    onChatSignOut: resume
  comments:
    kind: talk
    url: https://comments.example.org
    ssoSecrets: {}
    roles: {moderators: MODERATOR}
labels:
  team:
    one: 1
    two: -2
`

func completeSample() sample {
	no := false
	return sample{
		BaseURL:        "https://sso.example.org",
		Listen:         listenSample{Public: ":8443", Admin: "127.0.0.1:9090"},
		Development:    true,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		Sealing: sealingSample{
			Current: "2026-11",
			Keys:    map[string]secretText{"2026-11": "a-long-sealing-key", "2025": "twelve-months-old"},
		},
		Redis:         &redisSample{Address: "cache:6380", Database: 6, Username: "chatgate", Password: "ps3cr3t-of-the-clientw"},
		Memory:        &no,
		Session:       sessionSample{Idle: 90 * time.Minute, Absolute: 24 * time.Hour},
		Limits:        limitsSample{Starts: 5, Burst: 2},
		observeSample: observeSample{LogLevel: "warn"},
		Providers: map[string]providerSample{"corp": {
			Issuer:     "https://idp.example.org",
			Client:     clientSample{ID: "chatgate", Secret: "s3cr3t-of-the-client"},
			Scopes:     []string{"openid"},
			TrustEmail: true,
			Claims:     claimsSample{Username: claimPath{"email"}, Groups: claimPath{"realm_access", "roles"}},
		}},
		Chats: map[string]chatSample{
			"rocketchat": &rocketchatSample{
				URL:           "https://chat.example.org",
				API:           apiSample{URL: "http://rocketchat.chat.svc:3000", Token: "token-beside-the-file"},
				OnChatSignOut: "resume",
				EmbedOrigins:  map[string]embedSample{"https://portal.example.org": {Token: true}, "https://news.example.org": {}},
			},
			"comments": &talkSample{
				URL:           "https://comments.example.org",
				TokenLifetime: 15 * time.Minute,
				SSOSecrets:    map[string]secretText{},
				Roles:         map[string]string{"moderators": "MODERATOR"},
			},
		},
		Labels: map[string]map[string]int{"team": {"one": 1, "two": -2}},
	}
}

// sampleDiff sees embedded settings and compares prefixes as values.
var sampleDiff = cmp.Options{cmp.AllowUnexported(sample{}), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })}

func TestDecodeBindsEveryKindOfSetting(t *testing.T) {
	got := decodeSample(t, completeYAML, sampleOptions())
	if diff := cmp.Diff(completeSample(), got, sampleDiff); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestDecodeFillsInDefaults(t *testing.T) {
	want := sample{
		Listen:        listenSample{Public: ":8080", Admin: ":9090"},
		Session:       sessionSample{Idle: 8 * time.Hour, Absolute: 24 * time.Hour},
		Limits:        limitsSample{Starts: 200, Burst: 1.5},
		observeSample: observeSample{LogLevel: "info"},
	}
	sources := map[string]string{
		"an empty file":                        "",
		"a file of comments":                   "# nothing yet\n",
		"an empty document with its marks":     "---\n...\n",
		"a file with a byte order mark":        "\ufeffdevelopment: false\n",
		"a file with Windows line ends":        "development: false\r\nlisten: {}\r\n",
		"sections that are given but empty":    "listen: {}\nsession: {}\n",
		"a document that starts with its mark": "---\nlisten: {}\n",
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, decodeSample(t, source, sampleOptions()), sampleDiff); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeReadsColonsInBlocksOfText(t *testing.T) {
	for _, header := range []string{"|-", ">-", "|- # a comment: with a colon"} {
		got := decodeSample(t, "redis:\n  username: "+header+"\n    a: b\n", sampleOptions())
		if got.Redis.Username != "a: b" {
			t.Errorf("username %s = %q, want %q", header, got.Redis.Username, "a: b")
		}
	}
}

func TestDecodeKeepsAnExplicitZero(t *testing.T) {
	got := decodeSample(t, "limits: {starts: 0}\nproviders: {corp: {issuer: 'https://idp.example.org', scopes: []}}\n", sampleOptions())
	if got.Limits.Starts != 0 {
		t.Errorf("limits.starts = %d, want the 0 of the file", got.Limits.Starts)
	}
	if scopes := got.Providers["corp"].Scopes; scopes == nil || len(scopes) != 0 {
		t.Errorf("scopes = %#v, want the empty list of the file", scopes)
	}
}

func TestDecodeKeepsWhatTheCallerPutThere(t *testing.T) {
	cfg := sample{Listen: listenSample{Public: ":1"}}
	if err := app.Decode(sampleFile, []byte("listen: {admin: ':2'}"), &cfg, sampleOptions()); err != nil {
		t.Fatal(err)
	}
	if want := (listenSample{Public: ":1", Admin: ":2"}); cfg.Listen != want {
		t.Errorf("listen = %v, want %v", cfg.Listen, want)
	}
}

func TestDecodeRefusesTargetsThatAreNotStructs(t *testing.T) {
	var text string
	for _, target := range []any{nil, sample{}, &text, (*sample)(nil)} {
		if err := app.Decode(sampleFile, nil, target, app.Options{}); err == nil {
			t.Errorf("Decode into %T = nil, want an error", target)
		}
	}
}

// bottomUp has sections with a Check at every depth.
type bottomUp struct {
	Inner struct {
		Leaf leaf `yaml:"leaf"`
	} `yaml:"inner"`
	Map  map[string]leaf `yaml:"map"`
	List []*leaf         `yaml:"list"`
}

type leaf struct {
	Value string `yaml:"value"`
}

func (l *leaf) Check(report func(key, problem string)) {
	if l.Value != "" {
		report("value", "leaf "+l.Value)
	}
}

func (b *bottomUp) Check(report func(key, problem string)) {
	report("map.x.value", "outer")
	report("list[1].value", "outer")
	report("inner.gone.deeper", "outer")
	report("", "the whole")
}

// flavoured lets one of its settings choose the defaults of others.
type flavoured struct {
	Flavour string   `yaml:"flavour"`
	Colour  string   `yaml:"colour" default:"white"`
	Parts   []string `yaml:"parts" default:"a,b"`
	Inner   leaf     `yaml:"inner"`
}

func (f *flavoured) SetDefaults(setting func(key string) string) {
	if setting("flavour") == "cherry" {
		f.Colour, f.Parts, f.Inner.Value = "red", []string{}, "stone"
	}
}

func TestDecodeLetsOneSettingChooseTheDefaultsOfOthers(t *testing.T) {
	for source, want := range map[string]flavoured{
		"{}":                              {Colour: "white", Parts: []string{"a", "b"}},
		"flavour: [cherry]":               {Colour: "white", Parts: []string{"a", "b"}},
		"flavour: cherry":                 {Flavour: "cherry", Colour: "red", Parts: []string{}, Inner: leaf{Value: "stone"}},
		"flavour: cherry\nparts: [c]":     {Flavour: "cherry", Colour: "red", Parts: []string{"c"}, Inner: leaf{Value: "stone"}},
		"colour: blue\nflavour: cherry":   {Flavour: "cherry", Colour: "blue", Parts: []string{}, Inner: leaf{Value: "stone"}},
		"flavour: cherry\ninner: {}":      {Flavour: "cherry", Colour: "red", Parts: []string{}, Inner: leaf{Value: "stone"}},
		"flavour: cherry\ncolour: \"\"\n": {Flavour: "cherry", Parts: []string{}, Inner: leaf{Value: "stone"}},
	} {
		var got flavoured
		_ = app.Decode("c.yaml", []byte(source), &got, app.Options{}) // the leaf objects to every value
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", source, diff)
		}
	}
}

func TestChecksReportAtTheKeyTheyName(t *testing.T) {
	source := "inner:\n  leaf: {value: a}\nmap:\n  x: {value: b}\nlist:\n  - value: c\n  - value: d\n"
	err := app.Decode("c.yaml", []byte(source), new(bottomUp), app.Options{})
	want := strings.Join([]string{
		"c.yaml:1:1: inner.gone.deeper: outer",
		"c.yaml:1:1: the whole",
		"c.yaml:2:10: inner.leaf.value: leaf a",
		"c.yaml:4:7: map.x.value: leaf b",
		"c.yaml:4:7: map.x.value: outer",
		"c.yaml:6:5: list[0].value: leaf c",
		"c.yaml:7:5: list[1].value: leaf d",
		"c.yaml:7:5: list[1].value: outer",
	}, "\n")
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

// tagged has a default or a bound at every type that may have one.
type tagged struct {
	Count    uint16         `yaml:"count" default:"3" min:"2" max:"4"`
	Share    float32        `yaml:"share" default:"0.5" max:"1"`
	Wait     *time.Duration `yaml:"wait" default:"2s" max:"1m"`
	Ports    []int          `yaml:"ports" default:"80, 443" min:"1" max:"65535"`
	Networks []netip.Prefix `yaml:"networks" default:"127.0.0.0/8"`
	Strict   bool           `yaml:"strict" default:"true"`
	None     []string       `yaml:"none" default:""`
}

func TestDecodeFillsInDefaultsOfEveryType(t *testing.T) {
	wait := 2 * time.Second
	want := tagged{
		Count: 3, Share: 0.5, Wait: &wait, Ports: []int{80, 443}, Strict: true, None: []string{},
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	var got tagged
	if err := app.Decode("c.yaml", nil, &got, app.Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sampleDiff); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestDecodeHoldsBoundsOfEveryType(t *testing.T) {
	source := "count: 1\nshare: 1.25\nwait: 61s\nports: [0, 80, 65536]\nstrict: false\n"
	want := strings.Join([]string{
		"c.yaml:1:1: count: must be at least 2, got 1",
		"c.yaml:2:1: share: must be at most 1, got 1.25",
		`c.yaml:3:1: wait: must be at most 1m, got "61s"`,
		"c.yaml:4:9: ports[0]: must be at least 1, got 0",
		"c.yaml:4:16: ports[2]: must be at most 65535, got 65536",
	}, "\n")
	err := app.Decode("c.yaml", []byte(source), new(tagged), app.Options{})
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}
