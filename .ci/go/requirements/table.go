package main

import (
	"fmt"
	"strings"

	"chatgate/ci/testlog"
)

type requirement struct {
	id       string
	sentence string
	evidence []string
}

// parse reads the table below its heading. Every line must be whole and every number unique.
func parse(text string) (requirements []requirement, problems []string) {
	seen := map[string]bool{}
	_, rows, _ := strings.Cut(strings.TrimRight(text, "\n"), "\n")
	for i, line := range strings.Split(rows, "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 || fields[0] == "" || fields[1] == "" {
			problems = append(problems, fmt.Sprintf("line %d: must be a number, a sentence and the evidence, separated by tabs", i+2))
			continue
		}
		if seen[fields[0]] {
			problems = append(problems, fmt.Sprintf("line %d: %s is there twice", i+2, fields[0]))
		}
		seen[fields[0]] = true
		requirements = append(requirements, requirement{fields[0], fields[1], strings.Split(fields[2], "; ")})
	}
	return requirements, problems
}

// evidence is what ran.
type evidence struct {
	tests testlog.Log
	steps map[string]bool
}

// check returns what is wrong with a requirement's evidence, or nothing.
func (e evidence) check(r requirement) string {
	for _, claim := range r.evidence {
		if problem := e.checkClaim(claim); problem != "" {
			return problem
		}
	}
	return ""
}

func (e evidence) checkClaim(claim string) string {
	if reason, ok := strings.CutPrefix(claim, "n/a: "); ok && reason != "" {
		return ""
	}
	if step, ok := strings.CutPrefix(claim, "cmd: "); ok {
		if !e.steps[step] {
			return fmt.Sprintf("step %q did not end well", step)
		}
		return ""
	}
	folder, test, ok := strings.Cut(claim, " ")
	if !ok || !strings.HasPrefix(test, "Test") && !strings.HasPrefix(test, "Fuzz") {
		return fmt.Sprintf("%q is no evidence", claim)
	}
	result := e.tests[testlog.ID{Package: module + "/" + folder, Test: test}]
	switch {
	case result == nil:
		return fmt.Sprintf("test %s did not run", claim)
	case result.Outcome != "pass":
		return fmt.Sprintf("test %s did not pass", claim)
	}
	return ""
}
