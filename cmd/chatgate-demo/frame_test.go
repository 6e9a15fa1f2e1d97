package main

import (
	"context"
	"encoding/json"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
)

// frame is our page inside Rocket.Chat's, in a browser that keeps third-party cookies back: its own requests carry the
// cookies of its partition alone, and the person signs in in a window of the same browser. It does by HTTP what the page's
// script and its form do, and nothing by itself.
type frame struct {
	*visitor
	window *visitor

	ID, Secret string
}

// The windows that a frame's form may open.
const (
	inNewWindow  = "window"
	inSameWindow = "top"
)

// frame opens the page in a browser whose windows are v.
func (v *visitor) frame() *frame {
	page := v.w.visitor(v.t)
	page.client.Jar.(*loopbackJar).partition = true
	return &frame{visitor: page, window: v}
}

// tab is the page in another tab of the same browser.
func (f *frame) tab() *frame { return &frame{visitor: f.visitor, window: f.window} }

// post is a fetch of the page's script.
func (f *frame) post(path, body string) answer {
	f.t.Helper()
	gateway := f.w.Addresses().Gateway
	return f.send(http.MethodPost, gateway+path, body,
		"Origin", gateway, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Content-Type", "application/json")
}

// offer gets a hand-off.
func (f *frame) offer() {
	f.t.Helper()
	a := f.post("/rocketchat/handoff", `{"embedder":"","top":""}`)
	if a.status != http.StatusOK {
		f.t.Fatalf("a hand-off = %d %s", a.status, a.body)
	}
	told := a.json(f.t)
	f.ID, f.Secret = told["id"].(string), told["secret"].(string)
}

// press submits the page's form into a window.
func (f *frame) press(mode string, more ...string) answer {
	f.t.Helper()
	fields := url.Values{"handoff": {f.ID}, "mode": {mode}}
	for i := 0; i+1 < len(more); i += 2 {
		fields.Set(more[i], more[i+1])
	}
	gateway := f.w.Addresses().Gateway
	return f.window.form(gateway+"/login/start", fields, "Origin", gateway, "Sec-Fetch-Site", "same-origin")
}

// form submits a form, with the headers that tell where it was.
func (v *visitor) form(target string, fields url.Values, headers ...string) answer {
	v.t.Helper()
	return v.send(http.MethodPost, target, fields.Encode(), append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

// begin presses the button and returns the provider's address to which the window goes.
func (f *frame) begin(mode string, more ...string) (providerURL string) {
	f.t.Helper()
	return goesOn(f.t, f.press(mode, more...))
}

var refresh = regexp.MustCompile(`http-equiv="refresh" content="0; url=([^"]+)"`)

// goesOn is where a page leads that goes on by itself.
func goesOn(t testing.TB, page answer) string {
	t.Helper()
	found := refresh.FindStringSubmatch(page.body)
	if page.status != http.StatusOK || found == nil {
		t.Fatalf("answer %d does not go on: %s", page.status, page.body)
	}
	return html.UnescapeString(found[1])
}

// callback signs in at the provider and returns the address to which it sends the browser.
func (v *visitor) callback(providerURL, username string) string {
	v.t.Helper()
	back, err := v.w.Provider.SignIn(v.client, providerURL, username, username)
	if err != nil {
		v.t.Fatal(err)
	}
	return back.String()
}

// signIn goes the whole way in a window, and returns where that ends. The frame has to redeem it yet.
func (f *frame) signIn(mode, username string) (end string) {
	f.t.Helper()
	f.offer()
	end, _ = f.window.open(f.window.callback(f.begin(mode), username))
	return end
}

// redeem asks whether the sign-in is finished.
func (f *frame) redeem() answer {
	f.t.Helper()
	body, err := json.Marshal(map[string]string{"id": f.ID, "secret": f.Secret})
	if err != nil {
		f.t.Fatal(err)
	}
	return f.post("/rocketchat/handoff/redeem", string(body))
}

// redeemed is the login token that the frame gets for a sign-in that is finished.
func (f *frame) redeemed() string {
	f.t.Helper()
	a := f.redeem()
	if a.status != http.StatusOK {
		f.t.Fatalf("redeem = %d %s, want 200", a.status, a.body)
	}
	token, _ := a.json(f.t)["loginToken"].(string)
	return token
}

// replica serves another gateway on the state of this world, with what the test lends it, and returns once all is well.
func (w *world) replica(t testing.TB, lend app.Lends) http.Handler {
	t.Helper()
	opened := w.another(t, lend)
	admin := runReplica(t, opened)
	machine := w.visitor(t)
	eventually(t, "the replica is ready", func() bool {
		return machine.send(http.MethodGet, admin+"/readyz", "").json(t)["status"] == "ready"
	})
	return opened.Server().Handler()
}

// runReplica serves until the test ends, and returns where to ask how it is.
func runReplica(t testing.TB, opened *app.App) (admin string) {
	t.Helper()
	public, private := listenLocal(t), listenLocal(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- opened.Serve(ctx, public, private) }()
	t.Cleanup(func() {
		watched.metrics(&http.Client{Timeout: time.Second}, "http://"+private.Addr().String())
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the replica ended with %v", err)
		}
	})
	return "http://" + private.Addr().String()
}

// idleReplica is one that answers and does no work in the background: it is about to die, or a look into the future.
func (w *world) idleReplica(t testing.TB, lend app.Lends) http.Handler {
	t.Helper()
	return w.another(t, lend).Server().Handler()
}

func (w *world) another(t testing.TB, lend app.Lends) *app.App {
	t.Helper()
	loaded, err := app.Parse("demo.yaml", []byte(w.config), app.Chats(), nil)
	if err != nil {
		t.Fatal(err)
	}
	lend.Transport, lend.Log = w.transport, watched.log(nil)
	opened, err := app.Open(loaded.Config, lend)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func listenLocal(t testing.TB) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// at is the same browser where a load balancer sends it to this replica.
func (v *visitor) at(replica http.Handler) *visitor {
	sent := *v
	client := *v.client
	client.Transport = balancer{gateway: v.w.hosts["sso"], replica: replica, others: v.w.transport}
	sent.client = &client
	return &sent
}

func (f *frame) at(replica http.Handler) *frame {
	return &frame{visitor: f.visitor.at(replica), window: f.window.at(replica), ID: f.ID, Secret: f.Secret}
}

// balancer sends what is for the gateway to one replica.
type balancer struct {
	gateway *host
	replica http.Handler
	others  http.RoundTripper
}

func (b balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme+"://"+r.URL.Host != b.gateway.url() {
		return b.others.RoundTrip(r)
	}
	arrived := r.Clone(r.Context())
	arrived.RequestURI, arrived.Host, arrived.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "127.0.0.1:1"
	recorder := httptest.NewRecorder()
	b.replica.ServeHTTP(recorder, arrived)
	watched.answer(recorder)
	return recorder.Result(), nil
}

// received asks as the page's script does: until its sign-in is there, or nothing more can come of it.
func (f *frame) received() (token string) {
	f.t.Helper()
	eventually(f.t, "the frame got its sign-in", func() bool {
		switch a := f.redeem(); a.status {
		case http.StatusOK:
			token, _ = a.json(f.t)["loginToken"].(string)
			return true
		case http.StatusAccepted, http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return false
		default:
			f.t.Errorf("redeem = %d %s", a.status, a.body)
			return true
		}
	})
	return token
}
