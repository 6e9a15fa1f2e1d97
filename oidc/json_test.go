package oidc

import (
	"encoding/json"
	"strings"
	"testing"
)

// Two readers of an object that checkJSON accepts see one subject: the one that matches names exactly, as our claims
// do, and the one that folds them, as go-oidc's struct does (S48).
func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{
		`{"sub":"a"}`, `{"sub":"a","sub":"b"}`, `{"sub":"a","SUB":"b"}`, `{"sub":"a","ſub":"b"}`, `{"sub":"a","\u0053ub":"b"}`,
		`{"a":[{"b":[]}]}`, `{"a":1e400}`, `[]`, `{`, `{"a":` + strings.Repeat("[", 100), "{\"\xff\":1}", `{} {}`, ` {"sub":null} `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		exact, err := decodeClaims(data)
		if err != nil {
			return
		}
		var folded struct {
			Subject any `json:"sub"`
		}
		if err := json.Unmarshal(data, &folded); err != nil {
			return // a number too large for a float, which claims keep as text
		}
		if subject, isText := folded.Subject.(string); isText && exact["sub"] != nil && exact.text("sub") != subject {
			t.Errorf("checkJSON(%q) accepted two subjects, %q and %q", data, exact["sub"], subject)
		}
	})
}
