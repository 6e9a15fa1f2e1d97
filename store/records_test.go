package store_test

import (
	"slices"
	"testing"
	"time"

	"chatgate/store"
)

// session is a record as these tests keep them: an anchor and one more field with an end of its own.
func session(w world, tokenLives time.Duration) map[string]store.Value {
	return map[string]store.Value{"s": {V: ada}, "token": {V: "secret", End: w.clock.now.Add(tokenLives)}}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	w := newWorld()
	records := store.NewRecords(w.replica(t, "a").Passing("room"), "s")
	must(t, records.Add(t.Context(), "x", session(w, time.Minute), time.Hour))
	wantErr(t, "second Add()", records.Add(t.Context(), "x", session(w, time.Minute), time.Hour), store.ErrExists)

	got, err := records.Get(t.Context(), "x", "s", "token", "absent")
	must(t, err)
	var who link
	var token string
	must(t, got.Open("s", &who))
	must(t, got.Open("token", &token))
	if who != ada || token != "secret" {
		t.Errorf("read %v and %q", who, token)
	}
	wantErr(t, "Open(absent)", got.Open("absent", &token), store.ErrNotFound)
	wantErr(t, "Open(a field not asked for)", got.Open("other", &token), store.ErrNotFound)

	must(t, records.Set(t.Context(), "x", map[string]store.Value{"mark": {V: true}}, []string{"token"}, 0))
	all, err := records.All(t.Context(), "x")
	must(t, err)
	names := all.Names()
	if slices.Sort(names); !slices.Equal(names, []string{"mark", "s"}) {
		t.Errorf("All() has %q", names)
	}
	must(t, records.Delete(t.Context(), "x"))
	all, err = records.All(t.Context(), "x")
	if err != nil || len(all.Names()) != 0 {
		t.Errorf("All() after Delete() has %q, %v", all.Names(), err)
	}
}

func TestAFieldEndsBeforeItsRecord(t *testing.T) { // S62
	t.Parallel()
	w := newWorld()
	records := store.NewRecords(w.replica(t, "a").Passing("room"), "s")
	must(t, records.Add(t.Context(), "x", session(w, time.Minute), time.Hour))
	w.clock.advance(time.Minute)
	got, err := records.Get(t.Context(), "x", "s", "token")
	must(t, err)
	must(t, got.Open("s", new(link)))
	wantErr(t, "Open(token) past its end", got.Open("token", new(string)), store.ErrNotFound)
}

func TestNothingResurrectsATakenRecord(t *testing.T) { // D21
	t.Parallel()
	w := newWorld()
	records := store.NewRecords(w.replica(t, "a").Passing("room"), "s")
	must(t, records.Add(t.Context(), "x", session(w, time.Minute), time.Hour))
	taken, err := records.Take(t.Context(), "x")
	must(t, err)
	must(t, taken.Open("s", new(link)))

	err = records.Set(t.Context(), "x", map[string]store.Value{"token": {V: "late"}}, nil, time.Hour)
	wantErr(t, "Set() after Take()", err, store.ErrConflict)
	again, err := records.Take(t.Context(), "x")
	if err != nil || len(again.Names()) != 0 {
		t.Errorf("second Take() has %q, %v, want nothing", again.Names(), err)
	}
}

func TestRecordsRefuseWhatJSONCannotHold(t *testing.T) {
	t.Parallel()
	records := store.NewRecords(newWorld().replica(t, "a").Passing("room"), "s")
	bad := map[string]store.Value{"s": {V: func() {}}}
	if err := records.Add(t.Context(), "x", bad, time.Hour); err == nil {
		t.Error("Add() of a function succeeded")
	}
	if err := records.Set(t.Context(), "x", bad, nil, time.Hour); err == nil {
		t.Error("Set() of a function succeeded")
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	w := newWorld()
	index := store.NewIndex(w.replica(t, "a").Durable("due"))
	noon := w.clock.now.Truncate(time.Hour)
	put := func(member string, at time.Time) { must(t, index.Put(t.Context(), "jobs", member, at, 0)) }
	put("a", noon)
	put("b", noon.Add(time.Minute))

	claimed, err := index.Claim(t.Context(), "jobs", noon, noon.Add(time.Hour), 10)
	if err != nil || len(claimed) != 1 || claimed[0].Member != "a" || !claimed[0].At.Equal(noon) {
		t.Errorf("Claim() = %v, %v, want a as it stood", claimed, err)
	}
	must(t, index.Move(t.Context(), "jobs", "a", "c", noon))
	wantErr(t, "Move() of what has moved", index.Move(t.Context(), "jobs", "a", "d", noon), store.ErrNotFound)
	must(t, index.Drop(t.Context(), "jobs", "b", "absent"))
	put("late", noon.Add(2*time.Hour))
	must(t, index.Trim(t.Context(), "jobs", noon.Add(time.Hour)))
	left, err := index.List(t.Context(), "jobs", time.Time{}, noon.Add(1000*time.Hour), 10)
	if err != nil || len(left) != 1 || left[0].Member != "late" {
		t.Errorf("List() = %v, %v, want what stands late", left, err)
	}
}

func TestASealedMemberIsReadOnlyInItsSet(t *testing.T) { // S60
	t.Parallel()
	index := store.NewIndex(newWorld().replica(t, "a").Durable("due"))
	member, err := index.Sealed("jobs", ada)
	must(t, err)
	var got link
	must(t, index.Unseal("jobs", member, &got))
	if got != ada {
		t.Errorf("Unseal() gave %v, want %v", got, ada)
	}
	wantErr(t, "Unseal() in another set", index.Unseal("others", member, &got), store.ErrCorrupt)
	wantErr(t, "Unseal() of garbage", index.Unseal("jobs", "ada", &got), store.ErrCorrupt)
}

func TestCounters(t *testing.T) {
	t.Parallel()
	w := newWorld()
	counters := store.NewCounters(w.replica(t, "a").Passing("limits"))
	for want := int64(1); want <= 3; want++ {
		n, left, err := counters.Add(t.Context(), "browser", time.Minute)
		if err != nil || n != want || left != time.Minute {
			t.Errorf("Add() = %d, %v, %v, want %d within a minute", n, left, err, want)
		}
	}
	w.clock.advance(time.Minute)
	if n, _, err := counters.Add(t.Context(), "browser", time.Minute); err != nil || n != 1 {
		t.Errorf("Add() in the next window = %d, %v, want 1", n, err)
	}
}
