package app_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"chatgate/cmd/internal/app"
)

// sample is shaped like the gateway's configuration and has a setting of every kind that Decode binds.
type sample struct {
	BaseURL        originText                `yaml:"baseURL" doc:"The gateway's public origin."`
	Listen         listenSample              `yaml:"listen"`
	Development    bool                      `yaml:"development" doc:"Allows http on loopback."`
	TrustedProxies []netip.Prefix            `yaml:"trustedProxies"`
	Sealing        sealingSample             `yaml:"sealing"`
	Redis          *redisSample              `yaml:"redis"`
	Memory         *bool                     `yaml:"memory"`
	Session        sessionSample             `yaml:"session"`
	Limits         limitsSample              `yaml:"limits"`
	Providers      map[string]providerSample `yaml:"providers"`
	Chats          map[string]chatSample     `yaml:"chats" doc:"The chats, by name."`
	Labels         map[string]map[string]int `yaml:"labels"`
	observeSample
	Now func() time.Time // not a setting
	Raw string           `yaml:"-"`
}

type listenSample struct {
	Public string `yaml:"public" default:":8080"`
	Admin  string `yaml:"admin" default:":9090"`
}

type sealingSample struct {
	Current string                `yaml:"current"`
	Keys    map[string]secretText `yaml:"keys"`
}

func (s *sealingSample) Check(report func(key, problem string)) {
	if _, ok := s.Keys[s.Current]; s.Current != "" && !ok {
		report("current", fmt.Sprintf("must name one of the keys, got %q", s.Current))
	}
	for id, key := range s.Keys {
		if len(key) < 8 {
			report("keys."+id, fmt.Sprintf("must be at least 8 bytes, got %q", string(key)))
		}
	}
}

type redisSample struct {
	Address  string     `yaml:"address"`
	Database int        `yaml:"database" min:"0" max:"15"`
	Username string     `yaml:"username" default:"chatgate"`
	Password secretText `yaml:"password"`
}

type sessionSample struct {
	Idle     time.Duration `yaml:"idle" default:"8h" min:"1m" doc:"How long without a visit a session lives."`
	Absolute time.Duration `yaml:"absolute" default:"24h"`
}

func (s *sessionSample) Check(report func(key, problem string)) {
	if s.Absolute < s.Idle {
		report("absolute", "must not be less than idle")
	}
}

type limitsSample struct {
	Starts uint8   `yaml:"starts" default:"200"`
	Burst  float64 `yaml:"burst" default:"1.5"`
}

type providerSample struct {
	Issuer     originText   `yaml:"issuer"`
	Client     clientSample `yaml:"client"`
	Scopes     []string     `yaml:"scopes" default:"openid,profile,email"`
	TrustEmail bool         `yaml:"trustEmail"`
	Claims     claimsSample `yaml:"claims"`
}

func (p *providerSample) Check(report func(key, problem string)) {
	if p.Issuer == "" {
		report("issuer", "is required")
	}
}

type clientSample struct {
	ID     string     `yaml:"id"`
	Secret secretText `yaml:"secret"`
}

type claimsSample struct {
	Username claimPath `yaml:"username" default:"preferred_username"`
	Groups   claimPath `yaml:"groups"`
}

type observeSample struct {
	LogLevel string `yaml:"logLevel" enum:"debug,info,warn" default:"info"`
}

// chatSample is the interface whose sections are chosen by kind.
type chatSample interface{ isChat() }

type rocketchatSample struct {
	URL           originText             `yaml:"url"`
	API           apiSample              `yaml:"api"`
	OnChatSignOut string                 `yaml:"onChatSignOut" enum:"stay-out,resume,global" default:"stay-out"`
	EmbedOrigins  map[string]embedSample `yaml:"embedOrigins"`
}

type apiSample struct {
	URL   string     `yaml:"url"`
	Token secretText `yaml:"token"`
}

type embedSample struct {
	Token bool `yaml:"token"`
}

type talkSample struct {
	URL           originText            `yaml:"url"`
	TokenLifetime time.Duration         `yaml:"tokenLifetime" default:"15m"`
	SSOSecrets    map[string]secretText `yaml:"ssoSecrets"`
	Roles         map[string]string     `yaml:"roles" enum:"MODERATOR,STAFF"`
}

func (*rocketchatSample) isChat() {}
func (*talkSample) isChat()       {}

func (c *rocketchatSample) Check(report func(key, problem string)) {
	if c.URL == "" {
		report("url", "is required")
	}
	if c.API.URL == "" {
		report("api.url", "is required")
	}
}

type secretText string

func (s secretText) Reveal() string   { return string(s) }
func (s secretText) String() string   { return "[redacted]" }
func (s secretText) GoString() string { return "[redacted]" }

type originText string

func (o *originText) UnmarshalText(text []byte) error {
	u, err := url.Parse(string(text))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
		return fmt.Errorf("must be an https origin, got %q", text)
	}
	*o = originText(text)
	return nil
}

// claimPath is one name, or a list of names.
type claimPath []string

func (p *claimPath) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("must name a claim")
	}
	*p = claimPath{string(text)}
	return nil
}

func sampleKinds(_, kind string) (any, []string) {
	known := []string{"rocketchat", "talk"}
	switch kind {
	case "rocketchat":
		return new(rocketchatSample), known
	case "talk":
		return new(talkSample), known
	}
	return nil, known
}

// sampleOptions know the two kinds of chat, a few variables and a few files, and nothing of the machine.
func sampleOptions() app.Options {
	env := map[string]string{
		"SECRET": "s3cr3t-of-the-client", "PORT": "6", "WORD": "many", "EMPTY": "", "LIST": "a,b", "IDLE": "45m",
		"INJECT": "x\nbaseURL: https://evil.example", "NESTED": "${env:SECRET}", "URL": "https://chat.example.org",
	}
	files := fstest.MapFS{
		"run/secrets/sealing": {Data: []byte("a-long-sealing-key\n"), Mode: 0o400},
		"run/secrets/open":    {Data: []byte("world-readable\r\n"), Mode: 0o444},
		"run/secrets/lines":   {Data: []byte("one\ntwo\n\n"), Mode: 0o400},
		"run/secrets/large":   {Data: make([]byte, 64<<10+1), Mode: 0o400},
		"etc/chatgate/token":  {Data: []byte("token-beside-the-file"), Mode: 0o400},
	}
	return app.Options{
		Kinds: map[reflect.Type]func(name, kind string) (any, []string){reflect.TypeFor[chatSample](): sampleKinds},
		Getenv: func(name string) (string, bool) {
			value, ok := env[name]
			return value, ok
		},
		Open: func(path string) (fs.File, error) {
			if path == "/run/secrets/forbidden" {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
			}
			return files.Open(strings.TrimPrefix(path, "/"))
		},
		References: app.References{},
	}
}

const sampleFile = "/etc/chatgate/chatgate.yaml"

// decodeSample binds source and fails the test when that does not succeed.
func decodeSample(t *testing.T, source string, opt app.Options) sample {
	t.Helper()
	var cfg sample
	if err := app.Decode(sampleFile, []byte(source), &cfg, opt); err != nil {
		t.Fatalf("Decode:\n%v", err)
	}
	return cfg
}

// refusals binds source and returns what Decode says, one line each, without the name of the file.
func refusals(source string, opt app.Options) []string {
	var cfg sample
	err := app.Decode(sampleFile, []byte(source), &cfg, opt)
	if err == nil {
		return nil
	}
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, sampleFile), ":")
	}
	return slices.Clip(lines)
}
