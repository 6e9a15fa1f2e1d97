package rocketchat_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/store"
)

// formerLink is a link as the first release wrote it.
type formerLink struct {
	UserID string `json:"u"`
}

func TestALinkOfTheFirstReleaseLearnsItsPerson(t *testing.T) {
	env := chattest.NewEnv(t, chattest.Options{})
	links := rocketchat.NewLinks(env.Store, env.Names, "rocketchat")
	ctx := t.Context()
	if err := links.Link(ctx, "corp", "ada", "A1"); err != nil {
		t.Fatal(err)
	}
	name, err := env.Names.Of(ctx, "account link", "corp", "ada")
	if err != nil {
		t.Fatal(err)
	}
	former := store.NewBucket[formerLink](env.Store.Durable("link").In("rocketchat"))
	if err := former.Put(ctx, name, formerLink{UserID: "A1"}, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []rocketchat.Link{{UserID: "A1"}, {Provider: "corp", Subject: "ada", UserID: "A1"}} {
		all, err := links.All(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]rocketchat.Link{want}, all); diff != "" {
			t.Errorf("All (-want +got):\n%s", diff)
		}
		if got, err := links.Account(ctx, "corp", "ada"); got != "A1" || err != nil { // the person signs in
			t.Fatalf("Account = %q, %v, want A1", got, err)
		}
	}
	if again, err := former.Get(ctx, name); again.UserID != "A1" || err != nil {
		t.Errorf("a replica of the first release reads %+v, %v, want A1", again, err)
	}
}

func TestReleaseTakesAnAccountFromItsOwner(t *testing.T) {
	env := chattest.NewEnv(t, chattest.Options{})
	links := rocketchat.NewLinks(env.Store, env.Names, "rocketchat")
	ctx := t.Context()
	if err := links.Link(ctx, "corp", "ada", "A1"); err != nil {
		t.Fatal(err)
	}
	want := rocketchat.Link{Provider: "corp", Subject: "ada", UserID: "A1"}
	if got, err := links.Owner(ctx, "A1"); got != want || err != nil {
		t.Errorf("Owner = %+v, %v, want %+v", got, err, want)
	}
	for _, want := range []rocketchat.Link{want, {}} {
		if got, err := links.Release(ctx, "A1"); got != want || err != nil {
			t.Errorf("Release = %+v, %v, want %+v", got, err, want)
		}
	}
	if _, err := links.Owner(ctx, "A1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Owner after Release = %v, want ErrNotFound", err)
	}
	if _, err := links.Account(ctx, "corp", "ada"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Account after Release = %v, want ErrNotFound", err)
	}
	if err := links.Link(ctx, "corp", "bob", "A1"); err != nil {
		t.Errorf("Link of a released account = %v", err)
	}
}
