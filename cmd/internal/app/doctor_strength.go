package app

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// examineStrength looks at whether the sealing keys look as if chance had made them. Nothing can prove that it did; a key
// that somebody typed shows.
func (t *Tools) examineStrength() []Finding {
	var weak []string
	keys := t.app.cfg.Sealing.Keys
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(keys[name].Reveal()))
		if err == nil && looksTyped(raw) {
			weak = append(weak, name)
		}
	}
	f := Finding{About: "sealing", Name: "strength", Level: Well, Text: Count(len(keys), "key, which does not look", "keys, and none looks") + " typed"}
	switch {
	case len(weak) > 0:
		f.Level, f.Text = Warning, "sealing.keys "+strings.Join(weak, ", ")+" does not look random: whoever guesses it reads and forges every record"
		f.Fix = "rotate to a key by openssl rand -base64 32"
	case len(keys) == 0:
		return nil // state in memory, and keys of the process's own
	}
	return []Finding{f}
}

const (
	// Of 32 random bytes at least this many are different, but once in more than 10^15 times.
	leastDifferent = 16
	// fullText is how long a text of hexadecimal digits or base64 is that holds 32 random bytes.
	fullText = 43
)

// looksTyped recognises few different bytes, a piece said again and again, and a text that is too short to be a random
// key which was written down twice.
func looksTyped(raw []byte) bool {
	different := map[byte]bool{}
	text := true
	for _, b := range raw {
		different[b] = true
		text = text && ' ' <= b && b <= '~'
	}
	return len(different) < leastDifferent || repeats(raw) || text && len(raw) < fullText
}

// repeats says whether the bytes are one piece, said at least twice.
func repeats(raw []byte) bool {
	for piece := 1; piece <= len(raw)/2; piece++ {
		again := true
		for i := piece; i < len(raw) && again; i++ {
			again = raw[i] == raw[i-piece]
		}
		if again {
			return true
		}
	}
	return false
}
