package oidctest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Config is what a Provider is and whom it knows.
type Config struct {
	// Issuer is the provider's public address; its path, if any, is where the endpoints lie.
	Issuer  string
	Clients []Client
	Users   []User
	// Notice is shown under the sign-in form, for the demo to say who may sign in. It may be empty.
	Notice string
	// Now defaults to time.Now.
	Now func() time.Time
}

// Client is a registered relying party.
type Client struct {
	ID, Secret string
	// Key is the public half of the key that the client signs its assertions with, in place of a secret.
	Key                    *jose.JSONWebKey
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
}

// User is a person who can sign in.
type User struct {
	Username, Password string
	Subject            string
	Name               string
	Email              string
	EmailVerified      bool
	Groups             []string
	Extra              map[string]any // further claims; they win over the others
}

// The endpoints, below the issuer's path.
const (
	PathDiscovery  = "/.well-known/openid-configuration"
	PathAuthorize  = "/authorize"
	PathSignIn     = "/signin"
	PathToken      = "/token"
	PathUserinfo   = "/userinfo"
	PathJWKS       = "/jwks"
	PathEndSession = "/end_session"
	PathRevoke     = "/revoke"
	pathStyle      = "/style.css"
)

// Provider is an http.Handler. It is safe for concurrent use.
type Provider struct {
	cfg  Config
	mux  *http.ServeMux
	keys signer

	mu       sync.Mutex
	faults   Faults
	calls    map[string]int
	sessions map[string]session // by cookie value
	grants   map[string]grant   // by code, access token or refresh token, each with its prefix
	spent    map[string]string  // used code to the id of its grant
}

// session is one browser signed in at the provider.
type session struct {
	sid      string
	username string
	authTime time.Time
}

// New returns a provider with one signing key.
func New(cfg Config) *Provider {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Provider{
		cfg:      cfg,
		mux:      http.NewServeMux(),
		calls:    map[string]int{},
		sessions: map[string]session{},
		grants:   map[string]grant{},
		spent:    map[string]string{},
	}
	p.keys.rotate()
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET " + PathDiscovery:   p.discovery,
		"GET " + PathAuthorize:   p.authorize,
		"POST " + PathSignIn:     p.signIn,
		"POST " + PathToken:      p.token,
		"GET " + PathUserinfo:    p.userinfo,
		"GET " + PathJWKS:        p.jwks,
		"GET " + PathEndSession:  p.endSession,
		"POST " + PathEndSession: p.endSession,
		"POST " + PathRevoke:     p.revocation,
		"GET " + pathStyle:       p.style,
	} {
		p.mux.HandleFunc(pattern, handler)
	}
	return p
}

// ServeHTTP implements http.Handler. A fault that replaces an endpoint's answer comes first.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := "/" + strings.TrimLeft(strings.TrimPrefix(r.URL.Path, p.basePath()), "/")
	p.mu.Lock()
	p.calls[path]++
	answer := p.faults.Answers[path]
	p.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = path, ""
	p.mux.ServeHTTP(w, inner)
}

// Set changes the faults; requests that come later see them.
func (p *Provider) Set(change func(f *Faults)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults.Answers = maps.Clone(p.faults.Answers)
	if p.faults.Answers == nil {
		p.faults.Answers = map[string]http.HandlerFunc{}
	}
	change(&p.faults)
}

func (p *Provider) faultsNow() Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}

// Calls tells how often an endpoint has been called.
func (p *Provider) Calls(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// EndSessions signs everybody out at the provider, without telling any client.
func (p *Provider) EndSessions() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.sessions)
}

func (p *Provider) basePath() string {
	u, err := url.Parse(p.cfg.Issuer)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

func (p *Provider) endpoint(path string) string { return strings.TrimRight(p.cfg.Issuer, "/") + path }

func (p *Provider) client(id string) (Client, bool) {
	i := slices.IndexFunc(p.cfg.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return p.cfg.Clients[i], true
}

func (p *Provider) user(username string) (User, bool) {
	i := slices.IndexFunc(p.cfg.Users, func(u User) bool { return u.Username == username })
	if i < 0 {
		return User{}, false
	}
	return p.cfg.Users[i], true
}
