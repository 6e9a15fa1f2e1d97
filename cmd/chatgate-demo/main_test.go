package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
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
		if guide := start(t, worldConfig{Talk: profile}).guide(); !strings.Contains(guide, whose) {
			t.Errorf("%s: the guide does not say %q:\n%s", profile, whose, guide)
		}
	}
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
