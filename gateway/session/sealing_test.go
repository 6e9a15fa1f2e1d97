package session_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/session"
	"chatgate/store"
)

func TestRotatingTheSealingKeyKeepsSessionsUntilTheOldOneIsRemoved(t *testing.T) { // S61, D23
	before, b := open(t), browser{}
	before.signIn(t, b, ada)

	both := before.reopen(t, map[string][]byte{"one": key(1), "two": key(2)}, "two")
	if _, err := both.read(t, b, ""); err != nil {
		t.Fatalf("Read() with both keys = %v", err)
	}
	after := before.reopen(t, map[string][]byte{"two": key(2)}, "two")
	if _, err := after.read(t, b, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read() without the old key = %v, want ErrNone", err)
	}
}

func TestARecordUnderAKeyOfALiveReplicaIsNoSignOut(t *testing.T) { // D23, S146
	ahead, b := open(t), browser{}
	ahead.signIn(t, b, ada)
	beats := heartbeat(t, ahead, "one", 1)

	behindBeat := heartbeat(t, ahead, "two", 2)
	behind := ahead.reopen(t, map[string][]byte{"two": key(2)}, "two", func(c *session.Config) { c.Heartbeat = behindBeat })
	must(t, beats.Beat(context.Background()))
	must(t, behindBeat.Beat(context.Background()))
	if _, err := behind.read(t, b, ""); !errors.Is(err, store.ErrUnavailable) || len(b) != 1 {
		t.Errorf("Read() = %v, cookies %v; want ErrUnavailable and the cookie kept", err, b)
	}
}

// heartbeat is that of a replica which holds one sealing key.
func heartbeat(t *testing.T, h *house, name string, fill byte) *store.Heartbeat {
	t.Helper()
	sealer, err := store.NewSealer(name, map[string][]byte{name: key(fill)})
	must(t, err)
	st, err := store.New(store.Config{Engine: h.engine, Sealer: sealer, Now: h.clock.now})
	must(t, err)
	return store.NewHeartbeat(st)
}

func TestGarbageInTheStoreRefusesOneSession(t *testing.T) { // S60, S68
	h, victim, bystander := open(t), browser{}, browser{}
	s := h.signIn(t, victim, ada)
	h.signIn(t, bystander, bob)
	raw, err := h.engine.AllHash(t.Context(), "t:session:"+s.Key)
	must(t, err)
	for name, spoil := range map[string]func([]byte) []byte{
		"a flipped bit":       func(v []byte) []byte { v[len(v)-1] ^= 1; return v },
		"cut short":           func(v []byte) []byte { return v[:4] },
		"empty":               func([]byte) []byte { return []byte{} },
		"an old version byte": func(v []byte) []byte { v[0] = 9; return v },
		"another field":       func([]byte) []byte { return append([]byte{}, raw["l"]...) },
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := spoil(append([]byte{}, raw["s"]...))
			must(t, h.engine.SetHash(t.Context(), "t:session:"+s.Key, "", map[string][]byte{"s": spoilt}, nil, 0))
			if _, err := h.read(t, browser{"__Host-chatgate": victim["__Host-chatgate"]}, ""); !errors.Is(err, session.ErrNone) {
				t.Errorf("Read() = %v, want ErrNone", err)
			}
			if _, err := h.read(t, bystander, ""); err != nil {
				t.Errorf("Read(another session) = %v", err)
			}
		})
	}
}

// requests is a log handler that notes the request each line belongs to.
type requests struct {
	slog.Handler
	seen *[]any
}

type requestID struct{}

func (r requests) Enabled(context.Context, slog.Level) bool { return true }

func (r requests) Handle(ctx context.Context, _ slog.Record) error {
	*r.seen = append(*r.seen, ctx.Value(requestID{}))
	return nil
}

func TestARefusedSessionIsLoggedWithItsRequest(t *testing.T) {
	before := open(t)
	s := before.signIn(t, browser{}, ada)
	var seen []any
	after := before.reopen(t, map[string][]byte{"two": key(2)}, "two", func(c *session.Config) {
		c.Log = slog.New(requests{slog.DiscardHandler, &seen})
	})
	ctx := context.WithValue(t.Context(), requestID{}, "5f2c")
	if _, err := after.ByKey(ctx, s.Key, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("ByKey() without the sealing key = %v, want ErrNone", err)
	}
	if diff := cmp.Diff([]any{"5f2c"}, seen); diff != "" {
		t.Errorf("requests of the log lines, -want +got:\n%s", diff)
	}
}
