package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"chatgate/cmd/internal/app"
)

// form is how findings are printed.
type form struct{ json, all, quiet bool }

// report prints the findings and is an error when one of them is a failure.
func report(out io.Writer, found []app.Finding, f form) error {
	failures := ofLevel(found, app.Failure)
	var err error
	if f.json {
		err = json.NewEncoder(out).Encode(struct {
			Failures int           `json:"failures"`
			Findings []app.Finding `json:"findings"`
		}{failures, found})
	} else {
		err = sheet{paper: paperOf(out), form: f}.write(out, found)
	}
	if err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	if failures > 0 {
		return fmt.Errorf("doctor: %d of %s failed", failures, app.Count(len(found), "check", "checks"))
	}
	return nil
}

// sheet lays findings out for somebody who is tired: one line for each part, then in full what is wrong, the worst first.
type sheet struct {
	paper
	form
}

func (s sheet) write(out io.Writer, found []app.Finding) error {
	var page page
	if !s.quiet {
		s.summary(&page, found)
	}
	levels := []app.Level{app.Failure, app.Warning}
	if s.all {
		levels = append(levels, app.Well)
	}
	for _, level := range levels {
		for _, f := range found {
			if f.Level == level {
				s.inFull(&page, f)
			}
		}
	}
	_, err := io.WriteString(out, page.String())
	return err
}

// summary is one line for each part of the installation, in the order in which they were looked at.
func (s sheet) summary(page *page, found []app.Finding) {
	var parts []string
	of := map[string][]app.Finding{}
	widest := 0
	for _, f := range found {
		part := printable(f.About)
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
			widest = max(widest, utf8.RuneCountInString(part))
		}
		of[part] = append(of[part], f)
	}
	for _, part := range parts {
		fmt.Fprintf(page, "%s  %-*s  %s\n", s.mark(worst(of[part])), widest, part, tally(of[part]))
	}
}

// inFull is one finding, and what to do about it on lines of its own.
func (s sheet) inFull(page *page, f app.Finding) {
	page.gap()
	fmt.Fprintf(page, "%s  %s, %s\n", s.mark(f.Level), printable(f.About), printable(f.Name))
	s.wrap(page, "      ", printable(f.Text))
	if f.Fix != "" {
		s.wrap(page, "   -> ", printable(f.Fix))
	}
}

// mark is a level as a word of four letters, so that no colour is needed to see it.
func (s sheet) mark(level app.Level) string {
	return s.coloured(fmt.Sprintf("%-4s", level), map[app.Level]colour{app.Failure: red, app.Warning: yellow, app.Well: green}[level])
}

func worst(found []app.Finding) app.Level {
	switch {
	case ofLevel(found, app.Failure) > 0:
		return app.Failure
	case ofLevel(found, app.Warning) > 0:
		return app.Warning
	}
	return app.Well
}

// tally says of one part how its checks went.
func tally(found []app.Finding) string {
	text := ""
	if n := ofLevel(found, app.Failure); n > 0 {
		text += fmt.Sprintf("%d failed, ", n)
	}
	if n := ofLevel(found, app.Warning); n > 0 {
		text += app.Count(n, "warning", "warnings") + ", "
	}
	return text + app.Count(ofLevel(found, app.Well), "check", "checks") + " ok"
}

// ofLevel counts the findings of one level.
func ofLevel(found []app.Finding, level app.Level) int {
	n := 0
	for _, f := range found {
		if f.Level == level {
			n++
		}
	}
	return n
}
