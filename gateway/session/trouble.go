package session

import (
	"sync"
	"time"
)

const (
	troubleAfter = 3 // failures in a row
	troubleLasts = time.Minute
	// patience is how long a failure may take that holds nobody up. A quick one is an answer about one person.
	patience = 2 * time.Second
)

// trouble knows the providers that answer nobody in time, so that those who wait for them in vain hold up nobody whose provider
// does. The zero value knows of none. It is this process's alone.
type trouble struct {
	mu sync.Mutex
	of map[string]failing
}

type failing struct {
	inARow int
	until  time.Time
}

// pause says whether a provider is not to be asked now. Of those who come after a pause the first asks, and the others
// wait for what comes of it.
func (t *trouble) pause(provider string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.of[provider]
	switch {
	case f.inARow < troubleAfter:
		return false
	case now.Before(f.until):
		return true
	}
	f.until = now.Add(troubleLasts)
	t.of[provider] = f
	return false
}

// told notes whether a provider answered, and after how long.
func (t *trouble) told(provider string, now time.Time, took time.Duration, answered bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if answered {
		delete(t.of, provider)
		return
	}
	if took < patience {
		return
	}
	if t.of == nil {
		t.of = map[string]failing{}
	}
	f := t.of[provider]
	f.inARow++
	f.until = now.Add(troubleLasts)
	t.of[provider] = f
}
