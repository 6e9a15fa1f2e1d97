package decision

import (
	"context"
	"sync"
	"time"
)

// Bounds of what one request may leave behind, whatever happens to it (S126).
const (
	mostSteps = 30 // besides the one for what came and the one for what was answered
	mostFacts = 8  // of one step
)

// Trace is what is known of one request while it is served. It is safe for concurrent use, and all that it does is nothing
// for a nil one: work that belongs to no request leaves no trace.
type Trace struct {
	id    string
	began time.Time

	mu       sync.Mutex
	provider string
	subject  string
	session  string
	steps    []Step
	answer   Answer
	err      error
}

// Answer is how a request ended that was refused or failed.
type Answer struct {
	Status int    // HTTP status
	Code   string // of the problem, or of RFC 6749 where a server was answered
	Reason string // of the problem, where it has one
	Told   string // the sentence that a person read, in their language
}

// Step is one thing that was found out on the way to the answer.
type Step struct {
	Code Code `json:"code"`
	// After is how long after the request's arrival, in milliseconds.
	After int64 `json:"after_ms"`
	// Facts are small and cleaned, by constant names.
	Facts map[string]string `json:"facts,omitempty"`
	// Decided marks the one step that settled the answer.
	Decided bool `json:"decided,omitempty"`
}

type traceKey struct{}

// With begins the trace of the request with this id.
func With(ctx context.Context, id string) (context.Context, *Trace) {
	t := &Trace{id: id, began: time.Now()}
	return context.WithValue(ctx, traceKey{}, t), t
}

// From is the trace of the request that ctx belongs to, or nil.
func From(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// RequestID is the id of the request that ctx belongs to, or empty.
func RequestID(ctx context.Context) string {
	if t := From(ctx); t != nil {
		return t.id
	}
	return ""
}

// Note adds a step with its facts, which are name-value pairs. Past the bound the oldest step goes: the last ones decide.
func Note(ctx context.Context, code Code, facts ...string) {
	t := From(ctx)
	if t == nil {
		return
	}
	step := Step{Code: code, After: time.Since(t.began).Milliseconds(), Facts: factsOf(facts)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.steps); n > 0 && t.steps[n-1].Code == code && len(facts) == 0 {
		return // looked at twice, found once
	}
	t.steps = append(t.steps, step)
	if len(t.steps) > mostSteps {
		t.steps = append(t.steps[:0], t.steps[1:]...)
	}
}

// Person says whom the request turned out to belong to: by provider and subject, and the short name of the session, which
// is empty where there is none yet.
func Person(ctx context.Context, provider, subject, session string) {
	t := From(ctx)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.provider, t.subject, t.session = provider, subject, session
}

// Answered says that the request ended with a, because of err. The sentence may come later, by Told.
func Answered(ctx context.Context, a Answer, err error) {
	t := From(ctx)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answer, t.err = a, err
}

// Told says which sentence the person was shown.
func Told(ctx context.Context, sentence string) {
	t := From(ctx)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answer.Told = sentence
}

// Answer is how the request ended; its status is 0 while nothing has been refused.
func (t *Trace) Answer() Answer {
	if t == nil {
		return Answer{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answer
}

// Known says whether a session or a login of ours stands behind the request.
func (t *Trace) Known() bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.provider != ""
}

func factsOf(pairs []string) map[string]string {
	if len(pairs) < 2 {
		return nil
	}
	facts := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs) && len(facts) < mostFacts; i += 2 {
		if value := clean(pairs[i+1]); value != "" {
			facts[pairs[i]] = value
		}
	}
	return facts
}
