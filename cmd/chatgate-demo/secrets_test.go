package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// secretBook collects, by kind, what must stay secret.
type secretBook struct {
	mu    sync.Mutex
	kinds map[string]string // by value
}

// leastSecret is the length from which a value is looked for: shorter ones occur by chance.
const leastSecret = 16

func newSecretBook() *secretBook { return &secretBook{kinds: map[string]string{}} }

func (b *secretBook) add(kind, value string) {
	if len(value) < leastSecret {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kinds[value] == "" {
		b.kinds[value] = kind
	}
}

// all is everything so far, value to kind.
func (b *secretBook) all() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	copied := make(map[string]string, len(b.kinds))
	for value, kind := range b.kinds {
		copied[value] = kind
	}
	return copied
}

var (
	cookieLine = regexp.MustCompile(`(?m)^(Set-Cookie|Cookie): (.*?)\r?$`)
	bearerLine = regexp.MustCompile(`(?m)^(Authorization|X-Auth-Token): (?:(Bearer|Basic) )?(\S+?)\r?$`)
	// A parameter in an address or a form: code, state and nonce stand in addresses on purpose, and nowhere else.
	parameter = regexp.MustCompile(`(?:[?&;#\n]|&amp;)(code|state|nonce|code_verifier|id_token_hint|id_token|access_token|` +
		`refresh_token|logout_token|client_secret|client_assertion|password|token|accessToken)=([^&\s"'<>\\]+)`)
	member = regexp.MustCompile(`"(access_token|id_token|refresh_token|loginToken|authToken|token|accessToken|secret|resume|password)"` +
		`\s*:\s*"([^"\\]+)"`)
	// Whatever is quoted and long in a configuration, and no address.
	quoted = regexp.MustCompile(`"([^"\s:]{24,})"`)
)

// readHTTP finds the secrets in HTTP as it goes over a connection, requests and answers alike.
func (b *secretBook) readHTTP(text []byte) {
	for _, found := range cookieLine.FindAllSubmatch(text, -1) {
		pairs := strings.Split(string(found[2]), ";")
		if string(found[1]) == "Set-Cookie" {
			pairs = pairs[:1] // attributes follow
		}
		for _, pair := range pairs {
			if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
				b.add("cookie "+cookieKind(name), value)
			}
		}
	}
	for _, found := range bearerLine.FindAllSubmatch(text, -1) {
		b.add("credential in "+string(found[1]), string(found[3]))
		if raw, err := base64.StdEncoding.DecodeString(string(found[3])); err == nil && string(found[2]) == "Basic" {
			_, password, _ := strings.Cut(string(raw), ":")
			b.add("client secret", password)
		}
	}
	for _, found := range parameter.FindAllSubmatch(text, -1) {
		if value, err := url.QueryUnescape(string(found[2])); err == nil && !isWord(value) {
			b.add(string(found[1]), value)
		}
	}
	for _, found := range member.FindAllSubmatch(text, -1) {
		b.add(string(found[1]), string(found[2]))
	}
}

// cookieKind takes the part of a name away that differs from one login to the next.
func cookieKind(name string) string {
	kind, _, _ := strings.Cut(name, ".login-")
	return kind
}

// isWord is for what stands where a code may and is none, as chat_unavailable does.
func isWord(value string) bool {
	return strings.Trim(value, "abcdefghijklmnopqrstuvwxyz_-") == ""
}

// readConfiguration finds the secrets in a gateway's file.
func (b *secretBook) readConfiguration(text string) {
	for _, found := range quoted.FindAllStringSubmatch(text, -1) {
		b.add("configured secret", found[1])
		if raw, err := base64.StdEncoding.DecodeString(found[1]); err == nil {
			b.add("configured secret", string(raw))
		}
	}
}

// leak is a secret where it should not be.
type leak struct {
	kind string
	line int
	text string // of the line, up to the secret
}

func (l leak) String() string { return fmt.Sprintf("%s in line %d: %s", l.kind, l.line, l.text) }

// scanner finds any of many texts in one go: each is known by how it begins, and that is looked up at every byte.
type scanner map[[leastSecret]byte][]needle

type needle struct{ kind, text string }

func (b *secretBook) scanner() scanner {
	s := scanner{}
	for value, kind := range b.all() {
		for _, piece := range beginnings(value) {
			for _, text := range spellings(piece) {
				if len(text) >= leastSecret {
					head := [leastSecret]byte([]byte(text[:leastSecret]))
					s[head] = append(s[head], needle{kind, text})
				}
			}
		}
	}
	return s
}

// clipped is how much of a secret gives it away, in bytes: logs clip what is long.
const clipped = 24

// beginnings are what a secret is known by. A JWT's header is no secret, and the same in many of them.
func beginnings(value string) []string {
	parts := []string{value}
	if jwt := strings.Split(value, "."); len(jwt) == 3 && strings.HasPrefix(value, "eyJ") {
		parts = jwt[1:]
	}
	for i, part := range parts {
		parts[i] = part[:min(len(part), clipped)]
	}
	return parts
}

// spellings are the ways in which a value may be written down.
func spellings(value string) []string {
	all := map[string]bool{
		value: true, url.QueryEscape(value): true, url.PathEscape(value): true, hex.EncodeToString([]byte(value)): true,
		http.CanonicalHeaderKey(value): true,
	}
	// In base64 the same bytes look different at each of three places.
	for shift := range 3 {
		first, last := (shift*8+5)/6, (shift+len(value))*8/6
		moved := append(bytes.Repeat([]byte{'-'}, shift), value...)
		all[base64.RawStdEncoding.EncodeToString(moved)[first:last]] = true
		all[base64.RawURLEncoding.EncodeToString(moved)[first:last]] = true
	}
	distinct := make([]string, 0, len(all))
	for text := range all {
		distinct = append(distinct, text)
	}
	return distinct
}

// scan finds every secret in a text.
func (s scanner) scan(text []byte) (leaks []leak) {
	for i := 0; i+leastSecret <= len(text); i++ {
		for _, n := range s[[leastSecret]byte(text[i:i+leastSecret])] {
			if bytes.HasPrefix(text[i:], []byte(n.text)) {
				leaks = append(leaks, found(text, i, n))
			}
		}
	}
	return leaks
}

func found(text []byte, at int, n needle) leak {
	begin, end := bytes.LastIndexByte(text[:at], '\n')+1, bytes.IndexByte(text[at:], '\n')
	if end < 0 {
		end = len(text) - at
	}
	line, _, _ := strings.Cut(string(text[begin:at+end]), n.text)
	return leak{kind: n.kind, line: bytes.Count(text[:at], []byte("\n")) + 1, text: line + "[" + n.kind + "]"}
}
