package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"chatgate/cmd/internal/app"
)

// watched is the whole test run: what was said aloud in it, and what had to stay secret (S134).
var watched = &watch{secrets: newSecretBook()}

// watch holds what gateways write, and collects the secrets of everybody who takes part.
type watch struct {
	secrets *secretBook

	mu     sync.Mutex
	spoken *os.File // everything that gateways wrote, made when the first one does
}

// TestMain runs the tests and then reads all that their gateways have written: log, audit lines and metrics. A process that
// is to be a replica of a world serves instead.
func TestMain(m *testing.M) {
	if isReplica() {
		os.Exit(serveReplica())
	}
	status := m.Run()
	leaks, size, err := watched.leaks()
	if err != nil || len(leaks) > 0 {
		fmt.Fprintln(os.Stderr, "what gateways wrote is not free of secrets:", err)
		status = 1
	}
	for i, l := range leaks {
		if i == 20 {
			fmt.Fprintf(os.Stderr, "and %d more\n", len(leaks)-i)
			break
		}
		fmt.Fprintln(os.Stderr, l)
	}
	if testing.Verbose() {
		fmt.Fprintf(os.Stderr, "%d bytes of gateways' output hold none of %d secrets\n", size, len(watched.secrets.all()))
	}
	os.Exit(status)
}

// Write takes what a gateway writes.
func (w *watch) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spoken == nil {
		file, err := os.CreateTemp("", "chatgate-spoken")
		if err != nil {
			return 0, err
		}
		w.spoken = file
	}
	return w.spoken.Write(text)
}

// log is a gateway's: everything that it can say is kept, and what a test wants to hear goes on to it.
func (w *watch) log(test *slog.Logger) *slog.Logger {
	kept := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})
	if test == nil {
		return slog.New(kept)
	}
	if _, deaf := test.Handler().(unwatched); deaf {
		return test
	}
	return slog.New(slog.NewMultiHandler(kept, test.Handler()))
}

// leaks reads everything once more.
func (w *watch) leaks() (leaks []leak, size int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spoken == nil {
		return nil, 0, nil
	}
	text, err := os.ReadFile(w.spoken.Name())
	_ = w.spoken.Close()
	_ = os.Remove(w.spoken.Name())
	return w.secrets.scanner().scan(text), len(text), err
}

// world collects the secrets of a world from its configuration and from every connection of its hosts.
func (w *watch) world(opened *world) {
	w.secrets.readConfiguration(opened.config)
	for _, h := range opened.hosts {
		h.listener = &overheard{Listener: h.listener, secrets: w.secrets}
	}
}

// answer collects the secrets of an answer that went over no connection.
func (w *watch) answer(recorder *httptest.ResponseRecorder) {
	var text bytes.Buffer
	_ = recorder.Header().Write(&text)
	text.WriteString("\r\n")
	text.Write(recorder.Body.Bytes())
	w.secrets.readHTTP(text.Bytes())
}

// metrics keeps what a gateway's admin listener tells.
func (w *watch) metrics(client *http.Client, admin string) {
	for _, path := range []string{"/metrics", "/readyz"} {
		response, err := client.Get(admin + path)
		if err != nil {
			return // it never came up, or the test has stopped it
		}
		_, _ = io.Copy(w, response.Body)
		_ = response.Body.Close()
	}
}

// overheard listens in on connections.
type overheard struct {
	net.Listener
	secrets *secretBook
}

func (o *overheard) Accept() (net.Conn, error) {
	conn, err := o.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &overheardConn{Conn: conn, in: earshot{secrets: o.secrets}, out: earshot{secrets: o.secrets}}, nil
}

type overheardConn struct {
	net.Conn
	in, out earshot
}

func (c *overheardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.hear(p[:n])
	return n, err
}

func (c *overheardConn) Write(p []byte) (int, error) {
	c.out.hear(p)
	return c.Conn.Write(p)
}

// earshot is one direction of a connection. What it heard last is kept, since a secret may come in two pieces.
type earshot struct {
	secrets *secretBook
	mu      sync.Mutex
	last    []byte
}

const remembered = 4 << 10 // bytes: longer than a header with a secret in it

func (e *earshot) hear(text []byte) {
	if len(text) < leastSecret {
		return // the end of a chunk, or nothing
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = append(e.last, text...)
	e.secrets.readHTTP(e.last)
	e.last = e.last[max(0, len(e.last)-remembered):]
}

func TestTheScanFindsASecretInEverySpelling(t *testing.T) { // S134
	const secret = "kQ7+/an example of a secret?0123456789"
	book := newSecretBook()
	book.add("login token", secret)
	for _, text := range spellings(secret) {
		spoken := &watch{secrets: book}
		log := spoken.log(nil)
		log.Info("login token minted", "chat", "rocketchat")
		log.Debug("and told", "to", "https://sso.example.org/?x="+text+"&y=1")
		leaks, _, err := spoken.leaks()
		if err != nil || len(leaks) == 0 || leaks[0].kind != "login token" || leaks[0].line != 2 || strings.Contains(leaks[0].String(), text) {
			t.Errorf("the scan says %v, %v; want a login token in line 2, and not the token", leaks, err)
		}
	}
}

func TestTheScanFindsAClippedSecret(t *testing.T) { // S134
	token := "eyJhbGciOiJSUzI1NiJ9." + strings.Repeat("c2VjcmV0LXBhcnQ", 60) + "." + strings.Repeat("5iGnAtUrE-", 34)
	payload, signature := strings.Index(token, ".")+1, strings.LastIndex(token, ".")+1
	for name, tc := range map[string]struct{ secret, said string }{
		"a token's first 400 bytes":    {token, token[:400]},
		"the beginning of its payload": {token, token[payload : payload+clipped]},
		"a piece of its signature":     {token, token[signature : signature+clipped]},
		"the beginning of a code":      {strings.Repeat("aB3_", 16), strings.Repeat("aB3_", 6)},
	} {
		book := newSecretBook()
		book.add("secret", tc.secret)
		leaks := book.scanner().scan([]byte(`{"err":"the provider said ` + tc.said + `…"}`))
		if len(leaks) == 0 || strings.Contains(leaks[0].String(), tc.said) {
			t.Errorf("the scan for %s says %v, want one leak, and not the secret", name, leaks)
		}
	}
	book := newSecretBook()
	book.add("id_token", token)
	if leaks := book.scanner().scan([]byte(token[:payload])); len(leaks) > 0 {
		t.Errorf("the scan takes a JWT's header for a secret: %v", leaks)
	}
}

func TestSecretsAreCollectedFromWhatGoesOverAConnection(t *testing.T) { // S134
	for name, tc := range map[string]struct{ said, kind, secret string }{
		"a session cookie":    {"HTTP/1.1 303 See Other\r\nSet-Cookie: __Host-chatgate=0123456789abcdefXY; Path=/\r\n\r\n", "cookie __Host-chatgate", "0123456789abcdefXY"},
		"one that is sent":    {"GET / HTTP/1.1\r\nCookie: a=b; __Host-chatgate-talk=0123456789abcdefXY\r\n\r\n", "cookie __Host-chatgate-talk", "0123456789abcdefXY"},
		"one of an attempt":   {"GET / HTTP/1.1\r\nCookie: __Host-chatgate.login-abc=0123456789abcdefXY\r\n\r\n", "cookie __Host-chatgate", "0123456789abcdefXY"},
		"a code":              {"GET /login/callback?code=0123456789abcdefXY&state=s HTTP/1.1\r\n\r\n", "code", "0123456789abcdefXY"},
		"an escaped state":    {"Location: https://idp.example.org/?a=b&state=0123456789%2Bdef%2FXY\r\n\r\n", "state", "0123456789+def/XY"},
		"a verifier":          {"POST /token HTTP/1.1\r\n\r\ncode_verifier=0123456789abcdefXY&grant_type=c", "code_verifier", "0123456789abcdefXY"},
		"a refresh token":     {`{"refresh_token": "0123456789abcdefXY"}`, "refresh_token", "0123456789abcdefXY"},
		"a login token":       {`{"loginToken":"0123456789abcdefXY","userId":"u"}`, "loginToken", "0123456789abcdefXY"},
		"a hand-off's secret": {`{"id":"i","secret":"0123456789abcdefXY"}`, "secret", "0123456789abcdefXY"},
		"a bearer":            {"GET / HTTP/1.1\r\nAuthorization: Bearer 0123456789abcdefXY\r\n\r\n", "credential in Authorization", "0123456789abcdefXY"},
		"a client's secret":   {"GET / HTTP/1.1\r\nAuthorization: Basic YzowMTIzNDU2Nzg5YWJjZGVmWFk=\r\n\r\n", "client secret", "0123456789abcdefXY"},
		"an admin's token":    {"GET / HTTP/1.1\r\nX-Auth-Token: 0123456789abcdefXY\r\n\r\n", "credential in X-Auth-Token", "0123456789abcdefXY"},
	} {
		t.Run(name, func(t *testing.T) {
			book := newSecretBook()
			here, there := net.Pipe()
			defer there.Close()
			conn := &overheardConn{Conn: here, in: earshot{secrets: book}, out: earshot{secrets: book}}
			go func() {
				_, _ = io.WriteString(there, tc.said[:len(tc.said)/2])
				_, _ = io.WriteString(there, tc.said[len(tc.said)/2:])
				_ = there.Close()
			}()
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Fatal(err)
			}
			if got := book.all()[tc.secret]; got != tc.kind {
				t.Errorf("collected %q as %q, want %q", tc.secret, got, tc.kind)
			}
		})
	}
}

// TestEverySecretOfASignInIsLookedFor: a scan finds nothing, too, where nothing was collected.
func TestEverySecretOfASignInIsLookedFor(t *testing.T) { // S134
	w := start(t, worldConfig{})
	f := w.visitor(t).frame().at(w.replica(t, app.Lends{}))
	f.offer()
	asked := f.begin(inNewWindow)
	back := f.window.callback(asked, "ada")
	f.window.open(back)
	secrets := map[string]string{"the hand-off's secret": f.Secret, "the login token": f.redeemed()}
	v := w.visitor(t)
	v.signIn("/login", "ada")
	secrets["the Talk token"], _ = v.talkToken().json(t)["token"].(string)
	coral := v.askCoral()
	end, _ := v.open(coral)
	secrets["Coral's own token"] = v.coralToken(end)
	for name, address := range map[string]string{"the provider's address": asked, "the callback": back, "Coral's request": coral} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		for _, parameter := range []string{"code", "state", "nonce"} {
			if value := u.Query().Get(parameter); value != "" {
				secrets[parameter+" in "+name] = value
			}
		}
	}
	for name, jar := range map[string]http.CookieJar{"a window": v.client.Jar, "the frame's window": f.window.client.Jar, "the frame": f.client.Jar} {
		for _, c := range jar.Cookies(httptest.NewRequest(http.MethodGet, w.Addresses().Gateway, nil).URL) {
			if len(c.Value) >= leastSecret { // one only counts
				secrets[c.Name+" of "+name] = c.Value
			}
		}
	}
	_, sealing, _ := strings.Cut(w.config, `{demo: "`)
	secrets["the sealing key"], _, _ = strings.Cut(sealing, `"`)
	collected := watched.secrets.all()
	for name, value := range secrets {
		if value == "" || collected[value] == "" {
			t.Errorf("%s is not looked for", name)
		}
	}
	kinds := map[string]bool{}
	for _, kind := range collected {
		kinds[kind] = true
	}
	for _, kind := range []string{"code_verifier", "access_token", "id_token", "configured secret"} {
		if !kinds[kind] {
			t.Errorf("no %s was collected", kind)
		}
	}
}
