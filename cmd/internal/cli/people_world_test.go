package cli_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
)

// peopled is the configuration of a house in which people sign in. Its comments are away: they take tokens and are asked
// nothing.
const peopled = `baseURL: {gateway}
development: true
listen: {drain: 0s}
sealing: {current: a, keys: {a: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}
redis: {standalone: {address: "{redis}"}}
providers:
  corp:
    issuer: {provider}
    client: {id: chatgate, secret: of-the-provider}
    claims: {groups: groups}
chats:
  rocketchat:
    access: {anyone: true}
    url: {chat}
    api: {url: "{chat}", allowHTTP: true, userID: "{userID}", token: "{token}", createTokenSecret: cts}
    accounts: {roles: {staff: [moderator]}}
  comments:
    kind: talk
    profile: coral-sso
    ssoSecrets: {placeholder: "any-text-of-thirty-two-characters-will-do"}
    access: {anyone: true}
    url: http://127.0.0.1:3
    embedOrigins: {"http://127.0.0.1:4": {token: true}}
`

// people is a house of one script: who has signed in, and what runs.
type people struct {
	ts        *testscript.TestScript
	workspace *rocketchattest.Server
	provider  *oidctest.Provider
	handler   http.Handler
	stops     map[string]func()
	// cookies are the browsers, by what the script calls them.
	cookies map[string][]*http.Cookie
}

// house is the key of a script's people.
type house struct{}

func peopleOf(ts *testscript.TestScript) *people {
	p := ts.Value(house{}).(*people)
	p.ts = ts
	return p
}

// startPeople is the command people: it starts a house with ada, who is staff, and bob, and writes chatgate.yaml.
func startPeople(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: people")
	}
	p := peopleOf(ts)
	p.stops, p.cookies = map[string]func(){}, map[string][]*http.Cookie{}
	redis := miniredis.NewMiniRedis()
	ts.Check(redis.Start())
	ts.Defer(redis.Close)
	gateway, chat, provider := listen(ts), listen(ts), listen(ts)
	p.workspace = rocketchattest.New(rocketchattest.Config{URL: addressOf(chat), CreateTokenSecret: "cts"})
	userID, token := p.workspace.ServiceAccount()
	p.provider = oidctest.New(oidctest.Config{
		Issuer: addressOf(provider),
		Clients: []oidctest.Client{{
			ID: "chatgate", Secret: "of-the-provider", RedirectURIs: []string{addressOf(gateway) + "/login/callback"},
		}},
		Users: []oidctest.User{
			person("ada", "Ada Lovelace", "staff"),
			person("bob", "Bob\x1b[2J"),
		},
	})
	writeSecret(ts, "chatgate.yaml", strings.NewReplacer(
		"{gateway}", addressOf(gateway), "{redis}", redis.Addr(), "{provider}", addressOf(provider), "{chat}", addressOf(chat),
		"{userID}", userID, "{token}", token,
	).Replace(peopled))
	p.stops["chat"] = p.answer(chat, p.workspace)
	p.stops["provider"] = p.answer(provider, p.provider)
	p.serve(gateway)
}

// person signs in with the username as the password, too.
func person(username, name string, groups ...string) oidctest.User {
	return oidctest.User{
		Username: username, Password: username, Subject: "s-" + username, Name: name,
		Email: username + "@example.org", EmailVerified: true, Groups: groups,
	}
}

// answer serves until it is stopped or the script ends.
func (p *people) answer(l net.Listener, h http.Handler) (stop func()) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	stop = sync.OnceFunc(func() { _ = server.Close() })
	p.ts.Defer(stop)
	return stop
}

// serve runs the gateway of chatgate.yaml, and waits until people can sign in.
func (p *people) serve(public net.Listener) {
	loaded, err := app.Load(p.ts.MkAbs("chatgate.yaml"), app.Chats(), nil)
	p.ts.Check(err)
	opened, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)})
	p.ts.Check(err)
	p.handler = opened.Server().Handler()
	ctx, end := context.WithCancel(context.Background())
	done, admin := make(chan error, 1), listen(p.ts)
	go func() { done <- opened.Serve(ctx, public, admin) }()
	p.stops["gateway"] = sync.OnceFunc(func() {
		end()
		if err := <-done; err != nil {
			p.ts.Logf("the gateway ended with %v", err)
		}
	})
	p.ts.Defer(p.stops["gateway"])
	for patience := time.After(20 * time.Second); ; {
		if p.ask("", http.MethodGet, "/login?chat=rocketchat").Code == http.StatusSeeOther {
			return
		}
		select {
		case <-patience:
			p.ts.Fatalf("nobody can sign in")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stopPart is the command stop: the gateway, the provider or the chat is away from now on.
func stopPart(ts *testscript.TestScript, neg bool, args []string) {
	p := peopleOf(ts)
	if neg || len(args) != 1 || p.stops[args[0]] == nil {
		ts.Fatalf("usage: stop gateway|provider|chat")
	}
	p.stops[args[0]]()
}

// ask sends one request with a browser's cookies, and keeps those that it is given.
func (p *people) ask(browser, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, http.NoBody)
	r.RemoteAddr = "203.0.113.7:4711"
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for _, c := range p.cookies[browser] {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		p.keep(browser, c)
	}
	return w
}

// keep gives a browser a cookie in the place of the one of that name, or takes that away.
func (p *people) keep(browser string, c *http.Cookie) {
	kept := slices.DeleteFunc(p.cookies[browser], func(other *http.Cookie) bool { return other.Name == c.Name })
	if c.MaxAge >= 0 && browser != "" {
		kept = append(kept, c)
	}
	p.cookies[browser] = kept
}

// signIn is the command signin: somebody signs in, in a browser of the name given, and opens Rocket.Chat there.
func signIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signin USER BROWSER")
	}
	p, user, browser := peopleOf(ts), args[0], args[1]
	begun := p.ask(browser, http.MethodGet, "/login?chat=rocketchat")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	callback, err := p.provider.SignIn(client, begun.Header().Get("Location"), user, user)
	ts.Check(err)
	finished := p.ask(browser, http.MethodGet, callback.RequestURI())
	done, err := url.Parse(finished.Header().Get("Location"))
	ts.Check(err)
	p.ask(browser, http.MethodGet, done.RequestURI())
	if status := p.token(browser).Code; status != http.StatusOK {
		ts.Fatalf("%s is not let into Rocket.Chat: %d", user, status)
	}
}

func (p *people) token(browser string) *httptest.ResponseRecorder {
	return p.ask(browser, http.MethodGet, "/rocketchat/token", "Origin", p.workspaceURL())
}

func (p *people) workspaceURL() string {
	loaded, err := app.Load(p.ts.MkAbs("chatgate.yaml"), app.Chats(), nil)
	p.ts.Check(err)
	return string(loaded.Config.Chats["rocketchat"].Addresses()["url"])
}

// checkBrowser is the command browser: what a browser is answered when it asks for its login in Rocket.Chat.
func checkBrowser(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: browser BROWSER STATUS")
	}
	if w := peopleOf(ts).token(args[0]); fmt.Sprint(w.Code) != args[1] {
		ts.Fatalf("%s is answered %d, want %s: %s", args[0], w.Code, args[1], w.Body)
	}
}

// findAccount is the command account: it sets $ACCOUNT to the id of somebody's account, which must be active or not, and
// have so many logins.
func findAccount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: account USER active|inactive LOGINS")
	}
	p := peopleOf(ts)
	for patience := time.After(20 * time.Second); ; {
		state := "there is no such account"
		for _, u := range p.workspace.Users() {
			if u.Username != args[0] {
				continue
			}
			ts.Setenv("ACCOUNT", u.ID)
			state = fmt.Sprintf("%s %d", map[bool]string{false: "active", true: "inactive"}[u.Inactive], len(p.workspace.LoginTokens(u.ID)))
		}
		if state == args[1]+" "+args[2] {
			return
		}
		select {
		case <-patience:
			ts.Fatalf("%s is %s, want %s", args[0], state, strings.Join(args[1:], " "))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// noSecrets is the command secrets: nothing that opens something is in a file.
func noSecrets(ts *testscript.TestScript, neg bool, args []string) {
	if !neg || len(args) != 1 {
		ts.Fatalf("usage: ! secrets FILE")
	}
	p, text := peopleOf(ts), ts.ReadFile(args[0])
	for browser, cookies := range p.cookies {
		for _, c := range cookies {
			if strings.Contains(text, c.Value) {
				ts.Fatalf("%s holds a cookie of %s", args[0], browser)
			}
		}
		var given struct{ LoginToken string }
		answer := p.token(browser).Body.Bytes()
		if json.Unmarshal(answer, &given) == nil && given.LoginToken != "" && strings.Contains(text, given.LoginToken) {
			ts.Fatalf("%s holds the login of %s", args[0], browser)
		}
	}
	for _, word := range []string{"of-the-provider", "any-text-of-thirty-two"} {
		if strings.Contains(text, word) {
			ts.Fatalf("%s holds %q", args[0], word)
		}
	}
}

// findHandle is the command handle: it sets $HANDLE to the id of a browser's session, as lists show it. The store has no more
// of a cookie than its hash.
func findHandle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: handle BROWSER")
	}
	for _, c := range peopleOf(ts).cookies[args[0]] {
		if c.Name != "__Host-chatgate" {
			continue
		}
		raw, err := base64.RawURLEncoding.DecodeString(c.Value)
		ts.Check(err)
		sum := sha256.Sum256(raw)
		ts.Setenv("HANDLE", base64.RawURLEncoding.EncodeToString(sum[:])[:8])
	}
}

// addRoom is the command room: a room with one member, who owns it.
func addRoom(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: room NAME OWNER")
	}
	p := peopleOf(ts)
	for _, u := range p.workspace.Users() {
		if u.Username == args[1] {
			p.workspace.AddRoom(rocketchattest.Room{Name: args[0], Owners: []string{u.ID}, Members: []string{u.ID}})
		}
	}
}

// addAccount is the command addaccount: it sets $ACCOUNT to the id of a new account with this role.
func addAccount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: addaccount USERNAME ROLE")
	}
	ts.Setenv("ACCOUNT", peopleOf(ts).workspace.AddUser(rocketchattest.User{
		Username: args[0], Email: args[0] + "@example.org", Verified: true, Roles: []string{args[1]},
	}))
}
