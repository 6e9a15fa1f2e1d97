package talk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/limit"
	"chatgate/store"
	"chatgate/store/memstore"
)

func TestConnector(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.CoralOIDC, talk.Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			chattest.Run(t, chattest.Setup{
				TokenKey: "token",
				New: func(t *testing.T) chattest.Subject {
					w := open(t, site(profile), chattest.Options{})
					return chattest.Subject{Env: w.Env, Connector: w.connector, Handler: w.handler, Identity: ada()}
				},
			})
		})
	}
}

func TestAWarmTokenCostsOneCommand(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	cookie := w.SignIn(ada())
	w.token(http.MethodGet, cookie)
	before := w.Commands()
	w.token(http.MethodGet, cookie)
	if got := w.Commands() - before; got != 1 {
		t.Errorf("a warm token takes %d commands, want the one that reads the session", got)
	}
}

// errAway is what an engine says that cannot be reached.
var errAway = fmt.Errorf("dial: %w", store.ErrUnavailable)

// faulty is an engine that fails one kind of command on demand.
type faulty struct {
	store.Engine
	failing atomic.Pointer[fault]
}

type fault struct {
	command, place string
	err            error
}

func (f *faulty) check(command, key string) error {
	if at := f.failing.Load(); at != nil && at.command == command && strings.Contains(key, at.place) {
		return at.err
	}
	return nil
}

func (f *faulty) Get(ctx context.Context, key string) ([]byte, error) {
	if err := f.check("Get", key); err != nil {
		return nil, err
	}
	return f.Engine.Get(ctx, key)
}

func (f *faulty) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return errors.Join(f.check("Put", key), f.Engine.Put(ctx, key, value, ttl))
}

func (f *faulty) Count(ctx context.Context, key string, window time.Duration) (int64, time.Duration, error) {
	if err := f.check("Count", key); err != nil {
		return 0, 0, err
	}
	return f.Engine.Count(ctx, key, window)
}

func (f *faulty) GetHash(ctx context.Context, key string, fields ...string) ([][]byte, error) {
	if err := f.check("GetHash", key); err != nil {
		return nil, err
	}
	return f.Engine.GetHash(ctx, key, fields...)
}

func (f *faulty) SetHash(ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration) error {
	if err := f.check("SetHash", key); err != nil {
		return err
	}
	return f.Engine.SetHash(ctx, key, anchor, set, remove, ttl)
}

func TestNoTokenLeavesUnlessItIsKept(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  fault
		status int
		code   string
	}{
		{"the session cannot be read (S67)", fault{"GetHash", "session", errAway}, 503, "store_unavailable"},
		{"the limit cannot be counted", fault{"Count", "limit", errAway}, 503, "store_unavailable"},
		{"whose it is cannot be remembered", fault{"Put", "talk", errAway}, 503, "store_unavailable"},
		{"it cannot be kept", fault{"SetHash", "session", errAway}, 503, "store_unavailable"},
		{"the session ended meanwhile (D21)", fault{"SetHash", "session", store.ErrConflict}, 401, "session_required"},
		{"the store is of no known mind", fault{"SetHash", "session", errors.New("what is this")}, 500, "internal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			engine := &faulty{Engine: memstore.New(memstore.Config{})}
			w := open(t, site(talk.CoralSSO), chattest.Options{Engine: engine, Limits: &limit.Settings{TalkTokensPerSession: 10}})
			cookie := w.SignIn(ada())
			engine.failing.Store(&test.fault)
			res := w.ask(http.MethodPost, cookie)
			got := decode[problemBody](t, res)
			if res.StatusCode != test.status || got.Code != test.code {
				t.Errorf("POST /token = %d %q, want %d %q", res.StatusCode, got.Code, test.status, test.code)
			}
			if got := res.Header.Get("Access-Control-Allow-Origin"); got != newsURL {
				t.Errorf("Access-Control-Allow-Origin = %q, want %q on errors too", got, newsURL)
			}
			engine.failing.Store(nil)
			w.token(http.MethodPost, cookie) // it recovers by itself (D26)
		})
	}
}

// TestAReplicaThatCannotOpenTheKeyOfUserIDsSaysSo: it lacks a sealing key that others have, which is no mistake of the
// caller's, no ending of a session and no refusal of a token (D23).
func TestAReplicaThatCannotOpenTheKeyOfUserIDsSaysSo(t *testing.T) {
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	w := open(t, site(talk.CoralSSO), chattest.Options{Engine: engine})
	cookie := w.SignIn(ada())
	token := w.token(http.MethodGet, cookie).Token
	replica := &world{Env: w.Replica(), t: t}
	replica.reopen(site(talk.CoralSSO))
	engine.failing.Store(&fault{"Get", "names", store.ErrUnknownKey})
	for path, res := range map[string]*http.Response{
		"/token": replica.ask(http.MethodPost, cookie), "/user": replica.whose(token),
	} {
		if got := decode[problemBody](t, res); res.StatusCode != http.StatusServiceUnavailable || got.Code != "store_unavailable" {
			t.Errorf("%s = %d %q, want 503 store_unavailable", path, res.StatusCode, got.Code)
		}
	}
	engine.failing.Store(nil)
	if res := replica.whose(token); res.StatusCode != http.StatusOK {
		t.Errorf("/user once the key opens = %d, want 200", res.StatusCode)
	}
}

func TestUserTellsAnOutageFromAnEnding(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  fault
		status int
	}{
		{"the limit cannot be counted, which holds for tokens that are refused", fault{"Count", "limit", errAway}, 200},
		{"the record of the token cannot be read", fault{"Get", "talk", errAway}, 503},
		{"the record of the token is garbage (S68)", fault{"Get", "talk", store.ErrCorrupt}, 404},
		{"the session cannot be read", fault{"GetHash", "session", errAway}, 503},
	} {
		t.Run(test.name, func(t *testing.T) {
			engine := &faulty{Engine: memstore.New(memstore.Config{})}
			w := open(t, site(talk.CoralSSO), chattest.Options{Engine: engine, Limits: &limit.Settings{TalkUsersPerAddress: 10}})
			token := w.token(http.MethodGet, w.SignIn(ada())).Token
			engine.failing.Store(&test.fault)
			if res := w.whose(token); res.StatusCode != test.status {
				t.Errorf("GET /user = %d, want %d", res.StatusCode, test.status)
			}
		})
	}
}

func TestMoveSessionSaysWhenTheStoreIsAway(t *testing.T) {
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	w := open(t, site(talk.CoralSSO), chattest.Options{Engine: engine})
	cookie := w.SignIn(ada())
	w.token(http.MethodGet, cookie)
	s := w.Session(cookie)
	engine.failing.Store(&fault{"GetHash", "session", errAway})
	if err := w.connector.(chat.SessionMover).MoveSession(ctx(), s, s); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("MoveSession() = %v, want that the store is unavailable", err)
	}
}
