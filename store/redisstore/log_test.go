package redisstore_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"chatgate/store/redisstore"
)

// said is what go-redis has said to the log of this test binary.
var said logged

type logged struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(line)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func TestMain(m *testing.M) {
	redisstore.LogTo(slog.New(slog.NewJSONHandler(&said, nil)))
	goleak.VerifyTestMain(m)
}

func TestWhatTheClientSaysIsLogged(t *testing.T) {
	t.Parallel()
	if err := open(t, at("127.0.0.1:2")).Ping(t.Context()); err == nil {
		t.Fatal("Ping() of nobody succeeded")
	}
	if got := said.String(); !strings.Contains(got, `"msg":"redis client reported"`) || !strings.Contains(got, "127.0.0.1:2") {
		t.Errorf("the log says %s", got)
	}
}
