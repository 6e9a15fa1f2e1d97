package audit_test

import (
	"log/slog"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/audit"
)

func TestActsAreAllThatAreListed(t *testing.T) {
	source, err := os.ReadFile("acts.go")
	if err != nil {
		t.Fatal(err)
	}
	var listed []audit.Act
	for _, m := range regexp.MustCompile(`(?m)^\t\w+\s+Act\s*= "(\w+)"`).FindAllSubmatch(source, -1) {
		listed = append(listed, audit.Act(m[1]))
	}
	if diff := cmp.Diff(listed, audit.Acts()); diff != "" {
		t.Errorf("Acts() lacks some of acts.go (-listed +got):\n%s", diff)
	}
}

func TestEveryActIsCounted(t *testing.T) {
	var counted []audit.Act
	log := audit.New(slog.New(slog.DiscardHandler)).Counting(func(a audit.Act) { counted = append(counted, a) })
	for _, act := range []audit.Act{audit.SignedIn, audit.SignedOut} {
		log.Record(t.Context(), audit.Event{Act: act})
	}
	if !slices.Equal(counted, []audit.Act{audit.SignedIn, audit.SignedOut}) {
		t.Errorf("counted %v, want both acts", counted)
	}
}
