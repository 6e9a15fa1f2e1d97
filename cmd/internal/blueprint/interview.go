package blueprint

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"chatgate/cmd/internal/app"
)

// Prompter asks a person.
type Prompter struct {
	In  *bufio.Reader
	Out io.Writer
	// Hidden reads an answer that nobody sees; nil reads a line like any other.
	Hidden func() (string, error)
}

// MissingError says that a question is open and nobody is there to answer it.
type MissingError struct {
	Flag string
	// Instead is a flag that would do as well, or empty.
	Instead string
	// What is what the flag would say.
	What string
}

func (e *MissingError) Error() string {
	flag := "--" + e.Flag
	if e.Instead != "" {
		flag += " or --" + e.Instead
	}
	return flag + " is missing: " + e.What
}

// WrongError says that the answer in a flag is none.
type WrongError struct {
	Flag string
	Err  error
}

func (e *WrongError) Error() string { return "--" + e.Flag + " " + e.Err.Error() }
func (e *WrongError) Unwrap() error { return e.Err }

// answer sees to one question: by its flag, else by asking, else by what it falls back to.
func (s *sheet) answer(q Question) error {
	if text, given := s.given[q.Name]; given && text != "" {
		if err := q.take(s, text); err != nil {
			return &WrongError{q.Name, err}
		}
		return nil
	}
	if !q.arises(s) {
		return nil
	}
	fallback := ""
	if q.fallback != nil {
		fallback = q.fallback(s)
	}
	switch {
	case s.asker != nil:
		return s.ask(q, fallback)
	case fallback != "" && !q.offered:
		return q.take(s, fallback)
	case q.optional != nil && q.optional(s):
		return nil
	}
	return &MissingError{q.Name, q.instead, q.what}
}

// answerAddresses sees to the questions that come first. Where nobody can be asked, its error has everything that is
// missing, later questions' too, before anybody is looked at.
func (s *sheet) answerAddresses() error {
	var missing []error
	for _, q := range addressQuestions() {
		err := s.answer(q)
		if _, ok := errors.AsType[*MissingError](err); err != nil && !ok {
			return err
		}
		missing = append(missing, err)
	}
	for _, q := range detailQuestions() {
		if s.asker == nil && s.given[q.Name] == "" && q.arises(s) && q.fallback == nil && q.optional == nil {
			missing = append(missing, &MissingError{q.Name, q.instead, q.what})
		}
	}
	return errors.Join(missing...)
}

// ask repeats a question until its answer will do.
func (s *sheet) ask(q Question, fallback string) error {
	out := s.asker.Out
	fmt.Fprintf(out, "\n%s\n", q.why)
	for {
		fmt.Fprintf(out, "%s%s: ", q.prompt, shown(fallback))
		text, err := s.asker.line()
		if err != nil {
			return fmt.Errorf("--%s is missing: %w", q.Name, err)
		}
		if text == "" {
			text = fallback
		}
		switch {
		case text == "" && q.optional != nil && q.optional(s):
			return nil
		case text == "":
			err = errors.New("is needed")
		default:
			err = q.take(s, text)
		}
		if err == nil {
			return nil
		}
		fmt.Fprintf(out, "  %s\n", app.Printable(err.Error()))
	}
}

func shown(fallback string) string {
	if fallback == "" {
		return ""
	}
	return " [" + fallback + "]"
}

func (p *Prompter) line() (string, error) {
	text, err := p.In.ReadString('\n')
	if err != nil && (!errors.Is(err, io.EOF) || text == "") {
		return "", fmt.Errorf("read answer: %w", err)
	}
	return strings.TrimSpace(text), nil
}

func (p *Prompter) hidden() (string, error) {
	if p.Hidden == nil {
		return p.line()
	}
	text, err := p.Hidden()
	if err != nil {
		return "", fmt.Errorf("read answer: %w", err)
	}
	fmt.Fprintln(p.Out)
	return strings.TrimSpace(text), nil
}
