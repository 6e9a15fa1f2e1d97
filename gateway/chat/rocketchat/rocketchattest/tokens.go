package rocketchattest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"
)

// loginToken is an entry of services.resume.loginTokens. The token itself is not kept.
type loginToken struct {
	hash   string
	issued time.Time // zero for a personal access token, which never expires
	name   string    // of a personal access token
	bypass bool      // a personal access token that ignores two-factor authentication

	verifiedUntil time.Time // a second factor was given with this token,
	verifiedFor   string    // by this client
}

func (t *loginToken) personal() bool { return t.issued.IsZero() }

// hashToken is how the server stores and compares tokens.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// newToken makes 43 characters of letters, digits, "-" and "_".
func newToken() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(secret)
}

// issue gives the account a login token. The oldest ones make room when there are too many.
func (s *Server) issue(a *account) string {
	token := newToken()
	a.tokens = append(a.tokens, &loginToken{hash: hashToken(token), issued: s.cfg.Now()})
	excess := -s.cfg.MaxLoginTokens
	for _, t := range a.tokens {
		if !t.personal() {
			excess++
		}
	}
	a.tokens = slices.DeleteFunc(a.tokens, func(t *loginToken) bool {
		drop := !t.personal() && excess > 0
		if drop {
			excess--
		}
		return drop
	})
	return token
}

// livingToken returns the entry of a token that is stored and has not expired.
func (s *Server) livingToken(a *account, token string) *loginToken {
	hash := hashToken(token)
	i := slices.IndexFunc(a.tokens, func(t *loginToken) bool { return t.hash == hash })
	if i < 0 || !a.tokens[i].personal() && !s.cfg.Now().Before(s.expiry(a.tokens[i])) {
		return nil
	}
	return a.tokens[i]
}

// expiry counts from the issue and does not slide. Zero days, or fewer, mean the default.
func (s *Server) expiry(t *loginToken) time.Time {
	days := s.number("Accounts_LoginExpiration")
	if days <= 0 {
		days = 90
	}
	return t.issued.Add(time.Duration(days) * 24 * time.Hour)
}

func (a *account) dropToken(hash string) {
	a.tokens = slices.DeleteFunc(a.tokens, func(t *loginToken) bool { return t.hash == hash })
}

// LoginToken is what a test may see of a stored token.
type LoginToken struct {
	Hash     string    // base64(SHA-256(token))
	When     time.Time // issued; zero for a personal access token
	Expires  time.Time // zero for a personal access token
	Personal bool
	Bypass   bool // ignores two-factor authentication
}

// LoginTokens returns the tokens of an account, oldest first, expired ones included.
func (s *Server) LoginTokens(userID string) []LoginToken {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.people.byID(userID)
	if a == nil {
		return nil
	}
	var tokens []LoginToken
	for _, t := range a.tokens {
		seen := LoginToken{Hash: t.hash, When: t.issued, Personal: t.personal(), Bypass: t.bypass}
		if !t.personal() {
			seen.Expires = s.expiry(t)
		}
		tokens = append(tokens, seen)
	}
	return tokens
}

// AddPAT gives an account a personal access token. For nobody it makes one that nobody has.
func (s *Server) AddPAT(userID string, bypassTwoFactor bool) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token = newToken()
	if a := s.people.byID(userID); a != nil {
		a.tokens = append(a.tokens, &loginToken{hash: hashToken(token), name: newID(), bypass: bypassTwoFactor})
	}
	return token
}

// AddLoginToken signs the account in as if by password, and returns the login token.
func (s *Server) AddLoginToken(userID string) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.people.byID(userID)
	if a == nil {
		return ""
	}
	return s.issue(a)
}

// RevokeToken destroys one token, as a person's logout does.
func (s *Server) RevokeToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.people.accounts {
		a.dropToken(hashToken(token))
	}
}

// ExpireToken makes a login token as old as it may not be. A personal access token has no age.
func (s *Server) ExpireToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := hashToken(token)
	for _, a := range s.people.accounts {
		for _, t := range a.tokens {
			if t.hash == hash && !t.personal() {
				t.issued = t.issued.Add(-s.expiry(t).Sub(s.cfg.Now()))
			}
		}
	}
}

// Alive reports whether a token of any account would be accepted now.
func (s *Server) Alive(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.people.find(func(a *account) bool { return s.livingToken(a, token) != nil }) != nil
}
