package charts_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatgate/charts/charttest"
)

// suite is what helm-unittest tells of one file below tests.
type suite struct {
	Name  string `xml:"name,attr"`
	Cases []struct {
		Name    string   `xml:"name,attr"`
		Failure *message `xml:"failure"`
		Error   *message `xml:"error"`
		Skipped *message `xml:"skipped"`
	} `xml:"testcase"`
}

type message struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// The chart's unit tests, one subtest for each suite and below it one for each case (E-6).
func TestUnitSuites(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.xml")
	cmd := exec.Command(charttest.Program(t, "helm-unittest"), "--strict", "-t", "JUnit", "-o", report, "chatgate")
	said, failed := cmd.CombinedOutput()
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("helm-unittest left no report: %v\n%s", err, said)
	}
	var suites struct {
		Suites []suite `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		t.Fatal(err)
	}
	for _, s := range suites.Suites {
		t.Run(s.Name, func(t *testing.T) { s.tell(t) })
	}
	if files, _ := filepath.Glob(filepath.Join("chatgate", "tests", "*_test.yaml")); len(files) != len(suites.Suites) {
		t.Errorf("%d suites ran, want the %d files of tests:\n%s", len(suites.Suites), len(files), said)
	}
	if failed != nil {
		t.Errorf("helm-unittest: %v\n%s", failed, said)
	}
}

func (s suite) tell(t *testing.T) {
	t.Helper()
	if len(s.Cases) == 0 {
		t.Error("the suite has no tests")
	}
	for _, c := range s.Cases {
		t.Run(c.Name, func(t *testing.T) {
			for what, m := range map[string]*message{"failed": c.Failure, "is wrong": c.Error, "was skipped": c.Skipped} {
				if m != nil {
					t.Errorf("it %s: %s %s", what, m.Message, strings.TrimSpace(m.Text))
				}
			}
		})
	}
}
