package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newSubject() *cobra.Command {
	cmd := &cobra.Command{
		Use: "subject", Short: "Tell a person what is held on them, and erase it",
		Long: "A person is a provider's key in the configuration and the subject that the provider knows them by. These commands\n" +
			"work on the store directly, also while the gateway runs, and while providers and chats do not answer.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSubjectExport(), newSubjectErase())
	return cmd
}

// aboutPerson makes a command about one person.
func aboutPerson(cmd *cobra.Command, work func(tools *app.Tools, p *personFlags) error) {
	person := addPerson(cmd)
	atStore(cmd, func(tools *app.Tools) error {
		if !person.given() {
			return usage(cmd, errors.New("--provider and --subject must say who the person is"))
		}
		warnUnknownProvider(cmd, tools, person.provider)
		return work(tools, person)
	})
}

func newSubjectExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export --config FILE --provider KEY --subject SUBJECT",
		Short: "Print what is held on a person, as JSON",
		Long: "Prints one JSON object: the person's sessions, what each chat's connector keeps, the logins that are out, and the work\n" +
			"that waits. No token, key or cookie is in it. Not in it either: what the chats themselves keep, the audit log, and why\n" +
			"requests of theirs were refused (chatgate explain). Those records are found by a request's reference alone, name the\n" +
			"person by provider and subject, and are gone after explain.keep.",
	}
	aboutPerson(cmd, func(tools *app.Tools, p *personFlags) error {
		dossier, err := tools.Dossier(cmd.Context(), p.provider, p.subject)
		if err != nil {
			return err
		}
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(dossier)
	})
	return cmd
}

func newSubjectErase() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "erase --config FILE --provider KEY --subject SUBJECT",
		Short: "End a person's sessions and remove what is held on them",
		Long: "Ends the person's sessions, has their logins revoked, and removes what each chat's connector keeps. It says what stays,\n" +
			"and why. It may be repeated, and has to be where it was interrupted. It bars nobody: a sign-in that comes later starts\n" +
			"from the rules. Somebody who must not come back is removed at the provider first.",
	}
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	aboutPerson(cmd, func(tools *app.Tools, p *personFlags) error { return erase(cmd, tools, p, *yes) })
	return cmd
}

func erase(cmd *cobra.Command, tools *app.Tools, p *personFlags, yes bool) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	held, err := tools.Dossier(ctx, p.provider, p.subject)
	if err != nil {
		return err
	}
	if held.Empty() {
		fmt.Fprintln(out, "Nothing is held on this person.")
	} else {
		fmt.Fprintln(out, "To be removed:")
		printHeld(out, held)
		if err := confirm(cmd, yes); err != nil {
			return err
		}
	}
	if _, err := tools.Erase(ctx, p.provider, p.subject); err != nil { // also of what a list may not have shown
		return fmt.Errorf("not everything is removed: run this again: %w", err)
	}
	left, err := tools.Dossier(ctx, p.provider, p.subject)
	if err != nil {
		return err
	}
	if !held.Empty() {
		fmt.Fprintln(out, "\nRemoved.")
	}
	fmt.Fprint(out, "\nWhat stays:\n")
	if n := len(left.Jobs); n > 0 {
		fmt.Fprintf(out, "  %s for the running gateway, with the logins that it revokes; they go when that is done\n", jobs(n))
	}
	for _, text := range tools.Remains() {
		fmt.Fprintf(out, "  %s\n", text)
	}
	return nil
}

// printHeld shows in a line for each place what is held there.
func printHeld(out io.Writer, d *app.Dossier) {
	if n := len(d.Sessions); n > 0 {
		fmt.Fprintf(out, "  %s\n", sessions(n))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Chats)) {
		var kinds []string
		for _, record := range d.Chats[name] {
			kinds = append(kinds, record.Kind)
		}
		fmt.Fprintf(out, "  %s: %s\n", name, strings.Join(kinds, ", "))
	}
	if n := len(d.LoginTokens); n > 0 {
		fmt.Fprintf(out, "  %s, by having them revoked\n", app.Count(n, "login in a chat", "logins in chats"))
	}
}
