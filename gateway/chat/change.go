package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Change is a setting of a chat that is not what it is going to be. Its values are JSON, as the chat has them.
type Change struct {
	Setting  string
	Was, Set json.RawMessage
	// Secret says that neither value is for people's eyes.
	Secret bool
}

// String shows the change to people, without secrets.
func (c Change) String() string {
	show := Shown
	if c.Secret {
		show = ShownSecret
	}
	return fmt.Sprintf("%s: %s -> %s", c.Setting, show(c.Was), show(c.Set))
}

// ErrPlanChanged says that what a person agreed to is not what would be done now.
var ErrPlanChanged = errors.New("nothing was changed: settings have changed since they were shown; look at them again")

// Agreed is ErrPlanChanged where the changes that a person has seen are not those that would be made now.
func Agreed(seen, now []Change) error {
	same := func(a, b Change) bool {
		return a.Setting == b.Setting && bytes.Equal(a.Was, b.Was) && bytes.Equal(a.Set, b.Set)
	}
	if !slices.EqualFunc(seen, now, same) {
		return ErrPlanChanged
	}
	return nil
}

// SameValue compares two values of a setting, however they are written. A text is never a boolean: to Rocket.Chat's own
// code "false" is as good as true.
func SameValue(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// Shown is a setting's value for people, on one line; one that was not told is said to be unknown.
func Shown(value json.RawMessage) string {
	if len(value) == 0 {
		return "not told"
	}
	return Printable(string(value))
}

// ShownSecret is Shown for a secret: it tells only whether there is one.
func ShownSecret(value json.RawMessage) string {
	if len(value) == 0 || string(value) == "null" {
		return Shown(value)
	}
	return "(a secret)"
}

// Printable is a chat's text without what could forge, break or disguise a line: control characters, line separators and
// marks that change the direction of reading (S135).
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}
