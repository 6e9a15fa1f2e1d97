package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// start opens a world on free ports, serves it until the test ends, and returns once all is well.
func start(t testing.TB, cfg worldConfig) *world {
	t.Helper()
	w, ready := startBroken(t, cfg, func(*world) {})
	ready()
	return w
}

// worldPatience is how long a world may take to be well.
const worldPatience = 30 * time.Second

// startBroken is start for a world that is spoilt before it begins. ready returns when all is well; where that does not come
// true it fails the test, with what the gateway said last.
func startBroken(t testing.TB, cfg worldConfig, spoil func(*world)) (w *world, ready func()) {
	t.Helper()
	said := &tail{}
	cfg.Log = said.overhear(watched.log(cfg.Log))
	w, err := openWorld(cfg)
	if err != nil {
		t.Fatal(err)
	}
	watched.world(w)
	spoil(w)
	ctx, stop := context.WithCancel(context.Background())
	well, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- w.Run(ctx, func() error { close(well); return nil })
	}()
	t.Cleanup(func() {
		watched.metrics(&http.Client{Timeout: time.Second}, w.Addresses().Admin)
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the world ended with %v", err)
		}
	})
	return w, func() {
		t.Helper()
		select {
		case <-well:
		case err := <-ended:
			ended <- err // for the cleanup
			t.Fatalf("the world ended with %v before it was well; its gateway said last:\n%s", err, said)
		case <-time.After(worldPatience):
			t.Fatalf("the world is not well after %s; its gateway said last:\n%s", worldPatience, said)
		}
	}
}

// visitor is a person's browser as far as cookies, redirects and fetches go. The demo is http on loopback, where
// browsers send Secure cookies and Go's own jar does not.
type visitor struct {
	t      testing.TB
	w      *world
	client *http.Client
}

func (w *world) visitor(t testing.TB) *visitor {
	return &visitor{t: t, w: w, client: &http.Client{
		Transport: w.transport, Timeout: 30 * time.Second, Jar: newJar(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

// json decodes the body, or fails the test.
func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("answer %d is no JSON: %s", a.status, a.body)
	}
	return v
}

// send makes one request; headers are name-value pairs. A GET without any is an address that was typed. Several goroutines may send at once, so a request without an
// answer fails the test and goes on with an answer of status 0.
func (v *visitor) send(method, target, body string, headers ...string) answer {
	v.t.Helper()
	a, err := v.exchange(method, target, body, headers)
	if err != nil {
		v.t.Error(err)
	}
	return a
}

func (v *visitor) exchange(method, target, body string, headers []string) (answer, error) {
	request, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if method == http.MethodGet && len(headers) == 0 {
		headers = []string{"Sec-Fetch-Site", "none"}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := v.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: string(raw)}, err
}

// open follows redirects as a browser's window does and returns where it ended.
func (v *visitor) open(target string) (string, answer) {
	v.t.Helper()
	for range 10 {
		a := v.send(http.MethodGet, target, "")
		location := a.header.Get("Location")
		if location == "" {
			return target, a
		}
		from, err := url.Parse(target)
		if err != nil {
			v.t.Fatal(err)
		}
		to, err := from.Parse(location)
		if err != nil {
			v.t.Fatal(err)
		}
		target = to.String()
	}
	v.t.Fatalf("too many redirects, last to %s", target)
	return "", answer{}
}

// signIn goes through /login and the provider's page, and returns where the browser ends.
func (v *visitor) signIn(login, username string) string {
	v.t.Helper()
	begun := v.send(http.MethodGet, v.w.Addresses().Gateway+login, "")
	if begun.status != http.StatusSeeOther {
		v.t.Fatalf("GET %s = %d: %s", login, begun.status, begun.body)
	}
	callback, err := v.w.Provider.SignIn(v.client, begun.header.Get("Location"), username, username)
	if err != nil {
		v.t.Fatal(err)
	}
	end, _ := v.open(callback.String())
	return end
}

// rocketChatToken asks as Rocket.Chat's client does.
func (v *visitor) rocketChatToken() answer {
	v.t.Helper()
	a := v.w.Addresses()
	return v.send(http.MethodPost, a.Gateway+"/rocketchat/token", "", "Origin", a.RocketChat)
}

// talkToken asks as the newspaper's page does.
func (v *visitor) talkToken() answer {
	v.t.Helper()
	a := v.w.Addresses()
	return v.send(http.MethodGet, a.Gateway+"/talk/token", "", "Origin", a.Talk)
}

// eventually waits for what another part of the world does in its own time.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("within 20 seconds it did not come true that %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// loopbackJar keeps cookies by host.
type loopbackJar struct {
	// partition is the jar of frames of one site below another, in a browser that keeps third-party cookies back: it takes
	// what is partitioned and nothing else.
	partition bool

	mu      sync.Mutex
	cookies map[string]map[string]*http.Cookie
}

func newJar() *loopbackJar { return &loopbackJar{cookies: map[string]map[string]*http.Cookie{}} }

func (j *loopbackJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.cookies[u.Host] == nil {
		j.cookies[u.Host] = map[string]*http.Cookie{}
	}
	for _, c := range cookies {
		if c.Partitioned != j.partition {
			continue
		}
		if c.MaxAge < 0 {
			delete(j.cookies[u.Host], c.Name)
		} else {
			j.cookies[u.Host][c.Name] = c
		}
	}
}

func (j *loopbackJar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []*http.Cookie
	for _, c := range j.cookies[u.Host] {
		all = append(all, &http.Cookie{Name: c.Name, Value: c.Value})
	}
	return all
}
