package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
	"chatgate/store/storetest/redistest"
)

// lasting is what a person keeps, whatever happens to Redis short of losing its durable part.
type lasting struct {
	account string // in Rocket.Chat
	reader  string // the user id at the comments
	key     string // the id of the key that signs for them
}

// lastingOf signs a person in and looks.
func lastingOf(t *testing.T, v *visitor, username string) (found lasting, loginToken string) {
	t.Helper()
	v.signIn("/login?prompt=login", username)
	chat := v.rocketChatToken().json(t)
	found.account, _ = chat["userId"].(string)
	loginToken, _ = chat["loginToken"].(string)
	token, _ := v.talkToken().json(t)["token"].(string)
	viewer, err := v.w.Coral.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	found.reader = viewer.User.ID
	var keys struct {
		Keys []struct {
			KID string `json:"kid"`
		} `json:"keys"`
	}
	published := v.send(http.MethodGet, v.w.Addresses().Gateway+"/talk/jwks.json", "")
	if err := json.Unmarshal([]byte(published.body), &keys); err != nil || len(keys.Keys) != 1 {
		t.Fatalf("published keys = %s", published.body)
	}
	found.key = keys.Keys[0].KID
	if found.account == "" || found.reader == "" || found.key == "" || !v.w.RocketChat.Alive(loginToken) {
		t.Fatalf("%s has %+v, the login alive: %t", username, found, v.w.RocketChat.Alive(loginToken))
	}
	return found, loginToken
}

// TestWhatIsPassingMayBeLost: without everything under t: people sign in again, and nothing worse (D24).
func TestWhatIsPassingMayBeLost(t *testing.T) {
	redis := redistest.Start(t)
	w := start(t, worldConfig{Redis: redis.Addr})
	v := w.visitor(t)
	before, forgotten := lastingOf(t, v, "ada")
	if n := unlink(t, redis, "chatgate:t:*"); n == 0 {
		t.Fatal("nothing was passing")
	}
	if got := v.rocketChatToken(); got.status != http.StatusUnauthorized {
		t.Errorf("without its record the session = %d, want 401", got.status)
	}
	after, token := lastingOf(t, w.visitor(t), "ada")
	if after != before {
		t.Errorf("signed in again ada has %+v, had %+v", after, before)
	}
	if w.RocketChat.Count("users.create") != 1 {
		t.Error("ada was given a second account")
	}
	runReplica(t, w.another(t, app.Lends{Now: func() time.Time { return time.Now().Add(25 * time.Hour) }}))
	eventually(t, "the ledger has both logins revoked at the end of their sessions", func() bool {
		return !w.RocketChat.Alive(forgotten) && !w.RocketChat.Alive(token)
	})
}

// TestABackupInAnEmptyRedisLosesNoLink follows the README to the letter (D24).
func TestABackupInAnEmptyRedisLosesNoLink(t *testing.T) {
	redis := redistest.Start(t)
	w := start(t, worldConfig{Redis: redis.Addr})
	steps := readmeCommands(t, "Back up and restore")
	if len(steps) != 3 {
		t.Fatalf("the README has %d blocks of commands on backups, want to back up, to put the file in its place, and to tidy up", len(steps))
	}
	ada := w.visitor(t)
	before, _ := lastingOf(t, ada, "ada")
	here := t.TempDir()
	shell(t, here, redis, steps[0])
	ada.signOut()
	held := ada.client.Jar // the cookie of a session that has ended since
	shell(t, here, redis, strings.ReplaceAll(steps[1], "/var/lib/redis", here))
	redis.Stop()

	empty := redistest.Start(t, "--dir", here)
	if told := shell(t, here, empty, steps[2]); strings.HasSuffix(strings.TrimSpace(told), "\n0") || !strings.Contains(told, "OK") {
		t.Errorf("tidying up says %q", told)
	}
	if left := keysOf(t, empty, "chatgate:t:*"); left != 0 {
		t.Errorf("%d passing records are left", left)
	}
	if got := empty.Do(t, "config", "get", "appendonly"); !strings.Contains(got, "yes") {
		t.Errorf("appendonly is %s", got)
	}
	restored := w.elsewhere(t, empty.Addr, func(config string) string { return config })
	gone := w.visitor(t)
	gone.client.Jar = held
	if got := gone.at(restored).rocketChatToken(); got.status != http.StatusUnauthorized {
		t.Errorf("a session that ended after the backup = %d, want 401", got.status)
	}
	after, _ := lastingOf(t, w.visitor(t).at(restored), "ada")
	if after != before {
		t.Errorf("restored, ada has %+v, had %+v", after, before)
	}
	bob := w.visitor(t).at(restored)
	_, bobs := lastingOf(t, bob, "bob")
	bob.signOut()
	eventually(t, "sign-outs reach Rocket.Chat", func() bool { return !w.RocketChat.Alive(bobs) })
}

// readmeCommands are the shell blocks of a section.
func readmeCommands(t *testing.T, section string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	if !found {
		t.Fatalf("the README has no section %q", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	for i, part := range strings.Split(rest, "```") {
		if script, isShell := strings.CutPrefix(part, "sh\n"); isShell && i%2 == 1 {
			blocks = append(blocks, script)
		}
	}
	return blocks
}

// shell runs commands in a folder, where redis-cli is that of one server.
func shell(t *testing.T, dir string, redis *redistest.Server, script string) string {
	t.Helper()
	program, err := exec.LookPath("redis-cli")
	if err != nil {
		needed(t, "redis-cli is not in the PATH")
	}
	host, port, err := net.SplitHostPort(redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	wrapper := fmt.Sprintf("#!/bin/sh\nexec %s -h %s -p %s \"$@\"\n", program, host, port)
	if err := os.WriteFile(filepath.Join(bin, "redis-cli"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = dir, slices.Concat(os.Environ(), []string{"PATH=" + bin + ":" + os.Getenv("PATH")})
	told, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v: %s", script, err, told)
	}
	return string(told)
}

func keysOf(t *testing.T, redis *redistest.Server, pattern string) int {
	t.Helper()
	keys, err := redis.Client(t).Keys(t.Context(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	return len(keys)
}

// unlink forgets all keys that match.
func unlink(t *testing.T, redis *redistest.Server, pattern string) int {
	t.Helper()
	client := redis.Client(t)
	keys, err := client.Keys(t.Context(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) > 0 {
		client.Unlink(t.Context(), keys...)
	}
	return len(keys)
}
