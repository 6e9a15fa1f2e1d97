package store

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

const (
	beatEvery = 5 * time.Second
	beatLives = 20 * time.Second
	beatSet   = "keys"
	mostBeats = 64
)

// Heartbeat tells the other replicas which sealing keys this one holds and which it seals with, and learns theirs.
// It decides two things: whether a record under an unknown key is somebody's (503, keep the cookie) or nobody's
// (401), and whether this replica can open what the others write now (D23, S146).
type Heartbeat struct {
	store *Store
	index Index
	live  atomic.Pointer[map[string]bool]
}

// NewHeartbeat prepares the heartbeat of a store; Run sends it.
func NewHeartbeat(s *Store) *Heartbeat {
	h := &Heartbeat{store: s, index: NewIndex(s.Passing("sealing"))}
	h.live.Store(&map[string]bool{})
	return h
}

// Run beats every five seconds until ctx ends. A beat lives twenty seconds. While the engine is away the last known
// state stands.
func (h *Heartbeat) Run(ctx context.Context) error {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		_ = h.Beat(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Beat sends one heartbeat and reads those of the others.
func (h *Heartbeat) Beat(ctx context.Context) error {
	now := h.store.now()
	members := []string{"current " + h.store.sealer.current.String()}
	for mark := range h.store.sealer.keys {
		members = append(members, "holds "+mark.String())
	}
	for _, member := range members {
		if err := h.index.Put(ctx, beatSet, member, now.Add(beatLives), beatLives); err != nil {
			return err
		}
	}
	if err := h.index.Trim(ctx, beatSet, now); err != nil {
		return err
	}
	return h.Listen(ctx)
}

// Listen reads the heartbeats of the others and sends none: nobody hears of keys that will perhaps not be used.
func (h *Heartbeat) Listen(ctx context.Context) error {
	now := h.store.now()
	entries, err := h.index.List(ctx, beatSet, now, now.Add(2*beatLives), mostBeats)
	if err != nil {
		return err
	}
	live := make(map[string]bool, len(entries))
	for _, e := range entries {
		live[e.Member] = true
	}
	h.live.Store(&live)
	return nil
}

// Held says whether a live replica holds the key with this fingerprint.
func (h *Heartbeat) Held(fingerprint string) bool { return (*h.live.Load())["holds "+fingerprint] }

// Mismatch returns an error that names the keys which live replicas seal with and this one cannot open.
func (h *Heartbeat) Mismatch() error {
	var missing []string
	for member := range *h.live.Load() {
		name, ok := strings.CutPrefix(member, "current ")
		if ok && !h.store.sealer.holds(name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("other replicas seal with keys this one does not hold: %s", strings.Join(missing, ", "))
}

func (s *Sealer) holds(name string) bool {
	for mark := range s.keys {
		if mark.String() == name {
			return true
		}
	}
	return false
}
