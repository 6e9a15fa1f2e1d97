package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"chatgate/store"
)

var values = []promise{
	{"Get of what was never written is ErrNotFound", func(t *testing.T, w world) { w.wantAbsent(t) }},
	{"Put writes and overwrites", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("one"), soon))
		must(t, w.Put(t.Context(), key, []byte("two"), soon))
		w.wantValue(t, []byte("two"))
	}},
	{"Put keeps every byte", func(t *testing.T, w world) {
		eachAwkward(t, func(t *testing.T, value []byte) {
			must(t, w.Put(t.Context(), key, value, soon))
			w.wantValue(t, value)
		})
	}},
	{"Put takes nil for an empty value", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, nil, soon))
		w.wantValue(t, []byte{})
	}},
	{"Put without a lifetime has no end", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("v"), soon))
		must(t, w.Put(t.Context(), key, []byte("v"), 0))
		w.advance(1000 * time.Hour)
		w.wantValue(t, []byte("v"))
	}},
	{"a value ends with its lifetime, not before", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("v"), 2*soon))
		w.advance(soon)
		w.wantValue(t, []byte("v"))
		w.advance(soon)
		w.wantAbsent(t)
	}},
	{"Put sets the lifetime anew", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("v"), soon))
		must(t, w.Put(t.Context(), key, []byte("v"), 3*soon))
		w.advance(2 * soon)
		w.wantValue(t, []byte("v"))
	}},
	{"a lifetime in the past is over, not endless", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("v"), -time.Hour))
		w.advance(time.Second)
		w.wantAbsent(t)
	}},
	{"a lifetime below a millisecond is short, not endless", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("v"), time.Nanosecond))
		w.advance(time.Second)
		w.wantAbsent(t)
	}},
	{"callers and the engine share no bytes", func(t *testing.T, w world) {
		value := []byte("original")
		must(t, w.Put(t.Context(), key, value, soon))
		value[0] = 'X'
		got, err := w.Get(t.Context(), key)
		must(t, err)
		got[1] = 'X'
		w.wantValue(t, []byte("original"))
	}},
	{"Add writes only where there is nothing", func(t *testing.T, w world) {
		must(t, w.Add(t.Context(), key, []byte("first"), soon))
		wantErr(t, "Add()", w.Add(t.Context(), key, []byte("second"), soon), store.ErrExists)
		w.wantValue(t, []byte("first"))
	}},
	{"Add does not prolong what is there", func(t *testing.T, w world) {
		must(t, w.Add(t.Context(), key, []byte("first"), soon))
		wantErr(t, "Add()", w.Add(t.Context(), key, []byte("second"), time.Hour), store.ErrExists)
		w.advance(soon)
		w.wantAbsent(t)
	}},
	{"Add succeeds where a value has ended", func(t *testing.T, w world) {
		must(t, w.Add(t.Context(), key, []byte("first"), soon))
		w.advance(soon)
		must(t, w.Add(t.Context(), key, []byte("second"), 0))
		w.advance(1000 * time.Hour)
		w.wantValue(t, []byte("second"))
	}},
	{"Add by many has one winner", func(t *testing.T, w world) {
		wantOneWinner(t, store.ErrExists, func(ctx context.Context, caller int) error {
			return w.Add(ctx, key, []byte(member(caller)), soon)
		})
	}},
	{"Take reads and removes", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("once"), soon))
		got, err := w.Take(t.Context(), key)
		if err != nil || string(got) != "once" {
			t.Errorf("Take() = %q, %v, want %q", got, err, "once")
		}
		_, err = w.Take(t.Context(), key)
		wantErr(t, "second Take()", err, store.ErrNotFound)
	}},
	{"Take of what has ended is ErrNotFound", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("late"), soon))
		w.advance(soon)
		_, err := w.Take(t.Context(), key)
		wantErr(t, "Take()", err, store.ErrNotFound)
	}},
	{"Take by many has one winner", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("once"), soon))
		wantOneWinner(t, store.ErrNotFound, func(ctx context.Context, _ int) error {
			_, err := w.Take(ctx, key)
			return err
		})
	}},
	{"Delete removes any kind, and absent is fine", func(t *testing.T, w world) {
		must(t, w.Delete(t.Context(), key))
		for _, plant := range w.kinds() {
			must(t, plant(t.Context()))
			must(t, w.Delete(t.Context(), key))
			w.wantAbsent(t)
		}
	}},
}

var swaps = []promise{
	{"Swap replaces the value that was read", func(t *testing.T, w world) {
		eachAwkward(t, func(t *testing.T, value []byte) {
			must(t, w.Put(t.Context(), key, value, soon))
			must(t, w.Swap(t.Context(), key, value, []byte("next"), soon))
			w.wantValue(t, []byte("next"))
			must(t, w.Swap(t.Context(), key, []byte("next"), value, soon))
			w.wantValue(t, value)
		})
	}},
	{"Swap leaves a value that changed", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("changed"), soon))
		wantErr(t, "Swap()", w.Swap(t.Context(), key, []byte("read"), []byte("next"), soon), store.ErrConflict)
		w.wantValue(t, []byte("changed"))
	}},
	{"Swap does not tell an absent value from a changed one", func(t *testing.T, w world) {
		wantErr(t, "Swap()", w.Swap(t.Context(), key, []byte{}, []byte("next"), soon), store.ErrConflict)
		w.wantAbsent(t)
	}},
	{"Swap by nil removes", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("mine"), soon))
		wantErr(t, "Swap()", w.Swap(t.Context(), key, []byte("theirs"), nil, 0), store.ErrConflict)
		w.wantValue(t, []byte("mine"))
		must(t, w.Swap(t.Context(), key, []byte("mine"), nil, 0))
		w.wantAbsent(t)
	}},
	{"Swap sets the lifetime anew", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("a"), soon))
		must(t, w.Swap(t.Context(), key, []byte("a"), []byte("b"), 2*soon))
		w.advance(soon)
		must(t, w.Swap(t.Context(), key, []byte("b"), []byte("c"), 0))
		w.advance(1000 * time.Hour)
		w.wantValue(t, []byte("c"))
	}},
	{"Swap by many has one winner", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("read"), soon))
		wantOneWinner(t, store.ErrConflict, func(ctx context.Context, caller int) error {
			return w.Swap(ctx, key, []byte("read"), []byte(member(caller)), soon)
		})
	}},
}

var counts = []promise{
	{"Count counts within the window that the first call opened", func(t *testing.T, w world) {
		w.wantCount(t, 1, 2*soon)
		w.advance(soon)
		w.wantCount(t, 2, soon)
		w.advance(soon)
		w.wantCount(t, 1, 2*soon)
	}},
	{"Count loses no caller", func(t *testing.T, w world) {
		sums := make([]int64, callers)
		winners(t, nil, func(ctx context.Context, caller int) (err error) {
			sums[caller], _, err = w.Count(ctx, key, soon)
			return err
		})
		slices.Sort(sums)
		for i, sum := range sums {
			if sum != int64(i+1) {
				t.Fatalf("the callers got the sums %d, want each from 1 to %d once", sums, callers)
			}
		}
	}},
}

// wantCount counts once more within two minutes; left may be a little less than expected, as real time passes too.
func (w world) wantCount(t *testing.T, want int64, left time.Duration) {
	t.Helper()
	n, got, err := w.Count(t.Context(), key, 2*soon)
	if err != nil || n != want || got > left || got < left-soon/2 {
		t.Errorf("Count() = %d, %v, %v, want %d, about %v", n, got, err, want, left)
	}
}
