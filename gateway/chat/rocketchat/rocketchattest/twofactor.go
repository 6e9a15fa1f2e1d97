package rocketchattest

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// checkTwoFactor is what a flagged route demands before it runs. Accounts without any second factor are asked for their
// password instead, which is why automation needs a personal access token that bypasses it.
func (s *Server) checkTwoFactor(c *call) error {
	if !s.can.twoFactor || !s.flag("Accounts_TwoFactorAuthentication_Enabled") || c.token.bypass || s.verifiedLately(c) {
		return nil
	}
	method := s.factor(c.caller)
	if method == "" {
		return nil
	}
	code := c.Header.Get("X-2fa-Code")
	if code == "" {
		return twoFactorRefused("totp-required", "TOTP Required", method)
	}
	if code != c.caller.factorCode(method) {
		return twoFactorRefused("totp-invalid", "TOTP Invalid", method)
	}
	remember := time.Duration(s.number("Accounts_TwoFactorAuthentication_RememberFor")) * time.Second
	c.token.verifiedUntil = s.cfg.Now().Add(remember)
	c.token.verifiedFor = c.client()
	return nil
}

// verifiedLately is true for a while after a success with the same token, address and user agent, and after the
// account itself was created.
func (s *Server) verifiedLately(c *call) bool {
	now := s.cfg.Now()
	remember := time.Duration(s.number("Accounts_TwoFactorAuthentication_RememberFor")) * time.Second
	if now.Before(c.caller.created.Add(remember)) {
		return true
	}
	return now.Before(c.token.verifiedUntil) && c.token.verifiedFor == c.client()
}

func (c *call) client() string { return c.ip + " " + c.UserAgent() }

// factor is the method the account is asked for, or "" when it has none to offer.
func (s *Server) factor(a *account) string {
	switch {
	case a.TOTP != "":
		return "totp"
	case a.Password != "" && s.flag("Accounts_TwoFactorAuthentication_Enforce_Password_Fallback"):
		return "password"
	default:
		return ""
	}
}

// factorCode is what X-2fa-Code must carry: for the password, its lower-case hex SHA-256.
func (a *account) factorCode(method string) string {
	if method == "totp" {
		return a.TOTP
	}
	sum := sha256.Sum256([]byte(a.Password))
	return hex.EncodeToString(sum[:])
}

func twoFactorRefused(code, text, method string) *refusal {
	available := []string{}
	if method != "password" { // the fallback is demanded but never listed
		available = append(available, method)
	}
	return thrown(code, text, reply{"method": method, "codeGenerated": false, "availableMethods": available})
}
