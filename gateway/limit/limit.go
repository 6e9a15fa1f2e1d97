package limit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/store"
)

// Rule allows Max calls of each key within Per. A rule whose Max is 0 allows everything.
type Rule struct {
	// Name is stable and says what is counted; it stands in audit lines and in store keys.
	Name string
	Max  int
	Per  time.Duration
}

// Exceeded says that a key has used up what its rule allows. The answer is 429 with RetryAfter (RFC 9110, Section
// 10.2.3; RFC 6585, Section 4).
type Exceeded struct {
	// Rule is the name of the rule, never the key.
	Rule string
	// RetryAfter is how long to wait until a call is allowed again, above 0.
	RetryAfter time.Duration
	// First says that this is the key's first refused call in a window that all replicas count: the one that is worth a
	// line in the audit log, where a flood of refused calls would write a flood. A Local never says so.
	First bool
}

func (e *Exceeded) Error() string {
	return fmt.Sprintf("limit %s exceeded, retry after %s", e.Rule, e.RetryAfter.Round(time.Second))
}

// Decision names the limit for the record of the request that it stopped.
func (e *Exceeded) Decision() (code string, facts []string) {
	return "limit_reached", []string{"limit", e.Rule, "again_in", e.RetryAfter.Round(time.Second).String()}
}

// Config says what a Limiter counts in.
type Config struct {
	// Store is shared by all replicas.
	Store *store.Store
	// Names hide what is counted.
	Names *store.Names
	// Refused, when set, hears the rule's name for every call that is refused, whoever's. It may be called from several
	// goroutines at once.
	Refused func(rule string)
}

// Limiter counts across replicas. It is safe for concurrent use.
type Limiter struct {
	counters store.Counters
	names    *store.Names
	refused  func(rule string)
}

// New checks the configuration. It dials nothing.
func New(cfg Config) (*Limiter, error) {
	if cfg.Store == nil || cfg.Names == nil {
		return nil, errors.New("limit: a store and names are needed")
	}
	if cfg.Refused == nil {
		cfg.Refused = func(string) {}
	}
	return &Limiter{counters: store.NewCounters(cfg.Store.Passing("limit")), names: cfg.Names, refused: cfg.Refused}, nil
}

// Allow counts one call of key. It returns an *Exceeded when the window's calls are used up, or an error wrapping
// store.ErrUnavailable when nothing could be counted; whether to let the call pass then is the caller's decision.
//
// The window opens with the key's first call, runs by the store's clock, and refused calls do not prolong it.
func (l *Limiter) Allow(ctx context.Context, rule Rule, key string) error {
	if rule.Max <= 0 {
		return nil
	}
	// The key is an address, mostly: an HMAC, since a plain hash of one is undone by trying them all. It also makes a
	// megabyte of key as short as a word (S126, D23).
	name, err := l.names.Of(ctx, "limit", rule.Name, key)
	if err != nil {
		return fmt.Errorf("count for limit %s: %w", rule.Name, err)
	}
	n, left, err := l.counters.Add(ctx, rule.Name+":"+name, rule.Per)
	switch {
	case err != nil:
		return fmt.Errorf("count for limit %s: %w", rule.Name, err)
	case n > int64(rule.Max):
		l.refused(rule.Name)
		return &Exceeded{Rule: rule.Name, RetryAfter: max(left, time.Millisecond), First: n == int64(rule.Max)+1}
	default:
		return nil
	}
}
