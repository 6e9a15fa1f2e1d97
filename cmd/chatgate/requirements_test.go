package main_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	securityRequirements = 153
	mostUnproven         = 12
)

// TestEverySecurityRequirementIsAnswered: each number of the security checklist has its row among the requirements, with
// its evidence or the reason why there is none; and not many have only a reason. Whether the evidence holds is looked at
// where the tests have run.
func TestEverySecurityRequirementIsAnswered(t *testing.T) {
	table, err := os.ReadFile("../../.ci/requirements.tsv")
	if err != nil {
		t.Fatal(err)
	}
	evidence := map[string]string{}
	for line := range strings.Lines(string(table)) {
		if fields := strings.Split(strings.TrimSpace(line), "\t"); len(fields) == 3 {
			evidence[fields[0]] = fields[2]
		}
	}
	var unproven []string
	for i := 1; i <= securityRequirements; i++ {
		id := fmt.Sprintf("S%d", i)
		switch shown, there := evidence[id]; {
		case !there:
			t.Errorf("%s has no row", id)
		case strings.HasPrefix(shown, "n/a: "):
			unproven = append(unproven, id)
		}
	}
	if len(unproven) > mostUnproven {
		t.Errorf("%d numbers have a reason in place of evidence, want at most %d: %s", len(unproven), mostUnproven, unproven)
	}
}
