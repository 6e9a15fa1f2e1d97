package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chatgate/oidc"

	"github.com/google/go-cmp/cmp"
)

func TestBegin(t *testing.T) {
	cfg := config()
	cfg.ACRValues = []string{"gold", "silver"}
	cfg.MaxAge = time.Hour
	cfg.Prompt = oidc.PromptSelectAccount
	bubble(t, "the provider's address", newProvider(), cfg, func(w *world) {
		attempt, address, err := w.rp.Begin(w.t.Context(), oidc.LoginRequest{
			RedirectURL: callbackURL, Prompt: oidc.PromptLogin, LoginHint: "ada@example.org", UILocales: "de-CH en",
		})
		if err != nil {
			w.t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			w.t.Fatal(err)
		}
		challenge := sha256.Sum256([]byte(attempt.Verifier))
		want := url.Values{
			"response_type": {"code"}, "client_id": {"chatgate"}, "redirect_uri": {callbackURL},
			"scope": {"openid profile email"}, "state": {attempt.State}, "nonce": {attempt.Nonce},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
			"prompt": {"login"}, "login_hint": {"ada@example.org"}, "ui_locales": {"de-CH en"},
			"acr_values": {"gold silver"}, "max_age": {"3600"},
		}
		if diff := cmp.Diff(want, u.Query()); diff != "" {
			w.t.Errorf("query (-want +got):\n%s", diff)
		}
		if !strings.HasPrefix(address, issuer+"/authorize?") || strings.Contains(address, attempt.Verifier) {
			w.t.Errorf("address = %q, want the authorization endpoint without the verifier", address)
		}
	})
}

// A link may ask for more than the operator does, and never for less (S31).
func TestBeginAsksForNoLessThanConfigured(t *testing.T) {
	const none, login, consent, choice = oidc.PromptNone, oidc.PromptLogin, oidc.PromptConsent, oidc.PromptSelectAccount
	for _, c := range []struct{ name, configured, wanted, want string }{
		{"nothing", "", "", ""},
		{"what the request wants", "", choice, choice},
		{"what is configured", login, "", login},
		{"the same twice", choice, choice, choice},
		{"a choice where the password is wanted", login, choice, login},
		{"the password where a choice is wanted", choice, login, login},
		{"a choice beside consent", consent, choice, "select_account consent"},
		{"the password beside consent", consent, login, "login consent"},
		{"consent beside a choice", choice, consent, "select_account consent"},
		{"consent beside the password", login, consent, "login consent"},
		{"no question, which only a request may want", "", none, none},
	} {
		cfg := config()
		cfg.Prompt = c.configured
		bubble(t, c.name, newProvider(), cfg, func(w *world) {
			if got := w.asked(oidc.LoginRequest{Prompt: c.wanted}).Get("prompt"); got != c.want {
				w.t.Errorf("configured %q and asked for %q: prompt %q, want %q", c.configured, c.wanted, got, c.want)
			}
		})
	}
	cfg := config()
	cfg.Prompt = login
	bubble(t, "no question where one is configured", newProvider(), cfg, func(w *world) {
		_, _, err := w.rp.Begin(w.t.Context(), oidc.LoginRequest{RedirectURL: callbackURL, Prompt: none})
		wantRefused(w.t, oidc.Identity{}, oidc.Tokens{}, err, oidc.ReasonRequest)
	})
	cfg = config()
	cfg.MaxAge = time.Hour
	for name, c := range map[string]struct {
		wanted time.Duration
		want   string
	}{"an older sign-in": {2 * time.Hour, "3600"}, "a younger sign-in": {time.Minute, "60"}} {
		bubble(t, name, newProvider(), cfg, func(w *world) {
			if got := w.asked(oidc.LoginRequest{MaxAge: c.wanted}).Get("max_age"); got != c.want {
				w.t.Errorf("max_age = %s, want %s", got, c.want)
			}
		})
	}
}

// asked are the parameters that the provider is asked with.
func (w *world) asked(req oidc.LoginRequest) url.Values {
	w.t.Helper()
	req.RedirectURL = callbackURL
	_, address, err := w.rp.Begin(w.t.Context(), req)
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := url.Parse(address)
	if err != nil {
		w.t.Fatal(err)
	}
	return at.Query()
}

// State and nonce have at least 128 random bits, the verifier its 43 characters; nothing repeats (S17, S21, S22).
func TestBeginIsRandom(t *testing.T) {
	bubble(t, "a thousand attempts", newProvider(), config(), func(w *world) {
		seen := map[string]bool{}
		for range 1000 {
			a, _, err := w.rp.Begin(w.t.Context(), oidc.LoginRequest{RedirectURL: callbackURL})
			if err != nil {
				w.t.Fatal(err)
			}
			if len(a.State) < 26 || len(a.Nonce) < 26 || len(a.Verifier) < 43 {
				w.t.Fatalf("lengths %d, %d, %d are too short", len(a.State), len(a.Nonce), len(a.Verifier))
			}
			for _, s := range []string{a.State, a.Nonce, a.Verifier} {
				if seen[s] {
					w.t.Fatal("a value came twice")
				}
				seen[s] = true
			}
		}
	})
}

func TestBeginRefusesRequestsOutOfForm(t *testing.T) {
	provider := newProvider()
	for name, req := range map[string]oidc.LoginRequest{
		"an unknown prompt":          {Prompt: "register"},
		"two prompts":                {Prompt: "login consent"},
		"a hint with a line break":   {LoginHint: "ada\r\nX: y"},
		"an endless hint":            {LoginHint: strings.Repeat("a", 257)},
		"locales with markup":        {UILocales: "<b>"},
		"endless locales":            {UILocales: strings.Repeat("en ", 100)},
		"a negative max_age":         {MaxAge: -time.Second},
		"a max_age of half a second": {MaxAge: 500 * time.Millisecond},
	} {
		bubble(t, name, provider, config(), func(w *world) {
			req.RedirectURL = callbackURL
			_, address, err := w.rp.Begin(w.t.Context(), req)
			wantRefused(w.t, oidc.Identity{}, oidc.Tokens{}, err, oidc.ReasonRequest)
			if address != "" {
				w.t.Errorf("Begin() = %q, want no address", address)
			}
		})
	}
	bubble(t, "no redirect URL", provider, config(), func(w *world) {
		if _, _, err := w.rp.Begin(w.t.Context(), oidc.LoginRequest{}); err == nil {
			w.t.Error("Begin() without a redirect URL = nil, want an error")
		}
	})
}

func TestBeginBeforeDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newProvider(), config())
		if _, _, err := w.rp.Begin(w.t.Context(), oidc.LoginRequest{RedirectURL: callbackURL}); !errors.Is(err, oidc.ErrNotReady) {
			t.Errorf("Begin() = %v, want ErrNotReady", err)
		}
		if _, _, err := w.rp.Finish(w.t.Context(), oidc.Attempt{}, nil); !errors.Is(err, oidc.ErrNotReady) {
			t.Errorf("Finish() = %v, want ErrNotReady", err)
		}
	})
}

func TestAttemptSurvivesStorageWithTheCallersFields(t *testing.T) {
	type record struct {
		oidc.Attempt
		ReturnTo string `json:"return_to"`
	}
	want := record{
		Attempt: oidc.Attempt{
			Provider: "corp", State: "s", Nonce: "n", Verifier: "v", RedirectURL: callbackURL,
			Created: time.Unix(1_800_000_000, 0).UTC(), MaxAge: time.Minute,
		},
		ReturnTo: "https://chat.example.org/",
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got record
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	attempt := oidc.Attempt{State: "hush-state", Nonce: "hush-nonce", Verifier: "hush-verifier"}
	tokens := oidc.Tokens{ID: "hush-id", Refresh: "hush-refresh", Access: "hush-access"}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("shown", "attempt", attempt, "token", tokens.Access)
	text := log.String()
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q"} {
		text += fmt.Sprintf(verb+verb, attempt, tokens)
	}
	if strings.Contains(text, "hush") {
		t.Errorf("a secret was shown: %s", text)
	}
	if got := tokens.Access.Reveal(); got != "hush-access" {
		t.Errorf("Reveal() = %q, want the value", got)
	}
}
