package app_test

import (
	"errors"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
)

// FuzzDecode looks for a file that stops the decoder rather than being refused, or whose refusal is no Errors.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		completeYAML, "", "a", "a: b: c", "- - -", "[[{", "? a", "a: &a [*a]", "<<: {}", "a: |\n  b", "!!str a", "\tb", "---\n---", "...",
		"chats: {a: {kind: talk}}", "chats: {a: {kind: ${env:SECRET}}}", "redis: {password: |x", "': ", "\"\\u", "{a: [}", "a:\r\rb: c", "{,}", "[,]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		err := app.Decode(sampleFile, source, new(sample), sampleOptions())
		var problems app.Errors
		if err == nil {
			return
		}
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("Decode = %T %v, want app.Errors", err, err)
		}
		if lines := strings.Count(err.Error(), "\n") + 1; lines != len(problems) {
			t.Errorf("%d problems on %d lines:\n%v", len(problems), lines, err)
		}
	})
}
