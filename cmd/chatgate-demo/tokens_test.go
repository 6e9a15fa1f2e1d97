package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestTokensVerifyWithTheLibrariesOfTalkAndCoral: a token of the running gateway, its published keys fetched over HTTP, and
// the very libraries that Coral verifies with.
func TestTokensVerifyWithTheLibrariesOfTalkAndCoral(t *testing.T) { // G2, G19
	verifier, err := filepath.Abs("../../.ci/tokens/verify.mjs")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		needed(t, "node is not in the PATH")
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(verifier), "../node_modules/jwks-rsa")); err != nil {
		needed(t, "the Node packages of .ci are not installed: npm ci --prefix .ci")
	}
	w := start(t, worldConfig{})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	token := v.talkToken().json(t)["token"].(string)
	gateway := w.Addresses().Gateway

	verify := func(issuer, audience, token string) (accepted bool, reason string) {
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		// The names below localhost are this machine's, whatever its resolver thinks of them.
		jwks := "http://" + w.hosts["sso"].listener.Addr().String() + "/talk/.well-known/jwks.json"
		out, err := exec.CommandContext(ctx, node, verifier, "--profile", "coral-oidc",
			"--jwks", jwks, "--issuer", issuer, "--audience", audience, token).Output()
		var told struct {
			Accepted bool   `json:"accepted"`
			Reason   string `json:"reason"`
		}
		if jsonErr := json.Unmarshal(out, &told); jsonErr != nil {
			t.Fatalf("the verifier says %q, %v", out, err)
		}
		return told.Accepted, string(out)
	}
	if accepted, told := verify(gateway+"/talk", "coral", token); !accepted {
		t.Errorf("refused: %s", told)
	}
	if accepted, told := verify(gateway+"/talk/", "coral", token); accepted {
		t.Errorf("accepted under another issuer: %s", told)
	}
	forged := token[:len(token)-4] + "AAAA"
	if accepted, told := verify(gateway+"/talk", "coral", forged); accepted {
		t.Errorf("accepted with another signature: %s", told)
	}
}

// needed skips a test whose parts are missing, except where all parts are promised.
func needed(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}
