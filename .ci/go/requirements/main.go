// Command requirements holds the list of requirements against what ran:
//
//	requirements -table FILE -steps FILE LOG...
//
// The table has a line for each requirement: its number, one sentence, and the evidence, separated by tabs. Evidence is
// one or more of these, separated by "; ":
//
//	PACKAGE TEST    a test, or a subtest as TEST/name, that is in a LOG of `go test -json` and passed
//	cmd: STEP       a step of .ci/run that ended well; the steps file names one a line
//	n/a: REASON     nothing to show yet, and why
//
// It names every line that does not hold and exits 1 if there is one.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"

	"chatgate/ci/testlog"
)

const module = "chatgate"

func main() {
	table := flag.String("table", ".ci/requirements.tsv", "the list of requirements")
	steps := flag.String("steps", "", "the names of the steps that ended well, one a line")
	flag.Parse()
	problems, count, err := run(*table, *steps, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, problem := range problems {
		fmt.Println(problem)
	}
	fmt.Printf("%d requirements, %d without evidence\n", count, len(problems))
	if len(problems) > 0 {
		os.Exit(1)
	}
}

func run(table, steps string, logs []string) (problems []string, count int, err error) {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil, 0, err
	}
	requirements, problems := parse(string(text))
	shown, err := read(steps, logs)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range requirements {
		if problem := shown.check(r); problem != "" {
			problems = append(problems, fmt.Sprintf("%s: %s", r.id, problem))
		}
	}
	return problems, len(requirements), nil
}

// read takes an empty steps file name for no steps.
func read(steps string, logs []string) (evidence, error) {
	log, err := testlog.ReadFiles(logs)
	if err != nil {
		return evidence{}, err
	}
	e := evidence{tests: log, steps: map[string]bool{}}
	if steps == "" {
		return e, nil
	}
	names, err := os.ReadFile(steps)
	if err != nil {
		return evidence{}, err
	}
	for name := range strings.FieldsSeq(string(bytes.TrimSpace(names))) {
		e.steps[name] = true
	}
	return e, nil
}
