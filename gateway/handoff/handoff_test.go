package handoff_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/handoff"
	"chatgate/store"
	"chatgate/store/memstore"
)

const home = "https://chat.example.org/"

// house is a Manager, and the clock it goes by.
type house struct {
	*handoff.Manager
	t   *testing.T
	now time.Time
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: time.Unix(1_800_000_000, 0)}
	now := func() time.Time { return h.now }
	sealer, err := store.NewSealer("k", map[string][]byte{"k": []byte(strings.Repeat("k", 32))})
	h.must(err)
	s, err := store.New(store.Config{Engine: memstore.New(memstore.Config{Now: now}), Sealer: sealer, Now: now})
	h.must(err)
	h.Manager, err = handoff.New(handoff.Config{Store: s, Now: now})
	h.must(err)
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) offer() handoff.Offered {
	h.t.Helper()
	o, err := h.Offer("rocketchat", home)
	h.must(err)
	return o
}

func (h *house) start(o handoff.Offered) handoff.Started {
	h.t.Helper()
	s, err := h.Start(h.t.Context(), o.ID)
	h.must(err)
	return s
}

func (h *house) look(o handoff.Offered) (handoff.State, error) {
	return h.Look(h.t.Context(), "rocketchat", o.ID, o.Secret.Reveal())
}

func (h *house) over(what string, err error) {
	h.t.Helper()
	if !errors.Is(err, handoff.ErrOver) {
		h.t.Errorf("%s: %v, want ErrOver", what, err)
	}
}

func TestAHandOffBringsOneSessionToItsFrame(t *testing.T) { // B-10
	h := open(t)
	o := h.offer()
	if state, err := h.look(o); err != nil || state.Session != "" {
		t.Errorf("Look() before the start = %+v, %v, want nothing yet", state, err)
	}
	started := h.start(o)
	if started.Chat != "rocketchat" || started.Return != home || !started.Ends.Equal(h.now.Add(o.Life)) {
		t.Errorf("Start() = %+v, want what was offered", started)
	}
	h.must(h.Finish(t.Context(), started, "session-1"))
	state, err := h.look(o)
	if err != nil || state.Session != "session-1" {
		t.Fatalf("Look() = %+v, %v, want the session", state, err)
	}
	h.must(h.Take(t.Context(), state))
	h.over("Take() again", h.Take(t.Context(), state))
	_, err = h.look(o)
	h.over("Look() after it was taken", err)
	_, err = h.Start(t.Context(), o.ID)
	h.over("Start() after it was taken", err)
}

func TestOfAnyNumberOfFramesOneGetsTheSession(t *testing.T) { // B-10
	h := open(t)
	o := h.offer()
	h.must(h.Finish(t.Context(), h.start(o), "session-1"))
	state, err := h.look(o)
	h.must(err)
	var won, lost sync.Map
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if err := h.Take(t.Context(), state); err == nil {
				won.Store(i, true)
			} else if errors.Is(err, handoff.ErrOver) {
				lost.Store(i, true)
			}
		})
	}
	all.Wait()
	if w, l := length(&won), length(&lost); w != 1 || l != 49 {
		t.Errorf("%d took it and %d came too late, want 1 and 49", w, l)
	}
}

func length(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

func TestWhatAHandOffRefuses(t *testing.T) { // B-10
	h := open(t)
	o, other := h.offer(), h.offer()
	h.must(h.Finish(t.Context(), h.start(o), "session-1"))
	look := func(chat, id, secret string) error {
		_, err := h.Look(t.Context(), chat, id, secret)
		return err
	}
	h.over("another chat", look("talk", o.ID, o.Secret.Reveal()))
	h.over("another one's secret", look("rocketchat", o.ID, other.Secret.Reveal()))
	h.over("no secret", look("rocketchat", o.ID, ""))
	h.over("no id", look("rocketchat", "", o.Secret.Reveal()))
	h.over("an id that is none of ours", look("rocketchat", o.ID[:len(o.ID)-8]+"AAAAAAAA", o.Secret.Reveal()))
	h.over("a long text", look("rocketchat", strings.Repeat("A", 4096), o.Secret.Reveal()))
	_, err := h.Start(t.Context(), "nonsense")
	h.over("Start() with nonsense", err)
	_, err = h.ChatOf("nonsense")
	h.over("ChatOf() of nonsense", err)
	if chat, err := h.ChatOf(o.ID); err != nil || chat != "rocketchat" {
		t.Errorf("ChatOf() of an id = %q, %v, want rocketchat", chat, err)
	}
	if state, err := h.look(o); err != nil || state.Session == "" {
		t.Errorf("Look() by its owner = %+v, %v, want the session still there", state, err)
	}
}

func TestFiveWrongSecretsEndAHandOff(t *testing.T) { // B-10
	for _, test := range []struct {
		name    string
		started bool
	}{{"that a login was begun for", true}, {"that was only offered", false}} {
		t.Run(test.name, func(t *testing.T) {
			h := open(t)
			o := h.offer()
			if test.started {
				h.must(h.Finish(t.Context(), h.start(o), "session-1"))
			}
			for i := range 5 {
				if _, err := h.look(o); err != nil {
					t.Fatalf("Look() after %d wrong secrets = %v, want it alive", i, err)
				}
				if _, err := h.Look(t.Context(), "rocketchat", o.ID, "wrong"); !errors.Is(err, handoff.ErrWrongSecret) {
					t.Fatalf("Look() with a wrong secret = %v, want ErrWrongSecret", err)
				}
			}
			_, err := h.look(o)
			h.over("Look() after five wrong secrets", err)
			_, err = h.Start(t.Context(), o.ID)
			h.over("Start() after five wrong secrets", err)
		})
	}
}

func TestAHandOffIsStartedFiveTimesAtMost(t *testing.T) {
	h := open(t)
	o := h.offer()
	for range 5 {
		h.start(o)
	}
	_, err := h.Start(t.Context(), o.ID)
	h.over("the sixth start", err)
	if _, err := h.look(o); err != nil {
		t.Errorf("Look() = %v, want the started logins still waited for", err)
	}
}

func TestAHandOffExpires(t *testing.T) {
	h := open(t)
	o := h.offer()
	started := h.start(o)
	h.now = h.now.Add(o.Life)
	h.must(h.Finish(t.Context(), started, "session-1"))
	_, err := h.look(o)
	h.over("Look() past the end", err)
	_, err = h.Start(t.Context(), o.ID)
	h.over("Start() past the end", err)
}

func TestTheFirstFinishedLoginWins(t *testing.T) {
	h := open(t)
	o := h.offer()
	first, second := h.start(o), h.start(o)
	h.must(h.Finish(t.Context(), first, "session-1"))
	h.must(h.Finish(t.Context(), second, "session-2"))
	h.must(h.Fail(t.Context(), second, "provider_denied"))
	if state, err := h.look(o); err != nil || state.Session != "session-1" || state.Failed != "" {
		t.Errorf("Look() = %+v, %v, want the first session", state, err)
	}
}

func TestAFailureIsToldUntilTheNextStart(t *testing.T) { // B-18
	h := open(t)
	o := h.offer()
	h.must(h.Fail(t.Context(), h.start(o), "provider_denied"))
	if state, err := h.look(o); err != nil || state.Failed != "provider_denied" {
		t.Errorf("Look() = %+v, %v, want provider_denied", state, err)
	}
	started := h.start(o)
	if state, err := h.look(o); err != nil || state.Failed != "" {
		t.Errorf("Look() after the next start = %+v, %v, want no failure", state, err)
	}
	h.must(h.Finish(t.Context(), started, "session-1"))
	if state, err := h.look(o); err != nil || state.Session != "session-1" {
		t.Errorf("Look() = %+v, %v, want the session", state, err)
	}
}

func TestAnOfferTellsNothing(t *testing.T) { // B-15
	h := open(t)
	o := h.offer()
	if strings.Contains(o.ID, o.Secret.Reveal()) || strings.Contains(o.ID, "rocketchat") || o.Secret.String() != "[redacted]" {
		t.Errorf("Offer() = %+v, want an id that tells nothing and a secret that does not print", o)
	}
	if len(o.Secret.Reveal()) != 43 {
		t.Errorf("the secret has %d characters, want 256 bits", len(o.Secret.Reveal()))
	}
	if again := h.offer(); again.ID == o.ID || again.Secret == o.Secret {
		t.Error("two offers are alike")
	}
}
