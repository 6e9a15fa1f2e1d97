package rocketchat_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/store"
	"chatgate/store/memstore"
)

// interrupted does something once, right before the owner of an account is read; after a removal of one where that is
// asked for.
type interrupted struct {
	store.Engine
	afterRemoval, removed bool
	do                    func()
}

func (i *interrupted) Delete(ctx context.Context, key string) error {
	i.removed = i.removed || strings.Contains(key, "linkowner")
	return i.Engine.Delete(ctx, key)
}

func (i *interrupted) Get(ctx context.Context, key string) ([]byte, error) {
	if do := i.do; do != nil && strings.Contains(key, "linkowner") && (i.removed || !i.afterRemoval) {
		i.do = nil
		do()
	}
	return i.Engine.Get(ctx, key)
}

// beside begins work that has to wait for what is under way, and returns what waits for its end.
func beside[T any](work func() T) (end func() T) {
	done := make(chan T, 1)
	go func() { done <- work() }()
	return func() T { return <-done }
}

// TestASignInInTheMiddleOfAMoveComesToNothing: the account is nobody's for a moment, and its former owner, who would find
// it by address, finds it taken (D8).
func TestASignInInTheMiddleOfAMoveComesToNothing(t *testing.T) {
	for name, move := range map[string]func(w *world, account rocketchattest.User) error{
		"moved by hand": func(w *world, account rocketchattest.User) error {
			r := request("bob", account.Username)
			r.Move = true
			_, err := w.desk().Link(w.t.Context(), r)
			return err
		},
		"moved by a map of subjects": func(w *world, account rocketchattest.User) error {
			line := `{"provider":"corp","subject":"ada","user_id":"` + account.ID + `"}`
			how := rocketchat.Import{Providers: []string{"corp"}, Subjects: map[string]string{"ada": "bob"}}
			return w.desk().Import(w.t.Context(), strings.NewReader(line), how, func(rocketchat.ImportedLine) {})
		},
	} {
		t.Run(name, func(t *testing.T) {
			engine := &interrupted{Engine: memstore.New(memstore.Config{}), afterRemoval: true}
			w := newWorld(t, settings{engine: engine})
			w.signedIn(ada)
			account := w.people()[0]
			again := w.env.SignIn(ada)
			var late func() answer
			engine.do = func() { late = beside(func() answer { return w.token(again) }) }
			w.must(move(w, account))
			w.want("the former owner's call", late(), http.StatusForbidden, "account_linked_to_another")
			w.drain()
			if n := len(w.server.LoginTokens(account.ID)); n != 0 {
				t.Errorf("%d logins of the account live on, want none", n)
			}
			if got := w.links(); len(got) != 1 || got[0].Subject != "bob" {
				t.Errorf("links = %v, want bob's", got)
			}
		})
	}
}

// TestAnOperatorsLinkWaitsForAFirstSignIn: and stands in place of what that found or made, whose logins end (D8).
func TestAnOperatorsLinkWaitsForAFirstSignIn(t *testing.T) {
	for _, route := range []string{"users.create", "users.list"} {
		t.Run("at "+route, func(t *testing.T) {
			moment := &meanwhile{}
			w := newWorld(t, settings{transport: moment})
			countess := w.seed("countess", nil)
			var linked func() error
			moment.before(route, func() {
				linked = beside(func() error {
					_, err := w.desk().Link(t.Context(), request(ada.Subject, "countess"))
					return err
				})
			})
			first := w.token(w.env.SignIn(ada))
			w.must(linked())
			if got := w.links(); len(got) != 1 || got[0].UserID != countess {
				t.Errorf("links = %v, want the operator's", got)
			}
			w.drain()
			if first.Body["userId"] != countess && w.server.Alive(first.loginToken()) {
				t.Error("the login to the other account lives on")
			}
		})
	}
}

// TestAFirstSignInWaitsForAnOperatorsLink: and comes to the account that the operator gave (D8).
func TestAFirstSignInWaitsForAnOperatorsLink(t *testing.T) {
	engine := &interrupted{Engine: memstore.New(memstore.Config{})}
	w := newWorld(t, settings{engine: engine})
	countess := w.seed("countess", nil)
	cookie := w.env.SignIn(ada)
	var first func() answer
	engine.do = func() { first = beside(func() answer { return w.token(cookie) }) }
	_, err := w.desk().Link(t.Context(), request(ada.Subject, "countess"))
	w.must(err)
	if got := first(); got.Body["userId"] != countess {
		t.Errorf("the call = %d %s, want the operator's account %s", got.Status, got.Text, countess)
	}
}

// halfway lets a link go and has the ledger fail from then on.
type halfway struct {
	store.Engine
	before func()
	down   bool
}

func (h *halfway) Delete(ctx context.Context, key string) error {
	if before := h.before; before != nil && strings.Contains(key, "link:rocketchat:") {
		h.before = nil
		before()
		defer func() { h.down = true }()
	}
	return h.Engine.Delete(ctx, key)
}

func (h *halfway) AllHash(ctx context.Context, key string) (map[string][]byte, error) {
	if h.down && strings.Contains(key, "ledger") {
		return nil, store.ErrUnavailable
	}
	return h.Engine.AllHash(ctx, key)
}

// TestAnUnlinkThatFailedHalfwayIsFinishedByASecond: the link is gone by then, and a login that was made in between is not
// forgotten with it (D8).
func TestAnUnlinkThatFailedHalfwayIsFinishedByASecond(t *testing.T) {
	engine := &halfway{Engine: memstore.New(memstore.Config{})}
	w := newWorld(t, settings{engine: engine})
	w.signedIn(ada)
	var late answer
	engine.before = func() { late = w.token(w.env.SignIn(ada)) }
	if _, err := w.desk().Unlink(t.Context(), "corp", ada.Subject); err == nil || !strings.Contains(err.Error(), "unlink them once more") {
		t.Fatalf("Unlink() = %v, want what to do", err)
	}
	engine.down = false
	if _, err := w.desk().Unlink(t.Context(), "corp", ada.Subject); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Unlink() once more = %v, want ErrNotFound", err)
	}
	w.drain()
	if late.Status != http.StatusOK || w.server.Alive(late.loginToken()) {
		t.Errorf("the login in between = %d and lives: %t, want it made and ended", late.Status, w.server.Alive(late.loginToken()))
	}
}
