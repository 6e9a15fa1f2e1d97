package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/limit"
	"chatgate/store"
	"chatgate/store/memstore"
)

// errAway is what an engine says that cannot be reached.
var errAway = fmt.Errorf("dial: %w", store.ErrUnavailable)

// fault is one command that fails where a key holds place. It fails before or, as when an answer is lost, after it was
// carried out.
type fault struct {
	command, place string
	after          bool
}

// faulty is an engine that fails one kind of command on demand.
type faulty struct {
	store.Engine
	failing atomic.Pointer[fault]
}

func (f *faulty) around(command, key string, do func() error) error {
	at := f.failing.Load()
	if at == nil || at.command != command || !strings.Contains(key, at.place) {
		return do()
	}
	if at.after {
		return errors.Join(do(), errAway)
	}
	return errAway
}

func (f *faulty) Get(ctx context.Context, key string) (value []byte, err error) {
	err = f.around("Get", key, func() error { value, err = f.Engine.Get(ctx, key); return err })
	return value, err
}

func (f *faulty) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return f.around("Put", key, func() error { return f.Engine.Put(ctx, key, value, ttl) })
}

func (f *faulty) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return f.around("Add", key, func() error { return f.Engine.Add(ctx, key, value, ttl) })
}

func (f *faulty) Delete(ctx context.Context, key string) error {
	return f.around("Delete", key, func() error { return f.Engine.Delete(ctx, key) })
}

func (f *faulty) Swap(ctx context.Context, key string, old, next []byte, ttl time.Duration) error {
	return f.around("Swap", key, func() error { return f.Engine.Swap(ctx, key, old, next, ttl) })
}

func (f *faulty) GetHash(ctx context.Context, key string, fields ...string) (values [][]byte, err error) {
	err = f.around("GetHash", key, func() error { values, err = f.Engine.GetHash(ctx, key, fields...); return err })
	return values, err
}

func (f *faulty) Count(ctx context.Context, key string, window time.Duration) (n int64, left time.Duration, err error) {
	err = f.around("Count", key, func() error { n, left, err = f.Engine.Count(ctx, key, window); return err })
	return n, left, err
}

func openFaulty(t *testing.T) (*world, *faulty) {
	t.Helper()
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	return open(t, chattest.Options{Engine: engine, Limits: &limit.Settings{CodesPerAddress: 100, CodesPerSession: 100}}), engine
}

func TestAnOutageLosesNoCode(t *testing.T) { // D26
	for _, test := range []struct {
		name  string
		fault fault
	}{
		{"the code cannot be read", fault{command: "Get", place: ":code:"}},
		{"the session cannot be read", fault{command: "GetHash", place: "session"}},
		{"the access token cannot be kept", fault{command: "Put", place: ":access:"}},
		{"the code cannot be marked used", fault{command: "Swap", place: ":code:"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, engine := openFaulty(t)
			code := w.code()
			engine.failing.Store(&test.fault)
			res := w.redeem(trade(code))
			if got := decode[refusal](t, res); res.StatusCode != http.StatusServiceUnavailable ||
				got.Error != "temporarily_unavailable" || res.Header.Get("Retry-After") == "" {
				t.Errorf("token = %d %+v, want 503 with Retry-After", res.StatusCode, got)
			}
			engine.failing.Store(nil)
			w.bought(trade(code))
		})
	}
}

func TestAnAnswerThatGotLostIsNoSecondLogin(t *testing.T) {
	w, engine := openFaulty(t)
	code := w.code()
	engine.failing.Store(&fault{command: "Swap", place: ":code:", after: true})
	if res := w.redeem(trade(code)); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("token = %d, want 503", res.StatusCode)
	}
	engine.failing.Store(nil)
	if got := w.refused(trade(code)); got.Error != "invalid_grant" {
		t.Errorf("once more = %+v, want invalid_grant: nobody knows who has the tokens", got)
	}
}

func TestOutagesElsewhere(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault fault
		ask   func(*world) *http.Response
	}{
		{"a code cannot be kept", fault{command: "Add", place: ":code:"}, func(w *world) *http.Response {
			return w.authorize(w.SignIn(ada()), asking().Encode())
		}},
		{"codes cannot be counted", fault{command: "Count", place: "limit"}, func(w *world) *http.Response {
			return w.authorize(w.SignIn(ada()), asking().Encode())
		}},
		{"a long request cannot be kept", fault{command: "Put", place: ":authorize:"}, func(w *world) *http.Response {
			return w.authorize(nil, asking("state", strings.Repeat("s", 3<<10)).Encode())
		}},
		{"a request that waits cannot be read", fault{command: "Get", place: ":authorize:"}, func(w *world) *http.Response {
			return w.authorize(nil, "kept=x")
		}},
		{"a code that is wrong cannot be burnt", fault{command: "Delete", place: ":code:"}, func(w *world) *http.Response {
			return w.redeem(trade(w.code(), "redirect_uri", callback+"?x"))
		}},
		{"what a code bought cannot be taken back", fault{command: "Delete", place: ":access:"}, func(w *world) *http.Response {
			code := w.code()
			w.bought(trade(code))
			return w.redeem(trade(code))
		}},
		{"a code that is refused cannot be counted", fault{command: "Count", place: "limit"}, func(w *world) *http.Response {
			return w.redeem(trade("x"))
		}},
		{"an access token that is refused cannot be counted", fault{command: "Count", place: "limit"}, func(w *world) *http.Response {
			return w.userinfo("x")
		}},
		{"an access token cannot be read", fault{command: "Get", place: ":access:"}, func(w *world) *http.Response {
			return w.userinfo("x")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, engine := openFaulty(t)
			engine.failing.Store(&test.fault)
			if res := test.ask(w); res.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("the answer is %d, want 503", res.StatusCode)
			}
		})
	}
}
