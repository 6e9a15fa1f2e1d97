package decision

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"chatgate/store"
)

// Record is a decided request as it is kept.
type Record struct {
	// Request is the id of the request, which its person was shown as a reference.
	Request string    `json:"request_id"`
	At      time.Time `json:"at"`
	Route   string    `json:"route"` // the pattern
	Method  string    `json:"method"`
	Address string    `json:"remote_ip"`
	Chat    string    `json:"chat,omitempty"`
	Status  int       `json:"status"`
	Code    string    `json:"code"`
	Reason  string    `json:"reason,omitempty"`
	Told    string    `json:"told,omitempty"`
	// Provider and Subject are the identity concerned, Session the short name of its session.
	Provider string `json:"provider,omitempty"`
	Subject  string `json:"sub,omitempty"`
	Session  string `json:"session,omitempty"`
	Steps    []Step `json:"steps"`
	// Cut says that there were more steps than a record holds.
	Cut bool `json:"cut,omitempty"`
}

// Request is what the server knows of a request beside its trace.
type Request struct {
	At                           time.Time
	Route, Method, Address, Chat string
	// Sent are facts of what came, as name-value pairs.
	Sent []string
	// Missing is the step that stands for a session cookie which did not come, where one was needed; else empty.
	Missing Code
}

// Record puts together what is known of a request that was refused or failed.
func (t *Trace) Record(r Request) Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	after := time.Since(t.began).Milliseconds()
	rec := Record{
		Request: t.id, At: r.At.UTC().Truncate(time.Millisecond),
		Route: clean(r.Route), Method: r.Method, Address: clean(r.Address), Chat: r.Chat,
		Status: t.answer.Status, Code: t.answer.Code, Reason: t.answer.Reason, Told: clean(t.answer.Told),
		Provider: t.provider, Subject: clean(t.subject), Session: t.session,
		Steps: []Step{{Code: Arrived, Facts: factsOf(r.Sent)}},
	}
	if r.Missing != "" {
		rec.Steps = append(rec.Steps, Step{Code: r.Missing})
	}
	rec.Steps = append(rec.Steps, t.steps...)
	rec.addErrors(t.err, after)
	rec.Steps = append(rec.Steps, Step{Code: Reply, After: after, Facts: factsOf([]string{"code", rec.Code, "reason", rec.Reason})})
	rec.decide()
	rec.bound()
	return rec
}

// Explained is an error that tells by itself what was decided: one of the codes of this package, and facts as name-value
// pairs. It is known by its methods alone, so that packages beneath this one need not import it.
type Explained interface {
	Decision() (code string, facts []string)
}

// addErrors adds what the errors behind the answer tell, and nobody has noted.
func (rec *Record) addErrors(err error, after int64) {
	switch sealed := slices.ContainsFunc(rec.Steps, func(s Step) bool { return s.Code == SealedElsewhere }); {
	case errors.Is(err, store.ErrUnknownKey):
		rec.addOnce(Step{Code: SealedElsewhere, After: after})
	case errors.Is(err, store.ErrUnavailable) && !sealed:
		rec.addOnce(Step{Code: StoreDown, After: after})
	}
	walk(err, 0, func(e error) {
		explained, ok := e.(Explained)
		if !ok {
			return
		}
		code, facts := explained.Decision()
		if _, known := steps[Code(code)]; known {
			rec.addOnce(Step{Code: Code(code), After: after, Facts: factsOf(facts)})
		}
	})
}

func (rec *Record) addOnce(s Step) {
	if len(rec.Steps) < mostSteps && !slices.ContainsFunc(rec.Steps, func(o Step) bool { return o.Code == s.Code }) {
		rec.Steps = append(rec.Steps, s)
	}
}

// walk visits an error and everything that it wraps, the innermost first: the outermost is the nearest to the answer.
func walk(err error, depth int, visit func(error)) {
	const deepest = 32
	if err == nil || depth > deepest {
		return
	}
	switch e := err.(type) { //nolint:errorlint // every error of the tree is looked at, one by one
	case interface{ Unwrap() error }:
		walk(e.Unwrap(), depth+1, visit)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			walk(inner, depth+1, visit)
		}
	}
	visit(err)
}

// decide marks the last step that can be why the answer was what it was; without one the answer speaks for itself.
func (rec *Record) decide() {
	for i := len(rec.Steps) - 1; i > 0; i-- {
		if rec.Steps[i].Code.decides(rec.Code) {
			rec.Steps[i].Decided = true
			return
		}
	}
	rec.Steps[len(rec.Steps)-1].Decided = true
}

// Decisive is the step that settled the answer.
func (rec *Record) Decisive() Step {
	for _, s := range rec.Steps {
		if s.Decided {
			return s
		}
	}
	return Step{}
}

// largest is the most that a record may take, in bytes of JSON.
const largest = 4 << 10

// bound drops steps from the middle until the record is small enough: the first says what came, the deciding one why it
// ended.
func (rec *Record) bound() {
	for rec.size() > largest {
		i := slices.IndexFunc(rec.Steps, func(s Step) bool { return s.Code != Arrived && !s.Decided })
		if i < 0 {
			return
		}
		rec.Steps, rec.Cut = slices.Delete(rec.Steps, i, i+1), true
	}
}

func (rec *Record) size() int {
	raw, err := json.Marshal(rec)
	if err != nil {
		return 0 // unreachable: a record is made of texts, numbers and a time
	}
	return len(raw)
}

// Earlier is the id of the request in which the login had failed that this one only tells about, or empty.
func (rec *Record) Earlier() string {
	for _, s := range rec.Steps {
		if s.Code == LoginFailedBefore {
			return s.Facts["request"]
		}
	}
	return ""
}
