package outbox

import (
	"crypto/sha256"
	"sync"
)

const mostNoted = 1000

// noted remembers what was logged, so that a job which comes back every few minutes is logged once. It forgets
// everything when it is full: some lines are then written again.
type noted struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]struct{}
}

func (n *noted) first(name string) bool {
	key := sha256.Sum256([]byte(name))
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.seen[key]; ok {
		return false
	}
	if len(n.seen) >= mostNoted || n.seen == nil {
		n.seen = map[[sha256.Size]byte]struct{}{}
	}
	n.seen[key] = struct{}{}
	return true
}
