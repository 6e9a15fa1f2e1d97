package app

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/decision"
)

// openDecisions opens what is remembered of refused requests, measured.
func (a *App) openDecisions() (err error) {
	results := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "chatgate_decisions_total", Help: "Refused requests, by whether it is remembered why.",
	}, []string{"result"})
	if err := a.registry.Register(results); err != nil {
		return err
	}
	for _, result := range decision.Results() {
		results.WithLabelValues(result) // so that each is there before the first of them happens
	}
	p := &a.parts
	p.decisions, err = decision.New(decision.Config{
		Store: p.store, Names: p.names, Settings: a.cfg.Explain, Log: a.log, Now: p.now,
		Count: func(result string) { results.WithLabelValues(result).Inc() },
	})
	if err != nil {
		return err
	}
	a.work("decisions", p.decisions.Run)
	return nil
}

// Decision is why a request was refused, Step one thing that was found out on the way.
type (
	Decision = decision.Record
	Step     = decision.Step
)

// ErrNotRemembered says that nothing is remembered of a request.
var ErrNotRemembered = decision.ErrUnknown

// Explanation is a decision with those that it points to.
type Explanation struct {
	Decision
	// Earlier is the request in which the login had failed that this one only tells about; nil where there is none, or it is
	// not remembered any more.
	Earlier *Decision
}

// Explain finds out why a request was refused, by the reference that its person was shown.
func (t *Tools) Explain(ctx context.Context, reference string) (Explanation, error) {
	found, err := t.app.parts.decisions.Find(ctx, reference)
	if err != nil {
		return Explanation{}, fmt.Errorf("%s: %w", reference, err)
	}
	e := Explanation{Decision: found}
	if earlier := found.Earlier(); earlier != "" {
		if before, err := t.app.parts.decisions.Find(ctx, earlier); err == nil {
			e.Earlier = &before
		}
	}
	return e, nil
}

// Remembers says for how long refused requests are remembered; nothing is where that is 0.
func (t *Tools) Remembers() string {
	if t.app.cfg.Explain.Keep <= 0 {
		return ""
	}
	return t.app.cfg.Explain.Keep.String()
}
