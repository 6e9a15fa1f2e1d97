package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/blueprint"
)

const initHelp = `Asks for the addresses of Rocket.Chat or Coral, of the gateway and of your
OpenID provider, looks at each of them, and writes into a folder what leads to
the first sign-in:

  chatgate.yaml         the configuration, for a machine of your own
  values.yaml           the same for the Helm chart
  secrets/              one file for each secret; new ones are made, and one
                        that is there stays as it is
  keycloak-client.json  the client to import into Keycloak, where that is used
  rocketchat.env        the variable that Rocket.Chat's server needs
  NEXT-STEPS.md         what is left to do, in order, with every value filled in

Whatever a flag answers is not asked. Without a terminal nothing is asked: all
that is then missing is named, and the command exits with 2. Secrets are never
flags: they are asked for without being shown, or put into their files before
or after. A host that does not answer is no failure: what is assumed of it is
said, and the flag that corrects it.`

// initFlags are what init was told beside answers.
type initFlags struct {
	folder                          string
	force, interactive, development bool
}

func newInit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init [--rocketchat URL] [--coral URL] [--gateway URL] [--provider ISSUER]",
		Short: "Write the files of a new installation, from three addresses",
		Long:  initHelp,
		Args:  noArgs,
	}
	var flags initFlags
	f := cmd.Flags()
	f.StringVar(&flags.folder, "out", "chatgate-config", "the `FOLDER` to write into")
	f.BoolVar(&flags.force, "force", false, "replace files of an earlier run, and never a secret")
	f.BoolVar(&flags.interactive, "interactive", false, "ask although standard input is no terminal; secrets are then read like any other line")
	f.BoolVar(&flags.development, "development", false, "allow http and names on this machine: for a trial, never where people sign in")
	answers := map[string]*string{}
	for _, q := range blueprint.Questions() {
		answers[q.Name] = f.String(q.Name, "", q.Usage)
		if len(q.Values) > 0 {
			must(cmd.RegisterFlagCompletionFunc(q.Name, cobra.FixedCompletions(q.Values, cobra.ShellCompDirectiveNoFileComp)))
		}
	}
	must(cmd.MarkFlagDirname("out"))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		given := map[string]string{}
		for name, answer := range answers {
			given[name] = *answer
		}
		return initialise(cmd, flags, given)
	}
	return cmd
}

// initialise asks, looks and writes, in this order: whatever is wrong, nothing is written by halves.
func initialise(cmd *cobra.Command, flags initFlags, given map[string]string) error {
	folder := blueprint.Folder{Path: flags.folder}
	if err := folder.Vacant(flags.force); err != nil {
		return &misuseError{err}
	}
	kept, err := folder.Kept()
	if err != nil {
		return err
	}
	drawn, err := blueprint.Draw(cmd.Context(), blueprint.Config{
		Given: given, Development: flags.development, Kept: kept, Prompter: prompter(cmd, flags.interactive),
		Tell: teller(cmd.ErrOrStderr()),
	})
	if err == nil && cmd.Context().Err() != nil { // while hosts were looked at
		err = errInterrupted
	}
	if err != nil {
		return initError(cmd, err)
	}
	files, err := drawn.Files()
	if err != nil {
		return err
	}
	if err := folder.Write(files, flags.force); err != nil {
		return err
	}
	tellInit(cmd.OutOrStdout(), flags.folder, drawn)
	return nil
}

// teller writes notes as they come, below an empty line.
func teller(out io.Writer) func(blueprint.Note) {
	paper, begun := paperOf(out), false
	return func(note blueprint.Note) {
		var text page
		if !begun {
			begun = true
			text.WriteString("\n")
		}
		paper.wrap(&text, fmt.Sprintf("%-7s  ", note.Level), note.Text)
		fmt.Fprint(out, text.String())
	}
}

// prompter asks at a terminal, or wherever somebody insists.
func prompter(cmd *cobra.Command, interactive bool) *blueprint.Prompter {
	p := &blueprint.Prompter{In: bufio.NewReader(cmd.InOrStdin()), Out: cmd.ErrOrStderr()}
	in, _ := cmd.InOrStdin().(*input)
	fd, atTerminal := in.terminal()
	switch {
	case atTerminal:
		p.Hidden = func() (string, error) { return in.hidden(fd) }
		return p
	case interactive:
		return p
	}
	return nil
}

func initError(cmd *cobra.Command, err error) error {
	if errors.Is(err, errInterrupted) {
		return errors.New("\nnothing was written: interrupted")
	}
	_, missing := errors.AsType[*blueprint.MissingError](err)
	_, wrong := errors.AsType[*blueprint.WrongError](err)
	if missing || wrong || errors.Is(err, io.EOF) {
		return usage(cmd, err)
	}
	return err
}

// tellInit says what is there now and what is not.
func tellInit(w io.Writer, folder string, drawn *blueprint.Blueprint) {
	fmt.Fprintf(w, "\nWritten to %s: chatgate.yaml, values.yaml and what belongs to them.\n", folder)
	fmt.Fprintf(w, "\nWho may enter: %s.\n", printable(drawn.WhoMayEnter()))
	if !drawn.Narrowed() {
		fmt.Fprintln(w, "--groups or --email-domains, with --force, lets in fewer.")
	}
	for _, secret := range drawn.Secrets {
		if secret.Kept {
			fmt.Fprintf(w, "kept     %s\n", filepath.Join(folder, "secrets", secret.Name))
		}
	}
	for _, secret := range drawn.Missing() {
		fmt.Fprintf(w, "missing  %s: %s\n", filepath.Join(folder, "secrets", secret.Name), secret.Whence)
	}
	fmt.Fprintf(w, "\nWith every secret in its file, the Secret for the chart is made in that folder by\n\n%s\n\n%s says what to do, from top to bottom.\n",
		drawn.SecretCommand(), filepath.Join(folder, "NEXT-STEPS.md"))
}
