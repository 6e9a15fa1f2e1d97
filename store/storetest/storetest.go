// Package storetest holds every engine of package store to the same behaviour: one case for each promise that
// store.Engine makes.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"chatgate/store"
)

// Open returns an empty engine for one case, and what moves the clock by which its keys end.
type Open func(t *testing.T) (engine store.Engine, advance func(time.Duration))

// Run runs the suite. It calls open once for each case and closes the engine afterwards.
func Run(t *testing.T, open Open) {
	for _, group := range [][]promise{values, swaps, counts, hashes, hashLives, indexes, claims, clocks, failures} {
		for _, p := range group {
			t.Run(p.name, func(t *testing.T) {
				engine, advance := open(t)
				t.Cleanup(func() { _ = engine.Close() })
				p.test(t, world{Engine: engine, advance: advance})
			})
		}
	}
}

// promise is one sentence about engines and its proof.
type promise struct {
	name string
	test func(t *testing.T, w world)
}

// world is an engine whose clock can be moved.
type world struct {
	store.Engine
	advance func(time.Duration)
}

const (
	key     = "t:room:key"
	callers = 100
)

// must ends the case when a step that only prepares it fails.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", call, got, want)
	}
}

func (w world) wantValue(t *testing.T, want []byte) {
	t.Helper()
	got, err := w.Get(t.Context(), key)
	if err != nil {
		t.Errorf("Get() = %v", err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("Get() = %.40q (%d bytes), want %.40q (%d bytes)", got, len(got), want, len(want))
	}
}

func (w world) wantAbsent(t *testing.T) {
	t.Helper()
	_, err := w.Get(t.Context(), key)
	wantErr(t, "Get()", err, store.ErrNotFound)
}

// winners lets many callers do the same at once and counts those that succeed; the others must get lost.
func winners(t *testing.T, lost error, do func(ctx context.Context, caller int) error) int {
	t.Helper()
	results := make([]error, callers)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range callers {
		done.Go(func() {
			<-start
			results[i] = do(t.Context(), i)
		})
	}
	close(start)
	done.Wait()

	won := 0
	for i, err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, lost) {
			t.Errorf("caller %d got %v, want success or %v", i, err, lost)
		}
	}
	return won
}

func wantOneWinner(t *testing.T, lost error, do func(ctx context.Context, caller int) error) {
	t.Helper()
	if won := winners(t, lost, do); won != 1 {
		t.Errorf("%d of %d callers won, want exactly one", won, callers)
	}
}

// awkward are values that a careless engine would alter.
var awkward = map[string][]byte{
	"empty":        {},
	"NUL":          []byte("a\x00b\x00"),
	"not UTF-8":    {0xff, 0xfe, 0x80},
	"line endings": []byte("$3\r\nfoo\r\n"),
	"1 MiB":        bytes.Repeat([]byte{0, 1, 2, 0xff}, 1<<18),
}

func eachAwkward(t *testing.T, test func(t *testing.T, value []byte)) {
	for name, value := range awkward {
		t.Run(name, func(t *testing.T) { test(t, value) })
	}
}

// soon is a lifetime; the suite moves the clock by whole minutes, so a slow machine ends nothing by itself.
const soon = time.Minute

func member(i int) string { return fmt.Sprintf("member %03d", i) }
