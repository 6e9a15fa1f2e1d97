// Command tally counts the tests in logs of `go test -json` and shows what did not pass:
//
//	tally LOG...
//
// Its last line is "N passed, N failed, N skipped". It exits 1 when a test failed or was skipped, since in CI every part
// that a test needs is there, and when there was no test at all.
package main

import (
	"fmt"
	"os"
	"strings"

	"chatgate/ci/testlog"
)

// shown is how many of the last lines of a test's output are printed.
const shown = 40

func main() {
	log, err := testlog.ReadFiles(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	passed, failed, skipped := 0, 0, 0
	for _, id := range log.Counted() {
		switch log[id].Outcome {
		case "pass":
			passed++
			continue
		case "skip":
			skipped++
			fmt.Println("SKIP", id)
		default:
			failed++
			fmt.Println("FAIL", id)
		}
		fmt.Println(tail(log[id].Output))
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || skipped > 0 || passed == 0 {
		os.Exit(1)
	}
}

func tail(output string) string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	return "    " + strings.Join(lines[max(0, len(lines)-shown):], "\n    ")
}
