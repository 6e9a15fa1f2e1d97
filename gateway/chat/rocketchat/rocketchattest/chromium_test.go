package rocketchattest_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// browser is Chromium with one profile, asked for pages one after the other.
type browser struct {
	path    string
	profile string
	flags   []string
}

// newBrowser makes the test a parallel one, and skips it where there is no Chromium, save on CI, where it must be.
func newBrowser(t *testing.T, flags ...string) browser {
	t.Helper()
	t.Parallel()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("CI without chromium: ", err)
	}
	if err != nil {
		t.Skip("no chromium on this machine: ", err)
	}
	return browser{path, t.TempDir(), flags}
}

// visit returns the page as it is after three seconds of the page's own clock, which stands still while it loads.
func (b browser) visit(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
		"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
		"--user-data-dir=" + b.profile, "--virtual-time-budget=3000", "--dump-dom",
	}, b.flags...)
	page, err := exec.CommandContext(ctx, b.path, append(args, url)...).Output()
	if err != nil {
		t.Fatalf("chromium %s: %v", url, err)
	}
	return string(page)
}

var stateAttribute = regexp.MustCompile(`data-rc="state" data-state="(\w+)"`)

// state is the state the page ended in.
func state(page string) string {
	found := stateAttribute.FindStringSubmatch(page)
	if found == nil {
		return "no page: " + page
	}
	return found[1]
}

// reply is an answer of the gateway's API.
type reply struct {
	status int
	body   string
}

// gateway is the other side of iframe authentication: an API that answers as told, a frame, and an embedding page, whose
// scripts report what they see.
type gateway struct {
	*httptest.Server
	mu sync.Mutex // guards what follows
	script
	observed
}

// with puts a login token in its place.
func (r reply) with(token string) reply {
	return reply{r.status, strings.ReplaceAll(r.body, "TOKEN", token)}
}

// script is what the gateway does.
type script struct {
	replies     []reply // the last one repeats
	contentType string  // of the replies; empty: JSON
	source      string  // JavaScript of the frame, or of the embedding page
	frame       string  // HTML of the frame
	chat        string  // the page to embed
	revoke      func()  // called by the JavaScript
}

// reporter is JavaScript that tells the gateway what a page saw, in the order in which it did.
const reporter = `
	let last = Promise.resolve();
	const report = (body) => { last = last.then(() => fetch("/report", {method: "POST", body})); };`

// observed is what happened to the gateway.
type observed struct {
	calls   []string      // methods
	native  []http.Header // of those that a program made and no browser
	frames  []string      // queries of the frame's address
	reports []string      // of the JavaScript
}

// play replaces the script and forgets what happened.
func (g *gateway) play(s script) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.script, g.observed = s, observed{}
}

func (g *gateway) seen() observed {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.observed
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch r.URL.Path {
	case "/token":
		g.token(w, r)
	case "/frame":
		g.frames = append(g.frames, r.URL.RawQuery)
		fmt.Fprintf(w, "<!doctype html><title>frame</title>%s<script>%s%s</script>", g.frame, reporter, g.source)
	case "/embed":
		fmt.Fprintf(w, "<!doctype html><title>portal</title><script>%s%s</script><iframe src=%q></iframe>", reporter, g.source, g.chat)
	case "/report":
		g.reports = append(g.reports, string(body))
	case "/revoke":
		g.revoke()
	}
}

func (g *gateway) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Access-Control-Allow-Headers", "content-type")
	g.calls = append(g.calls, r.Method)
	if strings.HasPrefix(r.UserAgent(), "RC Mobile; ") {
		g.native = append(g.native, r.Header)
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer := g.replies[0]
	if len(g.replies) > 1 {
		g.replies = g.replies[1:]
	}
	w.Header().Set("Content-Type", cmp.Or(g.contentType, "application/json"))
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.body)
}

// workspace is one whose iframe settings name the gateway, with Ada signed in elsewhere by token.
func (g *gateway) workspace(t *testing.T, cfg rocketchattest.Config) (s *rocketchattest.Server, origin, token string) {
	cfg.Iframe = rocketchattest.Iframe{Enabled: true, URL: g.URL + "/frame", APIURL: g.URL + "/token"}
	s = rocketchattest.New(cfg)
	token = s.AddLoginToken(s.AddUser(ada))
	site := httptest.NewServer(s)
	t.Cleanup(site.Close)
	return s, site.URL, token
}
