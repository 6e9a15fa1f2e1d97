package oidc_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"chatgate/oidc"
)

// logBook keeps what was logged.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// wantRefused checks that a sign-in came to nothing, for the right reason.
func wantRefused(t *testing.T, identity oidc.Identity, tokens oidc.Tokens, err error, want oidc.Reason) {
	t.Helper()
	var refused *oidc.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, oidc.ErrRefused) {
		t.Fatalf("err = %v, want ErrRefused with reason %s", err, want)
	}
	if refused.Reason != want {
		t.Errorf("reason = %q, want %q (%v)", refused.Reason, want, err)
	}
	if want.Clause() == "" || !strings.Contains(err.Error(), want.Clause()) {
		t.Errorf("error %q names no clause", err)
	}
	wantNothing(t, identity, tokens)
}

// claimText is a claim of a token's payload.
func claimText(t *testing.T, payload []byte, name string) string {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	text, _ := claims[name].(string)
	return text
}

func wantNothing(t *testing.T, identity oidc.Identity, tokens oidc.Tokens) {
	t.Helper()
	if identity.Subject != "" || identity.Provider != "" || tokens != (oidc.Tokens{}) {
		t.Errorf("a refused sign-in gave identity %+v and tokens", identity)
	}
}
