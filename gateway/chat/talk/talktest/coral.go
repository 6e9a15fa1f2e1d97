package talktest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// CoralConfig describes one Coral with one tenant and one site.
type CoralConfig struct {
	// URL is the public origin, without a final slash.
	URL string
	// Version is the release to follow, 9.11.8 when empty.
	Version string
	// Now is the server's clock, time.Now when nil.
	Now func() time.Time
	// OIDC and SSO are switched off when nil. Both on is possible, and a trap: see Verify.
	OIDC *OIDCIntegration
	SSO  *SSOIntegration
	// AllowedOrigins are the pages that may call the API by script, besides Coral's own.
	AllowedOrigins []string
	// DistrustsProxy is a Coral behind TLS that was not told TRUST_PROXY: it takes its own scheme for http.
	DistrustsProxy bool
	// Fresh is a Coral that nobody has installed: the host of that call becomes the only one it answers to.
	Fresh bool
	// ReducedSecurityMode lets people other than administrators send free-form GraphQL queries.
	ReducedSecurityMode bool
	// SessionDuration is the life of Coral's own tokens, 90 days when zero.
	SessionDuration time.Duration
	// Transport carries calls to the provider, http.DefaultTransport when nil.
	Transport http.RoundTripper
}

const defaultSessionDuration = 90 * 24 * time.Hour

// Coral is a stand-in for a Coral server. Its methods may be called from several goroutines.
type Coral struct {
	cfg       CoralConfig
	state     atomic.Pointer[settings] // what administrators set
	release   release
	now       func() time.Time
	client    *http.Client
	handler   http.Handler
	callback  *template.Template
	oidc      *oidcVerifier
	verifiers []verifier

	mu        sync.Mutex
	tenant    tenant
	users     userTable
	passwords map[string]string // of local accounts, by user id
	comments  []Comment
	revoked   map[string]time.Time // by jti, until the token's exp
	nonces    map[string]time.Time // spent at Coral's own login, until the token's exp
	stopped   string               // why the process ended, empty while it runs
}

// verifier is one way of accepting a bearer token.
type verifier interface {
	enabled() bool
	misfit(claims map[string]any) string
	verify(ctx context.Context, token string) (Viewer, error)
}

var _ http.Handler = (*Coral)(nil)

// NewCoral checks cfg and starts nothing.
func NewCoral(cfg CoralConfig) (*Coral, error) {
	if err := checkOrigin(cfg.URL); err != nil {
		return nil, fmt.Errorf("URL: %w", err)
	}
	r, err := parseRelease(cfg.Version)
	if err != nil {
		return nil, err
	}
	if cfg.SSO != nil && len(cfg.SSO.Secrets) > 1 && !r.since(5, 3, 0) {
		return nil, errors.New("SSO.Secrets: Coral before 5.3.0 has a single key")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.SessionDuration == 0 {
		cfg.SessionDuration = defaultSessionDuration
	}
	callback, err := template.ParseFS(coralFiles, "web/coral/callback.html")
	if err != nil {
		return nil, fmt.Errorf("parse the callback's page: %w", err)
	}
	c := &Coral{
		cfg: cfg, release: r, now: cfg.Now, client: &http.Client{Transport: cfg.Transport}, callback: callback,
		tenant:   tenant{id: rand.Text(), secret: []byte(rand.Text())},
		comments: sampleComments(cfg.Now()), passwords: map[string]string{},
		revoked: map[string]time.Time{}, nonces: map[string]time.Time{},
	}
	first, err := newSettings(cfg)
	if err != nil {
		return nil, err
	}
	c.state.Store(first)
	c.oidc = &oidcVerifier{coral: c, keys: &keySet{client: c.client, now: cfg.Now, url: first.oidc.JWKSURI}}
	c.verifiers = []verifier{c.oidc, &ssoVerifier{coral: c}, &ownVerifier{coral: c}}
	c.handler = c.routes()
	return c, nil
}

// Verify says who Coral takes the bearer for. Verifiers are asked in the order OpenID Connect, single sign-on, Coral's
// own; the first that is switched on and whose claim shape fits decides alone. So an SSO token that also carries "sub",
// "iss", "aud" and "exp" is judged, and refused, as an ID token where both integrations are on.
//
// The error is a *Refusal or a *ProcessStopped.
func (c *Coral) Verify(ctx context.Context, bearer string) (Viewer, error) {
	if err := c.Stopped(); err != nil {
		return Viewer{}, err
	}
	_, claims, err := decode(bearer)
	if err != nil {
		return Viewer{}, tokenInvalid(err)
	}
	var misfits []string
	for _, v := range c.verifiers {
		if !v.enabled() {
			continue
		}
		reason := v.misfit(claims)
		if reason == "" {
			return v.verify(ctx, bearer)
		}
		misfits = append(misfits, reason)
	}
	return Viewer{}, c.noVerifier(claims, misfits)
}

// noVerifier sends a person whose SSO token lacks only the username to their account page, since 9.7.0.
func (c *Coral) noVerifier(claims map[string]any, misfits []string) error {
	person, _ := claims["user"].(map[string]any)
	for _, reason := range misfits {
		if page := text(person, "url"); reason == usernameRequired && page != "" && c.release.since(9, 7, 0) {
			return &Refusal{Status: http.StatusForbidden, Code: CodeUsernameNotProvided, Reason: reason, URL: page}
		}
	}
	return tokenInvalid(fmt.Errorf("no verifier fits: %s", strings.Join(misfits, ". ")))
}

func tokenInvalid(err error) error {
	return &Refusal{Status: http.StatusUnauthorized, Code: CodeTokenInvalid, Reason: err.Error()}
}

// stop ends the process, as an uncaught exception does.
func (c *Coral) stop(reason string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped == "" {
		c.stopped = reason
	}
	return &ProcessStopped{Reason: c.stopped}
}

// Stopped is nil while the process runs, and the *ProcessStopped that ended it otherwise.
func (c *Coral) Stopped() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped == "" {
		return nil
	}
	return &ProcessStopped{Reason: c.stopped}
}

// Restart starts a stopped process again. What lives in Coral's databases survives; cached keys do not.
func (c *Coral) Restart() {
	c.oidc.keys.forget()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = ""
}

// AddUser seeds a user, such as the local administrator every Coral has. A user without profiles gets a local one
// under its e-mail address.
func (c *Coral) AddUser(u User) (User, error) {
	if len(u.Profiles) == 0 {
		u.Profiles = []Profile{{Type: ProfileLocal, ID: strings.ToLower(u.Email)}}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	added, err := c.users.add(u)
	if err != nil {
		return User{}, err
	}
	return added.clone(), nil
}

// Users lists everyone Coral knows, oldest first.
func (c *Coral) Users() []User {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]User, len(c.users.users))
	for i, u := range c.users.users {
		all[i] = u.clone()
	}
	return all
}

// revoke remembers a token's jti until the token would have ended by itself. Without both claims there is nothing to
// remember, and the sign-out is void.
func (c *Coral) revoke(claims map[string]any) {
	exp, ok := seconds(claims, "exp")
	if !ok || text(claims, "jti") == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revoked[text(claims, "jti")] = exp
}

func (c *Coral) revokedLocked(claims map[string]any) bool {
	until, ok := c.revoked[text(claims, "jti")]
	return ok && c.now().Before(until)
}

func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("must be an origin, got %q", origin)
	}
	return nil
}
