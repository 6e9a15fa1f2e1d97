package chat

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Renamed is one person at a provider that was replaced (D6): the subject that the former provider knew them by, and the one
// by which the provider in its place knows them. Line is where the map says so.
type Renamed struct {
	Line     int
	Old, New string
}

// maxLine bounds a line of a map and of what is read in, in bytes.
const maxLine = 16 << 10

// ReadSubjects reads a map of subjects: on each line the old one and the new one with a tab between them. Two old ones
// with one new one would make two people one.
func ReadSubjects(r io.Reader) ([]Renamed, error) {
	var subjects []Renamed
	old, taken := map[string]bool{}, map[string]bool{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if line == "" {
			continue
		}
		from, to, ok := strings.Cut(line, "\t")
		switch {
		case !ok || from == "" || to == "" || strings.Contains(to, "\t"):
			return nil, fmt.Errorf("line %d: must be the old subject, a tab and the new subject", number)
		case old[from] || taken[to]:
			return nil, fmt.Errorf("line %d: a subject stands twice on its side of the map", number)
		}
		old[from], taken[to] = true, true
		subjects = append(subjects, Renamed{Line: number, Old: from, New: to})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read map of subjects: %w", err)
	}
	return subjects, nil
}

// Outcome is what became of one line that was read in, or would become of it on a dry run.
type Outcome string

// What can become of a line.
const (
	ImportLinked    Outcome = "linked"
	ImportMoved     Outcome = "moved"     // from the old identity on the line to the new one
	ImportUnchanged Outcome = "unchanged" // it stood already
	ImportRefused   Outcome = "refused"
)

// ImportedLine is one line and what became of it.
type ImportedLine struct {
	Number  int
	Outcome Outcome
	// Why a line is refused.
	Why string
}

// RefusedError says why somebody's account is not given to whom an operator wants to give it, and which flag would. Nothing
// is changed then.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return e.Why }

// EachLine has every line of r that is not empty taken, and tells what became of it in the manner of TellLine.
func EachLine(r io.Reader, told func(ImportedLine), take func(line []byte) (Outcome, error)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	number := 1
	for ; lines.Scan(); number++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		outcome, err := take(lines.Bytes())
		if err := TellLine(told, number, outcome, err); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read line %d: %w", number, err)
	}
	return nil
}

// TellLine tells what became of a line. A line that is refused holds up no other; any other error does, and is returned.
func TellLine(told func(ImportedLine), number int, outcome Outcome, err error) error {
	refused, ok := errors.AsType[*RefusedError](err)
	switch {
	case ok:
		told(ImportedLine{Number: number, Outcome: ImportRefused, Why: refused.Why})
	case err != nil:
		return fmt.Errorf("line %d: %w", number, err)
	default:
		told(ImportedLine{Number: number, Outcome: outcome})
	}
	return nil
}
