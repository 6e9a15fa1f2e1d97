// Package testlog reads what `go test -json` writes.
package testlog

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// ID names a test, a subtest, or with an empty Test the package itself.
type ID struct{ Package, Test string }

func (id ID) String() string { return strings.TrimSpace(id.Package + " " + id.Test) }

// Result is how one ended and what it printed.
type Result struct {
	Outcome string // pass, fail, skip; empty when it never ended
	Output  string
}

// Log is the outcome of one or more runs. A test that ran twice keeps its worst outcome.
type Log map[ID]*Result

// event is a line of the log (go doc test2json). Build output comes with an import path instead of a package.
type event struct {
	Action      string
	Package     string
	Test        string
	Output      string
	ImportPath  string
	FailedBuild string
}

// ReadFiles reads logs one after the other.
func ReadFiles(paths []string) (Log, error) {
	log := Log{}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		err = log.Read(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return log, nil
}

// Read adds one run. Lines that are not JSON are what the go command itself had to say, and are left out.
func (l Log) Read(r io.Reader) error {
	builds := map[string]string{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil {
			l.add(e, builds)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (l Log) add(e event, builds map[string]string) {
	if e.Action == "build-output" {
		builds[e.ImportPath] += e.Output
		return
	}
	if e.Package == "" {
		return
	}
	result := l.result(ID{e.Package, e.Test})
	switch e.Action {
	case "output":
		result.Output += e.Output
	case "pass", "skip", "fail":
		result.Outcome = worse(result.Outcome, e.Action)
		result.Output += builds[e.FailedBuild]
	}
}

func (l Log) result(id ID) *Result {
	if l[id] == nil {
		l[id] = &Result{}
	}
	return l[id]
}

func worse(a, b string) string {
	order := []string{"", "pass", "skip", "fail"}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// Counted are the tests to count, sorted: those without subtests, and those that failed although none of their
// subtests did. A package is among them when it failed without a failing test, as when it does not compile.
func (l Log) Counted() []ID {
	parents, failing := map[ID]bool{}, map[ID]bool{}
	for id, result := range l {
		for above, ok := id.parent(); ok; above, ok = above.parent() {
			parents[above] = true
			failing[above] = failing[above] || result.failed()
		}
	}
	counted := slices.Collect(maps.Keys(l))
	counted = slices.DeleteFunc(counted, func(id ID) bool {
		own := l[id].failed() && !failing[id]
		return !own && (parents[id] || id.Test == "")
	})
	slices.SortFunc(counted, func(a, b ID) int {
		return cmp.Or(strings.Compare(a.Package, b.Package), strings.Compare(a.Test, b.Test))
	})
	return counted
}

// failed counts a test that never ended, as in a panic or a timeout, among the failures.
func (r *Result) failed() bool { return r.Outcome == "fail" || r.Outcome == "" }

// parent is the test around a subtest, and the package around a test.
func (id ID) parent() (ID, bool) {
	if id.Test == "" {
		return ID{}, false
	}
	i := max(strings.LastIndex(id.Test, "/"), 0)
	return ID{id.Package, id.Test[:i]}, true
}
