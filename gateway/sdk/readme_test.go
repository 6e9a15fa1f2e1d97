package sdk_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"chatgate/gateway/sdk"
)

var update = flag.Bool("update", false, "write the hashes of this release into README.md")

var documented = regexp.MustCompile("`(chatgate[a-z.]*)` \\| `(sha384-[A-Za-z0-9+/=]*)`")

// An operator copies a hash from the README into a page: a wrong one there is a page without a chat.
func TestTheReadmeHasTheHashesOfThisRelease(t *testing.T) {
	const file = "README.md"
	text := read(t, file)
	right := documented.ReplaceAllStringFunc(text, func(row string) string {
		found := documented.FindStringSubmatch(row)
		return strings.Replace(row, found[2], sdk.Integrity(found[1]), 1)
	})
	if *update {
		if err := os.WriteFile(file, []byte(right), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if right != text {
		t.Errorf("%s has hashes of another text: go test ./gateway/sdk -update", file)
	}
	for _, name := range []string{sdk.Module, sdk.Classic} {
		if !strings.Contains(text, sdk.Integrity(name)) {
			t.Errorf("%s does not give the hash of %s", file, name)
		}
	}
}
