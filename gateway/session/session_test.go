package session_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
	"chatgate/store/memstore"
)

var (
	ada = oidc.Identity{Provider: "corp", Subject: "ada-1", SID: "idp-7", Username: "ada", Email: "ada@example.org", EmailVerified: true}
	bob = oidc.Identity{Provider: "corp", Subject: "bob-2", SID: "idp-8", Username: "bob"}
)

// house is a manager on a store whose clock and follower the test holds.
type house struct {
	*session.Manager
	engine   *memstore.Store
	store    *store.Store
	clock    *clock
	follower *follower
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// follower records what it was told, and fails when asked to.
type follower struct {
	mu           sync.Mutex
	ended, moved []string
	refused      []string
	rechecked    []oidc.Identity
	fail         error
	failMove     bool
	failAt       int // the call of RecheckSession, counted from 1, that fails
	failAfter    int // calls of EndSession; all later ones fail
	onEnd        func()
}

func (f *follower) EndSession(_ context.Context, s session.Session) error {
	f.mu.Lock()
	f.ended = append(f.ended, s.Key)
	late := f.failAfter > 0 && len(f.ended) > f.failAfter
	f.mu.Unlock()
	if late {
		return errors.New("the outbox is away")
	}
	if f.onEnd != nil {
		f.onEnd()
	}
	return f.fail
}

func (f *follower) MoveSession(_ context.Context, from, to session.Session) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moved = append(f.moved, from.Key+" to "+to.Key)
	if f.failMove {
		return errors.New("the outbox is away")
	}
	return f.fail
}

func (f *follower) RecheckSession(_ context.Context, former, now session.Session) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rechecked = append(f.rechecked, now.Identity)
	if len(f.rechecked) == f.failAt {
		return errors.New("the outbox is away")
	}
	return f.fail
}

func (f *follower) Refused(_ context.Context, s session.Session, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = append(f.refused, s.Key)
}

func key(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

func open(t *testing.T, change ...func(*session.Config)) *house {
	t.Helper()
	h := &house{clock: &clock{at: time.Unix(1_800_000_000, 0)}, follower: &follower{}}
	h.engine = memstore.New(memstore.Config{Now: h.clock.now})
	return h.reopen(t, map[string][]byte{"one": key(1)}, "one", change...)
}

// reopen is the same house after a deployment with these sealing keys.
func (h *house) reopen(t *testing.T, keys map[string][]byte, current string, change ...func(*session.Config)) *house {
	t.Helper()
	sealer, err := store.NewSealer(current, keys)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.New(store.Config{Engine: h.engine, Sealer: sealer, Now: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	cfg := session.Config{
		Store: st, Names: store.NewNames(st), Heartbeat: store.NewHeartbeat(st),
		Settings: session.Settings{Idle: time.Hour, Absolute: 8 * time.Hour},
		Chats:    map[string]time.Duration{"rocketchat": 0, "talk": 0},
		Log:      slog.New(slog.DiscardHandler), Now: h.clock.now,
	}
	for _, c := range change {
		c(&cfg)
	}
	m, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.Follow(h.follower)
	return &house{Manager: m, engine: h.engine, store: st, clock: h.clock, follower: h.follower}
}

// browser keeps cookies by name, as a browser does for one host.
type browser map[string]string

func (b browser) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://sso.example.org/", nil)
	for name, value := range b {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b browser) take(w *httptest.ResponseRecorder) {
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b, c.Name)
		} else {
			b[c.Name] = c.Value
		}
	}
}

func (h *house) signIn(t *testing.T, b browser, id oidc.Identity) session.Session {
	t.Helper()
	w := httptest.NewRecorder()
	s, err := h.Start(t.Context(), w, b.request(), session.SignIn{Identity: id, Tokens: oidc.Tokens{ID: "id-token-of-" + oidc.Secret(id.Subject)}})
	if err != nil {
		t.Fatalf("Start(%s) = %v", id.Subject, err)
	}
	b.take(w)
	return s
}

func (h *house) read(t *testing.T, b browser, chat string) (session.Session, error) {
	t.Helper()
	w := httptest.NewRecorder()
	s, err := h.Read(t.Context(), w, b.request(), chat)
	b.take(w)
	return s, err
}

func TestASessionIsFoundByItsCookieAndSaysWhoItIs(t *testing.T) {
	h, b := open(t), browser{}
	started := h.signIn(t, b, ada)
	got, err := h.read(t, b, "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(started, got); diff != "" {
		t.Errorf("Read() differs from what Start() returned:\n%s", diff)
	}
	tokens, err := h.ProviderTokens(t.Context(), got)
	if err != nil || tokens.ID.Reveal() != "id-token-of-ada-1" {
		t.Errorf("ProviderTokens() = %v, %v", tokens.ID.Reveal(), err)
	}
}

func TestTheCookieIsHostOnlySecureAndExplicit(t *testing.T) { // S57, B-25
	for _, tc := range []struct {
		name      string
		crossSite bool
		want      string
	}{
		{"on the same site as the chats", false, "SameSite=Lax"},
		{"on another site than a chat", true, "SameSite=None"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := open(t, func(c *session.Config) { c.CrossSite = tc.crossSite })
			w := httptest.NewRecorder()
			if _, err := h.Start(t.Context(), w, browser{}.request(), session.SignIn{Identity: ada}); err != nil {
				t.Fatal(err)
			}
			set := w.Header().Get("Set-Cookie")
			for _, want := range []string{"__Host-chatgate=", "Path=/", "Secure", "HttpOnly", tc.want} {
				if !strings.Contains(set, want) {
					t.Errorf("Set-Cookie = %q, want %q in it", set, want)
				}
			}
			if strings.Contains(set, "Domain") {
				t.Errorf("Set-Cookie = %q names a domain", set)
			}
			cleared := httptest.NewRecorder()
			h.ClearCookie(cleared)
			for _, want := range []string{"__Host-chatgate=;", "Path=/", "Secure", "HttpOnly", tc.want, "Max-Age=0"} { // S66
				if got := cleared.Header().Get("Set-Cookie"); !strings.Contains(got, want) {
					t.Errorf("deletion = %q, want %q in it", got, want)
				}
			}
		})
	}
}

func TestEverySpellingOfACookieButItsOwnIsRefused(t *testing.T) { // S58, S64
	h, b := open(t), browser{}
	h.signIn(t, b, ada)
	value := b["__Host-chatgate"]
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	second := value[:len(value)-1] + string(alphabetNext(value[len(value)-1]))
	for name, forged := range map[string]string{
		"truncated":                  value[:len(value)-1],
		"extended":                   value + "A",
		"in another case":            swapCase(value),
		"in padded base64":           base64.URLEncoding.EncodeToString(raw),
		"in the standard alphabet":   strings.NewReplacer("-", "+", "_", "/").Replace(value) + "=",
		"with other trailing bits":   second,
		"as hex":                     strings.Repeat("ab", 32),
		"empty":                      "",
		"quoted":                     `"` + value + `x"`,
		"the store id in its place":  strings.Repeat("A", 24),
		"random of the right length": base64.RawURLEncoding.EncodeToString(key(9)),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := h.read(t, browser{"__Host-chatgate": forged}, ""); !errors.Is(err, session.ErrNone) {
				t.Errorf("Read(%q) = %v, want ErrNone", forged, err)
			}
		})
	}
	t.Run("two cookies of our name", func(t *testing.T) {
		r := b.request()
		r.AddCookie(&http.Cookie{Name: "__Host-chatgate", Value: base64.RawURLEncoding.EncodeToString(key(3))})
		if _, err := h.Read(t.Context(), httptest.NewRecorder(), r, ""); !errors.Is(err, session.ErrNone) {
			t.Errorf("Read() with two cookies = %v, want ErrNone", err)
		}
	})
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 32
		case r >= 'A' && r <= 'Z':
			return r + 32
		}
		return r
	}, s)
}

// alphabetNext is the next letter of base64url: it differs in the bits that 32 bytes leave unused.
func alphabetNext(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)+1]
}

func TestStartNeverAdoptsACookieThatWasThere(t *testing.T) { // S27
	h := open(t)
	planted := base64.RawURLEncoding.EncodeToString(key(7))
	b := browser{"__Host-chatgate": planted}
	h.signIn(t, b, ada)
	if b["__Host-chatgate"] == planted {
		t.Error("the planted value became the session's")
	}
	if _, err := h.read(t, browser{"__Host-chatgate": planted}, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(planted) = %v, want ErrNone", err)
	}
}

func TestBothEndsHoldByOurClock(t *testing.T) { // S62
	t.Run("idle", func(t *testing.T) {
		h, b := open(t), browser{}
		h.signIn(t, b, ada)
		h.clock.advance(59 * time.Minute)
		if _, err := h.read(t, b, ""); err != nil {
			t.Fatalf("Read() before the idle limit = %v", err)
		}
		h.clock.advance(59 * time.Minute)
		if _, err := h.read(t, b, ""); err != nil {
			t.Fatalf("Read() after being used = %v: use must prolong", err)
		}
		h.clock.advance(61 * time.Minute)
		if _, err := h.read(t, b, ""); !errors.Is(err, session.ErrNone) {
			t.Errorf("Read() after an idle hour = %v, want ErrNone", err)
		}
	})
	t.Run("absolute, however much it is used", func(t *testing.T) {
		h, b := open(t), browser{}
		h.signIn(t, b, ada)
		for range 15 {
			h.clock.advance(30 * time.Minute)
			if _, err := h.read(t, b, ""); err != nil {
				t.Fatalf("Read() = %v within the absolute limit", err)
			}
		}
		h.clock.advance(31 * time.Minute)
		if _, err := h.read(t, b, ""); !errors.Is(err, session.ErrNone) {
			t.Errorf("Read() after eight hours = %v, want ErrNone", err)
		}
	})
}

func TestLastSeenIsWrittenAtMostEverySixteenthOfIdle(t *testing.T) { // D21
	h, b := open(t), browser{}
	begun := h.signIn(t, b, ada)
	h.clock.advance(3 * time.Minute)
	s, err := h.read(t, b, "")
	if err != nil || !s.Seen.Equal(begun.Seen) {
		t.Errorf("Seen = %v, %v: written before a sixteenth of the hour had passed", s.Seen, err)
	}
	h.clock.advance(time.Minute)
	if _, err = h.read(t, b, ""); err != nil {
		t.Fatal(err)
	}
	if s, err = h.read(t, b, ""); err != nil || !s.Seen.Equal(h.clock.now()) {
		t.Errorf("Seen = %v, %v, want %v", s.Seen, err, h.clock.now())
	}
}

func TestAnotherPersonInTheSameBrowserEndsTheFormerSession(t *testing.T) { // D27, R14
	h, b := open(t), browser{}
	former := h.signIn(t, b, ada)
	old := browser{"__Host-chatgate": b["__Host-chatgate"]}
	h.signIn(t, b, bob)
	if _, err := h.read(t, old, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(former cookie) = %v, want ErrNone", err)
	}
	if len(h.follower.ended) == 0 || h.follower.ended[0] != former.Key || len(h.follower.moved) != 0 {
		t.Errorf("follower was told ended %v, moved %v; want the former session ended", h.follower.ended, h.follower.moved)
	}
	if s, err := h.read(t, b, "rocketchat"); err != nil || s.Identity.Subject != "bob-2" || s.Chat.Token != nil {
		t.Errorf("Read() = %v, %v, want bob without a token", s, err)
	}
}

func TestTheSamePersonSigningInAgainKeepsTokensAndMarks(t *testing.T) { // D11, D27
	h, b := open(t), browser{}
	former := h.signIn(t, b, ada)
	until := h.clock.now().Add(time.Hour)
	must(t, h.PutToken(t.Context(), former, "rocketchat", []byte(`"token"`), until))
	must(t, h.StayOut(t.Context(), former, "talk"))
	must(t, h.Hold(t.Context(), former, "rocketchat", until))
	old := browser{"__Host-chatgate": b["__Host-chatgate"]}
	now := h.signIn(t, b, ada)

	s, err := h.read(t, b, "rocketchat")
	if err != nil || string(s.Chat.Token) != `"token"` || !s.Chat.HoldUntil.IsZero() {
		t.Errorf("Read(rocketchat) = %+v, %v, want the token and no hold", s.Chat, err)
	}
	if s, err = h.read(t, b, "talk"); err != nil || !s.Chat.StayOut {
		t.Errorf("Read(talk) = %+v, %v, want the mark to stay", s.Chat, err)
	}
	if _, err := h.read(t, old, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read(former cookie) = %v, want ErrNone", err)
	}
	if diff := cmp.Diff([]string{former.Key + " to " + now.Key}, h.follower.moved); diff != "" {
		t.Errorf("moved:\n%s", diff)
	}
	h.clock.advance(61 * time.Minute)
	if s, err := h.read(t, b, "rocketchat"); !errors.Is(err, session.ErrNone) && s.Chat.Token != nil {
		t.Error("a moved token outlived its own end")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
