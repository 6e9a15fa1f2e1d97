package issuer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/session"
	"chatgate/store"
)

const (
	codeLife   = time.Minute     // G24
	accessLife = 5 * time.Minute // D17
	secretSize = 32              // bytes: 256 bits
)

// newSecret is a code or an access token.
func newSecret() string {
	var raw [secretSize]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// keyOf is what a code or an access token is found by: a hash, so that the store holds none of them (S59). A text of any
// other shape has one too, which leads nowhere.
func keyOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// grant is what a code stands for.
type grant struct {
	Session     string   `json:"s"` // key
	RedirectURI string   `json:"r"`
	Nonce       string   `json:"n"`
	Challenge   string   `json:"c,omitempty"`
	Scopes      []string `json:"o"`
	AuthTime    bool     `json:"a,omitempty"` // is to be told, since max_age was asked for
	// Bought is the key of the access token that the code was given for; empty as long as it is unused.
	Bought string `json:"b,omitempty"`
}

// access is what an access token opens: what is said of the person in a session.
type access struct {
	Session string `json:"s"`
}

func (i *Issuer) issueCode(ctx context.Context, r request, s session.Session) (string, error) {
	code := newSecret()
	err := i.codes.Add(ctx, keyOf(code), grant{
		Session: s.Key, RedirectURI: r.redirectURI, Nonce: r.nonce, Challenge: r.challenge, Scopes: r.scopes, AuthTime: r.maxAge != nil,
	}, codeLife)
	if err != nil {
		return "", fmt.Errorf("keep a code: %w", err)
	}
	return code, nil
}

// errGrant says that a code buys nothing. Why is for the logs: the client is told the same whatever it is.
var errGrant = errors.New("the code is not good")

// refusedCode is an errGrant with the reason that the audit log gets.
type refusedCode struct{ reason audit.Reason }

func (e *refusedCode) Error() string { return errGrant.Error() + ": " + string(e.reason) }
func (e *refusedCode) Unwrap() error { return errGrant }

// look finds what a code stands for and checks what it is bound to. The issuer's own client is proved already, and no
// other issuer has codes at this place (D17). A code that comes with something wrong is burnt.
func (i *Issuer) look(ctx context.Context, key, redirectURI, verifier string) (grant, error) {
	g, err := i.codes.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrCorrupt):
		return grant{}, &refusedCode{reason: audit.CodeUnknown}
	case err != nil:
		return grant{}, fmt.Errorf("read a code: %w", err)
	case g.Bought != "":
		return grant{}, i.replayed(ctx, g)
	case redirectURI != g.RedirectURI || !provedBy(g.Challenge, verifier):
		if err := i.codes.Delete(ctx, key); err != nil {
			return grant{}, fmt.Errorf("burn a code: %w", err)
		}
		return grant{}, &refusedCode{reason: audit.CodeMismatch}
	}
	return g, nil
}

// replayed takes back what a code has bought: whoever comes second, or came first, is not the client (RFC 6749, Section
// 4.1.2).
func (i *Issuer) replayed(ctx context.Context, g grant) error {
	if err := i.access.Delete(ctx, g.Bought); err != nil {
		return fmt.Errorf("revoke an access token: %w", err)
	}
	return &refusedCode{reason: audit.CodeUsed}
}

// provedBy checks PKCE (RFC 7636, Section 4.6). A verifier for a code that was asked for without a challenge is refused
// too: somebody has taken the challenge out on its way (RFC 9700, Section 4.8.2).
func provedBy(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) == 1
}

// spend marks a code used, once among all replicas, and gives the access token that it bought. That is written first, so
// that whoever comes with the code again finds one to revoke. Where the code is not spent after all, nobody ever learns
// the token.
func (i *Issuer) spend(ctx context.Context, key string, s session.Session) (token string, err error) {
	token = newSecret()
	if err := i.access.Put(ctx, keyOf(token), access{Session: s.Key}, i.within(s, accessLife)); err != nil {
		return "", fmt.Errorf("keep an access token: %w", err)
	}
	winner, err := i.codes.Update(ctx, key, accessLife, func(g grant) (grant, error) {
		if g.Bought != "" {
			return g, errGrant
		}
		g.Bought = keyOf(token)
		return g, nil
	})
	switch {
	case errors.Is(err, errGrant):
		return "", i.replayed(ctx, winner)
	case errors.Is(err, store.ErrNotFound):
		return "", &refusedCode{reason: audit.CodeUnknown}
	case err != nil:
		return "", fmt.Errorf("spend a code: %w", err)
	}
	return token, nil
}

// holder is the session that something was given for, while it lives and its sign-in counts for the site. Another tab's sign-in of the same person may have
// taken its place in the browser; a sign-out leaves nothing in its place.
func (i *Issuer) holder(ctx context.Context, key string) (session.Session, error) {
	s, err := i.cfg.Sessions.Latest(ctx, key, i.cfg.Site)
	if errors.Is(err, session.ErrNone) {
		return s, &refusedCode{reason: audit.SessionEnded}
	}
	return s, err
}

// scopeText is the scope of an answer (RFC 6749, Section 3.3).
func (g grant) scopeText() string { return strings.Join(g.Scopes, " ") }
