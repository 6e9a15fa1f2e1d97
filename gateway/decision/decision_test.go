package decision_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"chatgate/gateway/decision"
	"chatgate/store"
)

// told is an error that says by itself what was decided.
type told struct {
	code  string
	facts []string
}

func (e *told) Error() string                       { return e.code }
func (e *told) Decision() (code string, f []string) { return e.code, e.facts }

// decided is a record of a request that was answered with a code because of err, after notes were made.
func decided(t *testing.T, code string, err error, note func(context.Context)) decision.Record {
	t.Helper()
	ctx, trace := decision.With(t.Context(), "ABCDEFGHJKLM")
	if note != nil {
		note(ctx)
	}
	decision.Answered(ctx, decision.Answer{Status: 403, Code: code}, err)
	return trace.Record(decision.Request{At: time.Unix(0, 0), Route: "/chat/token", Method: "GET"})
}

func TestTheLastStepThatCanLeadToTheAnswerDecides(t *testing.T) {
	limited := &told{"limit_reached", []string{"limit", "mint_session"}}
	for _, tc := range []struct {
		name string
		code string
		err  error
		note func(context.Context)
		want decision.Code
	}{
		{"a step that was noted", "access_denied", nil, func(ctx context.Context) {
			decision.Note(ctx, decision.RuleRefused, "reason", "group_missing")
		}, decision.RuleRefused},
		{"an error that tells by itself", "too_many_requests", fmt.Errorf("count: %w", limited), nil, decision.LimitReached},
		{"an error among several", "too_many_requests", errors.Join(errors.New("other"), limited), nil, decision.LimitReached},
		{"a store that is down", "store_unavailable", fmt.Errorf("read: %w", store.ErrUnavailable), nil, decision.StoreDown},
		{"not a step that came before and led elsewhere", "invalid_request", nil, func(ctx context.Context) {
			decision.Note(ctx, decision.SessionUnknown)
		}, decision.Reply},
		{"the later of two", "session_required", nil, func(ctx context.Context) {
			decision.Note(ctx, decision.SessionUnknown)
			decision.Note(ctx, decision.ChildUnknown)
		}, decision.ChildUnknown},
		{"the answer itself where nothing was noted", "held", nil, nil, decision.Reply},
		{"not a code that is none of ours", "held", &told{code: "made_up"}, nil, decision.Reply},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := decided(t, tc.code, tc.err, tc.note)
			if got := rec.Decisive().Code; got != tc.want {
				t.Errorf("decisive step = %s, want %s: %+v", got, tc.want, rec.Steps)
			}
		})
	}
}

func TestARecordTellsTheWholeStory(t *testing.T) {
	ctx, trace := decision.With(t.Context(), "ABCDEFGHJKLM")
	decision.Person(ctx, "corp", "ada-1", "f3c1a2b4")
	decision.Note(ctx, decision.RuleRefused, "reason", "group_missing", "wanted", "staff", "empty", "")
	decision.Answered(ctx, decision.Answer{Status: 403, Code: "access_denied", Reason: "group_missing"}, nil)
	decision.Told(ctx, "You are signed in, but it is not open to you.")
	got := trace.Record(decision.Request{
		At: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), Route: "/chat/token", Method: "POST", Address: "192.0.2.1", Chat: "chat",
		Sent: []string{"origin", "https://chat.example.org"},
	})
	want := decision.Record{
		Request: "ABCDEFGHJKLM", At: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), Route: "/chat/token", Method: "POST",
		Address: "192.0.2.1", Chat: "chat", Status: 403, Code: "access_denied", Reason: "group_missing",
		Told: "You are signed in, but it is not open to you.", Provider: "corp", Subject: "ada-1", Session: "f3c1a2b4",
		Steps: []decision.Step{
			{Code: decision.Arrived, Facts: map[string]string{"origin": "https://chat.example.org"}},
			{Code: decision.RuleRefused, Facts: map[string]string{"reason": "group_missing", "wanted": "staff"}, Decided: true},
			{Code: decision.Reply, Facts: map[string]string{"code": "access_denied", "reason": "group_missing"}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(decision.Step{}, "After")); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestARecordIsBounded(t *testing.T) { // S126
	huge := strings.Repeat("é\x1b", 1<<18)
	facts := []string{}
	for i := range 20 {
		facts = append(facts, fmt.Sprintf("fact%d", i), huge)
	}
	rec := decided(t, "access_denied", nil, func(ctx context.Context) {
		for range 1000 {
			decision.Note(ctx, decision.AccountMatched, facts...)
		}
		decision.Note(ctx, decision.RuleRefused, facts...)
		for range 10 {
			decision.Note(ctx, decision.AccountMatched, facts...)
		}
	})
	raw, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 4<<10 || len(rec.Steps) > 32 {
		t.Errorf("the record has %d bytes and %d steps, want at most 4096 and 32", len(raw), len(rec.Steps))
	}
	if rec.Decisive().Code != decision.RuleRefused || rec.Steps[0].Code != decision.Arrived || !rec.Cut {
		t.Errorf("the record lost what it is about: %+v", rec)
	}
	if strings.Contains(string(raw), "\\u001b") {
		t.Error("the record has a control character")
	}
}

func TestWorkOfNoRequestLeavesNoTrace(t *testing.T) {
	ctx := t.Context()
	decision.Note(ctx, decision.RuleRefused, "reason", "x")
	decision.Person(ctx, "corp", "ada-1", "")
	decision.Answered(ctx, decision.Answer{Status: 500}, nil)
	decision.Told(ctx, "nothing")
	if got := decision.From(ctx).Answer(); got != (decision.Answer{}) {
		t.Errorf("Answer() = %+v, want nothing", got)
	}
	if got := decision.RequestID(ctx); got != "" {
		t.Errorf("RequestID() = %q, want none", got)
	}
}

func TestATraceIsSharedByThoseWhoWorkForTheRequest(t *testing.T) {
	ctx, trace := decision.With(t.Context(), "ABCDEFGHJKLM")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				decision.Note(context.WithoutCancel(ctx), decision.AccountMatched, "by", "link")
				decision.Person(ctx, "corp", "ada-1", "")
				decision.Answered(ctx, decision.Answer{Status: 403, Code: "held"}, nil)
				_ = trace.Record(decision.Request{})
			}
		})
	}
	all.Wait()
	if got := trace.Answer().Code; got != "held" {
		t.Errorf("code = %q", got)
	}
}

func TestARequestThatGoesWellCostsItsTraceAlone(t *testing.T) {
	ctx := t.Context()
	allocations := testing.AllocsPerRun(100, func() {
		inside, _ := decision.With(ctx, "ABCDEFGHJKLM")
		decision.Person(inside, "corp", "ada-1", "f3c1a2b4")
		_ = decision.RequestID(inside)
	})
	if allocations > 2 { // the context, and the trace in place of a boxed id
		t.Errorf("%.0f allocations, want at most 2", allocations)
	}
}
