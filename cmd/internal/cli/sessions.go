package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newSessions() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sessions", Short: "See and end the sessions of signed-in browsers",
		Long: "These commands work on the store directly, also while the gateway runs, and while providers and chats do not answer.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSessionsList(), newSessionsRevoke())
	return cmd
}

// atStore makes a command that works on the records of the gateway, wherever it keeps them.
func atStore(cmd *cobra.Command, work func(tools *app.Tools) error) {
	cmd.Args = noArgs
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withTools(cmd, *path, func(tools *app.Tools) error {
			if err := tools.Lasting(); err != nil {
				return &misuseError{err}
			}
			return work(tools)
		})
	}
}

// personFlags say who a command is about.
type personFlags struct{ provider, subject string }

func addPerson(cmd *cobra.Command) *personFlags {
	p := &personFlags{}
	cmd.Flags().StringVar(&p.provider, "provider", "", "the provider's `KEY`; it need not be in the configuration any more")
	cmd.Flags().StringVar(&p.subject, "subject", "", "the `SUBJECT` that the provider knows the person by")
	return p
}

func (p *personFlags) given() bool { return p.provider != "" && p.subject != "" }

// whole is an error for one flag without the other.
func (p *personFlags) whole() error {
	if (p.provider == "") != (p.subject == "") {
		return errors.New("--provider and --subject go together")
	}
	return nil
}

// warnUnknownProvider says so where a provider is not configured: it may have been removed, or be a slip.
func warnUnknownProvider(cmd *cobra.Command, tools *app.Tools, provider string) {
	if provider != "" && !slices.Contains(tools.Providers(), provider) {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: provider %q is not in the configuration\n", provider)
	}
}

func newSessionsList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list --config FILE",
		Short: "List the sessions of everybody, or of one person",
		Long: "Lists sessions with the chats that they have been let into. One that is idle lets nobody in any more, and the chats\n" +
			"that it has opened may still be open. --json prints one JSON object on each line, with the whole id.",
	}
	person := addPerson(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object for each session")
	names := cmd.Flags().Bool("names", false, "also print names and e-mail addresses")
	atStore(cmd, func(tools *app.Tools) error {
		if err := person.whole(); err != nil {
			return usage(cmd, err)
		}
		warnUnknownProvider(cmd, tools, person.provider)
		list := sessionPrinter(newSessionTable(cmd.OutOrStdout(), *names))
		if *asJSON {
			list = sessionLines{json.NewEncoder(cmd.OutOrStdout()), *names}
		}
		desk := tools.Sessions()
		if person.given() {
			return errors.Join(desk.EachOf(cmd.Context(), person.provider, person.subject, list.print), list.close())
		}
		return errors.Join(desk.Each(cmd.Context(), list.print), list.close())
	})
	return cmd
}

// sessionPrinter prints sessions as they come, so that it does not matter how many there are.
type sessionPrinter interface {
	print(s app.SeenSession) error
	close() error
}

// listedSession is what programs read of a session.
type listedSession struct {
	ID       string    `json:"id"`
	Provider string    `json:"provider"`
	Subject  string    `json:"subject"`
	Begun    time.Time `json:"begun"`
	Seen     time.Time `json:"seen,omitzero"`
	Ends     time.Time `json:"ends"`
	Idle     bool      `json:"idle"`
	Browser  string    `json:"browser,omitempty"`
	System   string    `json:"system,omitempty"`
	Address  string    `json:"address,omitempty"`
	Chats    []string  `json:"chats"`
	Username string    `json:"username,omitempty"`
	Name     string    `json:"name,omitempty"`
	Email    string    `json:"email,omitempty"`
}

type sessionLines struct {
	encoder *json.Encoder
	names   bool
}

func (l sessionLines) print(s app.SeenSession) error {
	one := listedSession{
		ID: s.Key, Provider: s.Identity.Provider, Subject: s.Identity.Subject, Begun: s.Begun.UTC(), Seen: s.Seen.UTC(), Ends: s.Ends.UTC(), Idle: s.Idle,
		Browser: s.From.Browser, System: s.From.System, Address: s.From.Address, Chats: append([]string{}, s.Open...),
	}
	if l.names {
		one.Username, one.Name, one.Email = s.Identity.Username, s.Identity.Name, s.Identity.Email
	}
	if err := l.encoder.Encode(one); err != nil {
		return fmt.Errorf("write session: %w", err)
	}
	return nil
}

func (l sessionLines) close() error { return nil }

// tableRows is how many rows are aligned with each other.
const tableRows = 200

// sessionTable is for people. It aligns so many rows at a time and then lets them go.
type sessionTable struct {
	out   *tabwriter.Writer
	names bool
	rows  int
}

func newSessionTable(out io.Writer, names bool) *sessionTable {
	t := &sessionTable{out: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), names: names}
	t.row("ID", "PROVIDER", "SUBJECT", "BEGUN", "LAST SEEN", "DEVICE", "ADDRESS", "CHATS", "PERSON")
	return t
}

// row writes cells, of which the last one is names alone.
func (t *sessionTable) row(cells ...string) {
	if !t.names {
		cells = cells[:len(cells)-1]
	}
	fmt.Fprintln(t.out, strings.Join(cells, "\t")) // an error comes with Flush
}

func (t *sessionTable) print(s app.SeenSession) error {
	seen := "idle"
	if !s.Idle {
		seen = app.Moment(s.Seen)
	}
	t.row(s.Label(), known(s.Identity.Provider), known(s.Identity.Subject), app.Moment(s.Begun), seen,
		device(s), orDash(s.From.Address), orDash(strings.Join(s.Open, ", ")), person(s))
	if t.rows++; t.rows%tableRows == 0 {
		return t.close()
	}
	return nil
}

func (t *sessionTable) close() error {
	if err := t.out.Flush(); err != nil {
		return fmt.Errorf("write sessions: %w", err)
	}
	return nil
}

func device(s app.SeenSession) string {
	switch {
	case s.From.Browser == "":
		return orDash(s.From.System)
	case s.From.System == "":
		return s.From.Browser
	}
	return s.From.Browser + " on " + s.From.System
}

func person(s app.SeenSession) string {
	id := s.Identity
	text := printable(strings.Join(slices.DeleteFunc([]string{id.Username, id.Name}, func(word string) bool { return word == "" }), ", "))
	if id.Email != "" {
		text += " <" + printable(id.Email) + ">"
	}
	return orDash(strings.TrimSpace(text))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return printable(text)
}
