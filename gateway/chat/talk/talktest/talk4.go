package talktest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Talk4Config is the part of Talk 4.12.1's environment that decides about tokens. The variable behind a field is in
// parentheses.
type Talk4Config struct {
	// URL is Talk's public origin (TALK_ROOT_URL).
	URL string
	// Secret is the one key (TALK_JWT_SECRET): the raw text for HS*, a public PEM otherwise. A token's kid is ignored.
	Secret string
	// Secrets win over Secret (TALK_JWT_SECRETS). A token must then carry the kid of one of them.
	Secrets []Talk4Secret
	// Algorithm is the only one accepted (TALK_JWT_ALG), HS256 when empty: HS, RS, PS or ES with 256, 384 or 512.
	Algorithm string
	// Issuer must equal "iss" (TALK_JWT_ISSUER), URL when empty.
	Issuer string
	// Audience must be in "aud" (TALK_JWT_AUDIENCE), "talk" when empty.
	Audience string
	// DisableIssuer and DisableAudience drop those checks (TALK_JWT_DISABLE_ISSUER, TALK_JWT_DISABLE_AUDIENCE).
	DisableIssuer, DisableAudience bool
	// UserIDClaim is a dot path to the user's id (TALK_JWT_USER_ID_CLAIM), "sub" when empty.
	UserIDClaim string
	// CookieNames are read in order before the query and the header (TALK_JWT_COOKIE_NAMES), "authorization" when empty.
	CookieNames []string
	// KeepCookieOnLogout leaves the first cookie in place (TALK_JWT_CLEAR_COOKIE_LOGOUT=FALSE).
	KeepCookieOnLogout bool
	// TokenUserNotFound is the plugins' hook for tokens of people Talk does not know. It returns nil to pass; without a
	// hook such people stay anonymous. It is never called again for a person Talk knows.
	TokenUserNotFound func(ctx context.Context, talk *Talk4, claims map[string]any, token string) (*Talk4User, error)
	// Now is the server's clock, time.Now when nil.
	Now func() time.Time
}

// Talk4Secret is one entry of TALK_JWT_SECRETS: a raw secret, or a public key in PEM with its line breaks as "\n".
type Talk4Secret struct {
	KID    string `json:"kid"`
	Secret string `json:"secret,omitempty"`
	Public string `json:"public,omitempty"`
}

// Talk4 is a stand-in for Talk 4.12.1. Its methods may be called from several goroutines.
type Talk4 struct {
	cfg     Talk4Config
	keys    map[string]any // by kid; the lone key is under ""
	handler http.Handler

	mu       sync.Mutex
	users    []*Talk4User
	comments []Comment
	revoked  map[string]time.Time // by Redis key, until the token's exp
}

var _ http.Handler = (*Talk4)(nil)

// NewTalk4 reads the keys as Talk's start does and refuses what Talk refuses to start with.
func NewTalk4(cfg Talk4Config) (*Talk4, error) {
	if err := checkOrigin(cfg.URL); err != nil {
		return nil, fmt.Errorf("URL: %w", err)
	}
	cfg.setDefaults()
	keys, err := cfg.keys()
	if err != nil {
		return nil, err
	}
	t := &Talk4{cfg: cfg, keys: keys, comments: sampleComments(cfg.Now()), revoked: map[string]time.Time{}}
	t.handler = t.routes()
	return t, nil
}

func (cfg *Talk4Config) setDefaults() {
	if cfg.Algorithm == "" {
		cfg.Algorithm = "HS256"
	}
	if cfg.Issuer == "" {
		cfg.Issuer = cfg.URL
	}
	if cfg.Audience == "" {
		cfg.Audience = "talk"
	}
	if cfg.UserIDClaim == "" {
		cfg.UserIDClaim = "sub"
	}
	if len(cfg.CookieNames) == 0 {
		cfg.CookieNames = []string{"authorization"}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
}

// Verify says who Talk takes the bearer for. An unknown person without a hook is nobody, without an error. The error
// is otherwise a *Refusal, with the status of the HTTP answer: 204 for a bad token, which Talk treats like no token at
// all, 401 for a revoked one, 500 when the hook fails.
func (t *Talk4) Verify(ctx context.Context, bearer string) (Viewer, error) {
	claims, err := t.verifyToken(bearer)
	if err != nil {
		return Viewer{}, &Refusal{Status: http.StatusNoContent, Code: CodeAnonymous, Reason: err.Error()}
	}
	if t.isRevoked(claims) {
		return Viewer{}, &Refusal{Status: http.StatusUnauthorized, Code: CodeAuthentication, Reason: "token was revoked"}
	}
	user, err := t.findOrCreateByIDToken(ctx, claims, bearer)
	if err != nil {
		return Viewer{}, &Refusal{Status: http.StatusInternalServerError, Code: CodeInternalError, Reason: err.Error()}
	}
	if user == nil {
		return Viewer{}, nil
	}
	return user.viewer(), nil
}

// verifyToken applies the one algorithm, the key the header names, the times, the issuer and the audience. "exp",
// "jti" and "sub" may be missing as far as this check goes, and "iat" may lie ahead.
func (t *Talk4) verifyToken(token string) (map[string]any, error) {
	header, _, err := decode(token)
	if err != nil {
		return nil, err
	}
	key, ok := t.keys[t.kid(header)]
	if !ok {
		return nil, errors.New("no key has the token's kid")
	}
	claims, err := verify(token, t.cfg.Algorithm, key, t.cfg.Now())
	if err != nil {
		return nil, err
	}
	if !t.cfg.DisableIssuer && claims["iss"] != t.cfg.Issuer {
		return nil, errors.New("jwt issuer invalid")
	}
	if !t.cfg.DisableAudience && !audienceHas(claims["aud"], t.cfg.Audience) {
		return nil, errors.New("jwt audience invalid")
	}
	return claims, nil
}

func (t *Talk4) kid(header map[string]any) string {
	if len(t.cfg.Secrets) == 0 {
		return ""
	}
	return text(header, "kid")
}

func audienceHas(aud any, wanted string) bool {
	switch v := aud.(type) {
	case string:
		return v == wanted
	case []any:
		for _, one := range v {
			if one == wanted {
				return true
			}
		}
	}
	return false
}

// isRevoked looks under the token's jti. All tokens without one share a key, so one sign-out ends them all. A token
// with "pat" is looked up among the personal access tokens instead; the stand-in holds none.
func (t *Talk4) isRevoked(claims map[string]any) bool {
	if pat, _ := claims["pat"].(bool); pat {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	until, ok := t.revoked[revocationKey(claims)]
	return ok && t.cfg.Now().Before(until)
}

// revoke sets the Redis key with the token's remaining life. Without "exp" that life is not a number, and Redis errs.
func (t *Talk4) revoke(claims map[string]any) error {
	exp, ok := seconds(claims, "exp")
	if !ok {
		return errors.New("redis: value is not an integer or out of range")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revoked[revocationKey(claims)] = exp
	return nil
}

func revocationKey(claims map[string]any) string {
	jti, ok := claims["jti"]
	if !ok {
		return "jtir[undefined]"
	}
	return fmt.Sprintf("jtir[%v]", jti)
}

// userID follows the dot path to the user's id.
func (t *Talk4) userID(claims map[string]any) string {
	names := strings.Split(t.cfg.UserIDClaim, ".")
	for _, name := range names[:len(names)-1] {
		claims, _ = claims[name].(map[string]any)
	}
	return text(claims, names[len(names)-1])
}
