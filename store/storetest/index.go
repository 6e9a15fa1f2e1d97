package storetest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/store"
)

// noon is the time that members stand around. Engines do not compare it with their clock.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func at(member string, after time.Duration) store.Entry {
	return store.Entry{Member: member, At: noon.Add(after)}
}

func (w world) put(t *testing.T, entries ...store.Entry) {
	t.Helper()
	for _, e := range entries {
		must(t, w.PutIndex(t.Context(), key, e, soon))
	}
}

func (w world) wantIndex(t *testing.T, want ...store.Entry) {
	t.Helper()
	got, err := w.ListIndex(t.Context(), key, time.Time{}, noon.Add(1000*time.Hour), 1000)
	wantEntries(t, "ListIndex()", want, got, err)
}

func (w world) wantStanding(t *testing.T, want int, from, to time.Time) {
	t.Helper()
	if got, err := w.CountIndex(t.Context(), key, from, to); err != nil || got != want {
		t.Errorf("CountIndex(%s, %s) = %d, %v, want %d", from, to, got, err, want)
	}
}

func wantEntries(t *testing.T, call string, want, got []store.Entry, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s = %v", call, err)
	} else if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		t.Errorf("%s, -want +got:\n%s", call, diff)
	}
}

var indexes = []promise{
	{"ListIndex orders by time, then by bytes", func(t *testing.T, w world) {
		w.put(t, at("c", 0), at("b", 2), at("\xff", time.Hour), at("a", time.Hour), at("", -time.Hour))
		w.wantIndex(t, at("", -time.Hour), at("b", 0), at("c", 0), at("a", time.Hour), at("\xff", time.Hour))
	}},
	{"ListIndex returns what stands within its bounds, these included", func(t *testing.T, w world) {
		w.put(t, at("a", 1*time.Millisecond), at("b", 2*time.Millisecond), at("c", 3*time.Millisecond), at("d", 4*time.Millisecond))
		got, err := w.ListIndex(t.Context(), key, noon.Add(2*time.Millisecond), noon.Add(3*time.Millisecond), 10)
		wantEntries(t, "ListIndex()", []store.Entry{at("b", 2*time.Millisecond), at("c", 3*time.Millisecond)}, got, err)
	}},
	{"ListIndex returns at most its limit, earliest first", func(t *testing.T, w world) {
		w.put(t, at("late", time.Hour), at("early", 0), at("later", 2*time.Hour))
		got, err := w.ListIndex(t.Context(), key, time.Time{}, noon.Add(time.Hour), 1)
		wantEntries(t, "ListIndex(1)", []store.Entry{at("early", 0)}, got, err)
		got, err = w.ListIndex(t.Context(), key, time.Time{}, noon.Add(time.Hour), 0)
		wantEntries(t, "ListIndex(0)", nil, got, err)
	}},
	{"CountIndex counts what stands within its bounds, these included", func(t *testing.T, w world) {
		w.put(t, at("a", 1*time.Millisecond), at("b", 2*time.Millisecond), at("c", 3*time.Millisecond), at("d", 4*time.Millisecond))
		w.wantStanding(t, 2, noon.Add(2*time.Millisecond), noon.Add(3*time.Millisecond))
		w.wantStanding(t, 4, time.Time{}, noon.Add(time.Hour))
		w.wantStanding(t, 0, noon.Add(time.Minute), noon.Add(time.Hour))
	}},
	{"CountIndex of an absent set is 0", func(t *testing.T, w world) { w.wantStanding(t, 0, time.Time{}, noon) }},
	{"ListIndex of an absent set is empty", func(t *testing.T, w world) { w.wantIndex(t) }},
	{"PutIndex moves a member", func(t *testing.T, w world) {
		w.put(t, at("a", 0), at("a", time.Hour))
		w.wantIndex(t, at("a", time.Hour))
	}},
	{"members keep every byte", func(t *testing.T, w world) {
		name := "a\x00b\r\n\xff\xfe" + strings.Repeat("x", 1<<16)
		w.put(t, at(name, 0))
		w.wantIndex(t, at(name, 0))
	}},
	{"a set lives at least as long as its last member asked", func(t *testing.T, w world) {
		must(t, w.PutIndex(t.Context(), key, at("a", 0), 3*soon))
		must(t, w.PutIndex(t.Context(), key, at("b", 0), soon))
		w.advance(2 * soon)
		w.wantIndex(t, at("a", 0), at("b", 0))
		must(t, w.PutIndex(t.Context(), key, at("c", 0), 2*soon))
		w.advance(soon)
		w.wantIndex(t, at("a", 0), at("b", 0), at("c", 0))
		w.advance(soon)
		w.wantIndex(t)
	}},
	{"a set has no end once a member asked for none", func(t *testing.T, w world) {
		must(t, w.PutIndex(t.Context(), key, at("a", 0), soon))
		must(t, w.PutIndex(t.Context(), key, at("b", 0), 0))
		must(t, w.PutIndex(t.Context(), key, at("c", 0), soon))
		w.advance(1000 * time.Hour)
		w.wantIndex(t, at("a", 0), at("b", 0), at("c", 0))
	}},
	{"MoveIndex replaces a member", func(t *testing.T, w world) {
		w.put(t, at("old", 0))
		must(t, w.MoveIndex(t.Context(), key, "old", at("new", time.Hour)))
		w.wantIndex(t, at("new", time.Hour))
		must(t, w.MoveIndex(t.Context(), key, "new", at("new", 2*time.Hour)))
		w.wantIndex(t, at("new", 2*time.Hour))
	}},
	{"MoveIndex of an absent member is ErrNotFound", func(t *testing.T, w world) {
		wantErr(t, "MoveIndex()", w.MoveIndex(t.Context(), key, "old", at("new", 0)), store.ErrNotFound)
		w.wantIndex(t)
	}},
	{"MoveIndex keeps the lifetime of a set with one member", func(t *testing.T, w world) {
		w.put(t, at("old", 0))
		must(t, w.MoveIndex(t.Context(), key, "old", at("new", 0)))
		w.advance(soon)
		w.wantIndex(t)
	}},
	{"MoveIndex by many has one winner", func(t *testing.T, w world) {
		w.put(t, at("old", 0))
		wantOneWinner(t, store.ErrNotFound, func(ctx context.Context, caller int) error {
			return w.MoveIndex(ctx, key, "old", at(member(caller), 0))
		})
	}},
	{"DropIndex removes members, absent ones and none at all are fine", func(t *testing.T, w world) {
		w.put(t, at("a", 0), at("b", 0), at("c", 0))
		must(t, w.DropIndex(t.Context(), key, "a", "absent", "c"))
		must(t, w.DropIndex(t.Context(), key))
		w.wantIndex(t, at("b", 0))
	}},
	{"TrimIndex removes what stands before its time", func(t *testing.T, w world) {
		w.put(t, at("a", -time.Millisecond), at("b", 0), at("c", time.Millisecond))
		must(t, w.TrimIndex(t.Context(), key, noon))
		w.wantIndex(t, at("b", 0), at("c", time.Millisecond))
	}},
	{"a set ends with its last member", func(t *testing.T, w world) {
		w.put(t, at("a", 0), at("b", time.Hour))
		must(t, w.DropIndex(t.Context(), key, "b"))
		must(t, w.TrimIndex(t.Context(), key, noon.Add(time.Hour)))
		must(t, w.Add(t.Context(), key, []byte("free"), soon))
	}},
}

var claims = []promise{
	{"ClaimIndex returns what is due as it stood and moves it", func(t *testing.T, w world) {
		w.put(t, at("due", -time.Hour), at("now", 0), at("later", time.Millisecond))
		got, err := w.ClaimIndex(t.Context(), key, noon, noon.Add(time.Hour), 10)
		wantEntries(t, "ClaimIndex()", []store.Entry{at("due", -time.Hour), at("now", 0)}, got, err)
		w.wantIndex(t, at("later", time.Millisecond), at("due", time.Hour), at("now", time.Hour))
	}},
	{"ClaimIndex gives a member again when its claim has run out", func(t *testing.T, w world) {
		w.put(t, at("a", 0))
		for _, due := range []time.Duration{0, time.Hour} {
			got, err := w.ClaimIndex(t.Context(), key, noon.Add(due), noon.Add(due+time.Hour), 10)
			wantEntries(t, "ClaimIndex()", []store.Entry{at("a", due)}, got, err)
		}
	}},
	{"ClaimIndex takes at most its limit, earliest first", func(t *testing.T, w world) {
		w.put(t, at("b", -time.Minute), at("a", -time.Hour), at("c", 0))
		got, err := w.ClaimIndex(t.Context(), key, noon, noon.Add(time.Hour), 2)
		wantEntries(t, "ClaimIndex()", []store.Entry{at("a", -time.Hour), at("b", -time.Minute)}, got, err)
		got, err = w.ClaimIndex(t.Context(), key, noon, noon.Add(time.Hour), 0)
		wantEntries(t, "ClaimIndex(0)", nil, got, err)
		w.wantIndex(t, at("c", 0), at("a", time.Hour), at("b", time.Hour))
	}},
	{"ClaimIndex of an absent set is empty", func(t *testing.T, w world) {
		got, err := w.ClaimIndex(t.Context(), key, noon, noon.Add(time.Hour), 10)
		wantEntries(t, "ClaimIndex()", nil, got, err)
	}},
	{"ClaimIndex gives each member to one of many callers", func(t *testing.T, w world) {
		for i := range callers {
			w.put(t, at(member(i), 0))
		}
		var mu sync.Mutex
		claimed := map[string]int{}
		winners(t, nil, func(ctx context.Context, _ int) error {
			got, err := w.ClaimIndex(ctx, key, noon, noon.Add(time.Hour), 3)
			mu.Lock()
			defer mu.Unlock()
			for _, e := range got {
				claimed[e.Member]++
			}
			return err
		})
		for i := range callers {
			if n := claimed[member(i)]; n != 1 {
				t.Errorf("%s was given to %d callers, want one", member(i), n)
			}
		}
	}},
}
