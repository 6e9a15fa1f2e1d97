package rocketchat_test

import (
	"errors"
	"testing"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/store"
)

func TestLinks(t *testing.T) {
	env := chattest.NewEnv(t, chattest.Options{})
	links := rocketchat.NewLinks(env.Store, env.Names, "rocketchat")
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(links.Link(ctx, "corp", "ada", "A1"))
	must(links.Link(ctx, "corp", "ada", "A1")) // twice is fine

	if err := links.Link(ctx, "corp", "bob", "A1"); !errors.Is(err, rocketchat.ErrLinkedElsewhere) {
		t.Errorf("Link of somebody else's account = %v, want ErrLinkedElsewhere (D8)", err)
	}
	if _, err := links.Account(ctx, "corp", "bob"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Account after a refused link = %v, want ErrNotFound", err)
	}
	if got, err := links.Account(ctx, "corp", "ada"); got != "A1" || err != nil {
		t.Errorf("Account = %q, %v, want A1", got, err)
	}
	if _, err := rocketchat.NewLinks(env.Store, env.Names, "second").Account(ctx, "corp", "ada"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Account at another workspace = %v, want ErrNotFound (D5)", err)
	}

	// A link that is replaced gives the former account back.
	must(links.Link(ctx, "corp", "ada", "A2"))
	must(links.Link(ctx, "corp", "bob", "A1"))

	for _, unlink := range []struct {
		userID string
		want   bool
	}{{"A1", false}, {"A2", true}, {"A2", false}} { // not hers any more, hers, and nobody's
		if removed, err := links.Unlink(ctx, "corp", "ada", unlink.userID); removed != unlink.want || err != nil {
			t.Errorf("Unlink from %s = %v, %v, want %v", unlink.userID, removed, err, unlink.want)
		}
	}
	must(links.Link(ctx, "corp", "carol", "A2"))
}
