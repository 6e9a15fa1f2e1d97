package main

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/store/storetest/redistest"
)

// The crowd of D31: 5,000 people within ten minutes, of whom each is at the provider for a while.
const (
	betweenPeople = 10 * time.Minute / 5000
	atProvider    = 40 * time.Second
)

// TestACompanyBehindOneAddressSignsInWithoutARefusal: each person has a browser and a frame of their own, all have one
// address, and the limits are the default. The 500 of one minute come as fast as this machine serves them, which is harder
// on every limit; CHATGATE_CROWD=5000 lets so many come in ten minutes. Meanwhile as many frames wait as there would be
// people at the provider, and ask once a second (D31).
func TestACompanyBehindOneAddressSignsInWithoutARefusal(t *testing.T) {
	n, between := 500, time.Duration(0)
	if asked := os.Getenv("CHATGATE_CROWD"); asked != "" {
		var err error
		if n, err = strconv.Atoi(asked); err != nil {
			t.Fatal(err)
		}
		between = betweenPeople
	}
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr, People: people(n)})
	told := &tally{counts: map[string]int{}}
	stopWaiting := waitAtProvider(t, w, told)
	began := time.Now()
	signInAll(t, w, told, n, between)
	took := time.Since(began)
	stopWaiting()

	t.Logf("%d sign-ins in %s, %.0f a minute: %v", n, took.Round(time.Millisecond), float64(n)/took.Minutes(), told.counts)
	t.Logf("Rocket.Chat made %d accounts and %d logins, and was asked %d times whether one is good",
		w.RocketChat.Count("users.create"), w.RocketChat.Count("users.createToken"), w.RocketChat.Count("me"))
	for what, times := range told.counts {
		if status, step, _ := strings.Cut(what, " "); status >= "400" && step != "before" {
			t.Errorf("%d times the answer was %s", times, what)
		}
	}
	if made := w.RocketChat.Count("users.createToken"); made != n || told.counts["200 redeemed"] != n || told.counts["200 after"] != n {
		t.Errorf("%d logins were made, want %d, each handed over and known to the chat's next call", made, n)
	}
	// A few are our own looks at whether Rocket.Chat is there.
	if asked := w.RocketChat.Count("me"); asked > n/10 {
		t.Errorf("%d times it was asked whether a new login is good; Rocket.Chat answers that ten times a minute for one address", asked)
	}
}

// tally counts answers by status and step.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(step string, a answer) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[strconv.Itoa(a.status)+" "+step]++
	return a
}

// signInAll lets people in one after the other, some of them at the same time.
func signInAll(t *testing.T, w *world, told *tally, n int, between time.Duration) {
	places := make(chan struct{}, 8)
	arrivals := time.NewTicker(max(between, time.Nanosecond))
	defer arrivals.Stop()
	var inside sync.WaitGroup
	for i := range n {
		if between > 0 {
			<-arrivals.C
		}
		places <- struct{}{}
		inside.Go(func() {
			defer func() { <-places }()
			signInCounted(w.visitor(t).frame(), told, numbered(i).Username)
		})
	}
	inside.Wait()
}

// signInCounted is one person's way in.
func signInCounted(f *frame, told *tally, username string) {
	gateway := f.w.Addresses().Gateway
	told.add("before", f.rocketChatToken())
	told.add("frame", f.send(http.MethodGet, gateway+"/rocketchat/frame", ""))
	f.offer()
	started := told.add("started", f.press(inNewWindow))
	told.add("pending", f.redeem())
	callback := told.add("callback", f.window.send(http.MethodGet, f.window.callback(goesOn(f.t, started), username), ""))
	told.add("done", f.window.send(http.MethodGet, gateway+callback.header.Get("Location"), ""))
	told.add("redeemed", f.redeem())
	told.add("after", f.rocketChatToken())
}

// waitAtProvider has the frames of those who are still at the provider ask once a second, each with a hand-off that is
// replaced before its time is over.
func waitAtProvider(t *testing.T, w *world, told *tally) (stop func()) {
	const rounds = 120 // seconds
	waiting := make([]*frame, atProvider/betweenPeople)
	page := w.visitor(t).frame()
	ticks := time.NewTicker(time.Second / time.Duration(len(waiting)))
	stopped := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		defer ticks.Stop()
		for tick := 0; ; tick++ {
			select {
			case <-stopped:
				return
			case <-ticks.C:
			}
			i := tick % len(waiting)
			if (tick/len(waiting))%rounds == 0 {
				waiting[i] = page.tab()
				waiting[i].offer()
			}
			told.add("waiting", waiting[i].redeem())
		}
	})
	return func() {
		close(stopped)
		asking.Wait()
	}
}
