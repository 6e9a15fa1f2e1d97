package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"chatgate/gateway/session"
)

func TestASignOutElsewhereLeavesTheWayToTheProvider(t *testing.T) { // R12
	h, b := open(t), browser{}
	s := h.signIn(t, b, ada)
	r := b.request()
	if _, err := h.Farewell(t.Context(), r); !errors.Is(err, session.ErrNone) {
		t.Errorf("Farewell() of a live session = %v, want ErrNone", err)
	}
	must(t, h.EndElsewhere(t.Context(), s))
	if _, err := h.read(t, b, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read() = %v, want the session ended", err)
	}
	if f, err := h.Farewell(t.Context(), r); err != nil || f.Provider != ada.Provider {
		t.Errorf("Farewell() = %+v, %v, want the way to ada's provider", f, err)
	}
	if _, err := h.Farewell(t.Context(), httptest.NewRequest(http.MethodGet, "/", nil)); !errors.Is(err, session.ErrNone) {
		t.Errorf("Farewell() of another browser = %v, want ErrNone", err)
	}
	must(t, h.Parted(t.Context(), r))
	if _, err := h.Farewell(t.Context(), r); !errors.Is(err, session.ErrNone) {
		t.Errorf("Farewell() afterwards = %v, want ErrNone", err)
	}
}

func TestTheWayToTheProviderIsForgottenAfterTenMinutes(t *testing.T) {
	h, b := open(t), browser{}
	must(t, h.EndElsewhere(t.Context(), h.signIn(t, b, ada)))
	h.clock.advance(10 * time.Minute)
	if _, err := h.Farewell(t.Context(), b.request()); !errors.Is(err, session.ErrNone) {
		t.Errorf("Farewell() = %v, want ErrNone", err)
	}
}
