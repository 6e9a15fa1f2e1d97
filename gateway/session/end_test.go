package session_test

import (
	"errors"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

func TestNothingResurrectsAnEndedSession(t *testing.T) { // D21, S114
	h, b := open(t), browser{}
	s := h.signIn(t, b, ada)
	must(t, h.End(t.Context(), s))
	for name, write := range map[string]func() error{
		"PutToken": func() error {
			return h.PutToken(t.Context(), s, "rocketchat", []byte(`"late"`), h.clock.now().Add(time.Hour))
		},
		"StayOut":   func() error { return h.StayOut(t.Context(), s, "rocketchat") },
		"ComeBack":  func() error { return h.ComeBack(t.Context(), s, "rocketchat") },
		"Hold":      func() error { return h.Hold(t.Context(), s, "rocketchat", h.clock.now().Add(time.Minute)) },
		"DropToken": func() error { return h.DropToken(t.Context(), s, "rocketchat") },
	} {
		if err := write(); !errors.Is(err, session.ErrEnded) {
			t.Errorf("%s after the end = %v, want ErrEnded", name, err)
		}
	}
	if _, err := h.read(t, b, ""); !errors.Is(err, session.ErrNone) { // S63
		t.Errorf("Read() after the end = %v, want ErrNone", err)
	}
	if _, err := h.ProviderTokens(t.Context(), s); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("ProviderTokens() after the end = %v, want ErrNotFound", err)
	}
}

func TestTheFollowerIsAskedBeforeAndAfterTheRecordGoes(t *testing.T) { // R13
	h, b := open(t), browser{}
	s := h.signIn(t, b, ada)
	var alive []bool
	h.follower.onEnd = func() {
		_, err := h.ByKey(t.Context(), s.Key, "")
		alive = append(alive, err == nil)
	}
	must(t, h.End(t.Context(), s))
	if diff := cmp.Diff([]bool{true, false}, alive); diff != "" {
		t.Errorf("session alive at each call:\n%s", diff)
	}
}

func TestASessionWhoseChatsCannotBeToldLivesOn(t *testing.T) { // R13
	h, b := open(t), browser{}
	s := h.signIn(t, b, ada)
	h.follower.fail = errors.New("outbox is full")
	if err := h.End(t.Context(), s); err == nil {
		t.Error("End() = nil although nothing could be queued")
	}
	if _, err := h.read(t, b, ""); err != nil {
		t.Errorf("Read() = %v: the session ended without its chats", err)
	}
}

func TestIndexesFindSessionsBySubjectAndByProviderSID(t *testing.T) { // S72, S110
	h := open(t)
	one, two, other := browser{}, browser{}, browser{}
	h.signIn(t, one, ada)
	h.signIn(t, two, oidc.Identity{Provider: "corp", Subject: "ada-1", SID: "idp-9"})
	h.signIn(t, other, oidc.Identity{Provider: "guests", Subject: "ada-1", SID: "idp-7"})

	if n, err := h.EndSID(t.Context(), "corp", "idp-7"); n != 1 || err != nil {
		t.Fatalf("EndSID(corp, idp-7) = %d, %v, want 1", n, err)
	}
	if _, err := h.read(t, one, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(first browser) = %v, want ErrNone", err)
	}
	if _, err := h.read(t, two, ""); err != nil {
		t.Errorf("Read(second browser) = %v: another sid was ended", err)
	}
	if n, err := h.EndSubject(t.Context(), "corp", "ada-1"); n != 1 || err != nil {
		t.Fatalf("EndSubject(corp, ada-1) = %d, %v, want 1", n, err)
	}
	if _, err := h.read(t, two, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(second browser) = %v, want ErrNone", err)
	}
	if _, err := h.read(t, other, ""); err != nil {
		t.Errorf("Read(same sub at another provider) = %v: it was ended too", err)
	}
	if n, err := h.EndSubject(t.Context(), "corp", "ada-1"); n != 0 || err != nil {
		t.Errorf("EndSubject() again = %d, %v, want 0", n, err)
	}
}

func TestASessionThatIdledAwayIsStillSignedOutOfItsChats(t *testing.T) { // D11, R14
	t.Run("by another person in the same browser", func(t *testing.T) {
		h, b := open(t), browser{}
		former := h.signIn(t, b, ada)
		h.clock.advance(2 * time.Hour)
		h.signIn(t, b, bob)
		if !slices.Contains(h.follower.ended, former.Key) {
			t.Errorf("ended = %v, want the idle session among them", h.follower.ended)
		}
	})
	t.Run("or handed over to the same person", func(t *testing.T) {
		h, b := open(t), browser{}
		former := h.signIn(t, b, ada)
		must(t, h.PutToken(t.Context(), former, "rocketchat", []byte(`"token"`), former.Ends))
		h.clock.advance(2 * time.Hour)
		h.signIn(t, b, ada)
		if s, err := h.read(t, b, "rocketchat"); err != nil || string(s.Chat.Token) != `"token"` {
			t.Errorf("Read() = %s, %v, want the token of the idle session", s.Chat.Token, err)
		}
	})
	t.Run("or by a sign-out", func(t *testing.T) {
		h, b := open(t), browser{}
		former := h.signIn(t, b, ada)
		h.clock.advance(2 * time.Hour)
		if _, err := h.read(t, b, ""); !errors.Is(err, session.ErrNone) {
			t.Fatalf("Read() = %v, want ErrNone", err)
		}
		s, err := h.Recognise(t.Context(), b.request())
		if err != nil || s.Key != former.Key || s.Identity.Subject != "ada-1" {
			t.Errorf("Recognise() = %+v, %v, want the idle session", s, err)
		}
		h.clock.advance(7 * time.Hour)
		if _, err := h.Recognise(t.Context(), b.request()); !errors.Is(err, session.ErrNone) {
			t.Errorf("Recognise() after the absolute end = %v, want ErrNone", err)
		}
	})
	t.Run("or by an ending of all of a subject's", func(t *testing.T) {
		h, b := open(t), browser{}
		h.signIn(t, b, ada)
		h.clock.advance(2 * time.Hour)
		if n, err := h.EndSubject(t.Context(), "corp", "ada-1"); n != 1 || err != nil {
			t.Errorf("EndSubject() = %d, %v, want 1", n, err)
		}
	})
}

func TestTabsThatFinishAtOnceLeaveOneSession(t *testing.T) { // B-20, D27
	h, b := open(t), browser{}
	first := h.signIn(t, b, ada)
	must(t, h.PutToken(t.Context(), first, "rocketchat", []byte(`"token"`), first.Ends))
	const tabs = 6
	began := b.request() // every tab has the cookie of the first session
	results := make(chan *httptest.ResponseRecorder, tabs)
	var together sync.WaitGroup
	for range tabs {
		together.Go(func() {
			w := httptest.NewRecorder()
			if _, err := h.Start(t.Context(), w, began, session.SignIn{Identity: ada}); err != nil {
				t.Errorf("Start() = %v", err)
			}
			results <- w
		})
	}
	together.Wait()
	close(results)
	alive := 0
	for w := range results {
		tab := browser{}
		tab.take(w)
		if s, err := h.read(t, tab, "rocketchat"); err == nil {
			alive++
			if string(s.Chat.Token) != `"token"` {
				t.Errorf("the session that is left has %q", s.Chat.Token)
			}
		}
	}
	if alive != 1 {
		t.Errorf("%d sessions are left, want 1", alive)
	}
}

func TestManySessionsOfASubjectAllEnd(t *testing.T) { // S72
	h := open(t)
	const sessions = 1203
	for range sessions {
		if _, err := h.Start(t.Context(), httptest.NewRecorder(), browser{}.request(), session.SignIn{Identity: ada}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := h.EndSubject(t.Context(), "corp", "ada-1"); n != sessions || err != nil {
		t.Errorf("EndSubject() = %d, %v, want %d", n, err, sessions)
	}
}
