package session_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/session"
	"chatgate/oidc"
)

func TestAListSaysWhereASessionBeganAndWhetherItIdles(t *testing.T) {
	h := open(t)
	r := browser{}.request()
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	_, err := h.Start(t.Context(), httptest.NewRecorder(), r, session.SignIn{Identity: ada, Address: "203.0.113.7"})
	must(t, err)
	for _, idle := range []bool{false, true} {
		known, err := h.OfSubject(t.Context(), "corp", "ada-1")
		if err != nil || len(known) != 1 {
			t.Fatalf("OfSubject() = %d, %v, want one", len(known), err)
		}
		want := session.From{Browser: "Firefox", System: "Linux", Address: "203.0.113.7"}
		if diff := cmp.Diff(want, known[0].From); diff != "" || known[0].Idle != idle {
			t.Errorf("idle %t, from (-want +got):\n%s", known[0].Idle, diff)
		}
		h.clock.advance(2 * time.Hour)
	}
}

func TestEverySessionIsListedHoweverMany(t *testing.T) {
	h := open(t)
	const people = 1203
	for i := range people {
		h.signIn(t, browser{}, oidc.Identity{Provider: "corp", Subject: fmt.Sprint("person-", i)})
		if i%700 == 0 {
			h.clock.advance(time.Second) // most end at the same moment
		}
	}
	seen := map[string]int{}
	must(t, h.All(t.Context(), func(k session.Known) error { seen[k.Identity.Subject]++; return nil }))
	if len(seen) != people {
		t.Errorf("All() told of %d people, want %d", len(seen), people)
	}
	for subject, n := range seen {
		if n != 1 {
			t.Fatalf("All() told of %s %d times", subject, n)
		}
	}
	stop := errors.New("enough")
	if err := h.All(t.Context(), func(session.Known) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("All() = %v, want the caller's error", err)
	}
	if n, err := h.EndAll(t.Context()); n != people || err != nil {
		t.Errorf("EndAll() = %d, %v, want %d", n, err, people)
	}
	if n, err := h.EndAll(t.Context()); n != 0 || err != nil {
		t.Errorf("EndAll() again = %d, %v, want 0", n, err)
	}
}

func TestChatStatesTellOfEachChat(t *testing.T) {
	h := open(t)
	s := h.signIn(t, browser{}, ada)
	must(t, h.PutToken(t.Context(), s, "rocketchat", []byte(`"token"`), s.Ends))
	must(t, h.StayOut(t.Context(), s, "talk"))
	states, err := h.ChatStates(t.Context(), s)
	must(t, err)
	want := map[string]session.ChatState{"rocketchat": {Token: []byte(`"token"`)}, "talk": {StayOut: true}}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("ChatStates() (-want +got):\n%s", diff)
	}
}

func TestASignInCountsForAChatForAsLongAsItSays(t *testing.T) {
	h, b := open(t, func(c *session.Config) {
		c.Chats = map[string]time.Duration{"rocketchat": 30 * time.Minute, "talk": 20 * time.Hour}
	}), browser{}
	began := h.signIn(t, b, ada)
	s, err := h.read(t, b, "rocketchat")
	if want := began.Begun.Add(30 * time.Minute); err != nil || !s.Ends.Equal(want) || !h.EndsFor(began, "rocketchat").Equal(want) {
		t.Errorf("for the chat it ends at %s, %v, want %s", s.Ends, err, want)
	}
	h.clock.advance(29 * time.Minute)
	if _, err := h.read(t, b, "rocketchat"); err != nil {
		t.Errorf("Read() before the limit = %v", err)
	}
	h.clock.advance(time.Minute)
	if _, err := h.read(t, b, "rocketchat"); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read() at the limit = %v, want ErrNone", err)
	}
	for _, chat := range []string{"", "talk"} { // a limit beyond the session's own is none
		if s, err := h.read(t, b, chat); err != nil || !s.Ends.Equal(began.Ends) {
			t.Errorf("Read(%q) = %s, %v, want a session until %s", chat, s.Ends, err, began.Ends)
		}
	}
}

func TestPlacesAreCalledByTheSmallestNetwork(t *testing.T) {
	s := session.Settings{Places: map[string]string{"10.0.0.0/8": "the company", "10.20.0.0/16": "the Oslo office", "2001:db8::/32": "the data centre"}}
	for address, want := range map[string]string{
		"10.20.1.2": "the Oslo office", "::ffff:10.21.1.2": "the company", "2001:db8::7": "the data centre",
		"192.0.2.1": "", "": "", "nonsense": "",
	} {
		if got := s.Place(address); got != want {
			t.Errorf("Place(%q) = %q, want %q", address, got, want)
		}
	}
	var told []string
	bad := session.Settings{Idle: time.Hour, Absolute: time.Hour, Recheck: time.Second, Places: map[string]string{"10.1.0.0/8": "x"}}
	bad.Check(func(key, _ string) { told = append(told, key) })
	if diff := cmp.Diff([]string{"recheck", "places"}, told); diff != "" {
		t.Errorf("Check() (-want +got):\n%s", diff)
	}
}

func TestTheNewestSessionsAreRead(t *testing.T) {
	h := open(t)
	first := h.signIn(t, browser{}, ada)
	var began []string
	for range 5 {
		h.clock.advance(time.Minute)
		began = append(began, h.signIn(t, browser{}, ada).Key)
	}
	h.signIn(t, browser{}, bob)
	for _, c := range []struct {
		name string
		most int
		want []string
		more int
	}{
		{"more than there are", 10, append([]string{first.Key}, began...), 0},
		{"as many as there are", 6, append([]string{first.Key}, began...), 0},
		{"fewer", 3, []string{first.Key, began[3], began[4]}, 3},
		{"the one that asks alone", 1, []string{first.Key}, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			known, more, err := h.Newest(t.Context(), first, c.most)
			must(t, err)
			var got []string
			for _, k := range known {
				got = append(got, k.Key)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || more != c.more {
				t.Errorf("%d more, want %d; sessions (-want +got):\n%s", more, c.more, diff)
			}
		})
	}
}
