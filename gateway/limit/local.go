package limit

import (
	"errors"
	"hash/maphash"
	"sync"
	"time"
)

// The table of a Local is 1024 sets of 16 places: 16384 keys in about 270 KB, whatever is sent (S126).
const (
	sets   = 1 << 10
	places = 16
)

// Local counts in this process alone and never waits. Its memory is fixed: when more keys call at once than it has
// places, the one that called least of those sharing a set is forgotten and starts anew, so that a flood of keys
// weakens the limit and never refuses a bystander (S125, S126). It is safe for concurrent use.
type Local struct {
	rule     Rule
	interval int64 // nanoseconds between calls at the rule's steady rate
	now      func() time.Time
	seed     maphash.Seed
	table    [sets]set
}

type set struct {
	mu     sync.Mutex
	places [places]place
}

// place holds one key. The limit is a leaky bucket kept as one number (the generic cell rate algorithm of ITU-T
// I.371): full is the time, in Unix nanoseconds, at which the key would have its whole allowance again. A place whose
// time has passed says no more than an empty one.
type place struct {
	key  uint64
	full int64
}

// NewLocal makes a limiter for one rule. A nil now means time.Now.
func NewLocal(rule Rule, now func() time.Time) (*Local, error) {
	if rule.Max > 0 && rule.Per < time.Duration(rule.Max) {
		return nil, errors.New("limit: a rule needs a time of at least a nanosecond per call")
	}
	if now == nil {
		now = time.Now
	}
	l := &Local{rule: rule, now: now, seed: maphash.MakeSeed()}
	if rule.Max > 0 {
		l.interval = int64(rule.Per) / int64(rule.Max)
	}
	return l, nil
}

// Allow counts one call of key, and returns an *Exceeded when its allowance is used up. An unused allowance is the
// rule's Max calls at once; it comes back evenly over the rule's time. Refused calls cost nothing.
func (l *Local) Allow(key string) error {
	if over := l.Count(key); over > 0 {
		return &Exceeded{Rule: l.rule.Name, RetryAfter: over}
	}
	return nil
}

// Count is Allow for callers that make no error of it: it says how long until a call is allowed again, 0 for one that
// is allowed now.
func (l *Local) Count(key string) time.Duration {
	if l.rule.Max <= 0 {
		return 0
	}
	hash := maphash.String(l.seed, key) // seeded, so nobody can aim at the set of somebody else's key
	s := &l.table[hash%sets]
	now := l.now().UnixNano()

	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(hash)
	latest := now + int64(l.rule.Per)
	p.full = min(max(p.full, now), latest) // the upper bound matters after the clock was set back
	if over := p.full + l.interval - latest; over > 0 {
		return time.Duration(over)
	}
	p.full += l.interval
	return 0
}

// find returns the key's place, taking the one that is nearest to its whole allowance when the key has none.
func (s *set) find(hash uint64) *place {
	least := &s.places[0]
	for i := range s.places {
		p := &s.places[i]
		if p.key == hash {
			return p
		}
		if p.full < least.full {
			least = p
		}
	}
	*least = place{key: hash}
	return least
}
