package store_test

import (
	"regexp"
	"sync"
	"testing"

	"chatgate/store"
)

func name(t *testing.T, names *store.Names, purpose string, parts ...string) string {
	t.Helper()
	got, err := names.Of(t.Context(), purpose, parts...)
	must(t, err)
	return got
}

func TestNamesAreUnrelated(t *testing.T) { // S59
	t.Parallel()
	names := store.NewNames(newWorld().replica(t, "a"))
	seen := map[string][]string{}
	shape := regexp.MustCompile(`^[A-Za-z0-9_-]{24}$`)
	for _, words := range [][]string{
		{"user", "corp", "ada"}, {"user", "corp", "Ada"}, {"user", "corpada"}, {"user", "corp", "ada", ""},
		{"user", "cor", "pada"}, {"user", "ada", "corp"}, {"user"}, {"user", ""}, {"subject", "corp", "ada"},
	} {
		got := name(t, names, words[0], words[1:]...)
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q are both named %s", other, words, got)
		}
		if seen[got] = words; !shape.MatchString(got) {
			t.Errorf("Of(%q) = %q, want 24 characters of base64url", words, got)
		}
	}
}

func TestNamesAreTheSameOnEveryReplica(t *testing.T) { // D6
	t.Parallel()
	w := newWorld()
	const replicas = 20
	got := make([]string, replicas)
	var running sync.WaitGroup
	for i := range replicas {
		names := store.NewNames(w.replica(t, "a"))
		running.Go(func() { got[i], _ = names.Of(t.Context(), "user", "corp", "ada") })
	}
	running.Wait()
	for i := range replicas {
		if got[i] == "" || got[i] != got[0] {
			t.Errorf("replica %d says %q, replica 0 %q", i, got[i], got[0])
		}
	}
}

func TestNamesOutliveTheSealingKeys(t *testing.T) { // D6, S61
	t.Parallel()
	w := newWorld()
	before := name(t, store.NewNames(w.replica(t, "old")), "user", "ada")

	if _, err := store.NewNames(w.replica(t, "new")).Of(t.Context(), "user", "ada"); err == nil {
		t.Error("Of() without the old key made up another name")
	}
	during := store.NewNames(w.replica(t, "new", "old"))
	must(t, during.Keep(t.Context()))
	after := name(t, store.NewNames(w.replica(t, "new")), "user", "ada")
	if after != before {
		t.Errorf("named %q before and %q after the rotation", before, after)
	}
}

func TestALostKeyOfNamesIsPutBack(t *testing.T) { // D6, D24
	t.Parallel()
	w := newWorld()
	names := store.NewNames(w.replica(t, "a"))
	before := name(t, names, "user", "ada")
	must(t, w.engine.Delete(t.Context(), "d:names:key"))
	must(t, names.Keep(t.Context()))
	if after := name(t, store.NewNames(w.replica(t, "a")), "user", "ada"); after != before {
		t.Errorf("a replica that starts afterwards names %q, want %q", after, before)
	}
}

func TestAnotherKeyOfNamesIsNoticed(t *testing.T) { // S146
	t.Parallel()
	w := newWorld()
	names := store.NewNames(w.replica(t, "a"))
	before := name(t, names, "user", "ada")
	must(t, w.engine.Delete(t.Context(), "d:names:key"))
	name(t, store.NewNames(w.replica(t, "a")), "user", "ada") // another replica was faster, with a key of its own
	wantErr(t, "Keep()", names.Keep(t.Context()), store.ErrForeignNames)
	wantErr(t, "Mismatch()", names.Mismatch(), store.ErrForeignNames)
	if after := name(t, names, "user", "ada"); after != before {
		t.Errorf("named %q, want %q: names never change under a running replica", after, before)
	}
}

func TestNamesFailOnlyUntilTheKeyIsRead(t *testing.T) { // S67
	t.Parallel()
	w := newWorld()
	names := store.NewNames(w.replica(t, "a"))
	want := name(t, names, "user", "ada")
	fresh := store.NewNames(w.replica(t, "a"))
	must(t, w.engine.Close())
	if got := name(t, names, "user", "ada"); got != want {
		t.Errorf("Of() without the engine = %q, want %q", got, want)
	}
	_, err := fresh.Of(t.Context(), "user", "ada")
	wantErr(t, "Of() of a replica that has not read the key", err, store.ErrUnavailable)
}

// S141: whoever takes over names everybody as before, also where the record has been lost meanwhile.
func TestNamesContinue(t *testing.T) { // D6
	t.Parallel()
	w := newWorld()
	before := store.NewNames(w.replica(t, "old"))
	want := name(t, before, "user", "ada")
	after := store.NewNames(newWorld().replica(t, "new"))
	after.Continue(before)
	if got := name(t, after, "user", "ada"); got != want {
		t.Errorf("Of() after Continue() = %q, want %q", got, want)
	}
	unread := store.NewNames(w.replica(t, "old"))
	unread.Continue(store.NewNames(w.replica(t, "old")))
	if got := name(t, unread, "user", "ada"); got != want {
		t.Errorf("Of() after Continue() from one that had read nothing = %q, want %q", got, want)
	}
}
