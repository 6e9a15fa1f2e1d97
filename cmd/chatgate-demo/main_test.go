package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"chatgate/cmd/internal/app"
)

func TestTheDemoPrintsItsAddressesOnceItIsReady(t *testing.T) {
	for _, profile := range []string{"", "coral-oidc", "coral-sso", "talk4"} {
		t.Run("the comments are "+cmp.Or(profile, "not chosen"), func(t *testing.T) {
			args := []string{"--json", "--port", "0"}
			if profile != "" {
				args = append(args, "--talk", profile)
			}
			demoIsReady(t, args)
		})
	}
}

func demoIsReady(t *testing.T, args []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out := &lines{found: make(chan string, 1)}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args, out, io.Discard) }()
	var told addresses
	select {
	case line := <-out.found:
		if err := json.Unmarshal([]byte(line), &told); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	case err := <-ended:
		t.Fatalf("the demo ended: %v", err)
	}
	for name, address := range map[string]string{
		"gateway": told.Gateway, "admin": told.Admin, "provider": told.Provider, "rocketchat": told.RocketChat, "talk": told.Talk,
	} {
		response, err := (&http.Client{Transport: layout{}.transport()}).Get(address)
		if err != nil {
			t.Errorf("%s at %s: %v", name, address, err)
			continue
		}
		_ = response.Body.Close()
	}
	if len(told.Users) != 2 || told.Users[0] != (person{"ada", "ada"}) {
		t.Errorf("users = %v", told.Users)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
}

func TestTheDemoRefusesCommentsItDoesNotHave(t *testing.T) {
	var told bytes.Buffer
	err := run(t.Context(), []string{"--talk", "disqus"}, io.Discard, &told)
	if err == nil || !strings.Contains(told.String(), "[coral-oidc coral-sso talk4]") {
		t.Errorf("run(--talk disqus) = %v after\n%s\nwant an error and the profiles there are", err, &told)
	}
}

func TestTheGuideSaysWhoseTheCommentsAre(t *testing.T) {
	for profile, whose := range profiles {
		if guide := start(t, worldConfig{Talk: profile}).guide(""); !strings.Contains(guide, whose) {
			t.Errorf("%s: the guide does not say %q:\n%s", profile, whose, guide)
		}
	}
}

func TestTheDemoHasOneProviderOrTwo(t *testing.T) {
	for _, count := range []string{"0", "3", "-1"} {
		if err := run(t.Context(), []string{"-providers", count}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "1 or 2") {
			t.Errorf("run(-providers %s) = %v, want an error that says what there is", count, err)
		}
	}
	w := start(t, worldConfig{Partners: true})
	if guide := w.guide(""); !strings.Contains(guide, "carol / carol and dave / dave") {
		t.Errorf("the guide names nobody of the second provider:\n%s", guide)
	}
	v := w.visitor(t)
	begun := v.send(http.MethodGet, w.Addresses().Gateway+"/login?provider=partners", "")
	back, err := w.Partners.SignIn(v.client, begun.header.Get("Location"), "carol", "carol")
	if err != nil {
		t.Fatal(err)
	}
	v.open(back.String())
	if got := v.rocketChatToken(); got.status != http.StatusOK {
		t.Errorf("Rocket.Chat's token = %d %s, want one", got.status, got.body)
	}
	if got := v.talkToken(); got.status != http.StatusForbidden {
		t.Errorf("the comments' token = %d %s, want 403", got.status, got.body)
	}
}

// H27: a container publishes what listens on its own address, not on its loopback.
func TestTheDemoListensWhereItIsTold(t *testing.T) {
	for _, test := range []struct{ flag, role, want string }{
		{"", "sso", "127.0.0.1:8440"},
		{"0.0.0.0", "sso", "0.0.0.0:8440"},
		{"::", "chat", "[::]:8440"},
		{"0.0.0.0", "admin", "127.0.0.1:8440"},
	} {
		address, err := listenAddress(test.flag)
		if err != nil {
			t.Errorf("listenAddress(%q) = %v", test.flag, err)
		}
		if got := (layout{Address: address}).address(test.role, 8440); got != test.want {
			t.Errorf("with -listen %q %s listens on %s, want %s", test.flag, test.role, got, test.want)
		}
	}
	for _, wrong := range []string{"localhost", "127.0.0.1:8440", "::1"} {
		if err := run(t.Context(), []string{"-listen", wrong}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "-listen: must be") {
			t.Errorf("run(-listen %s) = %v, want an error that says what it must be", wrong, err)
		}
	}
	open := &world{hosts: start(t, worldConfig{}).hosts, served: layout{Address: netip.IPv4Unspecified()}.served()}
	if guide := open.guide(""); !strings.Contains(guide, "whoever reaches that can sign in as ada") || strings.Contains(guide, "loopback only") {
		t.Errorf("the guide does not say who can get here:\n%s", guide)
	}
}

// The file is for commands while the demo runs: nobody else reads it, nothing is written over, and nothing stays.
func TestTheDemoLendsItsConfiguration(t *testing.T) {
	w := start(t, worldConfig{})
	path := filepath.Join(t.TempDir(), "demo.yaml")
	forget, err := w.lendConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if guide := w.guide(path); !strings.Contains(guide, "explain --config "+path) {
		t.Errorf("the guide does not say how to ask why:\n%s", guide)
	}
	if about, err := os.Stat(path); err != nil || about.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want one that its owner alone reads", about, err)
	}
	if _, err := w.lendConfig(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("lendConfig over a file = %v, want it refused", err)
	}
	refused := w.visitor(t).send(http.MethodGet, w.Addresses().Gateway+"/login?return_to=https://elsewhere.example/", "")
	eventually(t, "the commands can tell why a request was refused", func() bool {
		found, err := commands(t, path).Explain(t.Context(), refused.header.Get("X-Request-Id"))
		return err == nil && found.Code == "return_to_refused"
	})
	forget()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}

// commands are what chatgate's commands work with, on the configuration in a file.
func commands(t *testing.T, path string) *app.Tools {
	t.Helper()
	loaded, err := app.Load(path, app.Chats(), nil)
	if err != nil {
		t.Fatal(err)
	}
	tools, err := app.OpenTools(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tools.Close() })
	return tools
}

// lines hands over the first line written.
type lines struct {
	mu    sync.Mutex
	text  bytes.Buffer
	found chan string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if line, err := l.text.ReadString('\n'); err == nil {
		l.found <- line
	}
	return len(p), nil
}
