package rocketchat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/store"
	"chatgate/store/memstore"
)

// under is the engine as a replica sees it that holds these sealing keys, the first of them current.
func under(t *testing.T, engine store.Engine, keys ...string) (*store.Store, *rocketchat.Links) {
	t.Helper()
	held := map[string][]byte{}
	for _, key := range keys {
		held[key] = bytes.Repeat([]byte(key[:1]), 32)
	}
	sealer, err := store.NewSealer(keys[0], held)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.New(store.Config{Engine: engine, Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	names := store.NewNames(s)
	if err := names.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, rocketchat.NewLinks(s, names, "rocketchat")
}

// TestLinksOutliveTheirSealingKey: a link is for ever, a sealing key is not. Nobody has to sign in while both keys are
// held (D8, D23).
func TestLinksOutliveTheirSealingKey(t *testing.T) {
	const people = 1200 // more than one listing
	ctx := t.Context()
	engine := memstore.New(memstore.Config{})
	_, former := under(t, engine, "former")
	for i := range people {
		if err := former.Link(ctx, "corp", strconv.Itoa(i), "account-"+strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := former.Reseal(ctx); n != 0 || err != nil {
		t.Errorf("Reseal with one key = %d, %v, want nothing to do", n, err)
	}
	_, both := under(t, engine, "current", "former")
	for _, want := range []int{people, 0} {
		if n, err := both.Reseal(ctx); n != want || err != nil {
			t.Errorf("Reseal with both keys = %d, %v, want %d", n, err, want)
		}
	}
	_, after := under(t, engine, "current")
	for i := range people {
		if got, err := after.Account(ctx, "corp", strconv.Itoa(i)); got != "account-"+strconv.Itoa(i) || err != nil {
			t.Fatalf("Account = %q, %v after the former key was removed", got, err)
		}
	}
	if err := after.Link(ctx, "corp", "mallory", "account-7"); !errors.Is(err, rocketchat.ErrLinkedElsewhere) {
		t.Errorf("Link of somebody else's account = %v after the former key was removed, want ErrLinkedElsewhere", err)
	}
}

// TestResealGoesOn: one link that nobody can open holds up no other, and one that is gone is no error.
func TestResealGoesOn(t *testing.T) {
	ctx := t.Context()
	engine := memstore.New(memstore.Config{})
	_, all := under(t, engine, "former", "lost")
	_, lost := under(t, engine, "lost", "former")
	_, former := under(t, engine, "former", "lost")
	for subject, links := range map[string]*rocketchat.Links{"ada": former, "bob": lost, "carol": former} {
		if err := links.Link(ctx, "corp", subject, subject); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := all.Release(ctx, "carol"); err != nil {
		t.Fatal(err)
	}
	under(t, engine, "former", "lost") // the key of names comes under the former key
	_, both := under(t, engine, "current", "former")
	if n, err := both.Reseal(ctx); n != 1 || !errors.Is(err, store.ErrUnknownKey) {
		t.Errorf("Reseal = %d, %v, want the one that opens and the key that is missing", n, err)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := both.Reseal(ctx); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Reseal without a store = %v, want ErrUnavailable", err)
	}
}

// TestConnectorReseals: every replica does it by itself once it runs, and says when it could not.
func TestConnectorReseals(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(store.Engine) error
		said   string
	}{
		"with a store":    {func(store.Engine) error { return nil }, "account links resealed"},
		"without a store": {store.Engine.Close, "account links not resealed"},
	} {
		t.Run(name, func(t *testing.T) {
			engine := memstore.New(memstore.Config{})
			_, former := under(t, engine, "former")
			if err := former.Link(t.Context(), "corp", "ada", "A1"); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			said := false
			env := chattest.NewEnv(t, chattest.Options{Name: "rocketchat"})
			env.Store, _ = under(t, engine, "current", "former")
			env.Names = store.NewNames(env.Store)
			env.Log = slog.New(slog.NewTextHandler(writer(func(line string) {
				if strings.Contains(line, tt.said) {
					said = true
					cancel()
				}
			}), nil))
			section := validConfig()
			connector := env.Open(&section)
			if err := tt.before(engine); err != nil {
				t.Fatal(err)
			}
			if err := connector.(chat.Worker).Run(ctx); err != nil || !said {
				t.Errorf("Run = %v, and it said %q: %v", err, tt.said, said)
			}
		})
	}
}

type writer func(line string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}
