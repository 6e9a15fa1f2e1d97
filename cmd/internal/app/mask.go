package app

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const (
	// redacted stands wherever a secret would.
	redacted = "[redacted]"

	// distinctive is the length from which a value is replaced anywhere in a sentence. A shorter one ("true", "1")
	// may be part of the sentence itself, so it is replaced only inside the quotes that sentences put around values.
	distinctive = 6
)

// revealer is what a type that holds a secret looks like from here.
type revealer interface{ Reveal() string }

// masks replaces values that must not be told by what may be shown in their place: a secret by [redacted], a value
// read from the environment or a file by the reference that named it (S133). It is the net under every sentence
// about a configuration, those of the sections' own checks and of third-party UnmarshalText included.
type masks map[string]string

// hide has value replaced by shown. A secret stays hidden when the same value also stands at a harmless key.
func (m masks) hide(value, shown string) {
	if value == "" || m[value] == redacted {
		return
	}
	m[value] = shown
}

// apply masks one sentence; longer values go first, so that no part of one survives the replacement of another.
func (m masks) apply(text string) string {
	values := make([]string, 0, len(m))
	for value := range m {
		values = append(values, value)
	}
	slices.SortFunc(values, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	var pairs []string
	for _, value := range values {
		quoted := strconv.Quote(value)
		pairs = append(pairs, quoted, strconv.Quote(m[value]))
		if len(value) >= distinctive {
			pairs = append(pairs, value, m[value], quoted[1:len(quoted)-1], m[value])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
