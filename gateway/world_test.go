package gateway_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway"
	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
	"chatgate/oidc/oidctest"
	"chatgate/store"
	"chatgate/store/memstore"
)

const (
	base    = "https://sso.example.org"
	issuer  = "https://idp.example.org"
	recheck = 15 * time.Minute
	board   = "https://board.example.org"
	// guestIssuer is the second provider's.
	guestIssuer = "https://guests.example.org"
)

// world is a gateway with one provider and one chat, and everything a test may want to move or break.
type world struct {
	*gateway.Server
	t        testing.TB
	provider *oidctest.Provider
	guests   *oidctest.Provider // known as guests, where there is a second one
	engine   *faultyEngine
	sessions *session.Manager
	outbox   *outbox.Outbox
	ledger   *outbox.Ledger
	handOffs *handoff.Manager
	beat     *store.Heartbeat
	board    *bulletin
	clock    *chattest.Clock
	log      *chattest.Journal
	why      *decision.Recorder
	registry *prometheus.Registry
}

type options struct {
	rules   limit.Rules
	trusted []netip.Prefix
	// undiscovered leaves the provider's document unread, as while the provider is down.
	undiscovered bool
	drain        time.Duration
	rulesOfBoard *chat.AccessRules
	// scopes are asked for; nil is the default, without offline_access.
	scopes []string
	// second adds another provider.
	second bool
	// domains are the providers' e-mail domains by their keys.
	domains map[string][]string
	// choice has the sign-in after a sign-out ask for the account.
	choice bool
	// age is how long a sign-in counts for the board.
	age    time.Duration
	people []oidctest.User
}

func open(t testing.TB, o options) *world {
	t.Helper()
	w := &world{t: t, clock: chattest.NewClock(), log: &chattest.Journal{}, registry: prometheus.NewRegistry()}
	w.engine = &faultyEngine{Engine: memstore.New(memstore.Config{Now: w.clock.Now})}
	users := []oidctest.User{
		{Username: "ada", Password: "ada", Subject: "ada-1", Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true},
		{Username: "bob", Password: "bob", Subject: "bob-2", Name: "Bob Kahn"},
	}
	for address, into := range map[string]**oidctest.Provider{issuer: &w.provider, guestIssuer: &w.guests} {
		*into = oidctest.New(oidctest.Config{
			Issuer: address, Now: w.clock.Now, Users: append(users, o.people...),
			Clients: []oidctest.Client{{ID: "chatgate", Secret: "client-secret", RedirectURIs: []string{base + "/login/callback"}}},
		})
	}
	sealer, err := store.NewSealer("k", map[string][]byte{"k": bytes.Repeat([]byte("k"), 32)})
	w.must(err)
	st, err := store.New(store.Config{Engine: w.engine, Sealer: sealer, Now: w.clock.Now})
	w.must(err)
	log := slog.New(gateway.LogHandler{Handler: slog.NewJSONHandler(w.log, nil)})
	pages, err := web.New(web.Config{HSTS: true})
	w.must(err)
	problems, err := problem.New(problem.Config{Pages: pages, Log: log})
	w.must(err)
	names := store.NewNames(st)
	limits, err := limit.New(limit.Config{Store: st, Names: names})
	w.must(err)
	w.beat = store.NewHeartbeat(st)
	w.outbox, err = outbox.New(outbox.Config{Store: st, Log: log, Now: w.clock.Now})
	w.must(err)
	w.ledger, err = outbox.NewLedger(outbox.LedgerConfig{Store: st, Names: names, Outbox: w.outbox, Now: w.clock.Now})
	w.must(err)
	providers := map[string]*oidc.RelyingParty{"corp": w.relyingParty("corp", o)}
	if o.second {
		providers["guests"] = w.relyingParty("guests", o)
	}
	w.sessions, err = session.New(session.Config{
		Provider: gateway.NewProviders(providers, w.outbox, audit.New(log)),
		Store:    st, Names: names, Heartbeat: w.beat, Chats: map[string]time.Duration{"board": o.age}, Log: log, Now: w.clock.Now,
		Settings: session.Settings{Idle: time.Hour, Absolute: 8 * time.Hour, Recheck: recheck},
	})
	w.must(err)
	keys, err := keyring.New(keyring.Config{Store: st, Log: log, Now: w.clock.Now, Sets: []keyring.SetConfig{{Name: "board"}}})
	w.must(err)
	w.must(keys.Load(t.Context()))
	w.handOffs, err = handoff.New(handoff.Config{Store: st, Now: w.clock.Now})
	w.must(err)
	w.board = &bulletin{sessions: w.sessions, problems: problems, entered: make(chan struct{}), leave: make(chan struct{})}
	w.why, err = decision.New(decision.Config{
		Store: st, Names: names, Log: log, Now: w.clock.Now, Settings: decision.Settings{Keep: 24 * time.Hour, PerMinute: 600, Most: 20000},
	})
	w.must(err)
	w.Server, err = gateway.New(gateway.Config{
		BaseURL: base, Providers: providers, Chats: map[string]gateway.Chat{"board": {Connector: w.board, Title: "Bulletin Board", Rules: o.rulesOfBoard}},
		TrustedProxies: o.trusted, Rules: o.rules, AccessLog: true, DrainDelay: o.drain, AccountChoice: o.choice,
		Store: st, Names: names, Heartbeat: w.beat, Sessions: w.sessions, Ledger: w.ledger, HandOffs: w.handOffs, Keys: keys, Limits: limits, Audit: audit.New(log),
		Pages: pages, Problems: problems, Decisions: w.why, Metrics: w.registry, Log: log, Now: w.clock.Now,
	})
	w.must(err)
	return w
}

// within is the same world for a test inside the one that opened it.
func (w *world) within(t testing.TB) *world {
	same := *w
	same.t = t
	return &same
}

func (w *world) relyingParty(key string, o options) *oidc.RelyingParty {
	w.t.Helper()
	at := map[string]string{"corp": issuer, "guests": guestIssuer}[key]
	rp, err := oidc.New(oidc.Config{
		Issuer: at, Domains: o.domains[key], Title: "The " + key, Client: oidc.ClientConfig{ID: "chatgate", Secret: "client-secret"}, Leeway: 30 * time.Second,
		Scopes: o.scopes,
	}, oidc.Env{
		Provider: key, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
		Transport: w.network(),
	})
	w.must(err)
	if o.undiscovered {
		return rp
	}
	ctx, stop := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- rp.Run(ctx) }()
	w.t.Cleanup(func() { stop(); <-done })
	for deadline := time.Now().Add(10 * time.Second); rp.Ready() != nil; {
		if time.Now().After(deadline) {
			w.t.Fatal(rp.Ready())
		}
		time.Sleep(time.Millisecond) // discovery runs by the real clock
	}
	return rp
}

// network is where the providers are.
func (w *world) network() *http.Transport {
	return oidctest.Network(w.t, map[string]http.Handler{"idp.example.org": w.provider, "guests.example.org": w.guests})
}

// at is the provider that an address is one of.
func (w *world) at(address string) *oidctest.Provider {
	if strings.HasPrefix(address, guestIssuer) {
		return w.guests
	}
	return w.provider
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// bulletin is a chat as small as one can be: it says who is signed in, and panics on request.
type bulletin struct {
	sessions *session.Manager
	problems *problem.Renderer
	told     told
	// entered is closed when /slow is being served, which ends when leave is closed.
	entered, leave chan struct{}
}

func (b *bulletin) Access() chat.Access {
	return chat.Access{Return: []chat.Origin{board}, Token: []chat.Origin{board}}
}

// Check says what the test wants it to.
func (b *bulletin) Check(context.Context) []chat.Finding {
	return []chat.Finding{{Name: "reachable", OK: true}, {Name: "paper", OK: false, Text: "the bulletin board is out of pins"}}
}

// told is what a chat has heard of sessions.
type told struct {
	mu                        sync.Mutex
	ended, rechecked, refused []string
}

func (t *told) note(list *[]string, subject string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	*list = append(*list, subject)
	return nil
}

// EndSession notes whose ended.
func (b *bulletin) EndSession(_ context.Context, s session.Session) error {
	return b.told.note(&b.told.ended, s.Identity.Subject)
}

// RecheckSession notes of whom something else is known.
func (b *bulletin) RecheckSession(_ context.Context, _, now session.Session) error {
	return b.told.note(&b.told.rechecked, now.Identity.Subject)
}

// Exclude notes who may not enter any more.
func (b *bulletin) Exclude(_ context.Context, s session.Session) error {
	return b.told.note(&b.told.refused, s.Identity.Subject)
}

// Lingers as paper does.
func (b *bulletin) Lingers() bool { return true }

func (b *bulletin) Mount(r gin.IRouter) {
	guard := chat.TokenGuard(b.Access().Token, b.problems)
	r.OPTIONS("/token", guard)
	r.GET("/token", guard, b.problems.JSON(b.sessions.Require("board", func(c *gin.Context, s session.Session) error {
		c.JSON(http.StatusOK, map[string]string{"sub": s.Identity.Subject})
		return nil
	})))
	r.POST("/echo", b.problems.API(func(c *gin.Context) error {
		body, err := io.ReadAll(c.Request.Body)
		if err == nil {
			c.Data(http.StatusOK, "text/plain", body)
		}
		return err
	}))
	r.GET("/slow", func(c *gin.Context) {
		close(b.entered)
		<-b.leave
		c.String(http.StatusOK, "done")
	})
	r.GET("/panic", guard, func(*gin.Context) { panic("of the chat") })
}

// browser keeps cookies for the gateway's host and walks sign-ins.
type browser struct {
	w        *world
	cookies  map[string]string
	provider *http.Client
	address  string
}

func (w *world) browser() *browser {
	jar := jarOf(w.t)
	return &browser{w: w, cookies: map[string]string{}, address: "192.0.2.1:4711", provider: &http.Client{
		Jar: jar, Transport: w.network(),
	}}
}

// do sends one request to the gateway; headers are name-value pairs. Redirects are not followed.
func (b *browser) do(method, target string, headers ...string) *http.Response {
	b.w.t.Helper()
	return b.send(httptest.NewRequest(method, base+strings.TrimPrefix(target, base), nil), headers...)
}

// submit sends a form of one of our own pages; headers after the values replace those that say so.
func (b *browser) submit(target string, form url.Values, headers ...string) *http.Response {
	b.w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, base+target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(headers) == 0 {
		headers = []string{"Origin", base, "Sec-Fetch-Site", "same-origin"}
	}
	return b.send(r, headers...)
}

// request is a request with the browser's cookies.
func (b *browser) request() *http.Request {
	return b.with(httptest.NewRequest(http.MethodGet, base+"/", nil))
}

func (b *browser) with(r *http.Request) *http.Request {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b *browser) send(r *http.Request, headers ...string) *http.Response {
	b.w.t.Helper()
	b.with(r).RemoteAddr = b.address
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	b.w.Handler().ServeHTTP(recorder, r)
	response := recorder.Result()
	for _, c := range response.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return response
}

// callback goes from /login through the provider and returns the callback's address without visiting it.
func (b *browser) callback(login, username string) string {
	b.w.t.Helper()
	begun := b.do(http.MethodGet, login)
	if begun.StatusCode != http.StatusSeeOther {
		b.w.t.Fatalf("GET %s = %d: %s", login, begun.StatusCode, text(begun))
	}
	back, err := b.w.at(begun.Header.Get("Location")).SignIn(b.provider, begun.Header.Get("Location"), username, username)
	b.w.must(err)
	return back.String()
}

// signIn finishes a whole login and returns where it ended.
func (b *browser) signIn(login, username string) string {
	b.w.t.Helper()
	finished := b.do(http.MethodGet, b.callback(login, username))
	if finished.StatusCode != http.StatusSeeOther {
		b.w.t.Fatalf("callback = %d: %s", finished.StatusCode, text(finished))
	}
	done := b.do(http.MethodGet, finished.Header.Get("Location"))
	return done.Header.Get("Location")
}

// who is the subject that the chat sees, empty when nobody is signed in.
func (b *browser) who() string {
	b.w.t.Helper()
	answer := b.do(http.MethodGet, "/board/token", "Origin", board)
	if answer.StatusCode != http.StatusOK {
		return ""
	}
	_, sub, _ := strings.Cut(text(answer), `"sub":"`)
	sub, _, _ = strings.Cut(sub, `"`)
	return sub
}

// copied is another browser with the same cookies.
func (b *browser) copied() *browser {
	other := b.w.browser()
	other.cookies = maps.Clone(b.cookies)
	return other
}

// within is the same browser for a test inside the one that opened its world.
func (b *browser) within(t testing.TB) *browser {
	return &browser{w: b.w.within(t), cookies: maps.Clone(b.cookies), address: b.address}
}

func text(r *http.Response) string {
	raw, _ := io.ReadAll(r.Body)
	return string(raw)
}

// faultyEngine is down when told to be.
type faultyEngine struct {
	store.Engine
	mu   sync.Mutex
	down bool
}

func (f *faultyEngine) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *faultyEngine) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return store.ErrUnavailable
	}
	return nil
}

func (f *faultyEngine) Get(ctx context.Context, key string) ([]byte, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Engine.Get(ctx, key)
}

func (f *faultyEngine) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Engine.Add(ctx, key, value, ttl)
}

func (f *faultyEngine) GetHash(ctx context.Context, key string, fields ...string) ([][]byte, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Engine.GetHash(ctx, key, fields...)
}

func (f *faultyEngine) Ping(ctx context.Context) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Engine.Ping(ctx)
}

func jarOf(t testing.TB) http.CookieJar {
	t.Helper()
	return &jar{cookies: map[string]*http.Cookie{}}
}

// jar holds the provider's cookies, which belong to one host.
type jar struct {
	mu      sync.Mutex
	cookies map[string]*http.Cookie
}

func (j *jar) SetCookies(_ *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		j.cookies[c.Name] = c
	}
}

func (j *jar) Cookies(*url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []*http.Cookie
	for _, c := range j.cookies {
		all = append(all, c)
	}
	return all
}
