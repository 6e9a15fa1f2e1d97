package gateway_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

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

// do sends one request to the gateway; headers are name-value pairs. Without any it is an address that was typed, as far as
// browsers say. Redirects are not followed.
func (b *browser) do(method, target string, headers ...string) *http.Response {
	b.w.t.Helper()
	if len(headers) == 0 {
		headers = []string{"Sec-Fetch-Site", "none"}
	}
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
