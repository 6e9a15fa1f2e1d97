package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"chatgate/store"
)

func TestASealedValueOpensAtItsPlaceUntilItsEnd(t *testing.T) {
	w := newWorld()
	s := w.replica(t, "a")
	sealed := store.NewSealed[string](s.Passing("note"))
	text, err := sealed.Seal("hello", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "hello") {
		t.Errorf("Seal() = %q, want it unreadable", text)
	}
	if got, err := sealed.Open(text); got != "hello" || err != nil {
		t.Errorf("Open() = %q, %v, want hello", got, err)
	}
	if _, err := store.NewSealed[string](s.Passing("other")).Open(text); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("Open() at another place = %v, want ErrCorrupt", err)
	}
	if _, err := store.NewSealed[string](w.replica(t, "b").Passing("note")).Open(text); !errors.Is(err, store.ErrUnknownKey) {
		t.Errorf("Open() without its key = %v, want ErrUnknownKey", err)
	}
	w.clock.advance(time.Minute)
	if _, err := sealed.Open(text); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Open() past the end = %v, want ErrNotFound", err)
	}
}

func TestASealedValueIsRefusedWhenAnythingInItChanged(t *testing.T) {
	sealed := store.NewSealed[string](newWorld().replica(t, "a").Passing("note"))
	text, err := sealed.Seal("hello", 0)
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(text)
	flipped[len(flipped)/2] ^= 1
	for _, bad := range []string{"", "x", "%", text + "A", text + "=", text[:len(text)-4], string(flipped), strings.Repeat("A", 1<<16)} {
		if got, err := sealed.Open(bad); err == nil {
			t.Errorf("Open(%.20q…) = %q, want an error", bad, got)
		}
	}
}
