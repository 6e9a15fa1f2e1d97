package main

import (
	"strings"
	"testing"

	"chatgate/ci/testlog"
)

func TestCheck(t *testing.T) {
	ran := evidence{
		steps: map[string]bool{"vet": true},
		tests: testlog.Log{
			{Package: "chatgate/oidc", Test: "TestGood"}:      {Outcome: "pass"},
			{Package: "chatgate/oidc", Test: "TestGood/sub"}:  {Outcome: "pass"},
			{Package: "chatgate/oidc", Test: "TestBad"}:       {Outcome: "fail"},
			{Package: "chatgate/oidc", Test: "TestSkipped"}:   {Outcome: "skip"},
			{Package: "chatgate/oidc", Test: "TestNoEnd"}:     {},
			{Package: "chatgate/store", Test: "FuzzAnything"}: {Outcome: "pass"},
		},
	}
	tests := []struct{ name, evidence, want string }{
		{"a test that passed", "oidc TestGood", ""},
		{"a subtest that passed", "oidc TestGood/sub", ""},
		{"a fuzz target that passed", "store FuzzAnything", ""},
		{"a step that ended well", "cmd: vet", ""},
		{"a reason why there is nothing", "n/a: comes with the chart", ""},
		{"several that hold", "oidc TestGood; cmd: vet", ""},
		{"a test that does not exist", "oidc TestGone", "did not run"},
		{"a test of another package", "store TestGood", "did not run"},
		{"a test that failed", "oidc TestBad", "did not pass"},
		{"a test that was skipped", "oidc TestSkipped", "did not pass"},
		{"a test that never ended", "oidc TestNoEnd", "did not pass"},
		{"one of several that does not hold", "oidc TestGood; oidc TestBad", "did not pass"},
		{"a step that did not run", "cmd: lint", "did not end well"},
		{"nothing", "", "no evidence"},
		{"a promise", "pending", "no evidence"},
		{"no reason", "n/a: ", "no evidence"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ran.check(requirement{evidence: strings.Split(test.evidence, "; ")})
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("check(%q) = %q, want %q", test.evidence, got, test.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	tests := []struct{ name, table, want string }{
		{"a whole line", "S1\tIt holds.\tpending", ""},
		{"a field missing", "S1\tIt holds.", "line 2: must be"},
		{"no sentence", "S1\t\tpending", "line 2: must be"},
		{"a number twice", "S1\tIt holds.\tpending\nS1\tAgain.\tpending", "line 3: S1 is there twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, problems := parse("id\trequirement\tevidence\n" + test.table + "\n")
			if got := strings.Join(problems, "; "); !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("parse(%q) = %q, want %q", test.table, got, test.want)
			}
		})
	}
}
