package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// notes are what helm install prints, as a person reads them: addresses to open, and for each product a list of what to
// enter there, by the names it has there.
type notes struct {
	gateway string // where chatgate is to be reached
	login   string // what to open first
	script  string // what pages with comments load
	provider,
	rocketChat,
	coral section
}

// section is what to enter in one product, and where that product is.
type section struct {
	address string
	entries map[string]string
}

// What each product has to be told.
var (
	providerEntries = []string{
		"Client ID", "Redirect URI", "Post-logout redirect URI", "Back-channel logout URI", "Front-channel logout URI",
	}
	rocketChatEntries = []string{
		"Accounts_iframe_enabled", "Accounts_iframe_url", "Accounts_Iframe_api_url", "Accounts_Iframe_api_method",
	}
	coralEntries = []string{
		"Enabled", "Allow registration", "Provider name", "Client ID", "Client secret",
		"Issuer", "JWKS URI", "Authorization URL", "Token URL",
	}
)

var (
	reached = regexp.MustCompile(`(?m)^chatgate is to be reached at (\S+)$`)
	opened  = regexp.MustCompile(`(?m)^ *Then open (\S+) and sign in\.`)
	loaded  = regexp.MustCompile(`(?m)^ *Pages with its comments load (\S+)$`)
	entry   = regexp.MustCompile(`^ {4,}(\S+(?: \S+)*) {2,}(\S.*)$`)
)

// readNotes fails on the first thing that is not to be found.
func readNotes(text string) (n notes, err error) {
	for _, line := range []struct {
		what string
		in   *regexp.Regexp
		into *string
	}{
		{"where chatgate is to be reached", reached, &n.gateway},
		{"what to open first", opened, &n.login},
		{"what pages with comments load", loaded, &n.script},
	} {
		found := line.in.FindStringSubmatch(text)
		if found == nil {
			return n, fmt.Errorf("the notes do not say %s", line.what)
		}
		*line.into = found[1]
	}
	for _, product := range []struct {
		name    string
		entries []string
		into    *section
	}{
		{"provider", providerEntries, &n.provider},
		{"Rocket.Chat", rocketChatEntries, &n.rocketChat},
		{"Coral", coralEntries, &n.coral},
	} {
		if *product.into, err = readSection(text, product.name, product.entries); err != nil {
			return n, err
		}
	}
	return n, nil
}

// readSection reads from a heading to the next line that stands as far left.
func readSection(text, product string, wanted []string) (section, error) {
	heading := regexp.MustCompile(`(?m)^  \S+, the ` + regexp.QuoteMeta(product) + ` at (\S+)$`).FindStringSubmatchIndex(text)
	if heading == nil {
		return section{}, fmt.Errorf("the notes have no part for the %s", product)
	}
	s := section{address: text[heading[2]:heading[3]], entries: map[string]string{}}
	for _, line := range strings.Split(text[heading[1]:], "\n")[1:] {
		if !strings.HasPrefix(line, "    ") {
			break
		}
		if found := entry.FindStringSubmatch(line); found != nil {
			s.entries[found[1]] = found[2]
		}
	}
	for _, name := range wanted {
		if s.entries[name] == "" {
			return section{}, fmt.Errorf("the notes on the %s do not say %q", product, name)
		}
	}
	return s, nil
}

// Nobody gets in by notes from which one line is missing: nothing in the walk is known from anywhere else.
func TestNotesThatLackALineDoNotDo(t *testing.T) { // H23
	text := defaultChart(t).Notes
	whole, err := readNotes(text)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, in := range []*regexp.Regexp{reached, opened, loaded} {
		lines = append(lines, in.FindString(text))
	}
	for _, s := range []section{whole.provider, whole.rocketChat, whole.coral} {
		lines = append(lines, " at "+s.address+"\n")
		for name, value := range s.entries {
			lines = append(lines, regexp.MustCompile(regexp.QuoteMeta(name)+` +`+regexp.QuoteMeta(value)).FindString(text))
		}
	}
	for _, line := range lines {
		if _, err := readNotes(strings.ReplaceAll(text, line, "\n")); err == nil {
			t.Errorf("the notes do without %q", line)
		}
	}
	if len(lines) != 3+3+len(providerEntries)+len(rocketChatEntries)+len(coralEntries) {
		t.Errorf("%d lines to enter: %q", len(lines), lines)
	}
}
