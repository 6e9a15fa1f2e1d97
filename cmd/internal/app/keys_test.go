package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
	"chatgate/store"
	"chatgate/store/memstore"
)

const day = 24 * time.Hour

// keyed is a gateway with one chat that has signing keys; a test says how they are kept.
const keyed = `baseURL: https://sso.example.org
sealing:
  current: a
  keys: {a: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
redis:
  standalone: {address: "cache:6379"}
providers:
  corp:
    issuer: https://idp.example.org
    client: {id: chatgate, secret: provider-secret}
chats:
  talk:
    profile: talk4
    access: {providers: [corp], anyone: true}
    url: https://talk.example.org
`

// keyWorld is a store, a clock and a log for gateways on them.
type keyWorld struct {
	source string
	engine *memstore.Store
	moved  atomic.Int64
	log    bytes.Buffer
}

func newKeyWorld(settings string) *keyWorld {
	w := &keyWorld{source: keyed + settings}
	w.engine = memstore.New(memstore.Config{Now: w.now})
	return w
}

func (w *keyWorld) now() time.Time {
	return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).Add(time.Duration(w.moved.Load()))
}

func (w *keyWorld) lends() app.Lends {
	return app.Lends{Log: slog.New(slog.NewJSONHandler(&w.log, nil)), Engine: w.engine, Now: w.now}
}

func (w *keyWorld) config(t *testing.T) *app.Config {
	t.Helper()
	loaded, err := parse(t, w.source)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Config
}

func (w *keyWorld) open(t *testing.T) *app.App {
	t.Helper()
	a, err := app.Open(w.config(t), w.lends())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *keyWorld) load(t *testing.T, a *app.App) {
	t.Helper()
	if err := a.LoadKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// keySamples are the lines of /metrics about keys, without comments.
func keySamples(t *testing.T, a *app.App) []string {
	t.Helper()
	w := httptest.NewRecorder()
	a.Server().Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("GET /metrics = %d, %v: %s", w.Code, err, body)
	}
	samples := []string{}
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "chatgate_signing_key") || strings.HasPrefix(line, "chatgate_keyring") {
			samples = append(samples, strings.TrimSpace(line))
		}
	}
	return samples
}

func TestMetricsTellOfKeysAndTheirRotation(t *testing.T) { // G3
	w := newKeyWorld("")
	a := w.open(t)
	unread := []string{
		"chatgate_keyring_last_read_timestamp_seconds 0",
		`chatgate_keyring_reads_total{result="clocks"} 0`,
		`chatgate_keyring_reads_total{result="failed"} 0`, `chatgate_keyring_reads_total{result="ok"} 0`,
	}
	if diff := cmp.Diff(unread, keySamples(t, a)); diff != "" {
		t.Errorf("metrics before the keys were read (-want +got):\n%s", diff)
	}
	w.load(t, a)
	w.moved.Store(int64(90*day - 15*time.Minute))
	w.load(t, a)
	want := append(unread,
		`chatgate_signing_key_age_seconds{chat="talk"} 7.7751e+06`,
		`chatgate_signing_key_next_rotation_timestamp_seconds{chat="talk"} 1.8030384e+09`,
		`chatgate_signing_keys{chat="talk",state="published"} 0`,
		`chatgate_signing_keys{chat="talk",state="signing"} 1`,
		`chatgate_signing_keys{chat="talk",state="waiting"} 1`,
	)
	if diff := cmp.Diff(want, keySamples(t, a)); diff != "" {
		t.Errorf("metrics while the next key waits (-want +got):\n%s", diff)
	}
	w.moved.Store(int64(90 * day))
	want[5] = `chatgate_signing_key_next_rotation_timestamp_seconds{chat="talk"} 1.8108144e+09`
	want[4] = `chatgate_signing_key_age_seconds{chat="talk"} 900`
	want[6], want[8] = strings.Replace(want[6], "} 0", "} 1", 1), strings.Replace(want[8], "} 1", "} 0", 1)
	if diff := cmp.Diff(want, keySamples(t, a)); diff != "" {
		t.Errorf("metrics when it has taken over (-want +got):\n%s", diff)
	}
}

func TestMetricsTellWhenTheKeysWereLastRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newKeyWorld("")
		engine := &keyless{Engine: memstore.New(memstore.Config{})}
		lends := w.lends()
		lends.Engine, lends.Now = engine, nil
		a, err := app.Open(w.config(t), lends)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.RunKeys(ctx) }()
		synctest.Wait()
		read := keySamples(t, a)[0]
		engine.away.Store(true)
		time.Sleep(10 * time.Minute)
		got := keySamples(t, a)
		if got[0] != read || strings.HasSuffix(read, " 0") || strings.HasSuffix(got[2], " 0") || !strings.HasSuffix(got[3], " 1") {
			t.Errorf("metrics with the store away = %v, want failures and the time of the only reading, %s", got[:4], read)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("RunKeys() = %v", err)
		}
	})
}

func TestMetricsTellOfAClockThatIsWrong(t *testing.T) { // S97
	synctest.Test(t, func(t *testing.T) {
		w := newKeyWorld("")
		lends := w.lends()
		lends.Engine, lends.Now = memstore.New(memstore.Config{}), nil
		good, err := app.Open(w.config(t), lends)
		if err != nil {
			t.Fatal(err)
		}
		w.load(t, good)
		lends.Now = func() time.Time { return time.Now().Add(91 * day) }
		wrong, err := app.Open(w.config(t), lends)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- wrong.RunKeys(ctx) }()
		synctest.Wait()
		got := keySamples(t, wrong)
		want := []string{
			`chatgate_keyring_reads_total{result="clocks"} 1`, `chatgate_keyring_reads_total{result="failed"} 0`,
			`chatgate_keyring_reads_total{result="ok"} 0`,
		}
		if diff := cmp.Diff(want, got[1:4]); diff != "" || strings.HasSuffix(got[0], " 0") {
			t.Errorf("metrics with a wrong clock = %s, want the time of the reading, and (-want +got):\n%s", got[0], diff)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("RunKeys() = %v", err)
		}
	})
}

// keyless is a store that can go away.
type keyless struct {
	store.Engine
	away atomic.Bool
}

func (k *keyless) Get(ctx context.Context, key string) ([]byte, error) {
	if k.away.Load() {
		return nil, store.ErrUnavailable
	}
	return k.Engine.Get(ctx, key)
}

func TestKeysThatTheGatewayAddsAreAudited(t *testing.T) { // S142
	w := newKeyWorld("")
	a, other := w.open(t), w.open(t)
	w.load(t, a)
	w.load(t, other)
	w.moved.Store(int64(90 * day))
	w.load(t, other)
	w.load(t, a)
	var lines []string
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, `"audit":true`) {
			lines = append(lines, regexp.MustCompile(`"(time|kid)":"[^"]*",`).ReplaceAllString(strings.TrimSpace(line), ""))
		}
	}
	const common = `{"level":"INFO","msg":"signing key added","audit":true,"act":"signing_key_added",`
	want := []string{
		common + `"reason":"first_key","actor":"gateway","chat":"talk","signs_from":"2026-11-21T12:00:00Z"}`,
		common + `"reason":"scheduled","actor":"gateway","chat":"talk","signs_from":"2027-02-19T12:15:00Z"}`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("audit lines of two replicas (-want +got):\n%s", diff)
	}
}

func TestDoctorJudgesSigningKeys(t *testing.T) { // G3, S99
	file := filepath.Join(t.TempDir(), "own.pem")
	pem, _, err := app.GenerateKey(2048)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(pem.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	fromFile := "    signingKeys: {files: [\"" + file + "\"]}\n"
	const byCommand = "    signingKeys: {rotateEvery: 0s}\n"
	for _, tt := range []struct {
		name     string
		settings string
		prepare  func(t *testing.T, w *keyWorld)
		level    app.Level
		want     string
	}{
		{"before the gateway was ever started", "", func(*testing.T, *keyWorld) {},
			app.Well, "none yet: the gateway makes the first one"},
		{"a young key with a schedule", "", after(0), app.Well, "made today; another takes over at 2027-02-19 12:00 UTC"},
		{"a key whose turn is over", "", after(90*day + time.Minute),
			app.Warning, "was to take over at 2027-02-19 12:00 UTC, and no gateway has added it"},
		{"a key of yesterday", "", after(day), app.Well, "made 1 day ago; another"},
		{"a key without a schedule", byCommand, after(365 * day),
			app.Well, "made 365 days ago; another takes over when chatgate keys rotate says so"},
		{"an old key without a schedule", byCommand, after(366 * day),
			app.Warning, "nothing replaces it: set chats.talk.signingKeys.rotateEvery"},
		{"a file", fromFile, after(0),
			app.Well, "signs, from a file; 1 key is published. They change when chats.talk.signingKeys.files does"},
		{"a file that everybody may read", fromFile, func(t *testing.T, _ *keyWorld) {
			if err := os.Chmod(file, 0o644); err != nil {
				t.Fatal(err)
			}
		}, app.Warning, "everybody on this machine may read " + file},
		{"keys that cannot be opened", "", func(t *testing.T, w *keyWorld) {
			after(0)(t, w)
			w.source = strings.Replace(w.source, "MDEy", "MDEx", 1)
		}, app.Failure, "a gateway that starts now signs nothing for this chat"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newKeyWorld(tt.settings)
			tt.prepare(t, w)
			tools, err := app.OpenTools(w.config(t), w.lends())
			if err != nil {
				t.Fatal(err)
			}
			found := tools.ExamineKeys(t.Context())
			if len(found) != 1 || found[0].About != "chat talk" || found[0].Level != tt.level || !strings.Contains(sentence(found[0]), tt.want) {
				t.Errorf("ExamineKeys() = %+v, want %s with %q", found, tt.level, tt.want)
			}
		})
	}
}

// after has a gateway make its keys, and stand still from then on.
func after(d time.Duration) func(*testing.T, *keyWorld) {
	return func(t *testing.T, w *keyWorld) {
		w.load(t, w.open(t))
		w.moved.Store(int64(d))
	}
}
