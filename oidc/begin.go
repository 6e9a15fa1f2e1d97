package oidc

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// AttemptLifetime is how long a person may take at the provider. Finish refuses an older attempt, and a store need
// not keep it longer.
const AttemptLifetime = 10 * time.Minute

// The prompts of OpenID Connect Core 1.0, Section 3.1.2.1.
const (
	PromptNone          = "none"
	PromptLogin         = "login"
	PromptConsent       = "consent"
	PromptSelectAccount = "select_account"
)

// LoginRequest says how to sign in. Prompt, LoginHint and UILocales may come from a query: Begin refuses values that
// are not of their form (S31).
type LoginRequest struct {
	// RedirectURL is our callback, as it is registered at the provider.
	RedirectURL string
	// Prompt is one of the constants, empty for none of its own. It adds to the configured one and takes nothing away
	// from it: what an operator asks of every sign-in, no link lowers.
	Prompt string
	// LoginHint tells the provider who is likely to sign in: see FitHint.
	LoginHint string
	// UILocales are language tags, separated by spaces.
	UILocales string
	// MaxAge is how long ago the person may have signed in at the provider, in whole seconds; zero means as
	// configured, and of both the shorter counts.
	MaxAge time.Duration
}

// Attempt is one login in flight. The caller keeps it sealed, binds it to the browser, and takes it exactly once.
// A struct that embeds it may add fields under JSON names of two letters or more. Formatting and logging print a
// placeholder.
type Attempt struct {
	Provider    string        `json:"p"`
	State       string        `json:"s"`
	Nonce       string        `json:"n"`
	Verifier    string        `json:"v"`
	RedirectURL string        `json:"r"`
	Created     time.Time     `json:"c"`
	MaxAge      time.Duration `json:"m,omitempty"`
}

func (a Attempt) String() string       { return redacted }
func (a Attempt) GoString() string     { return redacted }
func (a Attempt) LogValue() slog.Value { return slog.StringValue(redacted) }

// Begin makes an attempt and the provider's address to send the browser to. State and nonce have 130 random bits
// each, the PKCE verifier 256. Errors are ErrNotReady and ErrRefused for a request out of form.
func (rp *RelyingParty) Begin(_ context.Context, req LoginRequest) (Attempt, string, error) {
	p, err := rp.ready()
	if err != nil {
		return Attempt{}, "", err
	}
	if err := req.check(); err != nil {
		return Attempt{}, "", err
	}
	if req.Prompt, err = raise(rp.cfg.Prompt, req.Prompt); err != nil {
		return Attempt{}, "", err
	}
	if req.MaxAge == 0 || rp.cfg.MaxAge > 0 && rp.cfg.MaxAge < req.MaxAge {
		req.MaxAge = rp.cfg.MaxAge
	}
	attempt := Attempt{
		Provider:    rp.env.Provider,
		State:       rand.Text(),
		Nonce:       rand.Text(),
		Verifier:    oauth2.GenerateVerifier(),
		RedirectURL: req.RedirectURL,
		Created:     rp.env.Now(),
		MaxAge:      req.MaxAge,
	}
	return attempt, rp.providerURL(p, attempt, req), nil
}

// raise is what to ask the provider for where each of two prompts is wanted. Login and select_account both ask who is
// there, and login is the stronger question: it stands alone, since some providers take one value only. Consent is
// another question, so it is asked beside (OpenID Connect Core 1.0, Section 3.1.2.1 has a list). No question at all
// contradicts every other.
func raise(configured, wanted string) (string, error) {
	switch {
	case configured == "" || wanted == "" || configured == wanted:
		return cmp.Or(configured, wanted), nil
	case configured == PromptNone || wanted == PromptNone:
		return "", refuse(ReasonRequest, "prompt none contradicts the other")
	case wanted == PromptConsent:
		return configured + " " + wanted, nil
	case configured == PromptConsent:
		return wanted + " " + configured, nil
	}
	return PromptLogin, nil
}

func (rp *RelyingParty) providerURL(p *provider, a Attempt, req LoginRequest) string {
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(a.Verifier),
		oauth2.SetAuthURLParam("nonce", a.Nonce),
	}
	for name, value := range map[string]string{
		"prompt":     req.Prompt,
		"login_hint": req.LoginHint,
		"ui_locales": req.UILocales,
		"acr_values": strings.Join(rp.cfg.ACRValues, " "),
		"max_age":    seconds(a.MaxAge),
	} {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	return p.client(a.RedirectURL).AuthCodeURL(a.State, options...)
}

// client is the OAuth client with one redirect URL.
func (p *provider) client(redirectURL string) *oauth2.Config {
	c := p.oauth
	c.RedirectURL = redirectURL
	return &c
}

func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatInt(int64(d/time.Second), 10)
}

func (req LoginRequest) check() error {
	switch {
	case !isPlainURL(req.RedirectURL):
		return errors.New("begin login: the redirect URL must be absolute")
	case !isPrompt(req.Prompt):
		return refuse(ReasonRequest, "prompt is not one of the known values")
	case !FitHint(req.LoginHint):
		return refuse(ReasonRequest, "login_hint is too long or has control characters")
	case !isLocales(req.UILocales):
		return refuse(ReasonRequest, "ui_locales is not a list of language tags")
	case req.MaxAge < 0 || req.MaxAge%time.Second != 0:
		return refuse(ReasonRequest, "max_age is not a number of whole seconds")
	}
	return nil
}

// maxHint is how long a login_hint may be, in bytes: longer than every e-mail address.
const maxHint = 256

// FitHint says whether a login_hint may go on to a provider: not too long, and without control characters (S31).
func FitHint(hint string) bool { return exact(hint, maxHint) == hint }

func isPrompt(s string) bool {
	return slices.Contains([]string{"", PromptNone, PromptLogin, PromptConsent, PromptSelectAccount}, s)
}

func isLocales(s string) bool {
	return len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == ' ')
	})
}
