package rocketchattest

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config describes one workspace. Its zero value is a server of version 8.8.1 without iframe authentication that mints
// no login tokens for others.
type Config struct {
	URL     string // the public origin, told as the setting Site_Url; no trailing slash
	Version string // of Rocket.Chat, such as "7.13" or "8.8.1"; default "8.8.1"
	Iframe  Iframe // the four settings of iframe authentication

	CreateTokenEnv    bool   // CREATE_TOKENS_FOR_USERS=true, read before 8.0
	CreateTokenSecret string // CREATE_TOKENS_FOR_USERS_SECRET, read from 8.0; empty refuses every users.createToken
	UnsafeQuery       bool   // ALLOW_UNSAFE_QUERY_AND_FIELDS_API_PARAMS=true, read in 7.x and 8.x
	TokenTwoFactor    bool   // builds that demand a second factor on users.create and users.createToken too
	MaxLoginTokens    int    // MAX_RESUME_LOGIN_TOKENS; default 50 per account, personal access tokens not counted
	Seats             int    // accounts the licence allows; 0 is no limit

	FrameAncestors []string // origins in a policy of the reverse proxy: who may frame the page beside Iframe_Restrict_Access

	LoginServices []LoginService   // told by service.configurations
	Settings      map[string]any   // settings that differ from their defaults, by _id
	Overwritten   map[string]any   // OVERWRITE_SETTING_<_id>: writing such a setting succeeds and changes nothing
	Now           func() time.Time // default time.Now
}

// Iframe is the settings page Accounts > Iframe. The client ignores it unless all four are set.
type Iframe struct {
	Enabled   bool
	URL       string // Accounts_iframe_url
	APIURL    string // Accounts_Iframe_api_url
	APIMethod string // Accounts_Iframe_api_method; empty means "POST", Rocket.Chat's default
}

// LoginService is an OAuth provider configured in Rocket.Chat itself.
type LoginService struct {
	Service  string `json:"service"`
	ClientID string `json:"clientId"`
}

// Server is the stand-in. All of its methods may be called while it serves.
type Server struct {
	cfg     Config
	version version
	can     capabilities
	routes  map[string]route
	files   http.Handler

	mu       sync.Mutex // guards everything below
	people   directory
	roles    map[string]map[string]bool // role id -> permissions
	rooms    map[string]*Room
	teams    map[string]*Team
	settings map[string]any
	limits   map[limitKey]*limitWindow
	calls    []Call
	logins   []Login
	faults   Faults
}

var _ http.Handler = (*Server)(nil)

// New builds a workspace with the room #general and nobody in it. It panics when cfg.Version is no version: the caller
// is a test or the demo, and there is nothing sensible to go on with.
func New(cfg Config) *Server {
	if cfg.Version == "" {
		cfg.Version = "8.8.1"
	}
	v, err := parseVersion(cfg.Version)
	if err != nil {
		panic("rocketchattest: " + err.Error())
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxLoginTokens == 0 {
		cfg.MaxLoginTokens = 50
	}
	s := &Server{
		cfg:      cfg,
		version:  v,
		can:      capabilitiesOf(v),
		files:    webFiles(),
		roles:    defaultRoles(),
		rooms:    map[string]*Room{generalRoom: {ID: generalRoom, Name: "general"}},
		teams:    map[string]*Team{},
		settings: defaultSettings(cfg),
		limits:   map[limitKey]*limitWindow{},
	}
	maps.Copy(s.settings, cfg.Settings)
	maps.Copy(s.settings, cfg.Overwritten)
	s.routes = s.routeTable()
	return s
}

// ServeHTTP answers REST below /api/ and the web client everywhere else. A fault that was set speaks first.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api := strings.HasPrefix(r.URL.Path, "/api/")
	if api {
		s.record(r)
	}
	if s.fail(w, r, api) {
		return
	}
	if api {
		s.serveAPI(w, r)
		return
	}
	s.servePage(w, r)
}

// Call is one REST request as it arrived.
type Call struct {
	Route  string // "users.info", "settings/:_id"; "info" for /api/info; the bare path when there is no such route
	Method string
	RealIP string // what the server takes for the client's address: X-Real-IP, else the socket's
	Page   bool   // sent by the stand-in's own page, where the real client would use its websocket
}

// Calls returns every REST call so far, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Count tells how often a route was called, the page's own calls not counted.
func (s *Server) Count(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c.Route == route && !c.Page {
			n++
		}
	}
	return n
}

// ResetCalls forgets the calls so far, for tests that count from a certain moment.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

func (s *Server) record(r *http.Request) {
	name, _ := routeName(r.URL.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{Route: name, Method: r.Method, RealIP: realIP(r), Page: fromPage(r)})
}
