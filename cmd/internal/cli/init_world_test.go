package cli_test

import (
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
)

// startAddresses is the command addresses: it starts a provider and a Rocket.Chat that know nothing of a gateway, and sets
// $PROVIDER, $CHAT and what the service account has.
func startAddresses(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: addresses")
	}
	chat, provider := listen(ts), listen(ts)
	workspace := rocketchattest.New(rocketchattest.Config{URL: addressOf(chat)})
	userID, token := workspace.ServiceAccount()
	serve(ts, chat, workspace)
	serve(ts, provider, oidctest.New(oidctest.Config{Issuer: addressOf(provider)}))
	for name, value := range map[string]string{
		"CHAT": addressOf(chat), "PROVIDER": addressOf(provider), "SERVICE_ID": userID, "SERVICE_TOKEN": token,
	} {
		ts.Setenv(name, value)
	}
}

// putSecret is the command secret: somebody puts a text into a secret's file.
func putSecret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: secret FILE TEXT")
	}
	writeSecret(ts, filepath.FromSlash(args[0]), args[1])
}

// checkPrivate is the command private: nobody but their owner may read these files, or enter these folders.
func checkPrivate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: private FILE...")
	}
	for _, name := range args {
		about, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if about.Mode().Perm()&0o077 != 0 {
			ts.Fatalf("%s is open to others: %v", name, about.Mode())
		}
	}
}
