package cli

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// paper is what text is laid out for: a terminal with its width, or anything else.
type paper struct {
	width  int
	colour bool
}

const (
	usualWidth = 80
	// narrowest keeps a terminal that tells nonsense from tearing every word from the next, widest lines from growing so
	// long that the eye loses them.
	narrowest, widest = 40, 120
)

// paperOf looks at where the output goes. Only a terminal is coloured, and not where its owner says no
// (https://no-color.org).
func paperOf(out io.Writer) paper {
	p := paper{width: usualWidth}
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return p
	}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		p.width = min(max(width, narrowest), widest)
	}
	p.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return p
}

// colour is one of the eight that every terminal has.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
)

func (p paper) coloured(text string, c colour) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// wrap writes a text in lines of the paper's width. The first begins with the head, the others as far in. A word that is
// longer than a line keeps together, for people to copy.
func (p paper) wrap(page *page, head, text string) {
	line := head
	indent := strings.Repeat(" ", utf8.RuneCountInString(head))
	for i, word := range strings.Fields(text) {
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > p.width {
			page.WriteString(line + "\n")
			line = indent + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	page.WriteString(line + "\n")
}

// page is text in the making.
type page struct{ strings.Builder }

// gap leaves an empty line between what stands already and what follows.
func (p *page) gap() {
	if p.Len() > 0 {
		p.WriteString("\n")
	}
}
