package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"chatgate/cmd/internal/cli"
)

// silent is somebody who is asked and does not answer. The first question ends the context: Ctrl-C.
type silent struct {
	asked context.CancelFunc
	once  sync.Once
	ever  chan struct{}
}

func (s *silent) Read([]byte) (int, error) {
	s.once.Do(s.asked)
	<-s.ever
	return 0, errors.New("somebody answered")
}

// askedAbout is a configuration of an installation of which only Redis answers.
const askedAbout = `baseURL: http://127.0.0.1:1
development: true
sealing: {current: a, keys: {a: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}
redis: {standalone: {address: "REDIS"}}
providers: {corp: {issuer: "http://127.0.0.1:1", client: {id: chatgate, secret: s}}}
chats:
  rocketchat: {access: {anyone: true}, url: "http://127.0.0.1:1", api: {allowHTTP: true, userID: a, token: t, createTokenSecret: x}}
`

// TestAnEndComesWhileSomebodyIsAsked: Ctrl-C and SIGTERM end a command that waits for an answer, and nothing is done.
func TestAnEndComesWhileSomebodyIsAsked(t *testing.T) {
	folder := t.TempDir()
	config := filepath.Join(folder, "chatgate.yaml")
	if err := os.WriteFile(config, []byte(strings.Replace(askedAbout, "REDIS", miniredis.RunT(t).Addr(), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"init", []string{"init", "--interactive", "--out", filepath.Join(folder, "new")}, "nothing was written: interrupted"},
		{"sessions revoke", []string{"sessions", "revoke", "--all", "--config", config}, "nothing was changed: interrupted"},
		{"talk verify", []string{"talk", "verify", "--profile", "talk4", "--issuer", "https://x.example", "--audience", "talk", "--secret-file", config}, "interrupted"},
	} {
		for when, prepare := range map[string]func(stop context.CancelFunc) context.CancelFunc{
			"while it waits": func(stop context.CancelFunc) context.CancelFunc { return stop },
			"before":         func(stop context.CancelFunc) context.CancelFunc { stop(); return stop },
		} {
			t.Run(c.name+" "+when, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				in := &silent{asked: prepare(stop), ever: make(chan struct{})}
				defer close(in.ever)
				var out, problems bytes.Buffer
				code := cli.Run(ctx, c.args, cli.Streams{Out: &out, Err: &problems, In: in})
				if code != 1 || when != "before" && !strings.Contains(problems.String(), c.want) {
					t.Errorf("exits with %d, want 1 and %q:\n%s%s", code, c.want, &out, &problems)
				}
			})
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("init has written something: %v", err)
	}
}
