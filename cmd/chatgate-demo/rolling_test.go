package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/store/storetest/redistest"
)

// unlimited lets the load of a test through.
const unlimited = `
limits: {loginStartsPerAddress: 0, loginStartsOverall: 0, callbacksPerAddress: 0, logoutsPerAddress: 0, mintsPerSession: 0, talkTokensPerSession: 0, warmCallsPerSession: 0, warmCallsPerAddress: 0}
`

// TestRollingRestartsAndUpgradesLoseNothing: two replicas behind a plain TCP balancer share a Redis. People sign in and out
// all the while, others call for tokens over connections that they keep, and none of them loses a request or a session: not
// while the former release is replaced by this one, not while this one is restarted, and not on the way back.
func TestRollingRestartsAndUpgradesLoseNothing(t *testing.T) { // S145, H16, D24
	t.Parallel() // it waits, mostly
	before, now := former(t), binary(t)
	w := behind(t, worldConfig{Redis: redistest.Start(t).Addr, Extra: unlimited})
	w.RocketChat.SetSetting("API_Enable_Rate_Limiter", false) // it counts by address, and everybody here has the same
	const drain = 5 * time.Second                             // listen.drain's default, which the chart leaves alone
	config := w.listening(drain)
	replicas := []*served{w.serve(t, before, config), w.serve(t, before, config)}
	for _, p := range replicas {
		p.awaitReady(t)
	}
	b := balance(t, w.hosts["sso"].listener, replicas...)
	l := w.load(t)
	for _, phase := range []struct{ name, program string }{
		{"an upgrade", now}, {"a restart", now}, {"the way back", before},
	} {
		l.begin(phase.name)
		for i, leaving := range replicas {
			next := w.serve(t, phase.program, config)
			b.add(next)
			eventually(t, "the balancer sends people to the new replica", func() bool { return b.sendsTo(next) })
			leaving.terminate(t)
			b.remove(leaving)
			replicas[i] = next
		}
		l.report(phase.name)
	}
	l.end()
}

// behind is a world whose gateway is somebody else's: processes that a test runs on its configuration.
func behind(t *testing.T, cfg worldConfig) *world {
	t.Helper()
	cfg.Log = watched.log(nil)
	w, err := openWorld(cfg)
	if err != nil {
		t.Fatal(err)
	}
	watched.world(w)
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	for role, h := range w.hosts {
		if role != "sso" && role != "admin" {
			serving.Go(func() {
				if err := serve(ctx, h); err != nil {
					t.Error(err)
				}
			})
		}
	}
	t.Cleanup(func() {
		stop()
		serving.Wait()
		_ = w.close()
	})
	return w
}

// load is people who use a world all the while.
type load struct {
	t *testing.T
	w *world

	phase                   atomic.Pointer[string]
	over                    chan struct{}
	people                  sync.WaitGroup
	signIns, tokens, sparse atomic.Int64
}

// load begins with people who sign in and out again and again.
func (w *world) load(t *testing.T) *load {
	l := &load{t: t, w: w, over: make(chan struct{})}
	l.phase.Store(new(string))
	for range 2 {
		l.people.Go(func() { l.signInAndOut() })
	}
	l.stay("the start")
	return l
}

// begin has more people sign in and stay until the end.
func (l *load) begin(phase string) {
	l.phase.Store(&phase)
	l.stay(phase)
}

func (l *load) report(phase string) {
	signIns, tokens, sparse := l.signIns.Swap(0), l.tokens.Swap(0), l.sparse.Swap(0)
	l.t.Logf("%s: %d people signed in and out, %d tokens were given, %d calls came after a pause", phase, signIns, tokens, sparse)
	if signIns == 0 || tokens == 0 || sparse == 0 {
		l.t.Errorf("%s: nothing happened meanwhile", phase)
	}
}

func (l *load) end() {
	close(l.over)
	l.people.Wait()
}

// patient is a visitor whose requests are sent once.
func (l *load) patient() *visitor {
	v := l.w.visitor(l.t)
	transport := &once{conns: map[string]*keptConn{}, dial: func(network, address string) (net.Conn, error) {
		return l.w.transport.DialContext(l.t.Context(), network, address)
	}}
	l.t.Cleanup(transport.close)
	v.client.Transport = transport
	return v
}

// pause waits a little and says whether there is more to do.
func (l *load) pause(d time.Duration) bool {
	select {
	case <-l.over:
		return false
	case <-time.After(d):
		return true
	}
}

// wrong tells what somebody met, and when.
func (l *load) wrong(what string, a answer) {
	l.t.Errorf("%s: %s = %d %.200s", *l.phase.Load(), what, a.status, a.body)
}

func (l *load) signInAndOut() {
	gateway := l.w.Addresses().Gateway
	for l.pause(50 * time.Millisecond) {
		v := l.patient()
		if !l.signIn(v) {
			continue
		}
		if out := v.send(http.MethodPost, gateway+"/logout", "", "Origin", gateway); out.status != http.StatusOK {
			l.wrong("a sign-out", out)
		}
		if after := v.rocketChatToken(); after.status != http.StatusUnauthorized {
			l.wrong("a token after the sign-out", after)
		}
		l.signIns.Add(1)
		v.client.Transport.(*once).close()
	}
}

// signIn goes the whole way to the provider and back, and asks for both chats' tokens.
func (l *load) signIn(v *visitor) bool {
	a := l.w.Addresses()
	begun := v.send(http.MethodGet, a.Gateway+"/login", "")
	if begun.status != http.StatusSeeOther {
		l.wrong("/login", begun)
		return false
	}
	callback, err := l.w.Provider.SignIn(v.client, begun.header.Get("Location"), "ada", "ada")
	if err != nil {
		l.t.Errorf("%s: the provider: %v", *l.phase.Load(), err)
		return false
	}
	if end, page := v.open(callback.String()); page.status != http.StatusOK {
		l.wrong("the way back, at "+end, page)
		return false
	}
	return l.holds(v) != ""
}

// holds asks for both chats' tokens and returns Rocket.Chat's.
func (l *load) holds(v *visitor) string {
	chat, talk := v.rocketChatToken(), v.talkToken()
	if chat.status != http.StatusOK || talk.status != http.StatusOK {
		l.wrong("Rocket.Chat's token", chat)
		l.wrong("the comments' token", talk)
		return ""
	}
	l.tokens.Add(2)
	return fmt.Sprint(chat.json(l.t)["loginToken"])
}

// stay signs people in who call for tokens until the end, all of them over connections that they keep: some at once again,
// and one after pauses in which nothing is on its connection.
func (l *load) stay(phase string) {
	for i := range 4 {
		v := l.patient()
		if !l.signIn(v) {
			return
		}
		every := 100 * time.Millisecond
		if i == 0 {
			every = 1500 * time.Millisecond
		}
		l.people.Go(func() {
			first := ""
			for l.pause(every) {
				token := l.holds(v)
				if first == "" {
					first = token
				}
				if token != first && token != "" {
					l.t.Errorf("%s: whoever signed in in %s has another login token: the session was lost", *l.phase.Load(), phase)
					first = token
				}
				if i == 0 {
					l.sparse.Add(1)
				}
			}
		})
	}
}
