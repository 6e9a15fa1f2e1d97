package talk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

// tokenAnswer is the answer to a page that may read tokens (G29). ExpiresAt is the token's exp: Unix seconds, for a
// script that compares it with Date.now() / 1000.
type tokenAnswer struct {
	Token     string `json:"token"`
	ExpiresAt int64  `json:"expires_at"`
}

// Results of token requests, for the metrics, beside the codes of problems.
const (
	resultCached = "cached"
	resultSigned = "signed"
)

// token answers a page with the token of the end user whose cookie it sent. A body is not looked at (S78).
func (c *connector) token(g *gin.Context) error {
	ctx := g.Request.Context()
	who, err := c.callers.Find(g)
	if err != nil {
		return c.refuse(ctx, who, err)
	}
	f := lastIfGood
	if g.Request.Method == http.MethodPost {
		f = alwaysNew
	}
	t, result, err := c.give(ctx, who, f)
	if err != nil {
		return c.refuse(ctx, who, err)
	}
	c.env.Metrics.Token(c.env.Name, result)
	if result == resultSigned {
		c.audit(ctx, who, t)
	}
	g.JSON(http.StatusOK, t.answer())
	return nil
}

// give returns the session's last token while it may (D18), else one signed anew, and which of both it was. Who is
// admitted is asked each time, so that a rule that changes reaches sessions that live (S54).
func (c *connector) give(ctx context.Context, who chat.Caller, f freshness) (t signed, result string, err error) {
	s := who.Session
	if err := c.env.Enter(ctx, &c.cfg.Access, who); err != nil {
		return signed{}, "", err
	}
	basis, err := c.basis(s.Identity)
	if err != nil {
		return signed{}, "", err
	}
	last, now := lastSigned(s), c.env.Now()
	if f != alwaysNew && last.good(basis, now) && (f != lastIfHandedOver || last.justHandedOver(now)) {
		return last, resultCached, nil
	}
	a, err := c.account(ctx, s.Identity)
	if err != nil {
		return signed{}, "", err
	}
	if f != lastIfGood {
		if err := c.env.Allow(ctx, c.env.Rules.TalkTokenSession, s.Key, who); err != nil {
			return signed{}, "", err
		}
	}
	st := c.stamp(s, basis, c.cfg.TokenLifetime)
	st.HandedOver = f == lastIfHandedOver
	t, err = c.sign(ctx, who, a, st)
	return t, resultSigned, err
}

// freshness is which of a session's tokens will do.
type freshness int

const (
	lastIfGood       freshness = iota // the last, while it is good
	alwaysNew                         // none but one that is signed now
	lastIfHandedOver                  // the last, when it was signed for a hand-off a moment ago
)

// sameHandOver is how long several hand-offs in a row share a token: those of frames in several tabs, and one that is
// asked for again because it could not be taken.
const sameHandOver = 10 * time.Second

// signed is a token as the session keeps it.
type signed struct {
	Token    store.Secret `json:"t"`
	ID       string       `json:"j"` // its jti
	KID      string       `json:"-"` // of the key that has just signed it, for the audit
	IssuedAt int64        `json:"i"` // Unix seconds, as is Expires
	Expires  int64        `json:"e"`
	Basis    string       `json:"b"`

	HandedOver bool `json:"h,omitempty"` // signed for a hand-off
}

// lastSigned is the token that the session keeps. One that cannot be read is as good as none.
func lastSigned(s session.Session) signed {
	var t signed
	if json.Unmarshal(s.Chat.Token, &t) != nil {
		return signed{}
	}
	return t
}

// good says whether the token may be given out once more: it says what a new one would, and half of its life is left.
func (t signed) good(basis string, now time.Time) bool {
	return t.Basis == basis && t.Expires-now.Unix() >= (t.Expires-t.IssuedAt)/2
}

// justHandedOver says whether the token was signed for a hand-off so lately that it may be handed over once more. One that
// a page had may have been ended by a sign-out in the comments, which nobody tells us of.
func (t signed) justHandedOver(now time.Time) bool {
	age := now.Sub(time.Unix(t.IssuedAt, 0)) // below zero where another replica's clock is ahead, or iat had to rise
	return t.HandedOver && age >= 0 && age < sameHandOver
}

// basis is a fingerprint of everything that decides on a token but its stamp: the section, the key and what of the identity
// goes in. When it changes, tokens that are kept are worth nothing (D18). It is taken of what comes in and not of what
// goes out, so that a call which is answered with a token that is kept makes no account.
func (c *connector) basis(id oidc.Identity) (string, error) {
	kid, err := c.signer.kid()
	if err != nil {
		return "", err
	}
	role, badges := c.cfg.granted(id)
	raw, err := json.Marshal(decisive{
		Settings: c.settings, KID: kid, Provider: id.Provider, Subject: id.Subject, Username: id.Username, Name: id.Name,
		Email: id.Email, Verified: id.EmailVerified, Picture: id.Picture, Custom: id.Custom,
		Role: role, Badges: badges,
	})
	if err != nil {
		return "", fmt.Errorf("encode the basis of a token: %w", err)
	}
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:16]), nil
}

// decisive is what the fingerprint is taken of. How an identity becomes an account is the same within one release; what
// another one makes of it shows with the next token, a quarter of an hour later.
type decisive struct {
	Settings, KID, Provider, Subject, Username, Name, Email, Picture string
	Verified                                                         bool
	Custom                                                           map[string]string
	Role                                                             Role
	Badges                                                           []string
}

// settings are those of a section that its tokens come from, as text.
func (c *Config) settings(accountPage string) (string, error) {
	raw, err := json.Marshal([]any{
		c.Profile, c.TokenLifetime, c.Access.MaxAge, c.Issuer, c.audience(), c.Generation, c.Deleted, c.UniqueNames, c.Claims.Username, c.Claims.Picture,
		accountPage,
	})
	if err != nil {
		return "", fmt.Errorf("encode the settings of tokens: %w", err)
	}
	return string(raw), nil
}

// clockSpread is how far the clocks of two replicas may be apart for iat to rise all the same.
const clockSpread = 30 * time.Second

// stamp is the stamp of the token that follows the session's last one and is good for this long, or until the session is
// over for the chat. Coral takes changed claims only from a token with a later iat than the last that changed something, so
// where the claims changed iat rises, though the clock of this replica has not come as far (G17).
func (c *connector) stamp(s session.Session, basis string, life time.Duration) stamp {
	last := lastSigned(s)
	issued := c.env.Now().Truncate(time.Second)
	later := time.Unix(last.IssuedAt+1, 0)
	if last.Basis != basis && later.After(issued) && later.Sub(issued) <= clockSpread {
		issued = later
	}
	expires := issued.Add(life)
	if s.Ends.Before(expires) {
		expires = s.Ends.Truncate(time.Second)
	}
	return stamp{ID: rand.Text(), Nonce: rand.Text(), Basis: basis, IssuedAt: issued, Expires: expires}
}

// sign makes a token and keeps it in the session, for the next GET. It costs one more command of the store than the token is
// worth on its own: the session is read again before anybody is given it.
func (c *connector) sign(ctx context.Context, who chat.Caller, a account, st stamp) (signed, error) {
	s := who.Session
	t, err := c.make(ctx, s, a, st)
	if err != nil {
		return signed{}, err
	}
	raw, err := json.Marshal(t)
	if err != nil {
		return signed{}, fmt.Errorf("encode a talk token: %w", err)
	}
	if err := c.env.Sessions.PutToken(ctx, s, c.env.Name, raw, st.Expires); err != nil {
		return signed{}, errors.Join(err, c.takeBack(ctx, s, t))
	}
	now, err := c.env.Sessions.Latest(ctx, s.Key, c.env.Name)
	if err != nil {
		return signed{}, err
	}
	if err := c.stillTrue(ctx, who, now); err != nil {
		return signed{}, errors.Join(err, c.takeBack(ctx, s, t), c.spoil(ctx, now.Key))
	}
	return t, nil
}

// errOvertaken says that the provider has taken something from a person while their token was signed.
var errOvertaken = errors.New("the person has lost what the token gives")

// stillTrue is nil while a caller may have what was just signed for them, by what their session says now. A re-check that
// was through before a token was kept found nothing to take back; one that comes later finds the token (S54, D21).
func (c *connector) stillTrue(ctx context.Context, who chat.Caller, now session.Session) error {
	former := who.Session.Identity
	who.Session = now
	if err := c.env.Enter(ctx, &c.cfg.Access, who); err != nil {
		return err
	}
	if c.lost(former, now.Identity) {
		return errOvertaken
	}
	return nil
}

// make signs a token and enters it wherever a sign-out looks for it. The caller sees to it that the session still lives
// afterwards; what was signed for one that ended meanwhile is taken back and given to nobody (D21).
func (c *connector) make(ctx context.Context, s session.Session, a account, st stamp) (signed, error) {
	a, err := c.named(ctx, a)
	if err != nil {
		return signed{}, err
	}
	token, kid, err := c.signer.sign(c.claims(a, st))
	if err != nil {
		return signed{}, fmt.Errorf("sign a talk token: %w", err)
	}
	t := signed{
		Token: store.Secret(token), ID: st.ID, KID: kid, Basis: st.Basis,
		IssuedAt: st.IssuedAt.Unix(), Expires: st.Expires.Unix(), HandedOver: st.HandedOver,
	}
	if err := c.own(ctx, st.ID, s.Key, st.Expires); err != nil {
		return signed{}, err
	}
	if err := c.remember(ctx, s, a); err != nil {
		return signed{}, err
	}
	return t, c.enter(ctx, s, a, t)
}

// spoil lets the token that a session keeps be given out no more. When it was signed stays known, because the next one has
// to be later (G17).
func (c *connector) spoil(ctx context.Context, key string) error {
	s, err := c.env.Sessions.ByKey(ctx, key, c.env.Name)
	if errors.Is(err, session.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	last := lastSigned(s)
	if last.Basis == "" {
		return nil
	}
	last.Basis, last.Token = "", ""
	raw, err := json.Marshal(last)
	if err != nil {
		return fmt.Errorf("encode a talk token: %w", err)
	}
	err = c.env.Sessions.PutToken(ctx, s, c.env.Name, raw, time.Unix(last.Expires, 0))
	if errors.Is(err, session.ErrEnded) {
		return nil
	}
	return err
}
