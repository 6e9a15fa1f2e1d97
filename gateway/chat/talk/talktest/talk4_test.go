package talktest_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatgate/gateway/chat/talk/talktest"
)

const (
	talk4URL    = "https://talk.example.org"
	talk4Secret = "a plain ASCII secret of enough length"
	asAnonymous = "No Content ANONYMOUS"
)

func publicPEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return strings.ReplaceAll(text, "\n", `\n`) // as the environment carries it
}

// rs256Config is the recipe for a gateway's key without a plugin: its public key as an entry of the list.
func rs256Config(t *testing.T) talktest.Talk4Config {
	t.Helper()
	return talktest.Talk4Config{
		URL: talk4URL, Issuer: issuer, Algorithm: "RS256", Secrets: []talktest.Talk4Secret{{KID: kid, Public: publicPEM(t)}},
	}
}

func hs256Config() talktest.Talk4Config {
	return talktest.Talk4Config{URL: talk4URL, Issuer: issuer, Secret: talk4Secret}
}

// hook creates a user as a plugin's tokenUserNotFound does.
func hook(_ context.Context, talk *talktest.Talk4, claims map[string]any, _ string) (*talktest.Talk4User, error) {
	sub, _ := claims["sub"].(string)
	name, _ := claims["username"].(string)
	return talk.UpsertExternalUser(sub, "chatgate", name)
}

func newTalk4(t *testing.T, cfg talktest.Talk4Config) *talktest.Talk4 {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = newClock().Now
	}
	if cfg.TokenUserNotFound == nil {
		cfg.TokenUserNotFound = hook
	}
	talk, err := talktest.NewTalk4(cfg)
	if err != nil {
		t.Fatalf("NewTalk4() = %v, want no error", err)
	}
	return talk
}

// talk4Claims are those of G11.
func talk4Claims() claims {
	return claims{
		"iss": issuer, "aud": "talk", "sub": "u-ada", "jti": "t4-1", "iat": start.Unix(),
		"exp": start.Add(15 * time.Minute).Unix(), "username": "ada",
	}
}

func talk4Token(t *testing.T, c claims) string {
	t.Helper()
	return sign(t, jwt.SigningMethodRS256, rsaKey(), kid, c)
}

func TestTalk4TokensByTheirClaims(t *testing.T) {
	tests := []struct {
		name   string
		claims claims
		want   string
	}{
		{"the claims of G11 are accepted", talk4Claims(), accepted},
		{"an issuer with a final slash is another issuer (G6)", talk4Claims().with("iss", issuer+"/"), asAnonymous},
		{"a missing issuer is refused", talk4Claims().without("iss"), asAnonymous},
		{"another audience is refused", talk4Claims().with("aud", "coral"), asAnonymous},
		{"a missing audience is refused", talk4Claims().without("aud"), asAnonymous},
		{"an audience array may hold it", talk4Claims().with("aud", []string{"coral", "talk"}), accepted},
		{"an audience array without it is refused", talk4Claims().with("aud", []string{"coral"}), asAnonymous},
		{"expired in this very second is expired", talk4Claims().with("exp", start.Unix()), asAnonymous},
		{"one second left is enough", talk4Claims().with("exp", start.Unix()+1), accepted},
		{"an nbf one second ahead is refused", talk4Claims().with("nbf", start.Unix()+1), asAnonymous},
		{"an iat in the future is accepted", talk4Claims().with("iat", start.Unix()+3600), accepted},
		{"no exp and no jti are accepted", talk4Claims().without("exp", "jti"), accepted},
		{"pat is looked up as a personal access token (G10)", talk4Claims().with("pat", true), "Unauthorized AUTHENTICATION"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newTalk4(t, rs256Config(t)).Verify(t.Context(), talk4Token(t, tt.claims))
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestTalk4TokensByTheirSignature(t *testing.T) {
	list := rs256Config(t)
	single := list
	single.Secrets, single.Secret = nil, publicPEM(t)
	algorithm := func(name string) talktest.Talk4Config { c := list; c.Algorithm = name; return c }
	hs256 := func(secret string) string {
		return sign(t, jwt.SigningMethodHS256, []byte(secret), kid, talk4Claims())
	}
	secret := func(text string) talktest.Talk4Config { c := hs256Config(); c.Secret = text; return c }

	tests := []struct {
		name  string
		cfg   talktest.Talk4Config
		token string
		want  string
	}{
		{"RS256 with a listed kid is accepted", list, talk4Token(t, talk4Claims()), accepted},
		{"with a list, an unknown kid is refused", list, sign(t, jwt.SigningMethodRS256, rsaKey(), "other", talk4Claims()), asAnonymous},
		{"with a list, a missing kid is refused", list, sign(t, jwt.SigningMethodRS256, rsaKey(), "", talk4Claims()), asAnonymous},
		{"with a single secret, the kid is ignored", single, sign(t, jwt.SigningMethodRS256, rsaKey(), "other", talk4Claims()), accepted},
		{"another key is refused", list, sign(t, jwt.SigningMethodRS256, otherRSAKey(), kid, talk4Claims()), asAnonymous},
		{"PS256 is accepted where it is the one algorithm", algorithm("PS256"), sign(t, jwt.SigningMethodPS256, rsaKey(), kid, talk4Claims()), accepted},
		{"RS256 is refused where PS256 is the one algorithm", algorithm("PS256"), talk4Token(t, talk4Claims()), asAnonymous},
		{"RS512 is refused where RS256 is the one algorithm", list, sign(t, jwt.SigningMethodRS512, rsaKey(), kid, talk4Claims()), asAnonymous},
		{"none is refused", list, sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, talk4Claims()), asAnonymous},
		{"HS256 with the public PEM as secret is refused", list, hs256(strings.ReplaceAll(publicPEM(t), `\n`, "\n")), asAnonymous},
		{"HS256 with the secret as text is accepted", hs256Config(), hs256(talk4Secret), accepted},
		{"a wrong secret is refused", hs256Config(), hs256("guess"), asAnonymous},
		{"JSON around a secret is part of the key", secret(`{"secret":"abc"}`), hs256("abc"), asAnonymous},
		{"an ASCII secret may be written in base64", secret("base64:" + encode("abc")), hs256("abc"), accepted},
		{"a binary secret in base64 never matches (G11)", secret("base64:" + encode("a\xff")), hs256("a\xff"), asAnonymous},
		{"text that is no token is refused", list, "nonsense", asAnonymous},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newTalk4(t, tt.cfg).Verify(t.Context(), tt.token)
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestTalk4Settings(t *testing.T) {
	change := func(f func(*talktest.Talk4Config)) talktest.Talk4Config { c := rs256Config(t); f(&c); return c }
	tests := []struct {
		name   string
		cfg    talktest.Talk4Config
		claims claims
		want   string
	}{
		{
			"the issuer is Talk's own address by default", change(func(c *talktest.Talk4Config) { c.Issuer = "" }),
			talk4Claims().with("iss", talk4URL), accepted,
		},
		{"the issuer check may be dropped", change(func(c *talktest.Talk4Config) { c.DisableIssuer = true }), talk4Claims().without("iss"), accepted},
		{"the audience may be another", change(func(c *talktest.Talk4Config) { c.Audience = "news" }), talk4Claims().with("aud", "news"), accepted},
		{"the audience check may be dropped", change(func(c *talktest.Talk4Config) { c.DisableAudience = true }), talk4Claims().without("aud"), accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newTalk4(t, tt.cfg).Verify(t.Context(), talk4Token(t, tt.claims))
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestTalk4UserIDClaimIsAPath(t *testing.T) {
	cfg := rs256Config(t)
	cfg.UserIDClaim = "user.id"
	talk := newTalk4(t, cfg)
	talk.AddUser(talktest.Talk4User{ID: "nested", Username: "nested"})
	viewer, err := talk.Verify(t.Context(), talk4Token(t, talk4Claims().with("user", map[string]any{"id": "nested"})))
	if err != nil || viewer.ID != "nested" {
		t.Errorf("Verify() = %q, %v, want nested", viewer.ID, err)
	}
}

func TestNewTalk4Refuses(t *testing.T) {
	rsa := talktest.Talk4Secret{KID: kid, Public: publicPEM(t)}
	tests := []struct {
		name string
		cfg  talktest.Talk4Config
		want string
	}{
		{"EdDSA", talktest.Talk4Config{URL: talk4URL, Algorithm: "EdDSA", Secret: "x"}, `"EdDSA" is not a valid algorithm`},
		{"none", talktest.Talk4Config{URL: talk4URL, Algorithm: "none", Secret: "x"}, `"none" is not a valid algorithm`},
		{"no key at all", talktest.Talk4Config{URL: talk4URL}, "Secret: a secret is required"},
		{"an entry without kid", talktest.Talk4Config{URL: talk4URL, Secrets: []talktest.Talk4Secret{{Secret: "x"}}}, "Secrets[0].KID"},
		{"two entries with one kid", talktest.Talk4Config{URL: talk4URL, Algorithm: "RS256", Secrets: []talktest.Talk4Secret{rsa, rsa}}, "Secrets[1].KID"},
		{"a PEM that is none", talktest.Talk4Config{URL: talk4URL, Algorithm: "RS256", Secret: "x"}, "Secret: "},
		{"an RSA key for ES256", talktest.Talk4Config{URL: talk4URL, Algorithm: "ES256", Secrets: []talktest.Talk4Secret{rsa}}, "Secrets[0]: "},
		{"base64 that is none", talktest.Talk4Config{URL: talk4URL, Secret: "base64:?"}, "decode the base64 secret"},
		{"an address with a path", talktest.Talk4Config{URL: talk4URL + "/talk"}, "URL: must be an origin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := talktest.NewTalk4(tt.cfg)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewTalk4() = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestTalk4Hook(t *testing.T) {
	calls := 0
	answer := func(user *talktest.Talk4User, err error) func(context.Context, *talktest.Talk4, map[string]any, string) (*talktest.Talk4User, error) {
		return func(context.Context, *talktest.Talk4, map[string]any, string) (*talktest.Talk4User, error) {
			calls++
			return user, err
		}
	}
	cfg := rs256Config(t)

	cfg.TokenUserNotFound = answer(nil, nil)
	if viewer, err := newTalk4(t, cfg).Verify(t.Context(), talk4Token(t, talk4Claims())); err != nil || !viewer.Anonymous() {
		t.Errorf("a hook that passes: Verify() = %+v, %v, want nobody", viewer, err)
	}
	cfg.TokenUserNotFound = answer(nil, errors.New("boom"))
	if _, err := newTalk4(t, cfg).Verify(t.Context(), talk4Token(t, talk4Claims())); verdict(err) != "Internal Server Error INTERNAL_ERROR" {
		t.Errorf("a hook that throws: Verify() = %v, want a 500", err)
	}
	calls = 0
	talk := newTalk4(t, cfg)
	talk.AddUser(talktest.Talk4User{ID: "u-ada", Username: "ada"})
	if viewer, err := talk.Verify(t.Context(), talk4Token(t, talk4Claims())); err != nil || viewer.ID != "u-ada" || calls != 0 {
		t.Errorf("a known user: Verify() = %+v, %v after %d calls, want ada and none", viewer, err, calls)
	}
}

func TestTalk4WithoutAHookLeavesStrangersAnonymous(t *testing.T) {
	cfg := rs256Config(t)
	cfg.Now = newClock().Now
	talk, err := talktest.NewTalk4(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if viewer, err := talk.Verify(t.Context(), talk4Token(t, talk4Claims())); err != nil || !viewer.Anonymous() {
		t.Errorf("Verify() = %+v, %v, want nobody", viewer, err)
	}
}
