package session_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"chatgate/gateway/session"
	"chatgate/oidc"
)

// A sign-out of more than one session may come while a sign-in is on its way over the provider (S114).
func TestASignOutOvertakesASignInThatIsOnItsWay(t *testing.T) {
	begin := time.Unix(1_800_000_000, 0)
	all := func(ctx context.Context, h *house) (int, error) { return h.EndAll(ctx) }
	subject := func(ctx context.Context, h *house) (int, error) { return h.EndSubject(ctx, "corp", "ada-1") }
	sid := func(ctx context.Context, h *house) (int, error) { return h.EndSID(ctx, "corp", "idp-7") }
	for _, c := range []struct {
		name  string
		end   func(context.Context, *house) (int, error)
		id    oidc.Identity
		began time.Duration // after the sign-out
		comes bool
	}{
		{"all, begun before", all, ada, -time.Minute, false},
		{"all, begun after", all, ada, time.Second, true},
		{"all of a subject's, begun before", subject, ada, -time.Minute, false},
		{"all of a subject's, begun after", subject, ada, time.Second, true},
		{"all of another subject's", subject, bob, -time.Minute, true},
		{"the same subject of another provider", subject, oidc.Identity{Provider: "guests", Subject: "ada-1"}, -time.Minute, true},
		{"the provider's session", sid, ada, -time.Minute, false},
		{"the provider's session, signed in with again", sid, ada, time.Second, true},
		{"another session at the provider", sid, bob, -time.Minute, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, b := open(t), browser{}
			h.clock.at = begin.Add(5 * time.Minute)
			_, err := c.end(t.Context(), h)
			must(t, err)
			began := h.clock.now().Add(c.began)
			h.clock.advance(5 * time.Second)
			w := httptest.NewRecorder()
			_, err = h.Start(t.Context(), w, b.request(), session.SignIn{Identity: c.id, Began: began})
			b.take(w)
			if c.comes {
				must(t, err)
				return
			}
			if !errors.Is(err, session.ErrEnded) {
				t.Errorf("Start() = %v, want ErrEnded", err)
			}
			if known, err := h.OfSubject(t.Context(), c.id.Provider, c.id.Subject); len(known) != 0 || err != nil || len(b) != 0 {
				t.Errorf("left: %d sessions, %v, cookies %v", len(known), err, b)
			}
		})
	}
}
