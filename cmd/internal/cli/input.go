package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/term"
)

// errInterrupted says that whoever was asked has ended the command in place of an answer.
var errInterrupted = errors.New("interrupted")

// input is standard input whose reads end with the command's context: Ctrl-C and SIGTERM end it, and neither wakes a read
// that waits for a person.
type input struct {
	ended <-chan struct{}
	in    io.Reader
}

func newInput(ctx context.Context, in io.Reader) *input {
	if in == nil {
		in = os.Stdin
	}
	return &input{ended: ctx.Done(), in: in}
}

// Read reads into memory of its own, since a read that is not waited for any more goes on until the process ends.
func (i *input) Read(p []byte) (int, error) {
	own := make([]byte, len(p))
	n, err := await(i.ended, func() (int, error) { return i.in.Read(own) })
	return copy(p, own[:n]), err
}

// terminal is the terminal that a person types at, if there is one.
func (i *input) terminal() (fd int, is bool) {
	file, isFile := i.in.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	return int(file.Fd()), true
}

// hidden reads a line that the terminal does not show, and has it show what is typed again, however that ends.
func (i *input) hidden(fd int) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	text, err := await(i.ended, func() ([]byte, error) { return term.ReadPassword(fd) })
	if errors.Is(err, errInterrupted) {
		err = errors.Join(err, term.Restore(fd, before))
	}
	return string(text), err
}

// await waits for a read, or for the end.
func await[T any](ended <-chan struct{}, read func() (T, error)) (T, error) {
	type result struct {
		got T
		err error
	}
	var nothing T
	select {
	case <-ended:
		return nothing, errInterrupted
	default:
	}
	done := make(chan result, 1)
	go func() {
		got, err := read()
		done <- result{got, err}
	}()
	select {
	case r := <-done:
		return r.got, r.err
	case <-ended:
		return nothing, errInterrupted
	}
}
