package session_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"chatgate/gateway/session"
)

const rocketchatChild = "__Host-chatgate-rocketchat"

// frame is the browser's partition inside the chat's page: it has the child cookie and nothing else.
func (h *house) frame(t *testing.T, parent session.Session) browser {
	t.Helper()
	w := httptest.NewRecorder()
	child, err := h.NewChild(t.Context(), parent, "rocketchat")
	must(t, err)
	h.Give(w, child)
	if set := w.Header().Get("Set-Cookie"); !strings.Contains(set, "Partitioned") || !strings.Contains(set, "SameSite=None") || !strings.Contains(set, "Secure") {
		t.Errorf("Set-Cookie = %q, want a partitioned cookie", set)
	}
	b := browser{}
	b.take(w)
	return b
}

func TestAChildOpensItsChatAndNothingElse(t *testing.T) { // D27
	h, b := open(t), browser{}
	parent := h.signIn(t, b, ada)
	inFrame := h.frame(t, parent)

	s, err := h.read(t, inFrame, "rocketchat")
	if err != nil || s.Key != parent.Key || !s.Child {
		t.Errorf("Read(rocketchat) = %+v, %v, want the parent by its child", s, err)
	}
	if _, err := h.read(t, browser{rocketchatChild: inFrame[rocketchatChild]}, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(no chat) = %v, want ErrNone", err)
	}
	asTalk := browser{"__Host-chatgate-talk": inFrame[rocketchatChild]}
	if _, err := h.read(t, asTalk, "talk"); !errors.Is(err, session.ErrNone) || len(asTalk) != 0 {
		t.Errorf("Read(talk, rocketchat's child) = %v, cookies %v; want ErrNone and the cookie gone", err, asTalk)
	}
	asParent := browser{"__Host-chatgate": inFrame[rocketchatChild]}
	if _, err := h.read(t, asParent, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(child in the parent's place) = %v, want ErrNone", err)
	}
}

func TestAChildEndsWithItsParent(t *testing.T) { // B-21
	h, b := open(t), browser{}
	parent := h.signIn(t, b, ada)
	inFrame := h.frame(t, parent)
	must(t, h.End(t.Context(), parent))
	if _, err := h.read(t, inFrame, "rocketchat"); !errors.Is(err, session.ErrNone) || len(inFrame) != 0 {
		t.Errorf("Read() = %v, cookies %v; want ErrNone and the cookie gone", err, inFrame)
	}
}

func TestATopLevelSessionWinsOverAChildOfAnother(t *testing.T) { // D27
	h, first, second := open(t), browser{}, browser{}
	inFrame := h.frame(t, h.signIn(t, first, ada))
	top := h.signIn(t, second, bob)
	second[rocketchatChild] = inFrame[rocketchatChild]

	s, err := h.read(t, second, "rocketchat")
	if err != nil || s.Key != top.Key || s.Child {
		t.Errorf("Read() = %+v, %v, want bob's own session", s, err)
	}
	if _, kept := second[rocketchatChild]; kept {
		t.Error("the other parent's child cookie was kept")
	}
	if _, err := h.read(t, inFrame, "rocketchat"); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(the deleted child) = %v, want ErrNone", err)
	}
}

func TestAChildThatNobodyGotIsForgotten(t *testing.T) {
	h, b := open(t), browser{}
	child, err := h.NewChild(t.Context(), h.signIn(t, b, ada), "rocketchat")
	must(t, err)
	must(t, h.Drop(t.Context(), child))
	w := httptest.NewRecorder()
	h.Give(w, child)
	inFrame := browser{}
	inFrame.take(w)
	if _, err := h.read(t, inFrame, "rocketchat"); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(the dropped child) = %v, want ErrNone", err)
	}
}
