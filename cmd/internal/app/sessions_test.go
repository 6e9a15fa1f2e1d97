package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat"
	"chatgate/oidc"
	"chatgate/store"
	"chatgate/store/memstore"
)

// archivist is a third chat that keeps one thing on everybody, or cannot say.
type archivist struct {
	chat.Connector
	failing bool
	erased  []string
}

func (a *archivist) Access() chat.Access { return chat.Access{} }

func (a *archivist) Mount(gin.IRouter) {}

func (a *archivist) Export(context.Context, string, string) ([]chat.Record, error) {
	if a.failing {
		return nil, store.ErrUnavailable
	}
	return []chat.Record{{Kind: "shout", Data: "HEY"}}, nil
}

func (a *archivist) Erase(_ context.Context, provider, subject string) error {
	if a.failing {
		return store.ErrUnavailable
	}
	a.erased = append(a.erased, provider+" "+subject)
	return nil
}

type archivistConfig struct {
	toyConfig `yaml:",inline"`
	opened    *archivist
}

func (c *archivistConfig) Open(chat.Env) (chat.Connector, error) { return c.opened, nil }

// archives are tools of a house with two such chats, of which the first fails.
func archives(t *testing.T) (tools *app.Tools, first, second *archivist) {
	t.Helper()
	first, second = &archivist{failing: true}, &archivist{}
	next := []*archivist{first, second}
	kinds := app.Chats()
	kinds["shoutbox"] = func() chat.Config { return new(toyConfig) }
	source := corner + strings.ReplaceAll(corner[strings.Index(corner, "  corner:"):], "corner", "square")
	loaded, err := app.Parse("chatgate.yaml", []byte(source), kinds, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"corner", "square"} {
		loaded.Config.Chats[name] = &archivistConfig{toyConfig: *loaded.Config.Chats[name].(*toyConfig), opened: next[i]}
	}
	if tools, err = app.OpenTools(loaded.Config, app.Lends{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tools.Close() })
	return tools, first, second
}

func signIn(t *testing.T, tools *app.Tools, subject string) string {
	t.Helper()
	s, err := tools.SignIn(t.Context(), oidc.Identity{Provider: "corp", Subject: subject})
	if err != nil {
		t.Fatal(err)
	}
	return s.Key
}

// TestAHandleOfSeveralSessionsEndsNone: nobody is signed out because somebody else's id begins alike (S72).
func TestAHandleOfSeveralSessionsEndsNone(t *testing.T) {
	tools, _, _ := archives(t)
	first := map[string]string{} // by how an id begins, of which there are 64 ways
	var alike string
	for i := 0; alike == ""; i++ {
		key := signIn(t, tools, fmt.Sprint("s-", i))
		if first[key[:1]] != "" {
			alike = key[:1]
		}
		first[key[:1]] = key
	}
	count := func() (n int) {
		if err := tools.Sessions().Each(t.Context(), func(app.SeenSession) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	if n, err := tools.Sessions().End(t.Context(), app.Which{Handle: alike}); n != 0 || !errors.Is(err, app.ErrAmbiguous) {
		t.Errorf("End(%q) = %d, %v, want ErrAmbiguous", alike, n, err)
	}
	if after := count(); after != before {
		t.Errorf("%d sessions are left of %d", after, before)
	}
	if n, err := tools.Sessions().End(t.Context(), app.Which{Handle: first[alike]}); n != 1 || err != nil || count() != before-1 {
		t.Errorf("End(the whole id) = %d, %v with %d sessions left of %d, want one ended", n, err, count(), before)
	}
}

// TestAChatThatCannotEraseHoldsUpNoOther: the operator is told which, and does it again.
func TestAChatThatCannotEraseHoldsUpNoOther(t *testing.T) {
	tools, first, second := archives(t)
	signIn(t, tools, "ada")
	if _, err := tools.Dossier(t.Context(), "corp", "ada"); err == nil || !strings.Contains(err.Error(), "corner") {
		t.Errorf("Dossier() = %v, want the chat named that cannot say", err)
	}
	ended, err := tools.Erase(t.Context(), "corp", "ada")
	if ended != 1 || err == nil || !strings.Contains(err.Error(), "corner") {
		t.Errorf("Erase() = %d, %v, want one session and the chat that failed", ended, err)
	}
	if diff := cmp.Diff([]string{"corp ada"}, second.erased); diff != "" {
		t.Errorf("erased by the other chat (-want +got):\n%s", diff)
	}
	first.failing = false
	if ended, err = tools.Erase(t.Context(), "corp", "ada"); ended != 0 || err != nil || len(first.erased) != 1 {
		t.Errorf("Erase() again = %d, %v, want nothing left to end and no error", ended, err)
	}
}

// TestSessionsUnderAKeyThatIsGoneAreEndedAndTold: who revokes after a key was leaked and removed must hear what is left.
func TestSessionsUnderAKeyThatIsGoneAreEndedAndTold(t *testing.T) { // D11, D23, S72
	const one, two = `"2026-11": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="`, `next: "MTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="`
	engine := memstore.New(memstore.Config{})
	open := func(current, keys string) *app.Tools {
		t.Helper()
		loaded, err := parse(t, strings.NewReplacer(`current: "2026-11"`, "current: "+current, one, keys).Replace(working))
		if err != nil {
			t.Fatal(err)
		}
		tools, err := app.OpenTools(loaded.Config, app.Lends{Engine: engine, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return tools
	}
	before := open(`"2026-11"`, one)
	signIn(t, before, "ada")
	signIn(t, before, "bob")
	if err := open("next", one+", "+two).KeepNames(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := open("next", two)
	signIn(t, after, "cyd")
	ended, err := after.Sessions().End(t.Context(), app.Which{All: true})
	unopened, told := errors.AsType[*app.UnopenedError](err)
	if ended != 3 || !told || unopened.Sessions != 2 || !strings.HasPrefix(err.Error(), "2 sessions could not be read") {
		t.Errorf("End(all) = %d, %v; want three ended, and to be told of two", ended, err)
	}
	if ended, err := open("next", two).Sessions().End(t.Context(), app.Which{All: true}); ended != 0 || err != nil {
		t.Errorf("End(all) again = %d, %v, want 0", ended, err)
	}
}
