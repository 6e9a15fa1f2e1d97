package storetest

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/store"
)

type fields = map[string][]byte

const anchor = "s"

// record creates a record with an anchor that lives a while.
func (w world) record(t *testing.T, ttl time.Duration) {
	t.Helper()
	must(t, w.AddHash(t.Context(), key, anchor, fields{anchor: []byte("session"), "x": []byte("1")}, ttl))
}

func (w world) wantRecord(t *testing.T, want fields) {
	t.Helper()
	got, err := w.AllHash(t.Context(), key)
	if err != nil {
		t.Errorf("AllHash() = %v", err)
	} else if !maps.EqualFunc(want, got, bytes.Equal) { // cmp.Diff takes seconds over 1 MiB
		t.Errorf("AllHash(), -want +got:\n%s", cmp.Diff(want, got))
	}
}

var hashes = []promise{
	{"AddHash creates a record once", func(t *testing.T, w world) {
		w.record(t, soon)
		err := w.AddHash(t.Context(), key, anchor, fields{anchor: []byte("other")}, soon)
		wantErr(t, "AddHash()", err, store.ErrExists)
		w.wantRecord(t, fields{anchor: []byte("session"), "x": []byte("1")})
	}},
	{"AddHash replaces what has lost its anchor", func(t *testing.T, w world) {
		must(t, w.SetHash(t.Context(), key, "", fields{"stray": []byte("1")}, nil, 0))
		w.record(t, soon)
		w.wantRecord(t, fields{anchor: []byte("session"), "x": []byte("1")})
		w.advance(soon)
		w.wantRecord(t, fields{})
	}},
	{"AddHash without an anchor finds any field in its way", func(t *testing.T, w world) {
		must(t, w.AddHash(t.Context(), key, "", fields{"x": []byte("1")}, soon))
		err := w.AddHash(t.Context(), key, "", fields{"y": []byte("2")}, soon)
		wantErr(t, "AddHash()", err, store.ErrExists)
	}},
	{"AddHash of no fields creates nothing", func(t *testing.T, w world) {
		must(t, w.AddHash(t.Context(), key, anchor, nil, soon))
		must(t, w.Add(t.Context(), key, []byte("free"), soon))
	}},
	{"AddHash by many has one winner", func(t *testing.T, w world) {
		wantOneWinner(t, store.ErrExists, func(ctx context.Context, caller int) error {
			return w.AddHash(ctx, key, anchor, fields{anchor: []byte(member(caller))}, soon)
		})
	}},
	{"GetHash returns the named fields in order and nil for absent ones", func(t *testing.T, w world) {
		must(t, w.SetHash(t.Context(), key, "", fields{"a": []byte("1"), "b": {}, "c": []byte("3")}, nil, soon))
		got, err := w.GetHash(t.Context(), key, "c", "absent", "b", "a")
		must(t, err)
		if diff := cmp.Diff([][]byte{[]byte("3"), nil, {}, []byte("1")}, got); diff != "" {
			t.Errorf("GetHash(), -want +got:\n%s", diff)
		}
	}},
	{"GetHash of an absent record gives nils", func(t *testing.T, w world) {
		got, err := w.GetHash(t.Context(), key, "a", "b")
		must(t, err)
		if diff := cmp.Diff([][]byte{nil, nil}, got); diff != "" {
			t.Errorf("GetHash(), -want +got:\n%s", diff)
		}
	}},
	{"GetHash of no names returns none", func(t *testing.T, w world) {
		w.record(t, soon)
		got, err := w.GetHash(t.Context(), key)
		if err != nil || len(got) != 0 {
			t.Errorf("GetHash() = %q, %v, want none", got, err)
		}
	}},
	{"AllHash of an absent record is empty", func(t *testing.T, w world) { w.wantRecord(t, fields{}) }},
	{"fields keep every byte, in their names too", func(t *testing.T, w world) {
		want := fields{"na\x00me\r\n": []byte("v")}
		for name, value := range awkward {
			want[name] = value
		}
		must(t, w.SetHash(t.Context(), key, "", want, nil, soon))
		w.wantRecord(t, want)
	}},
	{"SetHash writes and removes while the anchor is present", func(t *testing.T, w world) {
		w.record(t, soon)
		must(t, w.SetHash(t.Context(), key, anchor, fields{"y": []byte("2")}, []string{"x", "absent"}, 0))
		w.wantRecord(t, fields{anchor: []byte("session"), "y": []byte("2")})
	}},
	{"SetHash removes what it is told to set and to remove", func(t *testing.T, w world) {
		w.record(t, soon)
		must(t, w.SetHash(t.Context(), key, anchor, fields{"x": []byte("2")}, []string{"x"}, 0))
		w.wantRecord(t, fields{anchor: []byte("session")})
	}},
	{"SetHash never begins a record", func(t *testing.T, w world) {
		err := w.SetHash(t.Context(), key, anchor, fields{anchor: []byte("ghost")}, nil, soon)
		wantErr(t, "SetHash()", err, store.ErrConflict)
		w.wantRecord(t, fields{})
	}},
	{"SetHash without an anchor writes whatever is there", func(t *testing.T, w world) {
		must(t, w.SetHash(t.Context(), key, "", fields{"x": []byte("1")}, nil, soon))
		must(t, w.SetHash(t.Context(), key, "", fields{"y": []byte("2")}, []string{"x"}, 0))
		w.wantRecord(t, fields{"y": []byte("2")})
	}},
	{"a record ends with its last field", func(t *testing.T, w world) {
		w.record(t, soon)
		must(t, w.SetHash(t.Context(), key, "", nil, []string{anchor, "x"}, 0))
		must(t, w.Add(t.Context(), key, []byte("free"), soon))
	}},
	{"TakeHash reads everything and removes it", func(t *testing.T, w world) {
		w.record(t, soon)
		got, err := w.TakeHash(t.Context(), key)
		must(t, err)
		if diff := cmp.Diff(fields{anchor: []byte("session"), "x": []byte("1")}, got); diff != "" {
			t.Errorf("TakeHash(), -want +got:\n%s", diff)
		}
		w.wantRecord(t, fields{})
	}},
	{"TakeHash of an absent record is empty", func(t *testing.T, w world) {
		got, err := w.TakeHash(t.Context(), key)
		must(t, err)
		if diff := cmp.Diff(fields{}, got); diff != "" {
			t.Errorf("TakeHash(), -want +got:\n%s", diff)
		}
	}},
	{"SetHash after TakeHash resurrects nothing", func(t *testing.T, w world) { // D21
		w.record(t, soon)
		_, err := w.TakeHash(t.Context(), key)
		must(t, err)
		err = w.SetHash(t.Context(), key, anchor, fields{"token": []byte("late")}, nil, soon)
		wantErr(t, "SetHash()", err, store.ErrConflict)
		w.wantRecord(t, fields{})
	}},
	{"TakeHash by many has one winner", func(t *testing.T, w world) {
		w.record(t, soon)
		wantOneWinner(t, store.ErrNotFound, func(ctx context.Context, _ int) error {
			got, err := w.TakeHash(ctx, key)
			if err == nil && len(got) == 0 {
				return store.ErrNotFound
			}
			return err
		})
	}},
	{"writers that race with TakeHash are in its answer or refused", func(t *testing.T, w world) {
		w.record(t, soon)
		var taken fields
		var takeErr error
		var taking sync.WaitGroup
		written := winners(t, store.ErrConflict, func(ctx context.Context, caller int) error {
			if caller == callers/2 {
				taking.Go(func() { taken, takeErr = w.TakeHash(ctx, key) })
			}
			return w.SetHash(ctx, key, anchor, fields{member(caller): []byte("v")}, nil, 0)
		})
		taking.Wait()
		must(t, takeErr)
		if got := len(taken) - 2; got != written {
			t.Errorf("%d writes succeeded and %d were taken", written, got)
		}
		w.wantRecord(t, fields{})
	}},
}

var hashLives = []promise{
	{"a record ends with its lifetime", func(t *testing.T, w world) {
		w.record(t, 2*soon)
		w.advance(soon)
		w.wantRecord(t, fields{anchor: []byte("session"), "x": []byte("1")})
		w.advance(soon)
		w.wantRecord(t, fields{})
		err := w.SetHash(t.Context(), key, anchor, fields{"x": []byte("2")}, nil, soon)
		wantErr(t, "SetHash()", err, store.ErrConflict)
		w.record(t, soon)
	}},
	{"a record without a lifetime has no end", func(t *testing.T, w world) {
		w.record(t, 0)
		w.advance(1000 * time.Hour)
		w.wantRecord(t, fields{anchor: []byte("session"), "x": []byte("1")})
	}},
	{"SetHash with 0 leaves the lifetime", func(t *testing.T, w world) {
		w.record(t, soon)
		must(t, w.SetHash(t.Context(), key, anchor, fields{"x": []byte("2")}, nil, 0))
		w.advance(soon)
		w.wantRecord(t, fields{})
	}},
	{"SetHash sets the lifetime anew, longer or shorter", func(t *testing.T, w world) {
		w.record(t, soon)
		must(t, w.SetHash(t.Context(), key, anchor, nil, nil, 3*soon))
		w.advance(2 * soon)
		w.wantRecord(t, fields{anchor: []byte("session"), "x": []byte("1")})
		must(t, w.SetHash(t.Context(), key, anchor, nil, nil, 10*soon))
		must(t, w.SetHash(t.Context(), key, anchor, nil, nil, soon))
		w.advance(soon)
		w.wantRecord(t, fields{})
	}},
	{"SetHash without an anchor only extends the lifetime", func(t *testing.T, w world) {
		set := func(ttl time.Duration) { must(t, w.SetHash(t.Context(), key, "", fields{"x": []byte("1")}, nil, ttl)) }
		set(2 * soon)
		set(soon)
		w.advance(soon)
		w.wantRecord(t, fields{"x": []byte("1")})
		set(3 * soon)
		w.advance(2 * soon)
		w.wantRecord(t, fields{"x": []byte("1")})
		w.advance(soon)
		w.wantRecord(t, fields{})
	}},
	{"SetHash without an anchor never ends what has no end", func(t *testing.T, w world) {
		must(t, w.SetHash(t.Context(), key, "", fields{"x": []byte("1")}, nil, 0))
		must(t, w.SetHash(t.Context(), key, "", fields{"x": []byte("2")}, nil, soon))
		w.advance(soon)
		w.wantRecord(t, fields{"x": []byte("2")})
	}},
}
