package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"chatgate/gateway/decision"
)

const (
	cookieName  = "__Host-chatgate"
	cookieBytes = 32
	keyBytes    = 18 // 144 bits of the hash: enough that no two cookies meet, short enough for many keys
)

// childCookie names the cookie of a chat's child sessions. The chat's name is part of it, so that two chats embedded
// in one page do not take each other's child.
func childCookie(chat string) string { return cookieName + "-" + chat }

func newSecret() string {
	var raw [cookieBytes]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// keyOf is the store id of a cookie value, or false for a value that we cannot have made (S58): another length,
// another alphabet, or the same bytes in a second spelling.
func keyOf(value string) (string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(raw) != cookieBytes {
		return "", false
	}
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:keyBytes]), true
}

// present returns the store id of the request's only cookie of this name. Two of one name cannot both be ours, and
// there is no telling which: neither counts (S64).
func present(r *http.Request, name string) (string, bool) {
	if !sent(r, name) {
		return "", false
	}
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 {
		if len(cookies) > 1 {
			decision.Note(r.Context(), decision.CookiesSeveral, "cookie", name)
		}
		return "", false
	}
	key, ok := keyOf(cookies[0].Value)
	if !ok {
		decision.Note(r.Context(), decision.CookieMalformed, "cookie", name)
	}
	return key, ok
}

// sent spares parsing cookies that cannot be ours: without its name in the header there is no such cookie.
func sent(r *http.Request, name string) bool {
	return slices.ContainsFunc(r.Header["Cookie"], func(line string) bool { return strings.Contains(line, name) })
}

// Sent says whether the request came with a session cookie, of whatever worth.
func Sent(r *http.Request) bool { return len(r.CookiesNamed(cookieName)) > 0 }

// Stray is a session cookie as the gateway makes them, of no session: for a tool that looks how such a cookie arrives.
func Stray() *http.Cookie { return &http.Cookie{Name: cookieName, Value: newSecret()} }

// set writes the session cookie. SameSite=None is for gateways that share no site with a chat or a page that embeds it.
func (m *Manager) set(w http.ResponseWriter, value string, life time.Duration) {
	m.write(w, &http.Cookie{Name: cookieName, Value: value, MaxAge: int(life.Seconds())})
}

func (m *Manager) setChild(w http.ResponseWriter, chat, value string, life time.Duration) {
	m.write(w, &http.Cookie{Name: childCookie(chat), Value: value, MaxAge: int(life.Seconds()), Partitioned: true})
}

// write completes the attributes every cookie of ours has, for setting and for deleting alike (S57, S66).
func (m *Manager) write(w http.ResponseWriter, c *http.Cookie) {
	c.Path, c.Secure, c.HttpOnly = "/", true, true
	c.SameSite = http.SameSiteLaxMode
	if m.crossSite || c.Partitioned {
		c.SameSite = http.SameSiteNoneMode
	}
	http.SetCookie(w, c)
}

// ClearCookie removes the session cookie from the browser. The record is not touched.
func (m *Manager) ClearCookie(w http.ResponseWriter) {
	m.write(w, &http.Cookie{Name: cookieName, MaxAge: -1})
}

func (m *Manager) clearChild(w http.ResponseWriter, chat string) {
	m.write(w, &http.Cookie{Name: childCookie(chat), MaxAge: -1, Partitioned: true})
}
